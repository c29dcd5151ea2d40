"""The connections a process holds to PostgreSQL, handed from one user to the next without a pause.

The driver's pool makes and ends them. Between two uses they wait here, the last used first: taking
and giving back is a list operation, where the pool starts a task and a timer for each.
"""

import asyncio
from collections import deque
from contextlib import suppress
from time import monotonic
from typing import Any

import asyncpg

from hie.store.faults import PG_FAULTS

_IDLE_SECONDS = 300.0


class Connections:
    """At most `size` connections of a pool; who comes when all are taken waits, first come first.

    What leaves a block in an unknown state is given to the pool, which looks after it.
    """

    def __init__(self, pool: Any, size: int, patience: float) -> None:
        self._pool = pool
        self._size = size
        self._patience = patience  # seconds one waits for a connection
        self._held = 0
        self._idle: list[tuple[Any, float]] = []
        self._waiting: deque[asyncio.Future[Any]] = deque()
        self._ending: set[asyncio.Task[None]] = set()

    async def take(self) -> Any:
        """A connection that nobody else uses. Raises what the driver raises, TimeoutError too."""
        while self._idle:
            connection, _ = self._idle.pop()
            if not _is_over(connection):
                return connection
            await self._release(connection)
        if self._held < self._size or not self._size:  # a closed pool says so itself
            return await self._made()
        turn: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(self._patience):
                connection = await turn
        except BaseException:
            if turn.done() and not turn.cancelled():
                self._pass_on(turn.result())
            raise
        return connection if connection is not None else await self.take()

    def give_back(self, connection: Any) -> None:
        """Its use ended as it should."""
        if _is_over(connection):
            self._let_go(connection)
            return
        self._pass_on(connection)
        if len(self._idle) > 1:
            oldest, since = self._idle[0]
            if monotonic() - since > _IDLE_SECONDS:
                del self._idle[0]
                self._let_go(oldest)

    async def drop(self, connection: Any) -> None:
        """Its use was broken off: the pool waits for it, or ends it."""
        await asyncio.shield(self._release(connection))

    async def close(self) -> None:
        """Give every connection to the pool; those in use follow when they are given back."""
        self._size = 0
        for connection, _ in self._idle:
            self._let_go(connection)
        self._idle.clear()
        while self._ending:
            await asyncio.gather(*self._ending, return_exceptions=True)

    async def _made(self) -> Any:
        self._held += 1
        try:
            return await self._pool.acquire(timeout=self._patience)
        except BaseException:
            self._held -= 1
            self._pass_on(None)
            raise

    def _pass_on(self, connection: Any | None) -> None:
        """To whoever waits longest; None: there is room for a new one."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(connection)
                return
        if connection is None:
            return
        if self._size == 0:
            self._let_go(connection)
        else:
            self._idle.append((connection, monotonic()))

    def _let_go(self, connection: Any) -> None:
        task = asyncio.get_running_loop().create_task(self._release(connection))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def _release(self, connection: Any) -> None:
        with suppress(*PG_FAULTS):
            await self._pool.release(connection)
        self._held -= 1
        self._pass_on(None)


def _is_over(connection: Any) -> bool:
    """Whether the server or the network ended it."""
    try:
        return bool(connection.is_closed())
    except asyncpg.InterfaceError:  # ended while nobody used it: the pool has it back already
        return True
