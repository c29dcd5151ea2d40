"""What is looked up once in two seconds is never staler, whatever happens meanwhile."""

import asyncio

import pytest

from hie.oauth.looked import FRESH, Looked

pytestmark = pytest.mark.anyio


class Row:
    """A value that others change, and how often it was looked up."""

    def __init__(self, most: int = 8) -> None:
        self.now, self.looks, self.value = 100.0, 0, "a"
        self.before: list[str | None] = []
        self.waits: asyncio.Event | None = None
        self.known = Looked(self.look, lambda: self.now, most)

    async def look(self, key: str, before: str | None) -> str:
        found = f"{key}:{self.value}"
        self.looks += 1
        self.before.append(before)
        if self.waits is not None:
            await self.waits.wait()
        return found


async def test_it_is_looked_up_once_in_two_seconds_for_each_key() -> None:
    row = Row()
    assert [await row.known.of(key) for key in ("x", "x", "y", "x")] == ["x:a", "x:a", "y:a", "x:a"]
    row.value, row.now = "b", row.now + FRESH - 0.1
    assert (await row.known.of("x"), row.looks) == ("x:a", 2)
    row.now += 0.1
    assert (await row.known.of("x"), row.looks) == ("x:b", 3)
    assert row.before == [None, None, "x:a"]


async def test_a_clock_that_was_set_back_makes_it_look_anew() -> None:
    row = Row()
    await row.known.of("x")
    row.value, row.now = "b", row.now - 3600
    assert await row.known.of("x") == "x:b"


async def test_what_was_changed_here_is_known_at_once() -> None:
    row = Row()
    await row.known.of("x")
    row.value = "b"
    row.known.forget("x")
    assert await row.known.of("x") == "x:b"
    row.value = "c"
    row.known.forget_all()
    assert await row.known.of("x") == "x:c"
    assert row.before == [None] * 3


async def test_what_was_read_before_a_change_is_not_kept_after_it() -> None:
    row = Row()
    row.waits = asyncio.Event()
    looking = asyncio.create_task(row.known.of("x"))
    await asyncio.sleep(0)
    row.value = "b"
    row.known.forget("x")
    row.waits.set()
    assert await looking == "x:a"
    assert await row.known.of("x") == "x:b"


async def test_inventing_keys_fills_no_memory() -> None:
    row = Row(most=2)
    for key in ("x", "y", "z", "z", "y"):
        await row.known.of(key)
    assert row.looks == 3
    await row.known.of("x")
    assert row.looks == 4


async def test_a_look_that_failed_is_made_again() -> None:
    tried = 0

    async def look(_: str, before: str | None) -> str:
        nonlocal tried
        tried += 1
        if tried == 1:
            raise RuntimeError("away")
        return "x"

    known = Looked(look, lambda: 0.0)
    with pytest.raises(RuntimeError):
        await known.of("x")
    assert await known.of("x") == "x"
