"""The newest results of items, looked up one by one: what the long way through all would find."""

import pytest

from hie.access.policy import Restriction
from hie.api.operations.lastn import newest
from hie.fhir import ITEM
from hie.store import resources
from hie.store.database import Database
from hie.store.resources import Put
from hie.store.search.latest import items_of
from hie.store.search.query import Query, parse_query
from tests.builders import TESTS, Test, an_observation

pytestmark = pytest.mark.anyio
K, NA = TESTS[0], TESTS[1]
EVERYBODY = Restriction()


def _put(key: str, test: Test, day: str | None, home: str = "home1") -> Put:
    one = an_observation(key, home, test=test, effective=f"{day}T08:00:00+08:00")
    if day is None:
        del one["effectiveDateTime"]
    return Put("Observation", home, key, one)


def _asked(*more: tuple[str, str], codes: str = f"{ITEM}|K,{ITEM}|NA") -> Query:
    return parse_query("Observation", [("patient", "home1"), ("code", codes), *more])


async def _filled(database: Database) -> None:
    puts = [
        _put("k-old", K, "2026-01-01"),
        _put("k-a", K, "2026-03-01"),
        _put("k-b", K, "2026-03-01"),
        _put("k-unsaid", K, None),
        _put("na-unsaid", NA, None),
        _put("k-other", K, "2026-06-01", "home2"),
    ]
    async with database.unit() as unit:
        await resources.insert(unit, puts)


async def _newest(database: Database, query: Query, most: int, sight: Restriction) -> list[str]:
    async with database.reading() as reader:
        return [one.id for one in await newest(reader, query, sight, most)]


@pytest.mark.parametrize(
    ("most", "expected"),
    [
        (1, ["k-b", "na-unsaid"]),
        (2, ["k-b", "k-a", "na-unsaid"]),
        (4, ["k-b", "k-a", "k-old", "na-unsaid", "k-unsaid"]),
    ],
)
async def test_the_newest_of_each_item_come_newest_first_and_without_a_time_last(
    database: Database, most: int, expected: list[str]
) -> None:
    await _filled(database)
    assert items_of(_asked()) == ("K", "NA")
    assert await _newest(database, _asked(), most, EVERYBODY) == expected
    # The long way, which is gone as soon as anything else is asked besides.
    wider = _asked(("status", "final"))
    assert items_of(wider) == ()
    assert await _newest(database, wider, most, EVERYBODY) == expected


@pytest.mark.parametrize("codes", ["K", f"{ITEM}|K,2823-3", f"{ITEM}|"])
def test_only_items_by_their_system_are_looked_up_so(codes: str) -> None:
    assert items_of(_asked(codes=codes)) == ()


async def test_what_may_not_be_seen_is_not_among_the_newest(database: Database) -> None:
    await _filled(database)
    sight = Restriction(homes=frozenset({"home2"}))
    assert await _newest(database, _asked(), 1, sight) == []
