"""The ids of assessments: that of their check, and the how-manyth in its answer.

So an assessment is found without a table of its own. The id of a check is random; whoever knows
one learns nothing of another.
"""

from collections.abc import Callable
from itertools import count


def assessment_ids(check: str) -> Callable[[], str]:
    """The ids of a check's assessments, one with each call, in the order of its answer."""
    numbers = count(1)
    return lambda: f"{check}.{next(numbers)}"


def check_of(assessment: str) -> str | None:
    """The check an assessment belongs to; None for an id that does not say (earlier versions)."""
    check, dot, number = assessment.rpartition(".")
    return check if dot and check and number.isdecimal() else None
