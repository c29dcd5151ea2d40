"""Section 7: the facts of one record that rules may look at."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from tests.conformance.second_opinion.items import (
    ITEMS,
    is_coded,
)
from tests.conformance.second_opinion.times import Time, midnight, read_time
from tests.conformance.second_opinion.units import Unit, convert, shown

SOURCE = "12110102400000101U"
COLLECTED = "2026-06-12T08:10:00+08:00"


@dataclass(frozen=True)
class Record:
    """One record as the rules see it; what a case leaves out is as good as it can be."""

    key: str
    item: str | None
    confirmed: bool
    said: dict[str, Any]
    collected: Time | None
    issued: Time | None
    received: Time | None
    institution: str | None
    relation: str
    conflicts: tuple[str, ...] = ()
    compared: bool = True
    number: Decimal | None = None
    comparator: str = ""
    klass: str | None = None
    unit: Unit | None = None
    ranges: tuple[dict[str, Any], ...] = ()
    study: dict[str, Any] = field(default_factory=dict)

    @property
    def is_imaging(self) -> bool:
        return "study" in self.said

    @property
    def day(self) -> date | None:
        """The collection day, estimated from the release if need be."""
        found = self.when
        return None if found is None else found.day

    @property
    def when(self) -> Time | None:
        """The collection, or its estimate at 00:00 of the day."""
        if self.collected or not self.issued:
            return self.collected
        back = int(ITEMS[self.item]["turnaround"]) if self.item else 1
        return midnight(self.issued.day - timedelta(days=back))

    @property
    def effective(self) -> str | None:
        """The collection as stated, None where it is estimated or unknown."""
        sample = self.said.get("specimen") or {}
        stated = (self.said["collected"], sample.get("collected"))
        return next((one for one in stated if read_time(one)), None)

    @property
    def canonical(self) -> Decimal | None:
        """The number in the canonical unit, exact."""
        if self.number is None or self.unit is None:
            return None
        return convert(self.number, self.unit)

    @property
    def value(self) -> tuple[str | None, str | None]:
        """Value and unit as an answer shows them."""
        if is_coded(self.item):
            return self.klass, None
        if self.item is None or self.number is None or self.unit is None:
            return None, None
        return self.comparator + shown(self.item, self.number, self.unit), ITEMS[self.item]["unit"]

    @property
    def method_texts(self) -> str:
        return self.said["method"] or ""
