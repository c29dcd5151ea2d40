"""One receiver's question at one instant, with the books it is answered from.

What the books say for this receiver on this day is looked up once, when a rule first asks.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from hie.recognition.catalogue import Catalogue, ImagingClass, Item
from hie.recognition.eligibility import Registers
from hie.recognition.item import Limits
from hie.recognition.moment import Moment
from hie.recognition.once import once
from hie.recognition.policy import Exit, Interval, PolicyBook
from hie.recognition.register import InstitutionRow
from hie.recognition.request import Encounter
from hie.recognition.rulebook import Kind, Rulebook

_UNSTATED: Final = Encounter()


@dataclass(frozen=True)
class Question:
    """One receiver's question at one instant, and the books it is answered from.

    `receiver` is its row in force on the day of `on`. `birth_date`, `sex` and `encounter` are as
    the request states them; `emergency_access` is declared (break-glass), never deduced.
    """

    on: Moment
    receiver: InstitutionRow
    catalogue: Catalogue
    registers: Registers
    policy: PolicyBook
    rulebook: Rulebook
    birth_date: str | None = None
    sex: str | None = None
    encounter: Encounter = _UNSTATED
    emergency_access: bool = False

    @property
    def pregnant(self) -> bool | None:
        """Whether the request says that she is."""
        return self.encounter.pregnant

    @property
    def day(self) -> date:
        """The day asked about."""
        return self.on.day

    def item(self, key: str | None) -> Item | None:
        """A laboratory item as it stands on the day asked about."""
        return self._items.get(key) if key is not None else None

    def imaging_class(self, key: str | None) -> ImagingClass | None:
        """An imaging class as it stands on the day asked about."""
        return self._classes.get(key) if key is not None else None

    def kind_of(self, key: str) -> Kind:
        """What an order of this key is."""
        return Kind.IMAGING if key in self.catalogue.classes else Kind.LABORATORY

    def lists(self, item: Item | ImagingClass) -> bool:
        """The receiver recognises the item at all."""
        if item.key not in self._listed:
            self._listed[item.key] = self.policy.in_catalogue(
                self.receiver, self.day, item.key, self.catalogue
            )
        return self._listed[item.key]

    def limit_days(self, item: Item | ImagingClass) -> int | None:
        """How old a result of the item may be for this receiver."""
        if item.key not in self._limits:
            self._limits[item.key] = self.policy.limit_days(self.receiver, self.day, item)
        return self._limits[item.key]

    @once
    def _items(self) -> dict[str, Item]:
        return dict(self.catalogue.on(self.day))

    @once
    def _classes(self) -> dict[str, ImagingClass]:
        return dict(self.catalogue.classes_on(self.day))

    @once
    def _listed(self) -> dict[str, bool]:
        return {}

    @once
    def _limits(self) -> dict[str, int | None]:
        return {}

    @once
    def voluntary(self) -> bool | None:
        """The receiver recognises beyond a mark's range; None when that is not decided."""
        found: bool | None = self.policy.value(self.receiver, self.day, "voluntary")
        return found

    @once
    def level_rule(self) -> str:
        """The receiver's rule on levels; "none" without one."""
        return self.policy.value(self.receiver, self.day, "level_rule") or "none"

    @once
    def exits(self) -> tuple[Exit, ...]:
        """The exits in force that speak for the receiver."""
        found: tuple[Exit, ...] = self.policy.value(self.receiver, self.day, "exit_list")
        return found

    @once
    def consortium_names(self) -> frozenset[str]:
        """All consortia in the register on the day asked about."""
        return self.registers.consortium_names(self.day)

    @once
    def lookback_days(self) -> int:
        """How far back records are candidates."""
        return int(self.policy.value(self.receiver, self.day, "lookback_days"))

    @once
    def max_candidates(self) -> int:
        """How many candidates an order lists at most."""
        return int(self.policy.value(self.receiver, self.day, "max_candidates"))

    @once
    def delta_window_days(self) -> int:
        """How far back a change is measured."""
        return int(self.policy.value(self.receiver, self.day, "delta_window_days"))

    def critical(self, item: Item) -> Limits:
        """The critical limits of an item: the receiver's, side by side, else the catalogue's."""
        sides = self._critical_limits.get(item.key, {})
        return Limits(sides.get("low", item.critical_low), sides.get("high", item.critical_high))

    def interval(self, item: Item, sex: str | None, age: int | None) -> Limits | None:
        """The receiver's reference interval for somebody: its policy's, else the catalogue's.

        None where there is none: for children, or where it differs by sex and that is not known.
        """
        if item.key in self._reference_intervals:
            stated = self._reference_intervals[item.key]
            if not isinstance(stated, dict):
                return Limits(*stated)
            if sex is None or sex in stated:
                return Limits(*stated[sex]) if sex is not None else None
        found = [
            one
            for one in item.reference_intervals
            if age is not None
            and one.age_low <= age
            and (one.age_high is None or age <= one.age_high)
            and one.sex in (None, sex)
        ]
        return Limits(found[0].low, found[0].high) if len(found) == 1 else None

    def method_of(self, institution: str, key: str) -> str | None:
        """The method group an institution says it uses for an item, as issuer or receiver."""
        asked = (institution, key)
        if asked not in self._methods:
            self._methods[asked] = self.policy.method_of(institution, self.day, key)
        return self._methods[asked]

    @once
    def _critical_limits(self) -> dict[str, dict[str, Decimal | None]]:
        found: dict[str, dict[str, Decimal | None]] = self.policy.value(
            self.receiver, self.day, "critical_limits"
        )
        return found

    @once
    def _reference_intervals(self) -> dict[str, Interval | dict[str, Interval]]:
        found: dict[str, Interval | dict[str, Interval]] = self.policy.value(
            self.receiver, self.day, "reference_intervals"
        )
        return found

    @once
    def _methods(self) -> dict[tuple[str, str], str | None]:
        return {}
