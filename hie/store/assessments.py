"""Assessments by their id: which check one belongs to.

An assessment's id is its check's and the how-manyth it is in the answer, so it is found without a
table of its own. The id of a check is random; whoever knows one learns nothing of another. Earlier
versions gave assessments ids of their own: those are looked for in every check, by who may wait.
"""

from collections.abc import Callable
from itertools import count

from hie.errors import ResourceNotFound
from hie.store import checks
from hie.store.checks import Check
from hie.store.session import Reader

_PAGE = 200  # checks opened at once when every one is looked through


def assessment_ids(check: str) -> Callable[[], str]:
    """The ids of a check's assessments, one with each call, in the order of its answer."""
    numbers = count(1)
    return lambda: f"{check}.{next(numbers)}"


def check_of(assessment: str) -> str | None:
    """The check an assessment belongs to; None for an id that does not say."""
    check, dot, number = assessment.rpartition(".")
    return check if dot and check and number.isdecimal() else None


async def find_check(
    reader: Reader, assessment: str, institution: str | None, *, everywhere: bool = False
) -> Check:
    """The check whose answer has this assessment; with `institution` only its own.

    `everywhere`: look through every check for an id of an earlier version. Raises ResourceNotFound.
    """
    key = check_of(assessment)
    if key is None and everywhere:
        key = await _looked_for(reader, assessment, institution)
    if key is not None:
        found = await checks.get(reader, key, institution)
        if any(
            one["assessment"] == assessment
            for order in found.body["answer"]["orders"]
            for one in order["candidates"]
        ):
            return found
    raise ResourceNotFound("no such assessment")


async def _looked_for(reader: Reader, assessment: str, institution: str | None) -> str | None:
    sought = f'"{assessment}"'.encode()
    after = ""
    while True:
        rows = await reader.fetch(
            "SELECT id, dict, body FROM order_check WHERE id > $1"
            " AND (CAST($2 AS TEXT) IS NULL OR institution = $2) ORDER BY id LIMIT $3",
            after,
            institution,
            _PAGE,
        )
        for key, number, body in rows:
            if sought in checks.opened(reader, key, number, body):
                found: str = key
                return found
        if len(rows) < _PAGE:
            return None
        after = rows[-1][0]
