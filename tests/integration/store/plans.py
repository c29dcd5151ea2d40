"""What the database does for each statement of a reader: its plan, as text."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from hie.store.session import Reader

Statement = tuple[str, tuple[object, ...]]


@contextmanager
def watched(reader: Reader) -> Iterator[list[Statement]]:
    """Keeps every statement the reader is asked to fetch."""
    seen: list[Statement] = []
    whole = type(reader).fetch
    with pytest.MonkeyPatch.context() as patch:

        async def fetch(self: Reader, sql: str, *args: object) -> object:
            seen.append((sql, args))
            return await whole(self, sql, *args)

        patch.setattr(type(reader), "fetch", fetch)
        yield seen


async def plan_of(reader: Reader, statement: Statement) -> str:
    sql, args = statement
    word = "EXPLAIN" if reader.db.dialect == "postgresql" else "EXPLAIN QUERY PLAN"
    return "\n".join(str(row[-1]) for row in await reader.fetch(f"{word} {sql}", *args))
