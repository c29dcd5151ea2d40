"""A process has two batches on their way on PostgreSQL; what comes twice is stored once."""

import asyncio
import contextlib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from hie.app import opened, work
from hie.exchange.commands import operator
from hie.exchange.process import BATCH, lanes, process_waiting
from hie.exchange.receive import receive
from hie.settings import Settings
from hie.synthetic import many
from tests.integration.test_road import TODAY, _connected, _counts

pytestmark = pytest.mark.anyio
REPORTS = BATCH + 12


async def test_reports_that_come_again_in_the_other_batch_stay_one(
    place: Any, tmp_path: Path
) -> None:
    settings = Settings(data_dir=place.data_dir, database_url=place.url, rate_limits=False)
    async with opened(settings) as hub:
        region = await _connected(hub, tmp_path)
        first = [content for _, content in many(REPORTS, results=5, day=TODAY)]
        again = [content.replace(b"|BJL", b"|BJX", 1) for content in first]
        assert all(a != b for a, b in zip(first, again, strict=True))
        for content in first + again:
            await receive(hub, operator(), region.sites[0].site, content, channel="test", media="")

        async def lane() -> None:
            while await process_waiting(hub):
                pass

        await asyncio.gather(*(lane() for _ in range(lanes(hub))))
        counts = await _counts(hub)
        assert counts["diagnostic_report"] == counts["patient"] == REPORTS
        assert counts["observation"] == 5 * REPORTS
        assert counts["resource_history"] == 0
        async with hub.db.reading() as reader:
            states = Counter(row[0] for row in await reader.fetch("SELECT state FROM message"))
            attempts = await reader.fetchval("SELECT max(attempts) FROM message")
        assert states == {"stored": 2 * REPORTS}
        assert attempts == 1


async def test_the_worker_ends_when_it_is_told_to(place: Any) -> None:
    settings = Settings(data_dir=place.data_dir, database_url=place.url, rate_limits=False)
    async with opened(settings) as hub:
        task = asyncio.create_task(work(hub))
        await asyncio.sleep(0.05)
        assert not task.done()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        assert task.cancelled()
