"""The keys of clients that publish them at an address: fetched when needed, seldom, and kept.

A set is used while it is fresh, and for a day when the address does not answer; then the client is
refused (503) until it answers again. A key id nobody knows makes the hub look once in ten seconds,
for each client and over all processes: whoever invents ids makes it call nobody.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from hie.access.keys import VerificationKey, published_keys
from hie.access.reason import Reason
from hie.access.strict_json import parse_object
from hie.errors import NotAuthenticated, Unavailable, UnprocessableRequest
from hie.oauth.jwks_fetch import FetchedText, JwksFetcher, NotFetched
from hie.oauth.looked import Looked
from hie.store import client_keys
from hie.store.database import Database

LAST_GOOD = 24 * 3600  # seconds a set serves when its address does not answer
MOST = 1024
_SECOND = 1_000_000

# What is told the log of a try that failed: client, reason, code.
Told = Callable[[str, Reason, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Held:
    row: client_keys.FetchedKeys | None
    keys: tuple[VerificationKey, ...]

    def serves(self, now: float) -> bool:
        """Whether there are keys that are not too old."""
        fetched = None if self.row is None else self.row.fetched_us
        return fetched is not None and now - fetched / _SECOND <= LAST_GOOD

    def is_fresh(self, now: float) -> bool:
        """Whether no newer set need be asked for."""
        until = None if self.row is None else self.row.fresh_until_us
        return self.serves(now) and until is not None and now < until / _SECOND

    def has(self, kid: object) -> bool:
        """Whether one of the keys is of this id."""
        return any(key.kid == kid for key in self.keys)


class JwksSets:
    """Key sets by client."""

    def __init__(
        self, db: Database, fetcher: JwksFetcher, clock: Callable[[], float], told: Told
    ) -> None:
        self._db = db
        self._fetcher = fetcher
        self._clock = clock
        self._told = told
        self._held = Looked(self._look, clock, MOST)
        self._under_way: dict[str, asyncio.Future[None]] = {}

    async def keys_of(self, client: str, url: str, kid: object) -> tuple[VerificationKey, ...]:
        """The keys of a client, fetched anew if they are not fresh or lack this id.

        Raises Unavailable when there are none young enough to serve.
        """
        held = await self._held.of(client)
        if not held.is_fresh(self._clock()) or not held.has(kid):
            await self._once(client, url)
            held = await self._held.of(client)
        if not held.serves(self._clock()):
            await self._told(client, Reason.KEY_GONE, "no keys young enough")
            raise Unavailable("the client's keys cannot be fetched")
        return held.keys

    async def read(self, url: str) -> tuple[FetchedText, tuple[VerificationKey, ...]]:
        """The set at an address, for registration; raises NotFetched, UnprocessableRequest."""
        found = await self._fetcher.fetch(url)
        return found, _keys(found.text)

    async def keep(self, client: str, found: FetchedText) -> None:
        """Keep what registration read."""
        now = self._clock()
        async with self._db.unit() as unit:
            await client_keys.fetched(
                unit,
                client,
                json.loads(found.text),
                now_us=int(now * _SECOND),
                fresh_until_us=int((now + found.fresh) * _SECOND),
            )
        self._held.forget(client)

    def fault(self, url: str) -> str | None:
        """What was expected of an address that is to be registered."""
        return self._fetcher.reach.fault(url)

    async def _once(self, client: str, url: str) -> None:
        """Fetch, if it is this process's turn; whoever asks meanwhile waits for the same answer."""
        waiting = self._under_way.get(client)
        if waiting is not None:
            await asyncio.shield(waiting)
            return
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._under_way[client] = done
        try:
            await self._fetch(client, url)
        finally:
            del self._under_way[client]
            self._held.forget(client)
            done.set_result(None)

    async def _fetch(self, client: str, url: str) -> None:
        async with self._db.unit() as unit:
            if not await client_keys.turn(unit, client, int(self._clock() * _SECOND)):
                return
        try:
            found, _ = await self.read(url)
        except NotFetched as fault:
            await self._failed(client, fault.problem, attack=fault.attack)
        except UnprocessableRequest as fault:
            await self._failed(client, fault.faults[0].code if fault.faults else "keys")
        else:
            await self.keep(client, found)

    async def _failed(self, client: str, problem: str, *, attack: bool = False) -> None:
        async with self._db.unit() as unit:
            await client_keys.failed(unit, client, problem)
        await self._told(client, Reason.SSRF if attack else Reason.JWKS, problem)

    async def _look(self, client: str, before: _Held | None) -> _Held:
        async with self._db.reading() as reader:
            row = await client_keys.find(reader, client)
        if row is None or row.jwks is None:
            return _Held(row, ())
        if before is not None and before.row is not None and before.row.jwks == row.jwks:
            return _Held(row, before.keys)
        return _Held(row, _keys(row.jwks))


def _keys(text: str) -> tuple[VerificationKey, ...]:
    """The keys of a set, read strictly; raises UnprocessableRequest."""
    try:
        return published_keys(parse_object(text.strip().encode("utf-8")))
    except NotAuthenticated as error:
        raise UnprocessableRequest("the key set is not strict JSON", error.faults) from error


__all__ = ["JwksSets", "Told"]
