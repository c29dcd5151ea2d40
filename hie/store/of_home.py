"""The current resources of one patient and type, by id: through `visible`, a piece at a time."""

from collections.abc import Iterable
from typing import Any

from hie.access.policy import Restriction
from hie.store.served import STORED, Stored, stored
from hie.store.session import Reader
from hie.store.visible import visible


async def of_home(
    reader: Reader,
    kind: str,
    home: str,
    restriction: Restriction,
    after: str,
    since_us: int,
    limit: int,
) -> list[Stored]:
    """At most `limit` after an id, changed at or after an instant (microseconds).

    Sorted by what no index has: in the order of ids, which is that of the key of results, a plan
    made once for all patients would look through everybody's.
    """
    seen = visible(reader, kind, restriction, homes=[home])
    n = seen.following
    rows = await reader.fetch(
        f"SELECT {STORED} FROM {seen.sql} AS v"  # noqa: S608
        f" WHERE v.id > ${n} AND v.updated_us >= ${n + 1} ORDER BY v.id || '' LIMIT ${n + 2}",
        *seen.args,
        after,
        since_us,
        limit,
    )
    return [stored(reader.db, kind, row) for row in rows]


async def kinds_of(
    reader: Reader, kinds: Iterable[str], home: str, restriction: Restriction
) -> set[str]:
    """Those of these types of which the patient has something that may be seen.

    One look each, in one statement; for a restriction that asks little (`settled`).
    """
    parts, args = [], list[Any]()
    for kind in kinds:
        seen = visible(reader, kind, restriction, len(args) + 1, homes=[home])
        parts.append(f"SELECT '{kind}' WHERE EXISTS (SELECT 1 FROM {seen.sql} AS v)")  # noqa: S608
        args += seen.args
    rows = await reader.fetch(" UNION ALL ".join(parts), *args) if parts else ()
    return {row[0] for row in rows}
