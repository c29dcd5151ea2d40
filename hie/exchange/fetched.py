"""Files fetched from sources: kept beside each other for the next look, for a while and no more.

A viewer asks for one instance after another and for each several times; the source is asked once.
What is here is the hub's only copy of images that are left at their source, and it goes by itself.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from hie.errors import Unavailable

KEPT_SECONDS = 120.0  # after its last use
MOST_BYTES = 1 << 30
_IN_USE_SECONDS = 10.0  # a file handed out so lately is not taken away for want of room
Key = tuple[str, str, str]  # site, SOPInstanceUID, SHA-256 of what first came


@dataclass(slots=True)
class FetchedFile:
    """One fetched file; `used` is when it was last handed out, on the monotonic clock."""

    path: Path
    transfer_syntax: str
    size: int
    used: float = 0.0


@dataclass(slots=True)
class Fetched:
    """The fetched files of one process, and the fetches under way."""

    files: dict[Key, FetchedFile] = field(default_factory=dict)
    running: dict[Key, "asyncio.Task[FetchedFile]"] = field(default_factory=dict)
    places: dict[str, asyncio.Semaphore] = field(default_factory=dict)
    timer: asyncio.TimerHandle | None = None

    async def get(self, key: Key, fetch: Callable[[], Awaitable[FetchedFile]]) -> FetchedFile:
        """The file of this key, fetched unless it is here; many who ask at once share one fetch."""
        known = self.files.get(key)
        if known is None or not known.path.exists():
            task = self.running.get(key)
            if task is None:
                task = asyncio.ensure_future(self._fetch(key, fetch))
                self.running[key] = task
            # Who goes away does not end what others wait for.
            known = await asyncio.shield(task)
        known.used = time.monotonic()
        return known

    async def _fetch(self, key: Key, fetch: Callable[[], Awaitable[FetchedFile]]) -> FetchedFile:
        try:
            found = await fetch()
        finally:
            self.running.pop(key, None)
        found.used = time.monotonic()
        self.files[key] = found
        self._make_room()
        if self.timer is None:
            self._later()
        return found

    def drop(self, key: Key) -> None:
        """Let go of one file."""
        found = self.files.pop(key, None)
        if found is not None:
            found.path.unlink(missing_ok=True)

    @asynccontextmanager
    async def place(self, site: str, at_once: int, seconds: float) -> AsyncIterator[None]:
        """One of the places for fetching from a source. Raises Unavailable: all stay taken."""
        places = self.places.setdefault(site, asyncio.Semaphore(at_once))
        try:
            async with asyncio.timeout(seconds):
                await places.acquire()
        except TimeoutError:
            raise Unavailable("the source of these images is busy") from None
        try:
            yield
        finally:
            places.release()

    async def close(self) -> None:
        """End what is under way and let go of everything."""
        if self.timer is not None:
            self.timer.cancel()
        tasks = list(self.running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for key in list(self.files):
            self.drop(key)

    def _later(self) -> None:
        self.timer = asyncio.get_running_loop().call_later(KEPT_SECONDS / 4, self._look)

    def _look(self) -> None:
        limit = time.monotonic() - KEPT_SECONDS
        for key in [key for key, one in self.files.items() if one.used < limit]:
            self.drop(key)
        self.timer = None
        if self.files:
            self._later()

    def _make_room(self) -> None:
        total = sum(one.size for one in self.files.values())
        limit = time.monotonic() - _IN_USE_SECONDS
        for key, one in sorted(self.files.items(), key=lambda pair: pair[1].used):
            if total <= MOST_BYTES or one.used > limit:
                return
            total -= one.size
            self.drop(key)
