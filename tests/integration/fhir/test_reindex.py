"""`hie reindex`: what is found by what is right afterwards, whatever was written meanwhile."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from hie.exchange import reindex
from hie.exchange.commands import run
from tests.integration.fhir.support import (
    SYSTEM,
    hub_of_writer,
    observation,
    patient_of,
    report_of,
)
from tests.integration.test_road import _packed
from tests.integration.two_hospitals import CASE, TEXT

pytestmark = pytest.mark.anyio
_COLUMNS = "id, status, code, local_code, item, category, effective_us, issued_us, report"


async def _to_the_end(hub: Any, **asked: Any) -> dict[str, Any]:
    answer = await run(hub, "reindex", asked)
    resumed = answer["resumed"]
    while answer["at"] is not None:
        answer = await run(hub, "reindex", {"at": answer["at"]})
    return {**answer, "resumed": resumed}


async def _filled(hub: Any, client: Any) -> tuple[str, list[str]]:
    """A message's results, and a patient with results written over FHIR; its id, theirs."""
    await run(hub, "receive", {"site": CASE.site, "files": [_packed(TEXT.encode())]})
    patient = await patient_of(client)
    keys = []
    for n in range(30):
        made = await client.post("/fhir/Observation", content=observation(patient, number=f"{n}"))
        keys.append(made.json()["id"])
    report = report_of(f"Patient/{patient}", *(f"Observation/{key}" for key in keys))
    await client.post("/fhir/DiagnosticReport", json=report)
    return patient, keys


async def _said(hub: Any) -> list[tuple[Any, ...]]:
    async with hub.db.reading() as reader:
        rows = await reader.fetch(f"SELECT {_COLUMNS} FROM observation ORDER BY id")  # noqa: S608
        more = await reader.fetch("SELECT home, hash, type, usable FROM identifier ORDER BY 1, 2")
        others = await reader.fetch("SELECT hash, id FROM resource_identifier ORDER BY 1, 2")
    return [tuple(row) for row in (*rows, *more, *others)]


async def _spoil(hub: Any) -> None:
    async with hub.db.unit() as unit:
        await unit.execute(
            "UPDATE observation SET item = 'Na', code = NULL, effective_us = 1, status = 'x',"
            " report = 'nobody'"
        )
        await unit.execute("UPDATE diagnostic_report SET effective_us = 1, category = 'x'")
        await unit.execute("DELETE FROM resource_identifier")
        await unit.execute("UPDATE identifier SET hash = 'wrong', usable = true")


async def test_what_is_right_is_left_alone(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (hub, client):
        await _filled(hub, client)
        before = await _said(hub)
        for dry in (True, False):
            answer = await _to_the_end(hub, dry_run=dry)
            assert answer["done"] == answer["total"] > 50
            for counts in answer["counts"].values():
                assert sum(counts.values()) == counts["looked"]
        assert await _said(hub) == before


async def test_what_is_wrong_is_counted_then_set_right(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (hub, client):
        patient, keys = await _filled(hub, client)
        before = await _said(hub)
        url = f"/fhir/Observation?patient={patient}&code=http://loinc.org|2823-3&_summary=count"
        assert (await client.get(url)).json()["total"] == len(keys)
        await _spoil(hub)
        spoilt = await _said(hub)
        assert (await client.get(url)).json()["total"] == 0
        would = await _to_the_end(hub, dry_run=True)
        assert await _said(hub) == spoilt
        done = await _to_the_end(hub)
        assert done["counts"] == would["counts"]
        assert done["counts"]["Patient"]["numbers"] >= 2
        assert await _said(hub) == before
        assert (await client.get(url)).json()["total"] == len(keys)
        found = await client.get(f"/fhir/Patient?identifier={SYSTEM}|W-1")
        assert found.json()["entry"][0]["resource"]["id"] == patient
        async with hub.db.reading() as reader:
            former = await reader.fetchval("SELECT count(*) FROM identifier_former")
            events = await reader.fetchval(
                "SELECT count(*) FROM audit_access WHERE type = 'reindex'"
            )
        assert (former, events) == (0, 2)


async def test_one_type_is_looked_at_alone(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (hub, client):
        await _filled(hub, client)
        await _spoil(hub)
        answer = await _to_the_end(hub, types=["DiagnosticReport"])
        assert answer["counts"]["DiagnosticReport"]["columns"] == 2
        assert list(answer["counts"]) == ["DiagnosticReport"]
        with pytest.raises(Exception, match="no type 'Rocket'"):
            await run(hub, "reindex", {"types": ["Rocket"]})
        with pytest.raises(Exception, match="no place"):
            await run(hub, "reindex", {"at": {"after": 1}})


async def test_a_run_that_was_ended_is_taken_up(
    place: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with hub_of_writer(place, tmp_path) as (hub, client):
        await _filled(hub, client)
        before = await _said(hub)
        await _spoil(hub)
        monkeypatch.setattr(reindex, "_SECONDS", 0.0)
        first = await run(hub, "reindex", {"types": ["Observation", "Patient"]})
        assert first["at"] is not None  # here the command is killed
        monkeypatch.undo()
        anew = await _to_the_end(hub)
        assert anew["resumed"]
        assert anew["counts"]["Observation"]["looked"] == first["done"] > 30
        assert list(anew["counts"]) == ["Observation", "Patient"]
        await _to_the_end(hub, types=["DiagnosticReport"])
        rest = await _to_the_end(hub)
        assert not rest["resumed"]
        assert await _said(hub) == before


async def test_what_is_written_meanwhile_is_never_written_over(
    place: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with hub_of_writer(place, tmp_path) as (hub, client):
        _, keys = await _filled(hub, client)
        monkeypatch.setattr(reindex, "_ROWS", 5)
        for turn in range(3):
            await _spoil(hub)
            trees = [(await client.get(f"/fhir/Observation/{key}")).json() for key in keys]
            for tree in trees:
                tree["code"]["coding"][0]["code"] = "2951-2" if turn % 2 else "2823-3"
                tree["status"] = "amended"
                tree["note"] = [{"text": f"{turn}"}]
            answers = await asyncio.gather(
                _to_the_end(hub, start=True),
                *(client.put(f"/fhir/Observation/{tree['id']}", json=tree) for tree in trees),
            )
            assert {one.status_code for one in answers[1:]} == {200}
            now = await _said(hub)
            rest = await _to_the_end(hub)
            # What an update wrote was right but for the report, which it leaves as it was.
            left = rest["counts"]["Observation"]["columns"]
            assert left == 0, json.dumps(rest["counts"])
            assert await _said(hub) == now
