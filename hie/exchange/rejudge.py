"""A stored order-check answered again, from what was kept with it and books handed in.

No database and no clock: the request as it was asked, the facts of its candidates as they were
known, and some books. With the books of then it gives the answer of then; with others it shows
which verdicts they would turn, and by which rule.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from hie.errors import Fault, UnprocessableRequest
from hie.recognition.assessment import Effect, Outcome
from hie.recognition.books import Books
from hie.recognition.candidate import Candidate
from hie.recognition.check import judge
from hie.recognition.engine import Judged
from hie.recognition.identity_check import IdentityState
from hie.recognition.item import Item
from hie.recognition.kept_facts import read_facts
from hie.recognition.question import Question
from hie.recognition.request import CheckRequest, parse_request
from hie.recognition.request_fields import read_time
from hie.recognition.rulebook import Rulebook, load_rulebook
from hie.recognition.value import read_again

_MEMBERS = ("request", "answer", "facts")


@dataclass(frozen=True, slots=True)
class Rejudged:
    """A check answered again: what was asked, of which books, and what they say."""

    request: CheckRequest
    identity: IdentityState
    question: Question
    judged: tuple[Judged, ...]


@dataclass(frozen=True, slots=True)
class Turn:
    """One record's verdict for one order that another set of books turns.

    `was` and `now` are outcomes; `none`: the record is not offered at all. `rules` are those that
    answer otherwise, by rising id.
    """

    ref: str
    item: str
    resource: str  # "Observation/<id>/_history/<version>"; ImagingStudy, DiagnosticReport
    was: str
    now: str
    rules: tuple[str, ...]


def rejudge(body: Mapping[str, Any], books: Books) -> tuple[Judged, ...]:
    """Each order of a stored check (`order_check.body`) as these books judge it.

    Raises UnprocessableRequest when the body lacks what is needed, naming it, or when these books
    do not know what was asked for (an item, the receiver).
    """
    return rejudged(body, books).judged


def rejudged(body: Mapping[str, Any], books: Books, *, anew: bool = False) -> Rejudged:
    """As `rejudge`, with the request and the question that the answer is written from.

    `anew`: numbers are read again in the units of these books' catalogue, as a record stored now
    would be; else the facts stand as they were known.
    """
    missing = [key for key in _MEMBERS if not isinstance(body.get(key), Mapping)]
    on = None if missing else read_time(str(body["answer"].get("on")))
    if missing or on is None:
        faults = tuple(Fault(key, "not-kept", "an object") for key in missing)
        if not missing:
            faults = (Fault("answer.on", "not-kept", "the instant asked about"),)
        raise UnprocessableRequest("this check was not kept whole", faults)
    identity, candidates = read_facts(body["facts"])
    request = parse_request(
        body["request"],
        catalogue=books.catalogue,
        registers=books.registers,
        policy=books.policy,
        caller=None,
        now_us=on.at_us,  # a request without `on` meant the instant its answer names
    )
    question = books.question(request)
    if anew:
        items = books.catalogue.on(question.day)
        candidates = tuple(_read_again(one, items) for one in candidates)
    matched = identity is IdentityState.MATCHED
    return Rejudged(
        request, identity, question, judge(request, candidates if matched else (), question)
    )


def _read_again(candidate: Candidate, items: Mapping[str, Item]) -> Candidate:
    item = items.get(candidate.item or "")
    if item is None:
        return candidate
    value = read_again(candidate.value, item, candidate.code)
    return msgspec.structs.replace(candidate, value=value)


def turns(
    old_answer: Mapping[str, Any], new: Sequence[Judged], rulebook: Rulebook | None = None
) -> list[Turn]:
    """The verdicts of a stored answer that are turned, in the order of its lines.

    An answer says which rules fired, not what followed: that is looked up in `rulebook` (default:
    the shipped one).
    """
    book = rulebook or load_rulebook()
    lines = [(order["ref"], order["item"]) for order in old_answer["orders"]]
    old = [_stated(order, book) for order in old_answer["orders"]]
    return _turned(lines, old, map(_judged, new))


def turns_between(
    lines: Iterable[tuple[str, str]], old: Iterable[Judged], new: Iterable[Judged]
) -> list[Turn]:
    """The verdicts that differ between two judgements of the same lines (ref, item)."""
    return _turned(lines, map(_judged, old), map(_judged, new))


@dataclass(frozen=True, slots=True)
class _Verdict:
    """One record's outcome and, by rule, whether it fired or was unknown, and what followed.

    `exact`: what followed was judged here; of a stored answer it is looked up, without the case.
    """

    outcome: str
    findings: Mapping[str, tuple[bool, bool, Effect]]
    exact: bool = True

    def moves(self, rule: str) -> bool:
        """The rule had an effect on the outcome."""
        return self.findings[rule][2] is not Effect.PASS


_NOT_OFFERED = _Verdict(Outcome.NONE.value, {})


def _turned(
    lines: Iterable[tuple[str, str]],
    old: Iterable[Mapping[str, _Verdict]],
    new: Iterable[Mapping[str, _Verdict]],
) -> list[Turn]:
    found = []
    for (ref, item), before, after in zip(lines, old, new, strict=True):
        for resource in dict.fromkeys((*before, *after)):
            was = before.get(resource, _NOT_OFFERED)
            now = after.get(resource, _NOT_OFFERED)
            if was.outcome != now.outcome:
                rules = _turning(was, now)
                found.append(Turn(ref, item, resource, was.outcome, now.outcome, rules))
    return found


def _turning(was: _Verdict, now: _Verdict) -> tuple[str, ...]:
    """The rules that answer otherwise and had or have an effect.

    A rule only one side reached or has explains nothing beside one that both asked: a refusal
    ends the asking.
    """
    both = sorted(was.findings.keys() & now.findings.keys())
    moving = [rule for rule in both if was.moves(rule) or now.moves(rule)]
    answered = [rule for rule in moving if was.findings[rule][:2] != now.findings[rule][:2]]
    followed = [rule for rule in moving if was.findings[rule][2] != now.findings[rule][2]]
    if was.exact:
        answered = sorted({*answered, *followed})
    one_sided = sorted(
        rule
        for one, other in ((was, now), (now, was))
        for rule in one.findings
        if rule not in other.findings and one.moves(rule)
    )
    return tuple(answered or followed or one_sided)


def _stated(order: Mapping[str, Any], rulebook: Rulebook) -> dict[str, _Verdict]:
    return {
        one["resource"]: _Verdict(
            one["outcome"],
            {f["rule"]: _finding(f, rulebook) for f in one["findings"]},
            exact=False,
        )
        for one in order["candidates"]
    }


def _finding(stated: Mapping[str, Any], rulebook: Rulebook) -> tuple[bool, bool, Effect]:
    fired, unknown = bool(stated["fired"]), bool(stated["unknown"])
    rule = rulebook.rules.get(stated["rule"])
    effect = rule.effect(fired=fired, unknown=unknown) if rule else Effect.PASS
    return fired, unknown, effect


def _judged(one: Judged) -> dict[str, _Verdict]:
    return {
        assessment.candidate.resource: _Verdict(
            assessment.outcome.value,
            {f.rule: (f.fired, f.unknown, f.effect) for f in assessment.findings},
        )
        for assessment in one.assessments
    }
