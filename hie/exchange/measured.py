"""/metrics: this process's counters, and where messages stand according to the database."""

import time
from weakref import WeakKeyDictionary

from prometheus_client import generate_latest

from hie import metrics
from hie.errors import HubError
from hie.exchange.hub import Hub
from hie.exchange.reopen import Cause
from hie.store import message_list, work_items
from hie.store.database import Database

_EVERY = 15.0  # seconds between two counts of all messages: a large hub holds millions
_counted: WeakKeyDictionary[Database, float] = WeakKeyDictionary()


async def measured(hub: Hub) -> bytes:
    """The text that Prometheus reads; a database that is away is a figure of it, not a failure."""
    now = time.monotonic()
    try:
        async with hub.db.reading() as reader:
            oldest = await message_list.oldest_waiting_us(reader)
            if now - _counted.get(hub.db, -_EVERY) >= _EVERY:
                counts = await message_list.tally(reader)
                metrics.MESSAGES.clear()
                for (site, channel, state), count in counts.items():
                    metrics.MESSAGES.labels(site, channel, state).set(count)
                waiting = await work_items.tally(reader)
                for cause in Cause:
                    metrics.WORK_ITEMS.labels(cause.value).set(waiting.get(cause.value, 0))
                _counted[hub.db] = now
    except HubError:
        metrics.DATABASE_UP.set(0)
    else:
        waits = 0 if oldest is None else time.time_ns() / 1000 - oldest
        metrics.WAITING_SECONDS.set(max(waits, 0) / 1_000_000)
        metrics.DATABASE_UP.set(1)
    return generate_latest()
