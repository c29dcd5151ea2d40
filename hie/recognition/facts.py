"""What the rules may ask about one candidate: its own facts, and what the books say of them.

Facts are one candidate under one question, for one order; what they look up (marks in force,
rounds, limits) is looked up once, when a rule asks.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from hie.recognition.candidate import Candidate
from hie.recognition.catalogue import ImagingClass, Item
from hie.recognition.eligibility import Qualified, Rounds
from hie.recognition.item import Limits
from hie.recognition.marks import Mark, MarkReading, MarkState, covers, read_marks, shown_mark
from hie.recognition.moment import Moment, age_in_years, days_before
from hie.recognition.once import once
from hie.recognition.question import Question
from hie.recognition.register import InstitutionRow
from hie.recognition.request_order import Order
from hie.recognition.rulebook import Kind
from hie.recognition.study import Study
from hie.terminology.body_part import NO_PARTS, Parts, read_body_part
from hie.terminology.study_words import ordered_protocols

__all__ = ["Facts", "Question"]

_SEXES = ("male", "female")
_NO_STUDY = Study(exists=False)


@dataclass(frozen=True)
class Facts:
    """One candidate of one order under one question.

    `leading` is the candidate that leads before it, if any. Without an `order` nothing is known of
    what is ordered but the candidate's own item. `older` gives the comparable candidates that stand
    after it, newest first.
    """

    candidate: Candidate
    question: Question
    leading: Candidate | None = None
    order: Order | None = None
    older: Callable[[], Iterable["Facts"]] = tuple

    @once
    def item(self) -> Item | None:
        """The candidate's laboratory item, if it is in force on the day asked about."""
        return self.question.item(self.candidate.item)

    @once
    def imaging_class(self) -> ImagingClass | None:
        """The candidate's imaging class, if it is in force on the day asked about."""
        return self.question.imaging_class(self.candidate.item)

    @property
    def entry(self) -> Item | ImagingClass | None:
        """The item or class: what of the catalogue the candidate is."""
        return self.item or self.imaging_class

    @property
    def study(self) -> Study:
        """What is known of the images; nothing for what is none."""
        return self.candidate.study or _NO_STUDY

    @property
    def ordered_parts(self) -> Parts:
        """The body parts ordered; none when the order names none."""
        text = self.order.body_part if self.order else None
        return read_body_part(text) if text else NO_PARTS

    @property
    def ordered_side(self) -> str | None:
        """The side ordered: L, R, B."""
        return self.order.laterality if self.order else None

    @property
    def ordered_contrast(self) -> bool | None:
        """A medium is ordered. Where a class does not ask, saying nothing means no."""
        said = self.order.contrast if self.order else None
        return False if said is None and not self.asks_contrast else said

    @property
    def contrast(self) -> str | None:
        """The study's contrast: none, enhanced, both."""
        said = self.study.contrast
        return "none" if said is None and not self.asks_contrast else said

    @property
    def asks_contrast(self) -> bool:
        """Plain and enhanced are different examinations of this class."""
        return self.imaging_class is not None and self.imaging_class.asks_contrast

    @once
    def ordered_protocols(self) -> frozenset[str]:
        """The special protocols ordered."""
        return ordered_protocols(self.order.protocol if self.order else None)

    @once
    def age_years(self) -> int | None:
        """The person's completed years on the day asked about; None without a full birth date."""
        return age_in_years(self.birth_date, self.question.day)

    @property
    def birth_date(self) -> str | None:
        """As the request states it; else the record's Patient, else the resident number of both."""
        candidate = self.candidate
        return self.question.birth_date or candidate.birth_date or candidate.identity.birth_date

    @once
    def age_then(self) -> int | None:
        """The person's completed years on the collection day; None if either is not known."""
        return age_in_years(self.birth_date, self.day) if self.day else None

    @once
    def sex(self) -> str | None:
        """As the request states it; else as the birth date; unknown and other are not stated."""
        candidate = self.candidate
        stated = (self.question.sex, candidate.sex, candidate.identity.sex)
        return next((sex for sex in stated if sex in _SEXES), None)

    @property
    def is_quantity(self) -> bool:
        """The item is measured in numbers."""
        return self.item is not None and self.item.value_type == "quantity"

    @property
    def is_coded(self) -> bool:
        """The item has classes, not numbers."""
        return self.item is not None and self.item.value_type == "coded"

    @once
    def method(self) -> str | None:
        """The result's method group: its code's, its words', else what its laboratory uses."""
        said = self.candidate.measured.method
        if said is not None or self.item is None or not self.item.methods:
            return said or None
        return self.question.method_of(self.code, self.item.key)

    @once
    def ordered_method(self) -> str | None:
        """The method group ordered; None when any will do."""
        item, order = self.item, self.order
        if item is None or not item.methods:
            return None
        if order is not None and order.method is not None:
            return order.method
        code = order.code if order is not None else None
        by_code = next((group.key for group in item.methods if code in group.loinc), None)
        own = by_code or self.question.method_of(self.question.receiver.code, item.key)
        return own or item.order_method

    @property
    def ordered_setting(self) -> str:
        """Where the ordered test is done."""
        return (self.order.setting if self.order else None) or "laboratory"

    @property
    def ordered_time_aspect(self) -> str | None:
        """The time aspect ordered: a code may ask for one."""
        code = self.order.code if self.order else None
        return self.item.time_aspects.get(code) if self.item and code else None

    @property
    def critical(self) -> Limits:
        """The critical limits that count for the receiver."""
        return self.question.critical(self.item) if self.item else Limits()

    @once
    def interval(self) -> Limits | None:
        """The receiver's reference interval for this person on the collection day."""
        if self.item is None:
            return None
        return self.question.interval(self.item, self.sex, self.age_then)

    @once
    def code(self) -> str:
        """The issuing institution's code; "" when none is named."""
        return self.candidate.institution or ""

    @once
    def source(self) -> InstitutionRow | None:
        """The row on the day asked about of whoever answers for the issuing institution then."""
        return self.question.registers.answering(self.code, self.question.day)

    @once
    def source_then(self) -> InstitutionRow | None:
        """The row on the collection day of whoever answered for the issuing institution then."""
        day = self.day
        return None if day is None else self.question.registers.answering(self.code, day)

    @once
    def successor(self) -> InstitutionRow | None:
        """Who answers for the issuing institution on the day asked about, if not it itself."""
        return self.source if self.source and self.source.code != self.code else None

    @once
    def codes(self) -> frozenset[str]:
        """Every code of the laboratories the issuing institution stands for on the day asked."""
        lineages = self.question.registers.succession.lineages(self.code, self.question.day)
        return frozenset(code for lineage in lineages for code in lineage)

    @once
    def institution_name(self) -> str | None:
        """The issuing institution's name, the register's before the record's own.

        One that was succeeded keeps the name it had when the specimen was taken.
        """
        row = self.source
        if self.successor and self.day is not None:
            row = self.question.registers.institution(self.code, self.day)
        return row.name if row else self.candidate.institution_name

    @once
    def collected(self) -> Moment | None:
        """When the specimen or image was taken; estimated from the release if need be."""
        candidate, item = self.candidate, self.entry
        days = item.turnaround_days if item is not None else None
        if candidate.collected or candidate.issued is None or days is None:
            return candidate.collected
        return days_before(candidate.issued, days)

    @property
    def day(self) -> date | None:
        """The collection day, estimated if need be."""
        return self.collected.day if self.collected else None

    @once
    def age_days(self) -> int | None:
        """Whole days from the collection day to the day asked about; negative if it lies ahead."""
        return None if self.day is None else (self.question.day - self.day).days

    @once
    def limit_days(self) -> int | None:
        """The strictest time limit; None when nobody sets one."""
        return None if self.entry is None else self.question.limit_days(self.entry)

    @once
    def readings(self) -> tuple[MarkReading, ...]:
        """The marks in force on the collection day, each as it was understood."""
        if self.day is None:
            return ()
        rows = self.question.registers.marks(self.code, self.candidate.item or "", self.day)
        if not rows:
            return ()
        province = self.source_then.region[:2] if self.source_then else None
        imaging = self.candidate.kind is Kind.IMAGING
        kind = self.candidate.item or "" if imaging else Kind.LABORATORY.value
        return read_marks(rows, kind, self.question.consortium_names, province)

    @once
    def covering(self) -> tuple[Mark, ...]:
        """The marks that cover the receiver."""
        receiver = self.question.receiver
        return tuple(r.mark for r in self.readings if r.mark and covers(r.mark, receiver))

    @once
    def same_consortium(self) -> bool:
        """Both institutions are one, or of one close consortium."""
        question = self.question
        return question.registers.same_consortium(self.code, question.receiver.code, question.day)

    @once
    def in_scope(self) -> bool:
        """A mark covers the receiver, or the consortium does: no other mark's defect speaks."""
        return bool(self.covering) or self.same_consortium

    def marks_in(self, state: MarkState) -> list[str]:
        """The texts of the marks that were understood so, as received."""
        return sorted(r.row.mark for r in self.readings if r.state is state)

    @once
    def mark(self) -> str | None:
        """The one mark an answer shows."""
        return shown_mark(self.readings, self.question.receiver)

    @once
    def qualified(self) -> Qualified:
        """Whether the laboratory was qualified for the item on the collection day."""
        # without a collection day no round can cover it: rows, if any, do not qualify
        day = self.day or date.min
        return self.question.registers.qualified(self.code, self.candidate.item or "", day)

    @once
    def rounds(self) -> Rounds:
        """The laboratory's assessment rounds of the item begun by the day asked about."""
        return self.question.registers.rounds(
            self.code, self.candidate.item or "", self.question.day
        )
