"""Gate 1: is the item in scope, and does a mark reach the receiver? Rules R-101 to R-110.

Only marks in the register count, on the collection day; one that covers is enough. A legacy sign
counts as its programme's mark. A close consortium opens scope and nothing else.
"""

from hie.recognition.conditions.condition import Answer, answer, condition
from hie.recognition.eligibility import level_met
from hie.recognition.facts import Facts
from hie.recognition.marks import MarkState

_VOLUNTARY = "voluntary"


@condition
def unmapped(facts: Facts) -> Answer:
    """R-101: the record's code maps to no item."""
    candidate = facts.candidate
    return answer(candidate.item is None, code=candidate.code, item=candidate.item)


@condition
def mapping_unconfirmed(facts: Facts) -> Answer:
    """R-102: nobody confirmed the map, and the code needs somebody to."""
    candidate = facts.candidate
    return answer(
        candidate.item is not None and candidate.mapping != "confirmed",
        code=candidate.code,
        item=candidate.item,
        mapping=candidate.mapping,
    )


@condition
def not_in_catalogue(facts: Facts) -> Answer:
    """R-103: the receiver does not recognise the item on the day asked about."""
    entry = facts.entry
    listed = entry is not None and facts.question.lists(entry)
    return answer(not listed, item=facts.candidate.item)


@condition
def mark_covers(facts: Facts) -> Answer:
    """R-104: a mark in force covers the receiver."""
    return answer(
        bool(facts.covering), mark=facts.mark, receiver_region=facts.question.receiver.region
    )


@condition
def mark_does_not_cover(facts: Facts) -> Answer:
    """R-105: a mark was read and falls short of the receiver, and nothing else opens scope.

    Unknown while the receiver's policy on voluntary recognition is not decided.
    """
    voluntary = facts.question.voluntary
    short = not facts.in_scope and any(reading.mark for reading in facts.readings)
    return answer(
        short and voluntary is not None,
        short and voluntary is None,
        _VOLUNTARY if voluntary else None,
        mark=facts.mark,
        receiver_region=facts.question.receiver.region,
        voluntary=voluntary if short else None,
    )


@condition
def legacy_mark(facts: Facts) -> Answer:
    """R-106: a legacy sign stands for its programme's mark; unknown if its programme is.

    Without a known programme it is nobody's concern once scope is open anyway.
    """
    known = next((r.mark for r in facts.readings if r.state is MarkState.LEGACY and r.mark), None)
    lost = any(reading.state is MarkState.PROGRAMME_UNKNOWN for reading in facts.readings)
    return answer(
        known is not None,
        lost and not facts.in_scope,
        mark=known.display if known else None,
    )


@condition
def no_mark(facts: Facts) -> Answer:
    """R-107: no mark at all. Case voluntary: qualified, and the receiver does not exclude it.

    Unknown when nothing is known of the laboratory's quality for the item either.
    """
    bare = not facts.readings and not facts.same_consortium
    qualified, voluntary = facts.qualified.state, facts.question.voluntary
    return answer(
        bare and qualified is not None,
        bare and qualified is None,
        _VOLUNTARY if qualified and voluntary is not False else None,
        marks=sorted(r.mark.display if r.mark else r.row.mark for r in facts.readings) or None,
        qualified=qualified if bare else None,
        voluntary=voluntary if bare else None,
    )


@condition
def mark_unparsable(facts: Facts) -> Answer:
    """R-108: a mark of the register cannot be read, and nothing else opens scope."""
    unread = facts.marks_in(MarkState.UNPARSABLE)
    fired = bool(unread) and not facts.in_scope
    return answer(fired, marks=unread or None)


@condition
def level_rule_not_met(facts: Facts) -> Answer:
    """R-109: the issuer's level does not satisfy the receiver's rule; unknown if one has none."""
    question = facts.question
    source = facts.source.level if facts.source else ""
    met = level_met(question.level_rule, source, question.receiver.level)
    asked = question.level_rule != "none"
    return answer(
        met is False and not facts.same_consortium,
        met is None and not facts.same_consortium,
        level_source=source or None if asked else None,
        level_receiver=question.receiver.level or None if asked else None,
    )


@condition
def same_consortium(facts: Facts) -> Answer:
    """R-110: both institutions are one, or belong to one close consortium that day."""
    together = facts.same_consortium
    name = facts.source.consortium if facts.source and together else ""
    return answer(together, consortium=name or None)
