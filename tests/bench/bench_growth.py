"""How the standard queries cost with 100 thousand results, and with a hundred times as many.

`python -m tests.bench growth --to 10000000` fills 100,000, 1,000,000 and so on up to the size
given; `--keep DIR` leaves the databases there for the next time. The probes are the same 40
patients in each size. Blocks are counted by the server, exactly; times are warm and the sizes take
turns, so that the ratio holds on a machine that others use too.
"""

import argparse
import asyncio
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from hie.store.database import Database
from tests.bench.figure import Figure
from tests.bench.growth.blocks import touched
from tests.bench.growth.data import probe_homes
from tests.bench.growth.fill import address, fill
from tests.bench.growth.queries import PANEL, QUERIES, probe
from tests.bench.growth.timed import Times, timed
from tests.postgres import server

SMALLEST, LARGEST = 100_000, 300_000
_SERVER = {"shared_buffers": "1GB", "max_wal_size": "4GB", "checkpoint_timeout": "15min"}


def run(options: Sequence[str] = ()) -> list[Figure]:
    """PostgreSQL, then SQLite, filled in a temporary directory unless one is given to keep."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench growth")
    parser.add_argument("--to", type=int, default=LARGEST, help="results of the largest size")
    parser.add_argument("--keep", type=Path, help="directory where the databases stay")
    parser.add_argument("--only", choices=("postgresql", "sqlite"))
    asked = parser.parse_args(options)
    with tempfile.TemporaryDirectory(prefix="hie-growth-", dir="/tmp") as given:
        folder = (asked.keep or Path(given)).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)  # the server is run by somebody else
        figures: list[Figure] = []
        if asked.only != "sqlite":
            with server(durable=False, at=folder / "pg", more=_SERVER) as url:
                figures += asyncio.run(_measured(url, folder, sizes(asked.to)))
        if asked.only != "postgresql":
            figures += asyncio.run(_measured(None, folder, sizes(asked.to)))
    return figures


def sizes(largest: int) -> list[int]:
    """100,000 and its tenfolds below the largest, and the largest."""
    found = [SMALLEST]
    while found[-1] * 10 < largest:
        found.append(found[-1] * 10)
    return [*found, largest] if largest > found[-1] else found


async def _measured(url: str | None, folder: Path, wanted: Sequence[int]) -> list[Figure]:
    async with AsyncExitStack() as stack:
        readers, probes = {}, {}
        for size in wanted:
            keys = folder / "keys" if url else folder / f"sqlite-{size}"
            await fill(url, keys, size)
            place = None if url is None else address(url, size)
            db = await Database.open(place, keys, pool_size=1)
            stack.push_async_callback(db.close)
            readers[size] = await stack.enter_async_context(db.reading())
            probes[size] = [await probe(readers[size], home) for home in probe_homes()]
        blocks: dict[str, list[float]] = {}
        if url is not None:
            for name, ask in QUERIES.items():
                for size, reader in readers.items():
                    await touched(reader, ask, probes[size])  # prepared, and planned for good
                    count = await touched(reader, ask, probes[size])
                    blocks.setdefault(name, []).append(count)
        times = await timed(readers, probes)
    word = "SQLite" if url is None else "PostgreSQL"
    figures = [Figure(f"{word}: results, largest size", float(wanted[-1]), "")]
    figures += [_grown(f"{word}: {name}", counts, name) for name, counts in blocks.items()]
    for name, found in times.items():
        figures += _slower(f"{word}: {name}", [found[size] for size in wanted])
    return figures


def _grown(label: str, counts: Sequence[float], name: str) -> Figure:
    shown = " → ".join(f"{count:.1f}" for count in counts)
    most = ", panel <= 150" if name == PANEL else ""
    return Figure(f"{label}: blocks {shown}", counts[-1] / counts[0], "x", f"<= 1.8{most}")


def _slower(label: str, found: Sequence[Times]) -> list[Figure]:
    p50 = " → ".join(f"{one.p50:.0f}" for one in found)
    p99 = " → ".join(f"{one.p99:.0f}" for one in found)
    return [
        Figure(f"{label}: p50 {p50} µs", found[-1].p50 / found[0].p50, "x", "<= 1.3"),
        Figure(f"{label}: p99 {p99} µs", found[-1].p99 / found[0].p99, "x"),
    ]
