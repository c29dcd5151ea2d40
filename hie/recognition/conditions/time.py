"""Gate 4: is it recent enough? Rules R-401 to R-405.

Age runs in whole days of Asia/Shanghai from when the specimen was taken, never from when the report
was issued: a late report does not make an old specimen fresh. The last day still counts.
"""

from hie.recognition.conditions.condition import Answer, answer, condition
from hie.recognition.facts import Facts


@condition
def older_than_limit(facts: Facts) -> Answer:
    """R-401: the age is above the strictest limit; unknown without a collection day or a limit."""
    age, limit = facts.age_days, facts.limit_days
    return answer(
        age is not None and limit is not None and age > limit,
        age is None or limit is None,
        age_days=age,
        limit_days=limit,
    )


@condition
def collected_estimated(facts: Facts) -> Answer:
    """R-402: the collection day is estimated from the release; unknown if that is missing too."""
    candidate = facts.candidate
    missing = candidate.collected is None
    return answer(
        missing and candidate.issued is not None,
        missing and candidate.issued is None,
        collected=candidate.collected.text if candidate.collected else None,
        issued=candidate.issued.text if candidate.issued else None,
    )


@condition
def not_leading(facts: Facts) -> Answer:
    """R-403: a newer comparable result leads; this one is history."""
    leading = facts.leading
    return answer(leading is not None, leading=leading.resource if leading else None)


@condition
def exactly_at_limit(facts: Facts) -> Answer:
    """R-404: the age is the limit, which still counts."""
    age, limit = facts.age_days, facts.limit_days
    return answer(age is not None and age == limit, age_days=age, limit_days=limit)


@condition
def volatile_and_ageing(facts: Facts) -> Answer:
    """R-405: within the limit, but past the share of it after which a volatile item may differ."""
    age, limit = facts.age_days, facts.limit_days
    fraction = facts.item.review_fraction if facts.item else None
    fired = (
        fraction is not None
        and age is not None
        and limit is not None
        and fraction * limit < age <= limit
    )
    return answer(
        fired,
        age_days=age,
        limit_days=limit,
        fraction=None if fraction is None else format(fraction, "f"),
    )
