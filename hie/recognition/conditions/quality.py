"""Gate 2: the quality of the issuing laboratory or imaging department. Rules R-201 to R-208.

Quality is judged at collection: a qualification that lapsed since is a notice (R-208), a round that
failed since is not (R-202, R-203). `acceptable` decides; a score is only shown.
"""

from decimal import Decimal

from hie.recognition.conditions.condition import Answer, answer, condition
from hie.recognition.facts import Facts
from hie.recognition.register import QualificationRow
from hie.recognition.rulebook import Kind


@condition
def not_qualified(facts: Facts) -> Answer:
    """R-201: no acceptable round covers the collection day; unknown if there is no round at all."""
    qualified = facts.qualified
    return answer(qualified.state is False, qualified.state is None, **_round(qualified.row))


@condition
def latest_round_failed(facts: Facts) -> Answer:
    """R-202: qualified at collection, but some scheme's latest round failed."""
    failed = facts.rounds.latest_failed
    return answer(
        facts.qualified.state is True and failed is not None,
        not facts.rounds,
        **_round(failed),
    )


@condition
def rounds_failed(facts: Facts) -> Answer:
    """R-203: two of some scheme's last three rounds failed, its latest among them."""
    failing = facts.rounds.failing
    return answer(failing is not None, not facts.rounds, **_round(failing))


@condition
def imprecise(facts: Facts) -> Answer:
    """R-204: the CV of the collection month, else of the latest of three before, is over the limit.

    Equal to the limit passes. Unknown for a quantity with a limit when no such CV was reported.
    """
    item = facts.item
    limit = item.max_cv_percent if item else None
    month = facts.day.strftime("%Y-%m") if facts.day else None
    registers = facts.question.registers
    row = registers.cv(facts.code, item.key, month, facts.day) if item and month else None
    cv = row.cv_percent if row else None
    return answer(
        cv is not None and limit is not None and cv > limit,
        cv is None and limit is not None and item is not None and item.value_type == "quantity",
        month=row.month if row else month,
        cv_percent=_plain(cv),
        max_cv_percent=_plain(limit),
    )


@condition
def out_of_control(facts: Facts) -> Answer:
    """R-205: the sender says internal control was out of control on the run."""
    control = facts.candidate.control
    return answer(control == "out", control is None, control=control)


@condition
def exited(facts: Facts) -> Answer:
    """R-206: an exit list that speaks for the receiver names the institution and the item.

    Another code for the laboratory, or another institution that answers for it now, is no way out.
    """
    code, key = facts.code, facts.candidate.item
    listed = any(
        row.institution in facts.codes and (row.items is None or key in row.items)
        for row in facts.question.exits
    )
    return answer(
        listed,
        institution=code or None,
        institution_name=facts.institution_name if listed else None,
        item=key,
    )


@condition
def image_quality_unchecked(facts: Facts) -> Answer:
    """R-207: no valid image-quality check on the day of the images; unknown without any check."""
    qualified = facts.qualified
    return answer(qualified.state is False, qualified.state is None, **_round(qualified.row))


@condition
def qualification_lapsed(facts: Facts) -> Answer:
    """R-208: qualified at collection, no longer on the day asked about, and nothing adverse.

    Adverse are R-202 and R-203, which are no rules of images.
    """
    then = facts.qualified
    now = facts.question.registers.qualified(
        facts.code, facts.candidate.item or "", facts.question.day
    )
    rounds = facts.rounds if facts.candidate.kind is Kind.LABORATORY else None
    adverse = rounds is not None and (
        rounds.latest_failed is not None or rounds.failing is not None
    )
    lapsed = then.state is True and now.state is not True and not adverse
    return answer(lapsed, False, **_round(then.row if lapsed else None))


def _round(row: QualificationRow | None) -> dict[str, str | None]:
    if row is None:
        return {}
    return {"scheme": row.scheme or None, "round": row.round or None, "score": row.score or None}


def _plain(number: Decimal | None) -> str | None:
    return None if number is None else format(number, "f")
