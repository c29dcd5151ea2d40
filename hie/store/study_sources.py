"""How the sources of images answer: what the hub learned when it last asked, for all processes.

A row with `uid` "" speaks of a site's source as a whole: whether it can be reached. A row of a
study says whether the source gave its images when they were last asked for.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from hie.store.session import Reader, Row, Unit

WHOLE = ""


class SourceState(StrEnum):
    """What is known of a source, or of one study at it."""

    UNASKED = "unasked"  # nobody has asked for an image of this study yet
    GIVES = "gives"
    REFUSES = "refuses"  # it answered, with no or with something else
    OFFLINE = "offline"  # it did not answer; of a source as a whole only


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A row of `study_source`."""

    site: str
    uid: str
    state: SourceState
    reason: str | None
    sop: str | None
    tries: int
    at_us: int
    next_us: int | None


_COLUMNS = "site, uid, state, reason, sop, tries, at_us, next_us"
_NAMES = tuple(_COLUMNS.split(", "))


async def of(
    reader: Reader, site: str, uids: Iterable[str], *, locked: bool = False
) -> dict[str, SourceRow]:
    """What is known of these studies, by UID; "" asks for the site's source as a whole."""
    lock = reader.db.locking("FOR UPDATE") if locked else ""
    rows = await reader.fetch(
        f"SELECT {_COLUMNS} FROM study_source WHERE site = $1"  # noqa: S608
        f" AND {reader.db.among('uid', 2)} ORDER BY uid{lock}",
        site,
        reader.db.array(sorted(set(uids))),
    )
    return {row[1]: _source(row) for row in rows}


async def put(unit: Unit, rows: Iterable[SourceRow]) -> None:
    """Write these rows as they are, new or changed."""
    sets = ", ".join(f"{name} = excluded.{name}" for name in _NAMES[2:])
    marks = ", ".join(f"${n}" for n in range(1, len(_NAMES) + 1))
    await unit.executemany(
        f"INSERT INTO study_source ({_COLUMNS}) VALUES ({marks})"  # noqa: S608 - names of our own
        f" ON CONFLICT (site, uid) DO UPDATE SET {sets}",
        [_row(one) for one in rows],
    )


async def ask(unit: Unit, site: str, uid: str, now_us: int) -> None:
    """A study at its source whose images nobody has asked for: to be asked for soon, once."""
    await unit.execute(
        f"INSERT INTO study_source ({_COLUMNS})"  # noqa: S608 - names of our own
        " VALUES ($1, $2, 'unasked', NULL, NULL, 0, $3, $3) ON CONFLICT (site, uid) DO NOTHING",
        site,
        uid,
        now_us,
    )


async def due(reader: Reader, now_us: int, limit: int = 20) -> list[SourceRow]:
    """What it is time to ask again: a look that locks nothing."""
    rows = await reader.fetch(
        f"SELECT {_COLUMNS} FROM study_source WHERE next_us <= $1"  # noqa: S608
        " ORDER BY next_us, site, uid LIMIT $2",
        now_us,
        limit,
    )
    return [_source(row) for row in rows]


async def wrong(reader: Reader) -> tuple[list[str], int]:
    """The sites whose source is away, and of how many studies a source refuses images."""
    rows = await reader.fetch(
        "SELECT site FROM study_source WHERE uid = '' AND state = 'offline' ORDER BY site"
    )
    refused: int = await reader.fetchval(
        "SELECT count(*) FROM study_source WHERE state = 'refuses'"
    )
    return [row[0] for row in rows], refused


async def away(reader: Reader) -> list[SourceRow]:
    """The sources that did not answer when they were last asked, with since when."""
    rows = await reader.fetch(
        f"SELECT {_COLUMNS} FROM study_source"  # noqa: S608
        " WHERE uid = '' AND state = 'offline' ORDER BY site"
    )
    return [_source(row) for row in rows]


async def claim(unit: Unit, row: SourceRow, until_us: int) -> bool:
    """Whether this process asks: another one that looks now leaves it alone until then."""
    found = await unit.fetch(
        "UPDATE study_source SET next_us = $4 WHERE site = $1 AND uid = $2 AND next_us = $3"
        " RETURNING uid",
        row.site,
        row.uid,
        row.next_us,
        until_us,
    )
    return bool(found)


async def remove(unit: Unit, site: str, uid: str) -> None:
    """Nothing is to be known of it any more."""
    await unit.execute("DELETE FROM study_source WHERE site = $1 AND uid = $2", site, uid)


def _row(one: SourceRow) -> Row:
    return tuple(str(one.state) if name == "state" else getattr(one, name) for name in _NAMES)


def _source(row: Row) -> SourceRow:
    values = list(row)
    values[2] = SourceState(values[2])
    return SourceRow(*values)
