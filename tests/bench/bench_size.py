"""What the hub keeps because of one result, in bytes, item by item: `python -m tests.bench size`.

Real messages of 30 results go the whole road; every table and its indexes are measured before and
after, and what they grew by is divided by the results. Each message is of another person, with
other values, staff and numbers. Nothing is packed first: tables are swept, as the server does
itself, and no more.
"""

import argparse
import asyncio
import tempfile
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

import asyncpg

from hie.app import opened
from hie.exchange.commands import operator
from hie.exchange.hub import Hub
from hie.exchange.receive import receive
from hie.settings import Settings
from hie.store import code_maps
from hie.store.code_maps import MapState
from hie.store.served import STORED, stored
from hie.synthetic import generate, sample_oru
from tests.bench.bench_road import connect, drained
from tests.bench.figure import Figure
from tests.postgres import server

MESSAGES, RESULTS = 2_000, 30
DAY = date(2026, 6, 12)
_POSTGRESQL = (
    "SELECT relname, pg_table_size(oid), pg_indexes_size(oid) FROM pg_class"
    " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
)
_SQLITE = (
    "SELECT m.tbl_name, sum(CASE WHEN m.type = 'table' THEN d.pgsize ELSE 0 END),"
    " sum(CASE WHEN m.type = 'index' THEN d.pgsize ELSE 0 END)"
    " FROM dbstat AS d JOIN sqlite_master AS m ON m.name = d.name GROUP BY m.tbl_name"
)
GROUPS = {
    "its business key, and those of its report": ("business_key",),
    "its report": ("diagnostic_report",),
    "order and specimen": ("service_request", "specimen"),
    "provenance": ("provenance",),
    "patient, with numbers and person": (
        "patient", "identifier", "identifier_former", "person_home", "link", "identity_task",
    ),
    "identifiers of reports, orders, specimens": ("resource_identifier",),
    "institutions, staff, devices": (
        "organization", "practitioner", "practitioner_role", "device",
    ),
    "message as received": ("message",),
    "what was noted about the message": ("message_issue",),
    "what the message produced": ("message_record",),
    "audit": ("audit_access", "audit_subject"),
    "code map": ("code_map",),
    "earlier versions": ("resource_history",),
}  # fmt: skip
Sizes = dict[str, tuple[int, int]]  # table -> bytes of it, and of its indexes


def run(options: Sequence[str] = ()) -> list[Figure]:
    """PostgreSQL, then SQLite."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench size")
    parser.add_argument("--messages", type=int, default=MESSAGES)
    count: int = parser.parse_known_args(options)[0].messages
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder, server(durable=False) as url:
        figures += asyncio.run(
            _measured(Settings(data_dir=Path(folder), database_url=url, rate_limits=False), count)
        )
    with tempfile.TemporaryDirectory() as folder:
        figures += asyncio.run(_measured(Settings(data_dir=Path(folder), rate_limits=False), count))
    return figures


async def _measured(settings: Settings, count: int) -> list[Figure]:
    name = "SQLite" if settings.database_url is None else "PostgreSQL"
    async with opened(settings) as hub:
        region = generate(settings.data_dir / "region", seed=1, today=DAY, people=33)
        await connect(hub, region)
        await _taken(hub, region.sites[0].site, contents(0, 50))  # staff, devices, empty pages
        await _reviewed(hub, region.sites[0].site)
        before, had = await _sizes(hub), await _results(hub)
        await _taken(hub, region.sites[0].site, contents(50, count))
        after, results = await _sizes(hub), await _results(hub) - had
        bodies = await _bodies(hub)
    grown = {
        table: tuple(
            (now - then) / results for now, then in zip(after[table], before[table], strict=True)
        )
        for table in after
    }
    row, indexes = grown.pop("observation")
    figures = [
        Figure(f"{name}: results", float(results), ""),
        Figure(f"{name}: the result's row", row, "B"),
        Figure(f"{name}:   of it the resource, compressed from {bodies[0]:,.0f}", bodies[1], "B"),
        Figure(f"{name}: its indexes", indexes, "B"),
        Figure(f"{name}: row and indexes", row + indexes, "B", "<= 700"),
    ]
    named = set()
    for label, tables in GROUPS.items():
        named |= set(tables)
        size = sum(sum(grown[table]) for table in tables)
        figures.append(Figure(f"{name}: {label}", size, "B"))
    rest = sum(sum(both) for table, both in grown.items() if table not in named)
    figures.append(Figure(f"{name}: everything else", rest, "B"))
    total = row + indexes + sum(sum(both) for both in grown.values())
    return [*figures, Figure(f"{name}: all that is kept because of it", total, "B", "<= 1,400")]


def contents(first: int, count: int) -> Iterator[bytes]:
    """Messages, each of another person and day."""
    for seed in range(first, first + count):
        yield sample_oru(RESULTS, seed=seed + 1, day=DAY - timedelta(days=seed % 700))


async def _taken(hub: Hub, site: str, messages: Iterator[bytes]) -> None:
    for content in messages:
        await receive(hub, operator(), site, content, channel="bench", media="")
    await drained(hub)
    async with hub.db.reading() as reader:
        waiting = await reader.fetchval("SELECT count(*) FROM message WHERE state = 'kept'")
    assert waiting == 0


async def _reviewed(hub: Hub, site: str) -> None:
    """Somebody looked at the codes that no test of the catalogue stands behind."""
    async with hub.db.unit() as unit:
        for one in await code_maps.find(unit, site, "unmapped"):
            await code_maps.decide(
                unit, site, one.system, one.code, state=MapState.REJECTED, item=None, by="bench",
                now_us=1,
            )  # fmt: skip


async def _results(hub: Hub) -> int:
    async with hub.db.reading() as reader:
        return int(await reader.fetchval("SELECT count(*) FROM observation"))


async def _bodies(hub: Hub) -> tuple[float, float]:
    """Bytes of a resource as it is served and as it is kept, the mean of some."""
    async with hub.db.reading() as reader:
        rows = await reader.fetch(
            f"SELECT {STORED} FROM observation LIMIT 2000"  # noqa: S608
        )
    served = [len(stored(hub.db, "Observation", row).body) for row in rows]
    return sum(served) / len(rows), sum(len(row[6]) for row in rows) / len(rows)


async def _sizes(hub: Hub) -> Sizes:
    if hub.db.dialect == "postgresql":
        connection = await asyncpg.connect(hub.settings.database_url)
        await connection.execute("VACUUM")
        await connection.close()
    sql = _POSTGRESQL if hub.db.dialect == "postgresql" else _SQLITE
    async with hub.db.reading() as reader:
        return {row[0]: (int(row[1]), int(row[2])) for row in await reader.fetch(sql)}
