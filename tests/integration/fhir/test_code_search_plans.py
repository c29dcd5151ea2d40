"""A patient's results of a code are found among that patient's rows, however many others have it."""

import re

import pytest

from hie.access.policy import Restriction
from hie.fhir import CANONICAL, ITEM, LOINC
from hie.store import resources
from hie.store.database import Database
from hie.store.search.query import parse_query
from hie.store.search.search import search
from hie.store.session import Reader
from tests.bench.growth.data import Filed, Source

ALL, WHOLE = Restriction(), ("_count", "200")
LOCAL = f"{CANONICAL}/CodeSystem/site/lis-1/local"
ASKED = (
    f"{ITEM}|ALB",
    f"{LOINC}|1751-7",
    f"{LOCAL}|Alb",
    "Alb",
    f"{ITEM}|ALB,{ITEM}|ALT",
    f"{LOINC}|1751-7,ALT",
)


async def _filled(db: Database) -> list[str]:
    """Patients with hundreds of codes: one code alone is rare, and no way to find one's rows."""
    source = Source(4)
    batch = Filed()
    homes = [source.id() for _ in range(40)]
    for home in homes * 4:
        source.report(batch, home, source.dice.choice(source.panels))
    for home in homes[:5]:
        source.report(batch, home, source.known)
    puts = [put for put in batch.puts if put.type == "Observation"]
    async with db.unit() as unit:
        await resources.insert(unit, puts)
        await unit.execute("ANALYZE observation")
    return homes


@pytest.mark.anyio
@pytest.mark.parametrize("asked", ASKED)
async def test_a_code_of_one_patient_is_looked_for_by_the_patient(
    database: Database, asked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    homes = await _filled(database)
    seen: list[tuple[str, tuple[object, ...]]] = []
    async with database.reading() as reader:
        whole = type(reader).fetch

        async def fetch(self: Reader, sql: str, *args: object) -> object:
            seen.append((sql, args))
            return await whole(self, sql, *args)

        monkeypatch.setattr(type(reader), "fetch", fetch)
        pairs = [("patient", homes[0]), ("code", asked)]
        found = await search(reader, parse_query("Observation", pairs), ALL)
        assert {one.home for one in found.matches} <= {homes[0]}
        monkeypatch.undo()
        for sql, args in seen:
            word = "EXPLAIN" if database.dialect == "postgresql" else "EXPLAIN QUERY PLAN"
            plan = "\n".join(str(row[-1]) for row in await reader.fetch(f"{word} {sql}", *args))
            assert not re.search(
                r"Seq Scan|SCAN (observation|v)\b|MULTI-INDEX|ANY\(home\)", plan
            ), plan
            assert "home" in plan


@pytest.mark.anyio
async def test_each_way_to_name_a_code_finds_the_results_that_have_it(database: Database) -> None:
    homes = await _filled(database)
    async with database.reading() as reader:
        for home in homes[:5]:
            every = await search(
                reader, parse_query("Observation", [("patient", home), WHOLE]), ALL
            )
            for system, code in ((ITEM, "ALB"), (LOINC, "1751-7")):
                wanted = {
                    one.id
                    for one in every.matches
                    for coding in one.resource()["code"]["coding"]
                    if (coding["system"], coding["code"]) == (system, code)
                }
                pairs = [("patient", home), ("code", f"{system}|{code}")]
                found = await search(reader, parse_query("Observation", pairs), ALL)
                assert {one.id for one in found.matches} == wanted
                pairs = [WHOLE, ("patient", home), ("code:not", f"{system}|{code}")]
                others = await search(reader, parse_query("Observation", pairs), ALL)
                assert {one.id for one in others.matches} == {o.id for o in every.matches} - wanted
