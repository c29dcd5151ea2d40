"""A hospital's ADT says who is here: who treats them follows, to the discharge and after."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hie.access.windows import DISCHARGED_US, EVER_US
from hie.exchange.commands import run
from hie.fhir import identifier_system, site_system
from tests.integration.access.support import INSTITUTIONS, Region, ids_of, patient_of, region
from tests.integration.access.test_relations import until
from tests.integration.test_road import _packed

pytestmark = pytest.mark.anyio
DAY = timedelta(days=1)
SITE = "a-his"


def stamp(moment: datetime) -> str:
    return (moment + timedelta(hours=8)).strftime("%Y%m%d%H%M%S")


def adt(
    event: str,
    number: int,
    sent: datetime,
    admitted: datetime | None = None,
    discharged: datetime | None = None,
    visit: str = "V-1",
    code: str = "I",
    person: int = 1,
) -> bytes:
    """An ADT about P2 (by default), by the number of A's own record and the resident number."""
    known = patient_of("P2", "a", person)
    resident = next(
        one["value"]
        for one in known["identifier"]
        if one["system"] == identifier_system("resident-id")
    )
    born = known["birthDate"].replace("-", "")
    pv1 = ["PV1", "1", code, "W1"] + [""] * 50
    pv1[19] = visit
    pv1[44] = stamp(admitted) if admitted else ""
    pv1[45] = stamp(discharged) if discharged else ""
    lines = [
        f"MSH|^~\\&|HIS|A|HUB|R|{stamp(sent)}||ADT^{event}|M{number}|P|2.5|||||||UNICODE UTF-8",
        f"EVN|{event}|{stamp(sent)}",
        f"PID|1||H-{person}^^^^PI~{resident}^^^^NI||示例P2||{born}|M",
        "|".join(pv1),
        "",
    ]
    return "\r".join(lines).encode()


@asynccontextmanager
async def admitting(place: Any, tmp_path: Path) -> AsyncIterator[Region]:
    async with region(place, tmp_path) as found:
        site = {"site": SITE, "institution": INSTITUTIONS["a"], "adapter": "hl7v2"}
        await run(found.hub, "site-add", {**site, "profile": "visits = true\n"})
        yield found


async def send(found: Region, *messages: bytes) -> list[dict[str, Any]]:
    files = [_packed(one, f"{n}.hl7") for n, one in enumerate(messages)]
    receipts = (await run(found.hub, "receive", {"site": SITE, "files": files}))["receipts"]
    return list(receipts)


async def test_admission_opens_and_discharge_closes_after_seven_days(
    place: Any, tmp_path: Path
) -> None:
    async with admitting(place, tmp_path) as found:
        now = datetime.now(UTC)
        url, home = f"Observation/{found.results['P2b']}", found.patients["P2b"]
        assert (await found.get(url, "a1")).status_code == 404
        (kept,) = await send(found, adt("A01", 1, now - 2 * DAY, now - 2 * DAY))
        assert kept["state"] == "stored", kept
        assert (await found.get(url, "a1")).status_code == 200
        assert await until(found, home, "a", "visit") == EVER_US
        left = adt("A03", 2, now - DAY, now - 2 * DAY, now - DAY)
        assert (await send(found, left))[0]["state"] == "stored"
        end = await until(found, home, "a", "visit")
        assert end is not None
        day_us = int((now - DAY).timestamp()) * 1_000_000
        assert abs(end - day_us - DISCHARGED_US) <= 2_000_000
        stay = adt("A08", 3, now - DAY / 2, now - 9 * DAY, now - 8 * DAY)
        assert (await send(found, stay))[0]["state"] == "stored"
        assert (await found.get(url, "a1")).status_code == 404
        number = f"Encounter?identifier={site_system(SITE, 'visit')}|V-1"
        (encounter,) = ids_of(await found.get(number, "a"))
        assert (await found.get(f"Encounter/{encounter}", "a")).json()["class"]["code"] == "IMP"


async def test_a_cancelled_admission_was_none_and_a_late_message_changes_nothing(
    place: Any, tmp_path: Path
) -> None:
    async with admitting(place, tmp_path) as found:
        now = datetime.now(UTC)
        home = found.patients["P2b"]
        await send(found, adt("A11", 2, now, now - DAY))
        assert await until(found, home, "a", "visit") is None
        late = await send(found, adt("A01", 1, now - DAY, now - DAY))
        assert late[0]["state"] == "stored"
        assert await until(found, home, "a", "visit") is None
        await send(found, adt("A01", 3, now, now, visit="V-2"))
        assert await until(found, home, "a", "visit") == EVER_US
        await send(found, adt("A03", 4, now, now, now, visit="V-2"))
        back = await send(found, adt("A13", 5, now + timedelta(seconds=2), now, visit="V-2"))
        assert back[0]["state"] == "stored"
        assert await until(found, home, "a", "visit") == EVER_US


async def test_what_is_planned_or_long_over_opens_nothing(place: Any, tmp_path: Path) -> None:
    async with admitting(place, tmp_path) as found:
        now = datetime.now(UTC)
        home = found.patients["P2b"]
        await send(
            found,
            adt("A05", 1, now, now),
            adt("A03", 2, now, now - 40 * DAY, now - 30 * DAY, visit="V-2"),
            adt("A04", 3, now - 5 * DAY, now - 5 * DAY, visit="V-3", code="O"),
        )
        assert await until(found, home, "a", "visit") is None
        await send(found, adt("A04", 4, now, now, visit="V-4", code="O"))
        assert await until(found, home, "a", "visit") is not None


async def test_what_says_no_visit_or_anothers_is_held(place: Any, tmp_path: Path) -> None:
    async with admitting(place, tmp_path) as found:
        now = datetime.now(UTC)
        (none,) = await send(found, adt("A01", 1, now, now, visit=""))
        assert none["state"] == "held"
        await send(found, adt("A01", 2, now, now))
        (other,) = await send(found, adt("A01", 3, now, now, person=0))
        assert other["state"] == "held"
        codes = {one["code"] for one in other["issues"] if one["severity"] == "hold"}
        assert codes == {"visit-of-another-patient"}
        assert await until(found, found.patients["P1b"], "a", "visit") is not None


async def test_without_the_word_of_the_profile_an_adt_is_left_aside(
    place: Any, tmp_path: Path
) -> None:
    async with admitting(place, tmp_path) as found:
        now = datetime.now(UTC)
        site = {"site": SITE, "institution": INSTITUTIONS["a"], "adapter": "hl7v2"}
        await run(found.hub, "site-add", {**site, "profile": ""})
        (kept,) = await send(found, adt("A01", 1, now, now))
        assert kept["state"] == "stored"
        assert await until(found, found.patients["P2b"], "a", "visit") is None
