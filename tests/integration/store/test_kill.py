"""A writer that is killed leaves whole units and whole messages, on both databases.

The writer prints an id only after its unit was left: what was printed must be there.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hie.store import messages
from hie.store.database import Database
from tests.places import Place

WRITER = """
import asyncio, os, pathlib, sys
from hie.store import ledger, messages, resources
from hie.store.database import Database
from hie.store.resources import Put

async def one(db, n):
    kept = await messages.keep(db, site="s", channel="c", native_id=str(n), content=b"MSH" * 500,
        media="", received_us=n)
    print(kept.id, flush=True)
    async with db.unit() as unit:
        for part in range(5):
            put = Put("Observation", "h", f"{n}-{part}", {"status": "final"}, kept.id)
            await resources.insert(unit, [put])
            await asyncio.sleep(0)
        await unit.execute("UPDATE message SET state = 'stored' WHERE id = $1", kept.id)
    print("done", kept.id, flush=True)

async def main():
    url = sys.argv[1] or None
    db = await Database.open(url, pathlib.Path(sys.argv[2]))
    start = int(sys.argv[3])
    await asyncio.gather(*(worker(db, start + lane) for lane in range(8)))

async def worker(db, n):
    while True:
        await one(db, n)
        n += 8

asyncio.run(main())
"""


@pytest.mark.anyio
async def test_kill_loses_nothing_told_and_halves_nothing(durable_place: Place) -> None:
    place = durable_place
    kept: set[str] = set()
    done: set[str] = set()
    for attempt, seconds in enumerate((0.05, 0.12, 0.21, 0.33)):
        command = [sys.executable, "-c", WRITER, place.url or "", str(place.data_dir)]
        with subprocess.Popen(  # noqa: S603 - our own program
            [*command, str(attempt * 100_000)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        ) as writer:
            assert writer.stdout is not None
            first = writer.stdout.readline()
            time.sleep(seconds)
            writer.send_signal(signal.SIGKILL)
            lines = [first, *writer.stdout.readlines()]
        for line in lines:
            words = line.split()
            if line.endswith("\n") and words:
                (done if words[0] == "done" else kept).add(words[-1])
    assert len(kept) > 20
    db = await Database.open(place.url, place.data_dir)
    async with db.reading() as reader:
        rows = await reader.fetch("SELECT id, state FROM message")
        states = {row[0]: row[1] for row in rows}
        assert kept <= states.keys()
        assert all(states[one] == "stored" for one in done)
        parts = await reader.fetch("SELECT message, count(*) FROM observation GROUP BY message")
        assert {row[0]: row[1] for row in parts} == {
            key: 5 for key, state in states.items() if state == "stored"
        }
        assert len(await messages.contents(reader, states)) == len(states)
        keys = await reader.fetchval("SELECT count(*) FROM business_key")
        assert keys == len(states)
    await db.close()
