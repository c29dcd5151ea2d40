"""A report that arrives proves a visit and an order, and for whom: invented messages."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hie.access.windows import DISCHARGED_US, OUTPATIENT_US
from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.store import relations
from hie.store.relations import Fact
from tests.integration.test_doors import _client
from tests.integration.test_road import _packed, connected
from tests.integration.two_hospitals import CASE, Doors

pytestmark = pytest.mark.anyio
DAY = timedelta(days=1)


def _stamp(moment: datetime) -> str:
    return (moment + timedelta(hours=8)).strftime("%Y%m%d%H%M%S")


async def _facts(hub: Hub) -> dict[str, Fact]:
    """What is known of the one patient."""
    async with hub.db.reading() as reader:
        home = await reader.fetchval("SELECT id FROM patient")
        return {str(one.kind): one for one in await relations.known(reader, home)}


async def _sent(hub: Hub, doors: Doors, age: timedelta, visit: str, **changed: str) -> None:
    """Send the example as a report of some time ago, with a PV1."""
    then = _stamp(datetime.now(UTC) - age)
    times = dict.fromkeys(("MSH_7", "OBR_7", "OBR_14", "OBR_22", "OBX_14", "OBX_19"), then)
    text = doors.message(**times, **changed)
    segments = [one for one in text.split("\r") if one and not one.startswith("PV1")]
    at = next(n for n, one in enumerate(segments) if one.startswith("PID"))
    text = "\r".join([*segments[: at + 1], visit, *segments[at + 1 :], ""])
    kept = await run(hub, "receive", {"site": CASE.site, "files": [_packed(text.encode())]})
    assert kept["receipts"][0]["state"] == "stored", kept["receipts"][0]["issues"]


def _visit(code: str, admitted: str = "", discharged: str = "") -> str:
    fields = ["PV1", "1", code, "W1"] + [""] * 50
    fields[19], fields[44], fields[45] = "V-1", admitted, discharged
    return "|".join(fields)


async def test_a_report_of_today_proves_a_visit_and_an_order(place: Any, tmp_path: Path) -> None:
    async with connected(place, tmp_path) as (hub, _), _client(hub) as client:
        doors = Doors(hub, client, {})
        admitted = datetime.now(UTC) - 5 * DAY
        await _sent(hub, doors, DAY, _visit("I", _stamp(admitted)))
        facts = await _facts(hub)
        assert set(facts) == {"own", "visit", "order"}
        assert {one.institution for one in facts.values()} == {CASE.institution}
        now_us = int(datetime.now(UTC).timestamp() * 1_000_000)
        stay, order = facts["visit"], facts["order"]
        assert abs(stay.from_us - int(admitted.timestamp()) * 1_000_000) <= 1_000_000
        day_us = DAY // timedelta(microseconds=1)
        assert abs(stay.until_us - (now_us - day_us + DISCHARGED_US)) < 60_000_000
        assert abs(order.until_us - (now_us - day_us + OUTPATIENT_US)) < 60_000_000


async def test_a_report_of_last_year_opens_nothing(place: Any, tmp_path: Path) -> None:
    async with connected(place, tmp_path) as (hub, _), _client(hub) as client:
        await _sent(hub, Doors(hub, client, {}), 365 * DAY, _visit("O"))
        assert set(await _facts(hub)) == {"own"}


async def test_a_stay_that_was_ended_long_ago_is_over(place: Any, tmp_path: Path) -> None:
    async with connected(place, tmp_path) as (hub, _), _client(hub) as client:
        now = datetime.now(UTC)
        visit = _visit("I", _stamp(now - 30 * DAY), _stamp(now - 8 * DAY))
        await _sent(hub, Doors(hub, client, {}), 4 * DAY, visit)
        assert set(await _facts(hub)) == {"own"}


async def test_a_report_of_the_wrong_patient_takes_back_what_rested_on_it(
    place: Any, tmp_path: Path
) -> None:
    async with connected(place, tmp_path) as (hub, _), _client(hub) as client:
        doors = Doors(hub, client, {})
        await _sent(hub, doors, DAY, _visit("O"))
        assert set(await _facts(hub)) == {"own", "visit", "order"}
        doors.written -= 1  # the same report again
        await _sent(hub, doors, DAY / 2, _visit("O"), OBR_25="X", MSH_10="M99999")
        assert set(await _facts(hub)) == {"own"}


async def test_a_history_that_is_loaded_writes_no_relations(place: Any, tmp_path: Path) -> None:
    async with connected(place, tmp_path) as (hub, region):
        site = region.sites[0]
        files = sorted(site.messages.rglob("*.hl7"))[:20]
        packed = [_packed(file.read_bytes(), file.name) for file in files]
        await run(hub, "receive", {"site": site.site, "files": packed})
        async with hub.db.reading() as reader:
            kept = await reader.fetch("SELECT kind, until_us FROM relation WHERE kind <> 'own'")
        now_us = int(datetime.now(UTC).timestamp() * 1_000_000)
        assert all(row[1] > now_us for row in kept)
