"""Openings of the glass: counted for each person, found by every process at once, reviewed later.

Whether somebody may break the glass any more follows from the openings themselves: a review that
is overdue, or found no good reason, stands until a privacy officer has dealt with it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hie.access.glass import DAY, LASTS, Kept, Review
from hie.errors import Conflict, ResourceNotFound
from hie.fhir.wire import parse, write
from hie.store import locks
from hie.store.cells import pack, unpack
from hie.store.ids import new_id
from hie.store.session import Reader, Row, Unit
from hie.store.vault import DataClass

_SECOND = 1_000_000
_NAMES = (
    "id", "institution", "subject", "client", "home", "person", "reason", "at_us", "until_us",
    "ended_us", "agreed_by", "due_us", "state", "reviewed_us", "reviewed_by", "lifted_us",
    "lifted_by", "dict", "body",
)  # fmt: skip
_COLUMNS = ", ".join(_NAMES)
MOST = 200  # openings one page of the list holds


@dataclass(frozen=True, slots=True)
class Opening:
    """One opening; `said` is its JSON: `text`, `patient` as it was shown, `note` of the review."""

    institution: str
    subject: str
    client: str
    home: str
    person: str | None
    reason: str
    at_us: int
    until_us: int
    due_us: int
    said: Mapping[str, Any]
    ended_us: int | None = None
    agreed_by: str | None = None
    state: str = Review.OPEN.value
    reviewed_us: int | None = None
    reviewed_by: str | None = None
    lifted_us: int | None = None
    lifted_by: str | None = None
    id: str = ""


async def hold(unit: Unit, subject: str) -> None:
    """Count and open one after the other: two openings of one person never count alike."""
    await locks.hold(unit, [f"glass:{subject}"])


async def add(unit: Unit, one: Opening) -> str:
    """Keep an opening; its id."""
    key = new_id()
    body = pack(unit.db, DataClass.AUDIT, one.institution, write(dict(one.said)), *_place(key))
    row = (
        key, one.institution, one.subject, one.client, one.home, one.person, one.reason, one.at_us,
        one.until_us, one.ended_us, one.agreed_by, one.due_us, one.state, one.reviewed_us,
        one.reviewed_by, one.lifted_us, one.lifted_by, *body,
    )  # fmt: skip
    await unit.insert("glass_opening", _NAMES, [row])
    return key


async def open_homes(reader: Reader, subject: str, now_us: int) -> frozenset[str]:
    """The homes that are open to this person now, all of the same persons, and these persons."""
    rows = await reader.fetch(
        "SELECT o.home, a.person, b.home FROM glass_opening AS o"
        " LEFT JOIN person_home AS a ON a.home = o.home"
        " LEFT JOIN person_home AS b ON b.person = a.person"
        " WHERE o.subject = $1 AND o.at_us > $2 AND o.until_us > $3 AND o.ended_us IS NULL",
        subject,
        now_us - LASTS * _SECOND - _SECOND,
        now_us,
    )
    return frozenset(key for row in rows for key in row if key is not None)


async def open_now(reader: Reader, subject: str, now_us: int) -> list[Opening]:
    """What this person opened that has not ended, newest first."""
    rows = await reader.fetch(
        f"SELECT {_COLUMNS} FROM glass_opening"  # noqa: S608
        " WHERE subject = $1 AND at_us > $2 AND until_us > $3 AND ended_us IS NULL"
        " ORDER BY at_us DESC, id",
        subject,
        now_us - LASTS * _SECOND - _SECOND,
        now_us,
    )
    return [_opening(reader, row) for row in rows]


async def patients_of_day(reader: Reader, subject: str, now_us: int) -> set[str]:
    """The patients (persons, or homes of nobody known) this person opened within a day."""
    rows = await reader.fetch(
        "SELECT home, person FROM glass_opening WHERE subject = $1 AND at_us > $2",
        subject,
        now_us - DAY * _SECOND,
    )
    return {row[1] or row[0] for row in rows}


async def kept_of(reader: Reader, subject: str, now_us: int) -> Kept | None:
    """Why this person may not break the glass any more; None: they may."""
    rows = await reader.fetch(
        "SELECT state FROM glass_opening WHERE subject = $1 AND lifted_us IS NULL"
        " AND (state = 'unjustified' OR (state = 'open' AND due_us <= $2))",
        subject,
        now_us,
    )
    if not rows:
        return None
    found_wanting = any(row[0] == Review.UNJUSTIFIED for row in rows)
    return Kept.UNJUSTIFIED if found_wanting else Kept.OVERDUE


async def find(
    reader: Reader,
    institution: str | None,
    state: Review | None = None,
    *,
    before: tuple[int, str] | None = None,
    limit: int = MOST,
) -> list[Opening]:
    """Openings of an institution (None: of all), newest first; `before` is where a page ended."""
    at_us, key = before if before is not None else (2**62, "")
    rows = await reader.fetch(
        f"SELECT {_COLUMNS} FROM glass_opening"  # noqa: S608
        " WHERE (CAST($1 AS TEXT) IS NULL OR institution = $1)"
        " AND (CAST($2 AS TEXT) IS NULL OR state = $2)"
        " AND (at_us < $3 OR (at_us = $3 AND id < $4)) ORDER BY at_us DESC, id DESC LIMIT $5",
        institution,
        None if state is None else str(state),
        at_us,
        key,
        limit,
    )
    return [_opening(reader, row) for row in rows]


async def count_open(reader: Reader, institution: str) -> int:
    """How many openings of an institution wait for their review."""
    found: int = await reader.fetchval(
        "SELECT count(*) FROM glass_opening WHERE institution = $1 AND state = 'open'", institution
    )
    return found


async def get(reader: Reader, key: str, institution: str | None = None) -> Opening:
    """One opening; with `institution` only its own. Raises ResourceNotFound."""
    row = await reader.fetchrow(
        f"SELECT {_COLUMNS} FROM glass_opening"  # noqa: S608
        " WHERE id = $1 AND (CAST($2 AS TEXT) IS NULL OR institution = $2)",
        key,
        institution,
    )
    if row is None:
        raise ResourceNotFound("no such opening")
    return _opening(reader, row)


async def end(unit: Unit, key: str, now_us: int) -> bool:
    """Close an opening before its time; whether it was open."""
    touched = await unit.execute(
        "UPDATE glass_opening SET ended_us = $2"
        " WHERE id = $1 AND ended_us IS NULL AND until_us > $2",
        key,
        now_us,
    )
    return bool(touched)


async def review(unit: Unit, one: Opening, state: Review, by: str, note: str, now_us: int) -> None:
    """Say how a review ended. Raises Conflict when it has ended already."""
    body = write({**one.said, "note": note})
    packed = pack(unit.db, DataClass.AUDIT, one.institution, body, *_place(one.id))
    touched = await unit.execute(
        "UPDATE glass_opening SET state = $2, reviewed_us = $3, reviewed_by = $4, dict = $5,"
        " body = $6 WHERE id = $1 AND state = 'open'",
        one.id,
        str(state),
        now_us,
        by,
        *packed,
    )
    if not touched:
        raise Conflict(f"opening {one.id} is reviewed already")


async def lift(unit: Unit, subject: str, institution: str, by: str, now_us: int) -> Sequence[str]:
    """Let a person break the glass again after reviews that went against them; which those were."""
    rows = await unit.fetch(
        "UPDATE glass_opening SET lifted_us = $3, lifted_by = $4 WHERE subject = $1"
        " AND institution = $2 AND state = 'unjustified' AND lifted_us IS NULL RETURNING id",
        subject,
        institution,
        now_us,
        by,
    )
    return [row[0] for row in rows]


def _place(key: str) -> tuple[str, str, str]:
    return "glass_opening", "body", key


def _opening(reader: Reader, row: Row) -> Opening:
    named = dict(zip(_NAMES, row, strict=True))
    said = parse(unpack(reader.db, named.pop("dict"), named.pop("body"), *_place(row[0])))
    return Opening(said=said, **named)
