"""What rules decide about a record, in plain words: the evaluator the statements are held to.

The hub itself asks rules in SQL (`hie.store.consented`).
"""

from dataclasses import dataclass

from hie.consent.rule import DENY, Rule
from hie.consent.words import TOPICS_MASK, UNMAPPED


@dataclass(frozen=True, slots=True)
class Question:
    """Who asks, for what (a bit of `words`), when; `parties`: the person and the system."""

    institution: str
    purpose: int
    at_us: int
    parties: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Record:
    """What a rule may ask about a record; `beside`: the report it is in, the results in it."""

    kind: str
    id: str
    label: int | None = None
    source: str = ""
    day: tuple[int, int] | None = None
    beside: frozenset[str] = frozenset()


def speaks(rule: Rule, question: Question, record: Record) -> bool:
    """Whether a rule speaks of this question about this record."""
    return (
        rule.institution in (None, question.institution)
        and (rule.party is None or rule.party in question.parties)
        and bool(rule.purposes & question.purpose)
        and rule.from_us <= question.at_us < rule.until_us
        and _of_record(rule, record)
    )


def decide(rules: list[Rule], question: Question, record: Record) -> Rule | None:
    """The rule that decides: the first that speaks; None where none does."""
    return next((rule for rule in rules if speaks(rule, question, record)), None)


def _of_record(rule: Rule, record: Record) -> bool:
    if rule.source not in (None, record.source):
        return False
    if record.kind == "Patient":
        return rule.decision != DENY or _of_patient(rule, record)
    own = f"{record.kind}/{record.id}"
    return (
        rule.kind in (None, record.kind)
        and (rule.resource in (None, own) or _is_beside(rule, record))
        and _labelled(rule, record.label)
        and _dated(rule, record.day)
    )


def _is_beside(rule: Rule, record: Record) -> bool:
    """A result goes with its report; a report with its result only where that is denied."""
    named = rule.resource in record.beside
    return named and (rule.decision == DENY or record.kind != "DiagnosticReport")


def _of_patient(rule: Rule, record: Record) -> bool:
    """Who the patient is: hidden by a denial of everything, or of just this, not of some results.

    A permission of some results is one of seeing whose they are.
    """
    return (
        rule.kind in (None, "Patient")
        and rule.resource in (None, f"Patient/{record.id}")
        and rule.data_from_us is None
        and rule.data_until_us is None
        and _labelled(rule, 1 if record.label is None else record.label)
    )


def _labelled(rule: Rule, label: int | None) -> bool:
    level = 1 if label is None else label & 3
    topics = UNMAPPED if label is None else label >> 2 & TOPICS_MASK
    unknown = bool(topics & UNMAPPED)
    denies = rule.decision == DENY
    return (
        rule.least <= level <= rule.most
        and (
            rule.any_topics is None
            or bool(topics & rule.any_topics)
            or (unknown and denies)
        )
        and (
            rule.within_topics is None
            or (topics != 0 and not topics & ~rule.within_topics)
            or (unknown and denies)
        )
        and not (topics & rule.no_topics or (unknown and rule.no_topics and not denies))
    )  # fmt: skip


def _dated(rule: Rule, day: tuple[int, int] | None) -> bool:
    if rule.data_from_us is None and rule.data_until_us is None:
        return True
    if day is None:
        return rule.decision == DENY
    start, end = rule.data_from_us, rule.data_until_us
    if rule.decision == DENY:  # any part of it
        return (start is None or day[1] >= start) and (end is None or day[0] < end)
    return (start is None or day[0] >= start) and (end is None or day[1] < end)
