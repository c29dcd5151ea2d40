"""One message worker of the bench: `python -m tests.bench.road_worker URL DIR`.

It says when its hub is open, begins when it is told to, and says when no message waits.
"""

import asyncio
import sys
from pathlib import Path

from hie.app import opened
from hie.exchange.process import lanes
from hie.settings import Settings
from tests.bench.bench_road import drained


async def _worked(url: str, folder: Path) -> None:
    settings = Settings(data_dir=folder, database_url=url, rate_limits=False)
    async with opened(settings) as hub:
        sys.stdout.write("open\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.readline)
        await asyncio.gather(*(drained(hub) for _ in range(lanes(hub))))
        sys.stdout.write("done\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_worked(sys.argv[1], Path(sys.argv[2])))
