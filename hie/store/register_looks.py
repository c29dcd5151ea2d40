"""What imports of registers touch: decisions that used a result, and which were looked through."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hie.errors import ResourceNotFound
from hie.store.session import Reader, Unit


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
