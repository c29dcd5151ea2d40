"""The versions of one type or of one resource, newest first, cut by key; each through `visible`.

FHIR R4 http.html#history. Versions of a type stand by (written, id, version), so that pages stay
stable while others write: what is new stands before the first page. A page looks at no more than
it shows, but for `_at`, which looks at `MOST_LOOKED` versions and says where it goes on.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from hie.access.policy import Restriction
from hie.store.served import KEPT, STORED, Stored, stored
from hie.store.session import Reader, Row
from hie.store.visible import Visible, visible, visible_history

MOST_LOOKED = 5_000
_CHUNK = 500
EVER = 2**62
_ORDER = "updated_us DESC, id DESC, version DESC"


@dataclass(frozen=True, slots=True)
class Span:
    """Which versions are wanted, in microseconds: written since; current in [start, end)."""

    since: int = -EVER
    start: int | None = None
    end: int = EVER

    def wants(self, updated_us: int, ended: int | None, *, deleted: bool) -> bool:
        """Whether a version, current until `ended`, was current in the span.

        A deletion is current at no time: it is wanted when it happened in the span.
        """
        if self.start is None:
            return True
        if deleted:
            return updated_us >= self.start
        return ended is None or ended > self.start


class Versions(NamedTuple):
    """A page, where the next begins (None: nowhere), and which versions followed a deletion."""

    found: Sequence[Stored]
    following: list[Any] | None
    revived: frozenset[tuple[str, int]]


async def of_type(
    reader: Reader,
    kind: str,
    restriction: Restriction,
    span: Span,
    limit: int,
    after: Sequence[Any] | None = None,
) -> Versions:
    """Versions of a type after a position."""
    found: list[Stored] = []
    place = None if after is None else list(after)
    looked, more = 0, True
    step = limit + 1 if span.start is None else max(limit + 1, _CHUNK)
    while more and len(found) <= limit and looked < MOST_LOOKED:
        rows = await _rows(reader, kind, restriction, span, place, step)
        more = len(rows) == step
        looked += len(rows)
        place = _position(rows[-1]) if rows else None
        wanted = [row for row in rows if span.wants(row[3], row[KEPT + 1], deleted=bool(row[KEPT]))]
        found += [stored(reader.db, kind, row) for row in wanted[: limit + 1 - len(found)]]
        await asyncio.sleep(0)  # others get their turn between
    following = place if more else None
    if len(found) > limit:
        found = found[:limit]
        last = found[-1] if found else None
        following = None if last is None else [last.updated_us, last.id, last.version]
    return Versions(found, following, await _revived(reader, kind, restriction, found))


async def of_one(
    reader: Reader,
    kind: str,
    key: str,
    restriction: Restriction,
    span: Span,
    limit: int,
    before: int | None = None,
) -> tuple[Versions, int]:
    """Versions of one resource below version `before`, and how many there are in the span."""
    now, past = _both(reader, kind, restriction)
    n = past.following
    rows = await reader.fetch(
        f"SELECT version, updated_us, false AS deleted FROM {now.sql} AS v WHERE v.id = ${n}"  # noqa: S608
        f" UNION ALL SELECT version, updated_us, deleted FROM {past.sql} AS h WHERE h.id = ${n}"
        " ORDER BY version DESC",
        *now.args,
        *past.args,
        key,
    )
    wanted = []
    ended: int | None = None
    for version, updated_us, deleted in rows:
        if span.since <= updated_us < span.end and span.wants(updated_us, ended, deleted=deleted):
            wanted.append(version)
        ended = updated_us
    below = [version for version in wanted if before is None or version < before]
    found = await _these(reader, kind, key, (now, past), below[:limit])
    following = [below[limit - 1]] if 0 < limit < len(below) else None
    revived = frozenset((key, version + 1) for version, _, deleted in rows if deleted)
    return Versions(found, following, revived), len(wanted)


async def _these(
    reader: Reader, kind: str, key: str, seen: tuple[Visible, Visible], versions: Sequence[int]
) -> list[Stored]:
    """These versions of one resource, newest first."""
    now, past = seen
    n = past.following
    which = reader.db.among("version", n + 1)
    rows = await reader.fetch(
        f"SELECT {STORED}, false AS deleted FROM {now.sql} AS v WHERE v.id = ${n} AND {which}"  # noqa: S608
        f" UNION ALL SELECT {STORED}, deleted FROM {past.sql} AS h WHERE h.id = ${n} AND {which}",
        *now.args,
        *past.args,
        key,
        reader.db.array(versions),
    )
    found = [stored(reader.db, kind, row) for row in rows]
    return sorted(found, key=lambda one: one.version, reverse=True)


async def _rows(
    reader: Reader,
    kind: str,
    restriction: Restriction,
    span: Span,
    after: Sequence[Any] | None,
    limit: int,
) -> Sequence[Row]:
    now, past = _both(reader, kind, restriction)
    n = past.following
    args: list[Any] = [span.since, span.end]
    where = f"updated_us >= ${n} AND updated_us < ${n + 1}"
    if after is not None:
        at, key, version = f"${n + 2}", f"${n + 3}", f"${n + 4}"
        args += [int(after[0]), str(after[1]), int(after[2])]
        where += (
            f" AND updated_us <= {at} AND (updated_us < {at} OR id < {key}"
            f" OR (id = {key} AND version < {version}))"
        )
    ended = "CAST(NULL AS BIGINT)" if span.start is None else _ended(now, past)
    cut = f"WHERE {where} ORDER BY {_ORDER} LIMIT {limit}"
    return await reader.fetch(
        f"SELECT * FROM (SELECT * FROM (SELECT {STORED}, false AS deleted,"  # noqa: S608
        f" CAST(NULL AS BIGINT) AS ended FROM {now.sql} AS v {cut}) AS a"
        f" UNION ALL SELECT * FROM (SELECT {STORED}, deleted, {ended} AS ended"
        f" FROM {past.sql} AS h {cut}) AS b) AS every ORDER BY {_ORDER} LIMIT {limit}",
        *now.args,
        *past.args,
        *args,
    )


def _ended(now: Visible, past: Visible) -> str:
    """When the version after this one was written: in history, or current."""
    joined = "x.home = h.home AND x.id = h.id AND x.version = h.version + 1"
    return (
        f"coalesce((SELECT x.updated_us FROM {past.sql} AS x WHERE {joined}),"  # noqa: S608
        f" (SELECT x.updated_us FROM {now.sql} AS x WHERE {joined}))"
    )


async def _revived(
    reader: Reader, kind: str, restriction: Restriction, found: Sequence[Stored]
) -> frozenset[tuple[str, int]]:
    """Of these versions (id, version), those that came after a deletion."""
    ids = sorted({one.id for one in found if one.version > 1 and not one.deleted})
    if not ids:
        return frozenset()
    past = visible_history(reader, kind, restriction)
    rows = await reader.fetch(
        f"SELECT id, version FROM {past.sql} AS h"  # noqa: S608
        f" WHERE h.deleted AND {reader.db.among('h.id', past.following)}",
        *past.args,
        reader.db.array(ids),
    )
    return frozenset((row[0], row[1] + 1) for row in rows)


def _both(reader: Reader, kind: str, restriction: Restriction) -> tuple[Visible, Visible]:
    now = visible(reader, kind, restriction)
    return now, visible_history(reader, kind, restriction, now.following)


def _position(row: Row) -> list[Any]:
    """Where a row stands: when it was written, its id, its version."""
    return [row[3], row[1], row[2]]
