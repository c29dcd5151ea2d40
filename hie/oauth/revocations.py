"""Tokens that were revoked, as this process knows them: at most two seconds behind the others.

One look at the database serves every request of two seconds; what ended is kept in memory until
the token would be over anyway.
"""

from collections.abc import Callable

from hie.oauth.looked import Looked
from hie.store import revoked
from hie.store.database import Database

_SECOND = 1_000_000


class Revocations:
    """The revoked tokens of all processes."""

    def __init__(self, db: Database, clock: Callable[[], float]) -> None:
        self._db = db
        self._clock = clock
        self._ended: dict[str, int] = {}
        self._since_us = 0
        self._looked = Looked(self._look, clock)

    async def holds(self, token: str) -> bool:
        """Whether this token was revoked, by any process, more than two seconds ago."""
        await self._looked.of(None)
        return token in self._ended

    def add(self, token: str, ends_us: int) -> None:
        """Revoked in this process: at once."""
        self._ended[token] = ends_us

    async def _look(self, _: None, before: None) -> None:
        now_us = int(self._clock() * _SECOND)
        async with self._db.reading() as reader:
            found = await revoked.since(reader, min(self._since_us, now_us))
        self._ended.update(found)
        self._since_us = now_us
        if any(ends < now_us for ends in self._ended.values()):
            self._ended = {token: ends for token, ends in self._ended.items() if ends >= now_us}
