"""Stored order-checks as the order lines indicators are counted from.

Of a check's body only what is counted is decoded: findings and texts are passed over. What it
answered then is what counts, never what today's rules would say.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import msgspec

from hie.fhir.elements import instant
from hie.recognition.assessment import Outcome
from hie.recognition.catalogue import Catalogue
from hie.recognition.eligibility import Registers
from hie.recognition.indicator_facts import Decided, Line
from hie.recognition.policy import PolicyBook
from hie.recognition.reminders import URGENT, ordered
from hie.recognition.rulebook import Effect, Rulebook
from hie.recognition.savings import Tariff, tariff
from hie.store.checks import opened
from hie.store.indicator_rows import CheckRow, DecisionRow
from hie.store.session import Reader
from hie.terminology.body_part import read_body_part


class _Finding(msgspec.Struct):
    rule: str
    fired: bool
    unknown: bool


class _Institution(msgspec.Struct):
    code: str | None = None


class _Candidate(msgspec.Struct):
    assessment: str
    resource: str
    institution: _Institution
    age_days: int | None
    limit_days: int | None
    findings: list[_Finding]


class _Order(msgspec.Struct):
    ref: str
    item: str
    outcome: Outcome
    candidates: list[_Candidate]


class _Answer(msgspec.Struct):
    orders: list[_Order]


class _Receiver(msgspec.Struct):
    department: str | None = None


class _Encounter(msgspec.Struct):
    kind: str | None = msgspec.field(default=None, name="class")


class _Request(msgspec.Struct):
    orders: list[dict[str, Any]]
    receiver: _Receiver = msgspec.field(default_factory=_Receiver)
    encounter: _Encounter | None = None
    as_known_at: str | None = None


class _Fact(msgspec.Struct):
    resource: str
    report: str = ""


class _Identity(msgspec.Struct):
    homes: dict[str, msgspec.Raw] = msgspec.field(default_factory=dict)


class _Facts(msgspec.Struct):
    candidates: list[_Fact] = msgspec.field(default_factory=list)
    identity: _Identity = msgspec.field(default_factory=_Identity)


class _Body(msgspec.Struct):
    request: _Request
    answer: _Answer
    facts: _Facts = msgspec.field(default_factory=_Facts)
    look: bool = False


_BODY = msgspec.json.Decoder(_Body)


@dataclass(frozen=True, slots=True)
class Prices:
    """What each item costs at each receiver, looked up once a day; and which rules refuse."""

    catalogue: Catalogue
    registers: Registers
    policy: PolicyBook
    rulebook: Rulebook
    _known: dict[tuple[str, str, date], Tariff | None] = field(default_factory=dict)

    def tariff(self, receiver: str, item: str, day: date) -> Tariff | None:
        """The price of an item at a receiver on a day."""
        asked = (receiver, item, day)
        if asked not in self._known:
            entry = self.catalogue.on(day).get(item) or self.catalogue.classes_on(day).get(item)
            row = self.registers.institution(receiver, day)
            self._known[asked] = tariff(entry, row, day, self.policy)
        return self._known[asked]


@dataclass(frozen=True, slots=True)
class Read:
    """A stored check and what of its body is counted."""

    row: CheckRow
    body: _Body

    @property
    def is_order(self) -> bool:
        """It was asked in order to order: no question about the past, no look at a patient."""
        return self.body.request.as_known_at is None and not self.body.look

    @property
    def homes(self) -> Iterable[str]:
        """Whose results it rested on."""
        return self.body.facts.identity.homes


def read_check(reader: Reader, row: CheckRow) -> Read:
    """What is counted of a stored check."""
    return Read(row, _BODY.decode(opened(reader, row.id, row.dictionary, row.packed)))


def order_lines(
    checks: Sequence[Read],
    decisions: Sequence[DecisionRow],
    views: set[tuple[str, str]],
    views_since: Mapping[str, int],
    cards: Mapping[tuple[str, str], bool],
    prices: Prices,
    known_us: int,
) -> list[Line]:
    """The order lines of these checks.

    `decisions` are those made on them and what replaced those elsewhere, oldest first. Whether an
    offer was looked at is known from the first look that was ever recorded at its institution on.
    `cards` are the lines a card left about, and whether anything was said of it. `known_us` is the
    instant they are as of.
    """
    made = _Made(checks, decisions, known_us)
    return [
        _line(check, place, made, views, views_since, cards, prices)
        for check in checks
        if check.is_order
        for place in range(len(check.body.answer.orders))
    ]


class _Made:
    """Which decision stands for each line, and what it used."""

    def __init__(
        self, checks: Sequence[Read], decisions: Sequence[DecisionRow], known_us: int
    ) -> None:
        self.known_us = known_us
        self.by_line: dict[tuple[str, str], DecisionRow] = {}
        for row in decisions:
            self.by_line[row.check, row.ref] = row
        self.replaced = {row.replaces: row for row in decisions if row.replaces is not None}
        self.by_id = {row.id: row for row in decisions}
        self.offers: dict[str, tuple[_Candidate, str, int]] = {}
        self.places: dict[tuple[str, str], int] = {}
        for check in checks:
            reports = {fact.resource: fact.report for fact in check.body.facts.candidates}
            for place, order in enumerate(check.body.answer.orders):
                self.places[check.row.id, order.ref] = place
                for one in order.candidates:
                    self.offers[one.assessment] = (one, _result(one, reports), check.row.on_us)

    def stands(self, check: str, ref: str) -> Decided | None:
        row = self.by_line.get((check, ref))
        if row is None:
            return None
        while row.id in self.replaced:
            row = self.replaced[row.id]
        reopened = self._reopened(row)
        offer = self.offers.get(row.assessment or "")
        if row.decision != "use" or offer is None:
            kind: Any = "use" if row.decision == "use" else "repeat"
            return Decided(kind=kind, at_us=row.at_us, reopened=reopened, reason=row.reason)
        candidate, result, on_us = offer
        return Decided(
            kind="use",
            at_us=row.at_us,
            reopened=reopened,
            source=candidate.institution.code,
            result=result,
            valid_until=_valid_until(candidate, on_us),
        )

    def _reopened(self, row: DecisionRow) -> bool:
        """What it used was corrected by then; a later decision may have replaced it since."""
        if row.reopened_us is None:
            return row.state == "reopened"
        return row.state != "recorded" and row.reopened_us <= self.known_us

    def continued(self, check: str, ref: str) -> tuple[str, int] | None:
        """The line of another check whose decision was replaced by one on this line."""
        row = self.by_line.get((check, ref))
        while row is not None and row.replaces is not None:
            row = self.by_id.get(row.replaces)
            if row is not None and (row.check, row.ref) != (check, ref):
                place = self.places.get((row.check, row.ref))
                return None if place is None else (row.check, place)
        return None


def _line(
    check: Read,
    place: int,
    made: _Made,
    views: set[tuple[str, str]],
    views_since: Mapping[str, int],
    cards: Mapping[tuple[str, str], bool],
    prices: Prices,
) -> Line:
    row, request, order = check.row, check.body.request, check.body.answer.orders[place]
    asked = next((one for one in request.orders if one.get("ref") == order.ref), {})
    encounter = request.encounter.kind if request.encounter else None
    part = asked.get("body_part")
    recorded = views_since.get(row.institution, row.at_us + 1) <= row.at_us
    viewed = True if (row.id, order.ref) in views else False if recorded else None
    decided = made.stands(row.id, order.ref)
    day = instant(decided.at_us if decided else row.on_us).date()
    others = [one for one in order.candidates if one.institution.code != row.institution]
    return Line(
        check=row.id,
        place=place,
        at_us=row.on_us,
        person=row.person,
        receiver=row.institution,
        department=request.receiver.department or "",
        item=order.item,
        outcome=order.outcome,
        imaging=order.item in prices.catalogue.classes,
        said=ordered(order.item, asked),
        parts=read_body_part(part).codes if isinstance(part, str) else frozenset(),
        candidates=frozenset(_unversioned(one.resource) for one in order.candidates),
        earlier=frozenset(made.offers[one.assessment][1] for one in others),
        prompted=encounter not in URGENT,
        viewed=viewed,
        refused_by=_refused_by(order, prices.rulebook),
        decided=decided,
        tariff=prices.tariff(row.institution, order.item, day),
        continues=made.continued(row.id, order.ref),
        card=cards.get((row.id, order.ref)),
    )


def _result(candidate: _Candidate, reports: Mapping[str, str]) -> str:
    """What a result is counted by: its report at its institution, else the result itself."""
    report = reports.get(candidate.resource)
    named = report or _unversioned(candidate.resource)
    return f"{candidate.institution.code or ''}|{named}"


def _unversioned(resource: str) -> str:
    return resource.split("/_history/", 1)[0]


def _valid_until(candidate: _Candidate, on_us: int) -> date | None:
    """The last day the result is within its limit."""
    if candidate.age_days is None or candidate.limit_days is None:
        return None
    left = candidate.limit_days - candidate.age_days
    return instant(on_us).date() + timedelta(days=left)


def _refused_by(order: _Order, rulebook: Rulebook) -> str | None:
    """The first rule that refused the candidate that speaks for the order."""
    if order.outcome is not Outcome.REFUSE or not order.candidates:
        return None
    history = "R-403"  # a newer one leads: this one does not speak
    speaking = next(
        (c for c in order.candidates if not any(f.rule == history and f.fired for f in c.findings)),
        order.candidates[0],
    )
    for finding in speaking.findings:
        rule = rulebook.rules.get(finding.rule)
        if rule is None or not (finding.fired or finding.unknown):
            continue
        effects = {rule.effect(fired=finding.fired, unknown=finding.unknown)}
        if finding.fired:
            effects |= set(rule.cases.values())
        if Effect.REFUSE in effects:
            return finding.rule
    return None
