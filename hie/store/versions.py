"""Read by id: the current version, one version, all versions; each through `visible`.

What may not be seen is answered exactly like what is not there.
"""

from collections.abc import Iterable, Sequence

from hie.access.policy import Restriction
from hie.errors import ResourceDeleted, ResourceNotFound
from hie.store.served import FOUND, STORED, Stored, found, stored
from hie.store.session import Reader
from hie.store.visible import visible, visible_history


async def read(
    reader: Reader, kind: str, key: str, restriction: Restriction, version: int | None = None
) -> Stored:
    """The current version, or the one asked for.

    Raises ResourceNotFound, and ResourceDeleted when the newest version says so.
    """
    seen = visible(reader, kind, restriction)
    row = await reader.fetchrow(
        f"SELECT {FOUND} FROM {seen.sql} AS v WHERE v.id = ${seen.following}",  # noqa: S608
        *seen.args,
        key,
    )
    if row is not None and version in (None, row[2]):
        return found(reader.db, kind, row)
    if row is None or version is not None:
        earlier = await _earlier(reader, kind, key, restriction, version)
        if earlier is not None:
            deleted, past = earlier
            if deleted:
                raise ResourceDeleted(f"{kind}/{key} is deleted")
            if version is not None:
                return past
    raise ResourceNotFound(f"no {kind} with this id and version")


async def read_many(
    reader: Reader, kind: str, keys: Iterable[str], restriction: Restriction
) -> dict[str, Stored]:
    """The current versions of several ids; what is not visible is left out."""
    seen = visible(reader, kind, restriction)
    rows = await reader.fetch(
        f"SELECT {FOUND} FROM {seen.sql} AS v"  # noqa: S608
        f" WHERE {reader.db.among('v.id', seen.following)}",
        *seen.args,
        reader.db.array(dict.fromkeys(keys)),
    )
    return {row[1]: found(reader.db, kind, row) for row in rows}


async def history(
    reader: Reader,
    kind: str,
    key: str,
    restriction: Restriction,
    *,
    limit: int = 50,
    before: int | None = None,
    since_us: int | None = None,
) -> list[Stored]:
    """The versions of one resource, newest first; `before` is the version the last page ended at.

    Raises ResourceNotFound when there is nothing to be seen under this id at all.
    """
    await check_seen(reader, kind, key, restriction)
    now = visible(reader, kind, restriction)
    past = visible_history(reader, kind, restriction, now.following)
    n = past.following
    rows = await reader.fetch(
        f"SELECT {STORED}, deleted FROM ("  # noqa: S608
        f"SELECT {STORED}, false AS deleted FROM {now.sql} AS v WHERE v.id = ${n}"
        f" UNION ALL SELECT {STORED}, deleted FROM {past.sql} AS h WHERE h.id = ${n}) AS every"
        f" WHERE version < ${n + 1} AND updated_us >= ${n + 2} "
        f" ORDER BY version DESC LIMIT ${n + 3}",
        *now.args,
        *past.args,
        key,
        2**31 - 1 if before is None else before,
        0 if since_us is None else since_us,
        limit,
    )
    return [stored(reader.db, kind, row) for row in rows]


async def check_seen(reader: Reader, kind: str, key: str, restriction: Restriction) -> None:
    """Raises ResourceNotFound when there is nothing to be seen under this id at all."""
    seen = visible(reader, kind, restriction)
    sql = f"SELECT 1 FROM {seen.sql} AS v WHERE v.id = ${seen.following}"  # noqa: S608
    if await reader.fetchval(sql, *seen.args, key) is not None:
        return
    if await _earlier(reader, kind, key, restriction, None) is None:
        raise ResourceNotFound(f"no {kind} with this id")


async def _earlier(
    reader: Reader, kind: str, key: str, restriction: Restriction, version: int | None
) -> tuple[bool, Stored] | None:
    past = visible_history(reader, kind, restriction)
    n = past.following
    wanted = "" if version is None else f" AND h.version = ${n + 1}"
    rows: Sequence[object] = [] if version is None else [version]
    row = await reader.fetchrow(
        f"SELECT deleted, {STORED} FROM {past.sql} AS h"  # noqa: S608
        f" WHERE h.id = ${n}{wanted} ORDER BY h.version DESC LIMIT 1",
        *past.args,
        key,
        *rows,
    )
    return None if row is None else (bool(row[0]), stored(reader.db, kind, row[1:]))
