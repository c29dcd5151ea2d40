"""The worker: it finishes kept messages, and lets the doors of its process go first."""

import asyncio
import contextlib
import os
import signal
import time

import structlog

from hie.app.opening import opened
from hie.errors import Unavailable
from hie.exchange.hub import Hub
from hie.exchange.process import BATCH, lanes, process_waiting
from hie.exchange.publish_study import publish_due
from hie.settings import Settings
from hie.store import message_list

_log = structlog.get_logger(__name__)
_IDLE = 0.2  # seconds between two looks of a worker that found nothing
_STEP_BACK = 0.5  # seconds for which a worker lets the doors of its process go first
_NICE = 5
_FEW = 5  # messages it takes between
_LONGEST_LAG_US = 600_000_000  # a message waits so long before its turn is as good as a door's


async def work(hub: Hub) -> None:
    """Finish kept messages for ever, as many batches at once as the database allows."""
    async with asyncio.TaskGroup() as group:
        for lane in range(lanes(hub)):
            group.create_task(_lane(hub, publishes=lane == 0))


async def _lane(hub: Hub, *, publishes: bool) -> None:
    """One batch after the other; a database that is away is waited for."""
    while True:
        try:
            done = await process_waiting(hub, await _turn(hub))
            done += await publish_due(hub) if publishes else 0
        except Unavailable as error:
            _log.warning("worker-waits", reason=error.text)
            await asyncio.sleep(1)
            continue
        if done:
            continue
        hub.wake.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_IDLE):  # wait_for may lose a cancellation (gh-86296)
                await hub.wake.wait()


async def _turn(hub: Hub) -> int:
    """How many messages to take now: few, and after a pause, while doors of this process keep some.

    Processing shares the process (SQLite: also the writer) with the doors; acknowledgements come
    first. Once the oldest message has waited for long, both have their turn, and senders slow down.
    """
    if not hub.db.inbox.busy:
        return BATCH
    async with hub.db.reading() as reader:
        oldest = await message_list.oldest_waiting_us(reader)
    if oldest is not None and time.time_ns() // 1000 - oldest > _LONGEST_LAG_US:
        return BATCH
    until = time.monotonic() + _STEP_BACK
    while hub.db.inbox.busy and time.monotonic() < until:
        await asyncio.sleep(0.02)
    return _FEW if hub.db.inbox.busy else BATCH


async def run_worker(settings: Settings) -> None:
    """One message worker process, until SIGTERM or Ctrl-C.

    It is nice: on one machine with the doors, acknowledging comes before processing.
    """
    os.nice(_NICE)
    async with opened(settings) as hub:
        task = asyncio.create_task(work(hub))
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, task.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await task
