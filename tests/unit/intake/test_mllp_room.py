"""Bytes under way are bounded; who waits is let in when others are done, or told it takes too long."""

import asyncio

import pytest

from hie.intake.mllp_room import Room

pytestmark = pytest.mark.anyio


async def test_who_asks_for_more_than_is_left_waits() -> None:
    room = Room(100)
    await room.take(60, 1)
    waiting = asyncio.create_task(room.take(50, 5))
    await asyncio.sleep(0)
    assert not waiting.done()
    room.give(20)
    await waiting
    assert room.taken == 90


async def test_a_message_larger_than_everything_is_let_in_alone() -> None:
    room = Room(100)
    await room.take(500, 1)
    with pytest.raises(TimeoutError):
        await room.take(1, 0.01)
    room.give(500)
    await room.take(1, 1)
    assert room.taken == 1
