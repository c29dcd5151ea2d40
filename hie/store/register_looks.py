"""What an import of registers may touch: stored order-checks page by page, and what was found.

Pages follow (institution, time, id), so that a look that was interrupted goes on where it was.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from hie.errors import ResourceNotFound
from hie.fhir.wire import parse
from hie.store.checks import Check
from hie.store.session import Reader, Unit


class Place(NamedTuple):
    """Where a page ended: the last check on it."""

    institution: str = ""
    at_us: int = 0
    id: str = ""


@dataclass(frozen=True, slots=True)
class UsedResult:
    """A standing decision to use a result: of which check, order and assessment, by whom, when."""

    decision: str
    check: str
    ref: str
    assessment: str
    institution: str
    at_us: int
    state: str


@dataclass(frozen=True, slots=True)
class Touched:
    """A decision that an import touches; `lies` before or after, `rules` are those that refuse."""

    decision: str
    lies: str
    rules: tuple[str, ...]


async def count(reader: Reader, since_us: int, until_us: int) -> int:
    """How many order-checks were made in a span (microseconds; its end is not part of it)."""
    found: int = await reader.fetchval(
        "SELECT count(*) FROM order_check WHERE at_us >= $1 AND at_us < $2", since_us, until_us
    )
    return found


async def page(
    reader: Reader, since_us: int, until_us: int, after: Place, limit: int
) -> list[Check]:
    """The next order-checks of a span."""
    rows = await reader.fetch(
        "SELECT id, at_us, institution, practitioner, person, on_us, policy, dict, body"
        " FROM order_check WHERE at_us >= $1 AND at_us < $2"
        " AND (institution, at_us, id) > ($3, $4, $5)"
        " ORDER BY institution, at_us, id LIMIT $6",
        since_us,
        until_us,
        *after,
        limit,
    )
    return [Check(*(*row[:7], parse(reader.db.bodies.decompress(row[7], row[8])))) for row in rows]


async def used(reader: Reader, checks: Iterable[str]) -> dict[str, list[UsedResult]]:
    """The standing decisions of these checks to use a result, by check."""
    rows = await reader.fetch(
        "SELECT id, check_id, ref, assessment, institution, at_us, state FROM decision"  # noqa: S608
        f" WHERE {reader.db.among('check_id', 1)} AND decision = 'use' AND state <> 'replaced'"
        " ORDER BY at_us, id",
        reader.db.array(list(checks)),
    )
    found: dict[str, list[UsedResult]] = {}
    for row in rows:
        found.setdefault(row[1], []).append(UsedResult(*row))
    return found


async def note(unit: Unit, number: int, found: Sequence[Touched]) -> list[Touched]:
    """Note decisions that an import touches; those that were not noted before."""
    rows = await unit.fetch(
        "SELECT decision FROM register_touched"  # noqa: S608
        f" WHERE import_id = $1 AND {unit.db.among('decision', 2)}",
        number,
        unit.db.array([one.decision for one in found]),
    )
    known = {row[0] for row in rows}
    fresh = [one for one in found if one.decision not in known]
    await unit.insert(
        "register_touched",
        ("import_id", "decision", "lies", "rules"),
        [(number, one.decision, one.lies, json.dumps(one.rules)) for one in fresh],
    )
    return fresh


async def looked(unit: Unit, number: int, at_us: int) -> None:
    """All decisions an import may touch have been looked at."""
    await unit.execute(
        "UPDATE register_import SET looked_us = $2 WHERE id = $1 AND looked_us IS NULL",
        number,
        at_us,
    )


async def unseen(reader: Reader) -> list[int]:
    """The imports whose decisions were not looked for to the end; the first one touches nothing."""
    rows = await reader.fetch(
        "SELECT id FROM register_import WHERE looked_us IS NULL AND id > 1 ORDER BY id"
    )
    return [row[0] for row in rows]


async def touched(reader: Reader, number: int) -> list[tuple[Touched, UsedResult]]:
    """The decisions an import touches, by institution and time, as they stand now."""
    rows = await reader.fetch(
        "SELECT d.id, t.lies, t.rules, d.check_id, d.ref, d.assessment, d.institution, d.at_us,"
        " d.state FROM register_touched t JOIN decision d ON d.id = t.decision"
        " WHERE t.import_id = $1 ORDER BY d.institution, d.at_us, d.id",
        number,
    )
    return [
        (Touched(row[0], row[1], tuple(json.loads(row[2]))), UsedResult(row[0], *row[3:]))
        for row in rows
    ]


async def counts(reader: Reader) -> dict[tuple[int, str], int]:
    """How many decisions lie before and after each import that touches any."""
    rows = await reader.fetch(
        "SELECT import_id, lies, count(*) FROM register_touched GROUP BY import_id, lies"
    )
    return {(row[0], row[1]): row[2] for row in rows}


async def when(reader: Reader, number: int) -> tuple[int, int | None]:
    """When an import was made, and when it had been looked through. Raises ResourceNotFound."""
    row = await reader.fetchrow(
        "SELECT at_us, looked_us FROM register_import WHERE id = $1", number
    )
    if row is None:
        raise ResourceNotFound(f"there is no import {number}")
    return row[0], row[1]
