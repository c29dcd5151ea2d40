"""A case as a question: who asks, on what day, of which order and which patient."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tests.conformance.second_opinion import words
from tests.conformance.second_opinion.books import RECEIVER, Books
from tests.conformance.second_opinion.items import IMAGING
from tests.conformance.second_opinion.policy import SHIPPED, Policy
from tests.conformance.second_opinion.record import Record
from tests.conformance.second_opinion.times import Time, read_time

ON = "2026-06-15T10:00:00+08:00"


@dataclass(frozen=True)
class Question:
    """What is asked, and everything a rule may look up."""

    case: dict[str, Any]
    item: str
    gates: frozenset[int]

    @cached_property
    def on(self) -> Time:
        found = read_time(self.case.get("on", ON))
        assert found is not None
        return found

    @cached_property
    def books(self) -> Books:
        return Books(self.case, self.item, self.on)

    @property
    def receiver(self) -> dict[str, Any]:
        return self.books.receiver

    @cached_property
    def order(self) -> dict[str, Any]:
        """What is ordered: of images the chest, plain, with the usual tracer."""
        stated = self.case.get("order") or {}
        said = {} if isinstance(stated, str) else dict(stated)
        if self.item in IMAGING:
            usual: dict[str, Any] = {"body_part": "CHEST"}
            usual |= {"contrast": False} if self.item in ("CT", "MRI") else {}
            usual |= {"tracer": "18F-FDG"} if self.item == "NM" else {}
            said = {**usual, **said}
        return said

    @cached_property
    def policy(self) -> Policy:
        own = tuple(self.case.get("policies", ()))
        return Policy(SHIPPED + own, RECEIVER, self.receiver["region"], self.on.day)

    @property
    def encounter(self) -> dict[str, Any]:
        usual: dict[str, Any] = {
            "class": "outpatient",
            "purpose": "treatment",
            "before": None,
            "events": [],
        }
        return {**usual, **self.case.get("encounter", {})}

    @property
    def pregnant(self) -> bool:
        return self.case.get("pregnant") is True

    def birth_date(self, record: Record) -> str | None:
        """The request's, else the record's, else that of a shared resident number."""
        shared: str | None = record.said["identity"].get("birth_date")
        return self.case.get("request_birth") or record.said["birth_date"] or shared

    def sex(self, record: Record) -> str | None:
        stated = (
            self.case.get("request_sex"), record.said["sex"], record.said["identity"].get("sex"),
        )  # fmt: skip
        return next((one for one in stated if one in ("male", "female")), None)

    def method_of(self, record: Record) -> str | None:
        """A result's group: its code, else its method text, else the issuer's policy."""
        item = record.item or ""
        by_code = words.METHOD_CODES.get((item, record.said["code"]))
        if by_code:
            return by_code
        groups = words.method_in(item, record.said["method"] or "")
        if groups:
            return next(iter(groups)) if len(groups) == 1 else None
        return self.policy.method(record.institution, item) if item in words.METHODS else None

    def method_ordered(self) -> str | None:
        """An order's group: stated, else its code's, else the receiver's, else for LDH L→P."""
        if self.item not in words.METHODS:
            return None
        found = (
            self.order.get("method")
            or words.METHOD_CODES.get((self.item, self.order.get("code") or ""))
            or self.policy.method(RECEIVER, self.item)
        )
        return found or ("lactate-to-pyruvate" if self.item == "LDH" else None)
