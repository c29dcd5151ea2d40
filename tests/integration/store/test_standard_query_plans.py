"""No standard query reads a whole table of patients' data: what the databases themselves say."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

from hie.access.policy import Restriction
from hie.store import locate, versions
from hie.store.database import Database
from hie.store.histories import Span, of_one, of_type
from hie.store.search.include import included
from hie.store.search.query import parse_query
from hie.store.search.search import search
from hie.store.session import Reader
from hie.store.visible import visible
from tests.bench.growth.queries import ALL, QUERIES, Probe, probe
from tests.integration.store.whole_tables import fill, large, noted, read_whole

pytestmark = pytest.mark.anyio
Ask = Callable[[Reader, Probe], Awaitable[Any]]
LAB = "urn:lab"


def _searched(kind: str, *pairs: tuple[str, str], pages: int = 1) -> Ask:
    async def ask(reader: Reader, known: Probe) -> None:
        query = parse_query(kind, [(key, value.format(probe=known)) for key, value in pairs])
        place = None
        for _ in range(pages):
            page = await search(reader, query, ALL, place)
            place = page.following
        await included(reader, query.includes, page.matches, ALL)

    return ask


async def _versions(reader: Reader, known: Probe) -> None:
    await versions.read(reader, "Observation", known.result, ALL, 1)
    await of_one(reader, "Observation", known.result, ALL, Span(), 50)
    await of_type(reader, "Observation", ALL, Span(), 50)


async def _condition(reader: Reader, known: Probe) -> None:
    found = await locate.find_keys(reader, "institution", [("Observation", LAB, known.result)])
    for key in found.values():
        await _searched("Observation", ("_id", key))(reader, known)


async def _one_site(reader: Reader, known: Probe) -> None:
    """What a caller of one institution's systems sees."""
    mine = Restriction(sites=frozenset({"lis-1"}))
    await search(reader, parse_query("Observation", [("patient", known.home)]), mine)


PATIENT = ("patient", "{probe.home}")
MORE: Mapping[str, Ask] = {
    "_id": _searched("Observation", ("_id", "{probe.result}")),
    "identifier of a result": _searched("Observation", ("identifier", f"{LAB}|{{probe.result}}")),
    "identifier of a report": _searched("DiagnosticReport", ("identifier", "F000000000000")),
    "identifier of a specimen": _searched("Specimen", ("identifier", "urn:x|S1")),
    "patient, category": _searched("Observation", PATIENT, ("category", "laboratory")),
    "patient, status": _searched("Observation", PATIENT, ("status", "final")),
    "patient, not that code": _searched("Observation", PATIENT, ("code:not", "x")),
    "patient, several keys of the order": _searched(
        "Observation", PATIENT, ("_sort", "-date,code")
    ),
    "patient by their identifier": _searched(
        "Observation", ("patient.identifier", "{probe.number}")
    ),
    "_lastUpdated, two pages": _searched("Observation", ("_lastUpdated", "ge2000"), pages=2),
    "_lastUpdated upwards": _searched(
        "Observation", ("_lastUpdated", "ge2000"), ("_sort", "_lastUpdated")
    ),
    "patients, two pages": _searched("Patient", pages=2),
    "patients by id": _searched("Patient", ("_sort", "_id"), pages=2),
    "includes": _searched(
        "Observation", PATIENT, ("_include", "*"), ("_include:iterate", "Specimen:subject")
    ),
    "revincludes": _searched(
        "Observation", PATIENT, ("_count", "5"), ("_revinclude", "DiagnosticReport:result")
    ),
    "_has": _searched(
        "Patient", ("_id", "{probe.home}"), ("_has:Observation:patient:status", "final")
    ),
    "versions of a resource and of a type": _versions,
    "conditional create": _condition,
    "one institution's": _one_site,
}


async def test_no_standard_query_reads_a_whole_table_of_patients(database: Database) -> None:
    home = await fill(database)
    faults = []
    async with database.reading() as reader:
        tables = await large(reader)
        assert {"observation", "diagnostic_report", "specimen", "resource_history"} <= tables
        known = await probe(reader, home)
        for name, ask in {**QUERIES, **MORE}.items():
            with noted(reader) as statements:
                await ask(reader, known)
            assert statements, name
            whole = await read_whole(reader, statements, tables)
            faults += [f"{name}: {one}" for one in whole]
    assert not faults, "\n\n".join(faults)


async def test_a_statement_that_reads_all_is_seen(database: Database) -> None:
    await fill(database)
    async with database.reading() as reader:
        seen = visible(reader, "Observation", ALL)
        with noted(reader) as statements:
            await reader.fetchval(f"SELECT count(body) FROM {seen.sql} AS v", *seen.args)  # noqa: S608
            await reader.fetch("SELECT body FROM specimen ORDER BY body LIMIT 1")
        assert len(await read_whole(reader, statements, await large(reader))) == 2
