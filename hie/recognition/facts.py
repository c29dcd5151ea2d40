"""What the rules may ask about one candidate: its own facts, and what the books say of them.

A Question is one receiver at one instant, with the books. Facts are one candidate under one
question; what they look up (marks in force, rounds, limits) is looked up once, when a rule asks.
"""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

from hie.recognition.candidate import Candidate
from hie.recognition.catalogue import Catalogue, ImagingClass, Item
from hie.recognition.eligibility import Qualified, Registers, Rounds
from hie.recognition.marks import Mark, MarkReading, MarkState, covers, read_marks, shown_mark
from hie.recognition.moment import Moment, age_in_years, days_before
from hie.recognition.policy import Exit, PolicyBook
from hie.recognition.register import InstitutionRow
from hie.recognition.request_order import Order
from hie.recognition.rulebook import Kind, Rulebook
from hie.recognition.study import Study
from hie.terminology.body_part import NO_PARTS, Parts, read_body_part
from hie.terminology.study_words import ordered_protocols

_NO_STUDY = Study(exists=False)


@dataclass(frozen=True)
class Question:
    """One receiver's question at one instant, and the books it is answered from.

    `receiver` is its row in force on the day of `on`. `birth_date`, `sex` and `pregnant` are as the
    request states them; `emergency_access` is declared (break-glass), never deduced.
    """

    on: Moment
    receiver: InstitutionRow
    catalogue: Catalogue
    registers: Registers
    policy: PolicyBook
    rulebook: Rulebook
    birth_date: str | None = None
    sex: str | None = None
    pregnant: bool | None = None
    emergency_access: bool = False

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
            self._listed[item.key] = self.policy.in_catalogue(self.receiver, self.day, item.key)
        return self._listed[item.key]

    def limit_days(self, item: Item | ImagingClass) -> int | None:
        """How old a result of the item may be for this receiver."""
        if item.key not in self._limits:
            self._limits[item.key] = self.policy.limit_days(self.receiver, self.day, item)
        return self._limits[item.key]

    @cached_property
    def _items(self) -> dict[str, Item]:
        return dict(self.catalogue.on(self.day))

    @cached_property
    def _classes(self) -> dict[str, ImagingClass]:
        return dict(self.catalogue.classes_on(self.day))

    @cached_property
    def _listed(self) -> dict[str, bool]:
        return {}

    @cached_property
    def _limits(self) -> dict[str, int | None]:
        return {}

    @cached_property
    def voluntary(self) -> bool | None:
        """The receiver recognises beyond a mark's range; None when that is not decided."""
        found: bool | None = self.policy.value(self.receiver, self.day, "voluntary")
        return found

    @cached_property
    def level_rule(self) -> str:
        """The receiver's rule on levels; "none" without one."""
        return self.policy.value(self.receiver, self.day, "level_rule") or "none"

    @cached_property
    def exits(self) -> tuple[Exit, ...]:
        """The exits in force that speak for the receiver."""
        found: tuple[Exit, ...] = self.policy.value(self.receiver, self.day, "exit_list")
        return found

    @cached_property
    def consortium_names(self) -> frozenset[str]:
        """All consortia in the register on the day asked about."""
        return self.registers.consortium_names(self.day)

    @cached_property
    def lookback_days(self) -> int:
        """How far back records are candidates."""
        return int(self.policy.value(self.receiver, self.day, "lookback_days"))

    @cached_property
    def max_candidates(self) -> int:
        """How many candidates an order lists at most."""
        return int(self.policy.value(self.receiver, self.day, "max_candidates"))


@dataclass(frozen=True)
class Facts:
    """One candidate of one order under one question.

    `leading` is the candidate that leads before it, if any. Without an `order` nothing is known of
    what is ordered but the candidate's own item.
    """

    candidate: Candidate
    question: Question
    leading: Candidate | None = None
    order: Order | None = None

    @cached_property
    def item(self) -> Item | None:
        """The candidate's laboratory item, if it is in force on the day asked about."""
        return self.question.item(self.candidate.item)

    @cached_property
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

    @cached_property
    def ordered_protocols(self) -> frozenset[str]:
        """The special protocols ordered."""
        return ordered_protocols(self.order.protocol if self.order else None)

    @cached_property
    def age_years(self) -> int | None:
        """The person's completed years on the day asked about; None without a full birth date.

        As the request states the birth date; else the record's Patient, else the resident number
        both share.
        """
        candidate = self.candidate
        stated = self.question.birth_date or candidate.birth_date or candidate.identity.birth_date
        return age_in_years(stated, self.question.day)

    @cached_property
    def code(self) -> str:
        """The issuing institution's code; "" when none is named."""
        return self.candidate.institution or ""

    @cached_property
    def source(self) -> InstitutionRow | None:
        """The issuing institution's row on the day asked about."""
        return self.question.registers.institution(self.code, self.question.day)

    @cached_property
    def source_then(self) -> InstitutionRow | None:
        """The issuing institution's row on the collection day."""
        day = self.day
        return None if day is None else self.question.registers.institution(self.code, day)

    @cached_property
    def institution_name(self) -> str | None:
        """The issuing institution's name, the register's before the record's own."""
        return self.source.name if self.source else self.candidate.institution_name

    @cached_property
    def collected(self) -> Moment | None:
        """When the specimen or image was taken; estimated from the release if need be."""
        candidate, item = self.candidate, self.entry
        if candidate.collected or candidate.issued is None or item is None:
            return candidate.collected
        return days_before(candidate.issued, item.turnaround_days)

    @property
    def day(self) -> date | None:
        """The collection day, estimated if need be."""
        return self.collected.day if self.collected else None

    @cached_property
    def age_days(self) -> int | None:
        """Whole days from the collection day to the day asked about; negative if it lies ahead."""
        return None if self.day is None else (self.question.day - self.day).days

    @cached_property
    def limit_days(self) -> int | None:
        """The strictest time limit; None when nobody sets one."""
        return None if self.entry is None else self.question.limit_days(self.entry)

    @cached_property
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

    @cached_property
    def covering(self) -> tuple[Mark, ...]:
        """The marks that cover the receiver."""
        receiver = self.question.receiver
        return tuple(r.mark for r in self.readings if r.mark and covers(r.mark, receiver))

    @cached_property
    def same_consortium(self) -> bool:
        """Both institutions are one, or of one close consortium."""
        question = self.question
        return question.registers.same_consortium(self.code, question.receiver.code, question.day)

    @cached_property
    def in_scope(self) -> bool:
        """A mark covers the receiver, or the consortium does: no other mark's defect speaks."""
        return bool(self.covering) or self.same_consortium

    def marks_in(self, state: MarkState) -> list[str]:
        """The texts of the marks that were understood so, as received."""
        return sorted(r.row.mark for r in self.readings if r.state is state)

    @cached_property
    def mark(self) -> str | None:
        """The one mark an answer shows."""
        return shown_mark(self.readings, self.question.receiver)

    @cached_property
    def qualified(self) -> Qualified:
        """Whether the laboratory was qualified for the item on the collection day."""
        # without a collection day no round can cover it: rows, if any, do not qualify
        day = self.day or date.min
        return self.question.registers.qualified(self.code, self.candidate.item or "", day)

    @cached_property
    def rounds(self) -> Rounds:
        """The laboratory's assessment rounds of the item begun by the day asked about."""
        return self.question.registers.rounds(
            self.code, self.candidate.item or "", self.question.day
        )
