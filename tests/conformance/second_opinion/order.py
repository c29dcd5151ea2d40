"""Section 2: candidates, their order, the leading one, and the outcome of an order."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.conformance.second_opinion.answers import DNR, REV, Answer, Standing
from tests.conformance.second_opinion.question import Question
from tests.conformance.second_opinion.record import Record
from tests.conformance.second_opinion.rules import OF_IMAGES, OF_LABORATORY, ask
from tests.conformance.second_opinion.times import Time

RECOGNISE, NONE = "recognise", "none"
_BEST = (RECOGNISE, REV, DNR)


@dataclass(frozen=True)
class Assessed:
    """One record judged: its outcome and every answer of the gates reached."""

    record: Record
    outcome: str
    answers: dict[str, Answer] = field(default_factory=dict)


@dataclass(frozen=True)
class Judged:
    """An order judged: its outcome, the candidates listed, and which one leads."""

    outcome: str
    listed: tuple[Assessed, ...] = ()
    leading: Assessed | None = None


def judge(records: list[Record], question: Question) -> Judged:
    ranked = sorted((one for one in records if is_candidate(one, question)), key=place)
    comparable = [is_comparable(one, question) for one in ranked]
    first = comparable.index(True) if True in comparable else None
    assessed = [
        assess(
            one,
            question,
            Standing(
                first is not None and n > first,
                tuple(
                    r for r, good in zip(ranked[n + 1 :], comparable[n + 1 :], strict=True) if good
                ),
            ),
        )
        for n, one in enumerate(ranked)
    ]
    if not assessed:
        return Judged(NONE)
    leading = None if first is None else assessed[first]
    most = int(question.policy.value("max_candidates"))
    listed = assessed[:most]
    if leading and leading not in listed:
        listed[-1] = leading
    outcome = min((one.outcome for one in assessed), key=_BEST.index)
    return Judged(outcome, tuple(listed), leading)


def is_candidate(record: Record, question: Question) -> bool:
    said = record.said
    if record.relation not in ("strong", "linked") or record.item != question.item:
        return False
    statuses = (said.get("status"), said.get("study_status"), said["report_status"])
    if not said["current"] or "entered-in-error" in statuses:
        return False
    if said["withheld"] is not False and not question.case.get("emergency_access", False):
        return False
    if record.day is None:
        return True
    return (question.on.day - record.day).days <= int(question.policy.value("lookback_days"))


def place(record: Record) -> tuple[Any, ...]:
    """Collected newest first, then issued newest first, none last, then the names as text."""
    study = f"urn:oid:2.25.{record.key}" if record.said.get("study") else ""
    own = record.said.get("identifier") or study
    report = record.said["report_id"] if record.said.get("reported", True) else ""
    names = (report, record.institution or "", own)
    when, issued = record.when, record.issued
    return (*_newest(when), *_newest(issued), *names)


def _newest(time: Time | None) -> tuple[bool, timedelta]:
    if time is None:
        return True, timedelta()
    return False, datetime.fromisoformat("2100-01-01T00:00:00Z") - time.instant


def is_comparable(record: Record, question: Question) -> bool:
    """No rule of gates 0, 3 and 6 refuses."""
    gates = (0, 6) if record.is_imaging else (0, 3)
    asked = [gate for gate in gates if gate in question.gates]
    return not any(
        one.effect == DNR for gate in asked for one in ask(gate, record, question).values()
    )


def assess(record: Record, question: Question, standing: Standing | None = None) -> Assessed:
    """Gate by gate; a gate that refuses is the last, and a review stops nothing."""
    every = OF_IMAGES if record.is_imaging else OF_LABORATORY
    answers: dict[str, Answer] = {}
    outcome = RECOGNISE
    for gate in every:
        if gate not in question.gates:
            continue
        found = ask(gate, record, question, standing)
        answers |= found
        effects = {one.effect for one in found.values()}
        if DNR in effects:
            return Assessed(record, DNR, answers)
        if REV in effects:
            outcome = REV
    return Assessed(record, outcome, answers)
