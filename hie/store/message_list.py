"""Lists of messages and how many stand where: for the console and the command line."""

from collections.abc import Collection
from typing import Any

from hie.store.messages import COLUMNS, Message, State, message_of
from hie.store.session import Reader


async def find(
    reader: Reader,
    *,
    site: str | None = None,
    sites: Collection[str] | None = None,
    state: str | None = None,
    code: str | None = None,
    limit: int = 50,
    page: str | None = None,
) -> tuple[list[Message], str | None]:
    """Messages, newest first, and where the next page begins (None: there is none).

    `sites`: only those of one of these. `code`: only those with an issue of this code. `page` is
    what an earlier call returned.
    """
    args: list[Any] = [limit + 1]
    where = ["1 = 1"]
    for column, value in (("site", site), ("state", state)):
        if value is not None:
            args.append(value)
            where.append(f"{column} = ${len(args)}")
    if sites is not None:
        args.append(reader.db.array(sites))
        where.append(reader.db.among("site", len(args)))
    if code is not None:
        args.append(code)
        where.append(f"id IN (SELECT message FROM message_issue WHERE code = ${len(args)})")  # noqa: S608
    if page is not None:
        at, _, key = page.partition("-")
        args += [int(at), key]
        where.append(f"(received_us, id) < (${len(args) - 1}, ${len(args)})")
    rows = await reader.fetch(
        f"SELECT {COLUMNS} FROM message WHERE {' AND '.join(where)}"  # noqa: S608
        " ORDER BY received_us DESC, id DESC LIMIT $1",
        *args,
    )
    found = [message_of(reader, row) for row in rows[:limit]]
    last = found[-1] if len(rows) > limit else None
    return found, None if last is None else f"{last.received_us}-{last.id}"


async def count(reader: Reader, site: str | None = None) -> dict[State, int]:
    """How many messages stand where."""
    rows = await reader.fetch(
        "SELECT state, count(*) FROM message WHERE CAST($1 AS TEXT) IS NULL OR site = $1"
        " GROUP BY state",
        site,
    )
    return {State(row[0]): row[1] for row in rows}


async def count_waiting(reader: Reader, messages: Collection[str]) -> int:
    """How many of these messages wait to be processed."""
    found: int = await reader.fetchval(
        f"SELECT count(*) FROM message WHERE state = 'kept' AND {reader.db.among('id', 1)}",  # noqa: S608
        reader.db.array(messages),
    )
    return found


async def tally(reader: Reader) -> dict[tuple[str, str, str], int]:
    """How many messages of each site and channel stand where; it reads every message's row."""
    rows = await reader.fetch(
        "SELECT site, channel, state, count(*) FROM message GROUP BY site, channel, state"
    )
    return {(row[0], row[1], row[2]): row[3] for row in rows}


async def oldest_waiting_us(reader: Reader) -> int | None:
    """When the oldest message that still waits was received."""
    found: int | None = await reader.fetchval(
        "SELECT min(received_us) FROM message WHERE state = 'kept'"
    )
    return found
