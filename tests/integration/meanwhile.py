"""Work that must wait for a unit of work that is open, on PostgreSQL: the server says that it does."""

import asyncio
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

from hie.store.database import Database

T = TypeVar("T")
_WAITING = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


async def while_it_waits(db: Database, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
    """Work that is begun and waits for a lock; it fails where the work ends without waiting."""
    task = asyncio.create_task(work)
    until = time.monotonic() + 30
    while True:
        async with db.reading() as reader:
            waiting = await reader.fetchval(_WAITING)
        assert not task.done(), "it waited for nobody"
        if waiting:
            return task
        assert time.monotonic() < until, "neither done nor waiting for a lock"
        await asyncio.sleep(0.01)
