"""Few rows by one statement: every value arrives as it was, one row or several, one table or two."""

from collections.abc import Sequence
from typing import Any

import pytest

from hie.errors import Conflict
from hie.store.database import Database
from hie.store.inserting import FEW, array
from hie.store.session import Rows

pytestmark = pytest.mark.anyio
TEXTS = ('a"b', "a\\b", "NULL", "", "{a,b}", " a ", "a,b", "'", "钾\n\t", "\\x00", '\\"', "null")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["a", None, "NULL"], '{"a",NULL,"NULL"}'),
        ([None, None], "{NULL,NULL}"),
        (["a", "a"], '{"a","a"}'),
        (['q"\\', "{,}"], '{"q\\"\\\\","{,}"}'),
        ([1, -2, None], "{1,-2,NULL}"),
        ([True, False], "{True,False}"),
        ([b"\x00\xff", None], '{"\\\\x00ff",NULL}'),
    ],
)
def test_an_array_is_written_as_postgresql_reads_it(values: Sequence[Any], expected: str) -> None:
    assert array(values) == expected


def _names(texts: Sequence[str]) -> Rows:
    return Rows("hub", ("name", "value"), [(f"t{n}", text) for n, text in enumerate(texts)])


@pytest.mark.parametrize("count", [1, 2, len(TEXTS), FEW + 8])
async def test_texts_and_bytes_arrive_as_they_were(database: Database, count: int) -> None:
    texts = [TEXTS[n % len(TEXTS)] for n in range(count)]
    bytes_ = [(1000 + n, bytes([n, 0, 255, 92, 34])) for n in range(count)]
    async with database.unit() as unit:
        await unit.insert_all([_names(texts), Rows("zstd_dictionary", ("number", "data"), bytes_)])
    async with database.reading() as reader:
        names = await reader.fetch("SELECT name, value FROM hub WHERE name LIKE 't%'")
        data = await reader.fetch("SELECT number, data FROM zstd_dictionary WHERE number >= 1000")
    assert {row[0]: row[1] for row in names} == {f"t{n}": text for n, text in enumerate(texts)}
    assert sorted((row[0], bytes(row[1])) for row in data) == bytes_


async def test_rows_added_alone_are_all_there_or_none(database: Database) -> None:
    await database.insert_alone([_names(["a"])])
    taken = Rows("hub", ("name", "value"), [("t0", "again")])
    fresh = Rows("zstd_dictionary", ("number", "data"), [(2000, b"x")])
    with pytest.raises(Conflict):
        await database.insert_alone([fresh, taken])
    async with database.reading() as reader:
        assert (
            await reader.fetchval("SELECT count(*) FROM zstd_dictionary WHERE number = 2000") == 0
        )
        assert await reader.fetchval("SELECT value FROM hub WHERE name = 't0'") == "a"
