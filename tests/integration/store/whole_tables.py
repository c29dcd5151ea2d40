"""Which of the statements that are really run mean to read a whole table of patients' data.

Every statement of a reader is noted where it goes to its connection, with its arguments, and then
explained by the database it ran on.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from hie.store import identifiers, locate, persons, resources
from hie.store.database import Database
from hie.store.resources import Put
from hie.store.session import Dialect, Reader
from hie.store.tables import TABLES
from tests.bench.growth.data import filed, probe_homes

RESULTS = 20_000
LEAST = 5_000  # rows of a table that is worth an index
_KINDS = ("Patient", "DiagnosticReport", "Specimen", "ServiceRequest", "Provenance")
_OTHERS = frozenset(
    {"resource_history", "resource_identifier", "identifier", "business_key", "person_home"}
)
_ALIASES = frozenset("vhikx")
_WHOLE = re.compile(r"Seq Scan on (\w+)|SCAN (\w+)(?! USING (?:COVERING )?INDEX)")

Statement = tuple[str, tuple[Any, ...]]


async def fill(db: Database) -> str:
    """20,000 results with all that belongs to them, some with earlier versions; a probe's home."""
    async with db.unit() as unit:
        for batch in filed(RESULTS, seed=7):
            await resources.insert(unit, batch.puts)
            await identifiers.replace(unit, batch.patients)
            await persons.settle_in(unit, batch.patients)
            results = [one for one in batch.puts if one.type == "Observation"]
            await resources.put(unit, [_amended(one) for one in results[::3]])
            await locate.claim(
                unit, "institution", [(one.type, "urn:lab", one.id) for one in results]
            )
        for kind in _KINDS:
            await resources.insert(unit, [_small(kind, n) for n in range(LEAST)])
    async with db.unit() as unit:
        await unit.execute("ANALYZE")
    return probe_homes()[0]


def _amended(one: Put) -> Put:
    return Put(one.type, one.home, one.id, {**one.resource, "status": "amended"}, one.message)


def _small(kind: str, number: int) -> Put:
    """One more row of a type of which a report brings one."""
    id_ = f"small.{kind}.{number}"
    tree = {"resourceType": kind, "identifier": [{"system": "urn:x", "value": id_}]}
    return Put(kind, id_ if kind == "Patient" else f"small.{number}", id_, tree)


@contextmanager
def noted(reader: Reader) -> Iterator[list[Statement]]:
    """Every statement that readers run meanwhile."""
    found: list[Statement] = []
    with pytest.MonkeyPatch.context() as patch:
        for name in ("fetch", "fetchrow"):
            patch.setattr(type(reader), name, _noting(getattr(type(reader), name), found))
        yield found


async def large(reader: Reader) -> frozenset[str]:
    """The tables with patients' data that have enough rows to be worth an index."""
    found = set()
    for table in (*TABLES.values(), *_OTHERS):
        if await reader.fetchval(f"SELECT count(*) FROM {table}") >= LEAST:  # noqa: S608
            found.add(table)
    return frozenset(found)


async def read_whole(
    reader: Reader, statements: Sequence[Statement], tables: frozenset[str]
) -> list[str]:
    """The statements that mean to read one of these tables from end to end, with their plans."""
    word = "EXPLAIN" if reader.db.dialect is Dialect.POSTGRESQL else "EXPLAIN QUERY PLAN"
    found = []
    for sql, args in dict(statements).items():
        plan = "\n".join(str(row[-1]) for row in await reader.fetch(f"{word} {sql}", *args))
        named = {table for pair in _WHOLE.findall(plan) for table in pair if table}
        if named & (tables | _ALIASES):
            found.append(f"{sql}\n{plan}")
    return found


def _noting(whole: Any, found: list[Statement]) -> Any:
    async def noting(self: Reader, sql: str, *args: Any) -> Any:
        found.append((sql, args))
        return await whole(self, sql, *args)

    return noting
