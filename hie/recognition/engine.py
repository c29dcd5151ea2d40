"""Candidate x rulebook x instant -> assessment; candidates x order -> the order's outcome.

Gates run in order and all rules of a gate are asked; a refusal, fired or unknown, ends the asking.
Deterministic: the same facts give the same findings in the same order, whatever order rows and
records come in.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from hie.recognition.assessment import OUTCOMES, Assessment, Finding, Outcome, best
from hie.recognition.candidate import Candidate, Relation
from hie.recognition.conditions import CONDITIONS, Answer, Condition
from hie.recognition.facts import Facts
from hie.recognition.moment import Moment
from hie.recognition.question import Question
from hie.recognition.request_order import Order
from hie.recognition.rulebook import Effect, Kind, Rule, Rulebook

GATES = frozenset(range(7))
# A candidate that fails one of these is not usable or not the same measurement: it puts no older
# one into history. One that fails another gate is still the latest knowledge.
_COMPARABLE_GATES = frozenset({0, 3, 6})
_ERROR = "entered-in-error"
_LAST = float("inf")

_Asking = tuple[tuple[Rule, Condition], ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """An order's outcome and its candidates' assessments, newest first.

    `leading` is the assessment that speaks for the order; None when nothing is comparable.
    """

    outcome: Outcome
    assessments: tuple[Assessment, ...] = ()
    leading: Assessment | None = None


def assess(
    candidate: Candidate,
    question: Question,
    *,
    order: Order | None = None,
    leading: Candidate | None = None,
    gates: Collection[int] | None = None,
) -> Assessment:
    """One record, assessed by name. `leading` is the candidate that leads before it, if any.

    Without an `order` nothing more is known of what is ordered than the record's own item.
    `gates` are those to ask, by default all.
    """
    asked = _asked(question.rulebook, gates)
    kind = candidate.kind
    rules = _rules(question.rulebook, asked, kind)
    facts = Facts(candidate, question, leading, order)
    return _assess(facts, rules)


def assess_order(
    item: str,
    records: Iterable[Candidate],
    question: Question,
    *,
    order: Order | None = None,
    gates: Collection[int] | None = None,
) -> Judged:
    """All records that may stand in for an order of this item; those that may not change nothing.

    `order` says more of what is ordered: body part, side, contrast, protocol, tracer. At most the
    policy's `max_candidates` are listed, and the leading one always.
    """
    ordered = candidates(item, records, question)
    if not ordered:
        return Judged(Outcome.NONE)
    asked = _asked(question.rulebook, gates)
    kind = question.kind_of(item)
    line = [Facts(one, question, None, order) for one in ordered]
    comparable = _Comparable(line, _rules(question.rulebook, asked & _COMPARABLE_GATES, kind))
    place = next(comparable.places(0), None)
    lead = None if place is None else ordered[place]
    rules = _rules(question.rulebook, asked, kind)
    assessed: list[Assessment] = []
    spoken: Assessment | None = None
    for n in _listed(len(ordered), place, question.max_candidates):
        before = lead if place is not None and n > place else None
        facts = replace(line[n], leading=before, older=comparable.after(n))
        found = _assess(facts, rules)
        assessed.append(found)
        if n == place:
            spoken = found
    return Judged(best(found.outcome for found in assessed), tuple(assessed), spoken)


def candidates(item: str, records: Iterable[Candidate], question: Question) -> list[Candidate]:
    """The records that are candidates of an order of this item, in the order they are listed.

    Newest collection first, then newest release, then the identifiers of report, institution and
    result as text; a time that is not known goes last.
    """
    found = [
        (_place(facts.collected, one), one)
        for one in records
        if one.item == item
        and _eligible(one, question)
        and _looked_back_to((facts := Facts(one, question)).age_days, question.lookback_days)
    ]
    return [one for _, one in sorted(found, key=lambda entry: entry[0])]


def _eligible(one: Candidate, question: Question) -> bool:
    return (
        one.identity.relation is not Relation.NONE
        and one.current
        and one.status != _ERROR
        and one.report_status != _ERROR
        and (one.withheld is False or question.emergency_access)
    )


def _looked_back_to(age_days: int | None, lookback_days: int) -> bool:
    return age_days is None or age_days <= lookback_days


def _place(collected: Moment | None, one: Candidate) -> tuple[float, float, str, str, str, str]:
    return (
        -collected.at_us if collected else _LAST,
        -one.issued.at_us if one.issued else _LAST,
        one.report,
        one.institution or "",
        one.result,
        one.resource,
    )


def _listed(count: int, place: int | None, at_most: int) -> Sequence[int]:
    """Which candidates are listed: the newest, the leading one instead of the last if need be."""
    shown = list(range(min(count, max(at_most, 1))))
    if place is not None and place not in shown:
        shown[-1] = place
    return shown


def _assess(facts: Facts, gates: Sequence[_Asking]) -> Assessment:
    findings: list[Finding] = []
    worst = Effect.PASS
    hidden = False
    for rules in gates:
        for rule, condition in rules:
            said = condition(facts)
            if said.fired and rule.unless_refused and worst is Effect.REFUSE:
                said = Answer(False, False, said.data)
            effect = (
                rule.effect(fired=said.fired, unknown=said.unknown, case=said.case)
                if said.fired or said.unknown
                else Effect.PASS
            )
            findings.append(
                Finding(rule.id, said.fired, said.unknown, effect, rule.basis, said.data, said.case)
            )
            if effect is Effect.REFUSE:
                worst = effect
                hidden = hidden or rule.hidden
            elif effect is Effect.REVIEW and worst is Effect.PASS:
                worst = effect
        if worst is Effect.REFUSE:
            break
    return Assessment(
        facts.candidate,
        OUTCOMES[worst],
        tuple(findings),
        facts.age_days,
        facts.limit_days,
        facts.mark,
        facts.institution_name,
        hidden,
    )


@dataclass(frozen=True, slots=True)
class _Comparable:
    """Which of an order's candidates are comparable; each is judged when it is first asked about.

    `gates` are the rules that decide it, of the gates that are asked.
    """

    line: Sequence[Facts]
    gates: Sequence[_Asking]
    known: dict[int, bool] = field(default_factory=dict)

    def places(self, start: int) -> Iterator[int]:
        """The places of the comparable ones from one on."""
        for n in range(start, len(self.line)):
            if n not in self.known:
                found = _assess(self.line[n], self.gates)
                self.known[n] = found.outcome is not Outcome.REFUSE
            if self.known[n]:
                yield n

    def after(self, place: int) -> Callable[[], Iterator[Facts]]:
        """The comparable ones that stand after a place."""
        return lambda: (self.line[n] for n in self.places(place + 1))


def _asked(rulebook: Rulebook, gates: Collection[int] | None) -> frozenset[int]:
    has = frozenset(gate.number for gate in rulebook.gates)
    return has if gates is None else has & frozenset(gates)


def _rules(rulebook: Rulebook, asked: Collection[int], kind: Kind) -> tuple[_Asking, ...]:
    """The rules of the gates asked, each with its condition, for one kind of record."""
    return tuple(
        tuple((rule, CONDITIONS[rule.condition]) for rule in gate.rules if kind in rule.kinds)
        for gate in rulebook.gates
        if gate.number in asked
    )
