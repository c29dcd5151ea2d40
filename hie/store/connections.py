"""The connections a process holds to PostgreSQL, handed from one user to the next without a pause.

Between two uses they wait here, the last used first: taking one and giving it back is a list
operation, where the driver's own pool starts a task and a timer for each and stands between every
call. Nothing is reset, because nothing leaves anything to reset.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from time import monotonic
from typing import Any

from hie.store.faults import PG_FAULTS

_IDLE_SECONDS = 300.0
_CLOSE_SECONDS = 5.0


class Connections:
    """At most `size` connections; who comes when all are taken waits, first come first.

    A connection whose use was broken off (a task that was cancelled) is ended: a statement may
    still be running on it.
    """

    def __init__(self, connect: Callable[[], Awaitable[Any]], size: int, patience: float) -> None:
        self._connect = connect
        self._size = size
        self._patience = patience  # seconds one waits for a connection
        self._held = 0
        self._closed = False
        self._idle: list[tuple[Any, float]] = []
        self._waiting: deque[asyncio.Future[Any]] = deque()

    async def take(self) -> Any:
        """A connection that nobody else uses. Raises what the driver raises, TimeoutError too."""
        while self._idle:
            connection, _ = self._idle.pop()
            if not connection.is_closed():
                return connection
            self._held -= 1
        if self._closed:
            raise ConnectionError("the database is closed")
        if self._held < self._size:
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
        if self._closed or connection.is_closed():
            self.drop(connection)
            return
        self._pass_on(connection)
        if len(self._idle) > 1:
            oldest, since = self._idle[0]
            if monotonic() - since > _IDLE_SECONDS:
                del self._idle[0]
                self.drop(oldest)

    def drop(self, connection: Any) -> None:
        """End a connection at once; the server rolls back what it was doing."""
        connection.terminate()
        self._held -= 1
        self._pass_on(None)

    async def close(self) -> None:
        """Say goodbye on each; those in use end when they are given back."""
        self._closed = True
        idle, self._idle = self._idle, []
        for connection, _ in idle:
            with suppress(*PG_FAULTS):
                await connection.close(timeout=_CLOSE_SECONDS)
            self._held -= 1

    async def _made(self) -> Any:
        self._held += 1
        try:
            return await self._connect()
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
        if connection is not None:
            self._idle.append((connection, monotonic()))
