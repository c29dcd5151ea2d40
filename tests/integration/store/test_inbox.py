"""Messages that wait together share one COMMIT and keep their order; each is kept once."""

import asyncio
from typing import Any

import pytest

from hie.errors import HubError
from hie.store.database import Database
from hie.store.inbox import Incoming, keep_all

pytestmark = pytest.mark.anyio


def incoming(
    number: str | None, content: bytes = b"MSH", received_us: int = 1, **meta: Any
) -> Incoming:
    return Incoming("lis", "mllp", number, content, "", received_us, meta)


async def test_many_at_once_are_kept_in_order(database: Database) -> None:
    waiting = [database.inbox.submit(incoming(str(n), received_us=n)) for n in range(600)]
    assert database.inbox.busy
    outcomes = await asyncio.gather(*waiting)
    assert all(outcome.is_new for outcome in outcomes)
    async with database.reading() as reader:
        rows = await reader.fetch("SELECT id FROM message ORDER BY received_us")
    assert [row[0] for row in rows] == [outcome.id for outcome in outcomes]


async def test_within_one_commit_too_each_message_is_kept_once(database: Database) -> None:
    sent = [
        incoming("1", b"a"), incoming("1", b"a"), incoming("1", b"b"), incoming("1", b"b"),
        incoming(None, b"c"), incoming(None, b"c"), incoming(None, b"d"), incoming("2", b"a"),
    ]  # fmt: skip
    async with database.unit() as unit:
        found = await keep_all(unit, sent)
    assert [one.is_new for one in found] == [True, False, True, False, True, False, True, True]
    assert found[1].id == found[0].id
    assert found[3].id == found[2].id
    assert [one.number_of for one in found[:4]] == [None, None, found[0].id, found[0].id]
    async with database.unit() as unit:
        again = await keep_all(unit, sent)
    assert [one.id for one in again] == [one.id for one in found]
    assert not any(one.is_new for one in again)
    async with database.reading() as reader:
        assert await reader.fetchval("SELECT count(*) FROM message") == 5


async def test_one_that_cannot_be_kept_takes_no_other_with_it(database: Database) -> None:
    odd = Incoming("lis", "mllp", "2", b"x", "", 2**70, {})
    waiting = [database.inbox.submit(one) for one in (incoming("1"), odd, incoming("3"))]
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(results[1], HubError)
    assert not any(isinstance(results[n], BaseException) for n in (0, 2))


async def test_who_stops_waiting_stops_nothing(database: Database) -> None:
    async def impatient() -> None:
        await database.inbox.submit(incoming("1"))

    task = asyncio.create_task(impatient())
    await asyncio.sleep(0)
    task.cancel()
    assert (await database.inbox.submit(incoming("2"))).is_new
    async with database.reading() as reader:
        assert await reader.fetchval("SELECT count(*) FROM message") == 2
