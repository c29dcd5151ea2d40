"""What flows from sites, counted alike on both databases."""

from typing import Any

import pytest

from hie.store import feeds, message_causes
from hie.store.feeds import HOUR_US, Hour
from hie.store.messages import State

pytestmark = pytest.mark.anyio
START = 480_000 * HOUR_US


async def _kept(database: Any, *messages: tuple[str, str, str, int, int]) -> None:
    """Messages by id, site, state, when they came, and how long they took."""
    columns = ("id", "site", "channel", "content_hash", "media", "size", "received_us", "state",
               "stage", "attempts", "meta", "updated_us", "body")  # fmt: skip
    rows = [
        (key, site, "mllp", key, "x", 1, at, state, "decode", 1, "{}", at + took, b"")
        for key, site, state, at, took in messages
    ]
    async with database.unit() as unit:
        await unit.insert("message", columns, rows)


async def test_messages_are_counted_by_hour_and_stand_by_site(database: Any) -> None:
    await _kept(
        database,
        ("a", "lis", "stored", START, 5),
        ("b", "lis", "stored", START + HOUR_US - 1, 9),
        ("c", "lis", "held", START + HOUR_US, 7),
        ("d", "lis", "kept", START + 2 * HOUR_US, 0),
        ("e", "ris", "held", START + 3, 7),
        ("f", "lis", "stored", START - 1, 3),
    )
    async with database.reading() as reader:
        met = await feeds.hours(reader, ["lis"], START)
        stands = await feeds.standings(reader, ["lis", "pacs"], START)
        since = await feeds.count_stored(reader, "lis", START, START + HOUR_US)
        held = await message_causes.held(reader, ["lis"])
    assert sorted(met, key=lambda one: one.hour) == [
        Hour("lis", "mllp", State.STORED, 0, 2),
        Hour("lis", "mllp", State.HELD, 1, 1),
        Hour("lis", "mllp", State.KEPT, 2, 1),
    ]
    lis, pacs = stands["lis"], stands["pacs"]
    assert (lis.last_us, lis.held, lis.oldest_waiting_us) == (START + 2 * HOUR_US, 1, lis.last_us)
    assert lis.times_us == (9, 5)
    assert (pacs.last_us, pacs.held, pacs.times_us) == (None, 0, ())
    assert since == 2
    assert [one.id for one in held] == ["c"]
