"""Who treats whom follows from what is written, at once, over every record of the person."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hie.access.windows import DISCHARGED_US, EVER_US
from hie.exchange.commands import run
from hie.store import relations
from tests.integration.access.support import (
    INSTITUTIONS,
    Region,
    encounter_of,
    region,
)

pytestmark = pytest.mark.anyio
INSTITUTION = "https://hie.example/fhir/sid/institution"


async def reach(found: Region, patient: str) -> set[tuple[str, str]]:
    """Who reaches a Patient, and by what."""
    letters = {code: letter for letter, code in INSTITUTIONS.items()}
    async with found.hub.db.reading() as reader:
        rows = await reader.fetch("SELECT institution, kind FROM reach WHERE home = $1", patient)
    return {(letters[row[0]], row[1]) for row in rows}


async def until(found: Region, patient: str, who: str, kind: str) -> int | None:
    """Until when an institution reaches a Patient by one kind of relation; None: it does not."""
    async with found.hub.db.reading() as reader:
        value: int | None = await reader.fetchval(
            "SELECT until_us FROM reach WHERE home = $1 AND institution = $2 AND kind = $3",
            patient,
            INSTITUTIONS[who],
            kind,
        )
    return value


async def test_a_visit_reaches_every_record_of_the_person(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        first, second = found.patients["P1a"], found.patients["P1b"]
        assert await reach(found, first) == {("a", "own"), ("a", "visit")}
        assert await reach(found, second) == {("b", "own"), ("a", "visit")}
        assert await reach(found, found.patients["P2a"]) == {("a", "own")}
        assert await reach(found, found.patients["P2b"]) == {("b", "own")}


async def test_a_visit_that_is_taken_back_closes_at_once(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        patient, key = found.patients["P1a"], found.encounters["P1"]
        for status in ("cancelled", "entered-in-error", "planned"):
            tree = {**encounter_of(patient), "id": key}
            assert (await found.put(f"Encounter/{key}", "a", tree)).status_code == 200
            assert ("a", "visit") in await reach(found, found.patients["P1b"])
            tree["status"] = status
            assert (await found.put(f"Encounter/{key}", "a", tree)).status_code == 200
            assert ("a", "visit") not in await reach(found, found.patients["P1b"])
        await found.put(f"Encounter/{key}", "a", {**encounter_of(patient), "id": key})
        assert ("a", "visit") in await reach(found, found.patients["P1b"])
        gone = await found.client.delete(f"/fhir/Encounter/{key}", headers=found.headers["a"])
        assert gone.status_code == 204
        assert await reach(found, found.patients["P1b"]) == {("b", "own")}
        assert await reach(found, patient) == {("a", "own")}


async def test_another_visit_still_holds_when_one_is_taken_back(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        patient = found.patients["P1a"]
        short = await until(found, patient, "a", "visit")
        stay = await found.made("a", encounter_of(patient, code="IMP"))
        assert await until(found, patient, "a", "visit") == EVER_US
        gone = await found.client.delete(f"/fhir/Encounter/{stay}", headers=found.headers["a"])
        assert gone.status_code == 204
        assert await until(found, patient, "a", "visit") == short


async def test_discharge_ends_a_stay_after_seven_days(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        patient = found.patients["P2a"]
        stay = encounter_of(patient, code="IMP")
        key = await found.made("a", stay)
        assert await until(found, found.patients["P2b"], "a", "visit") == EVER_US
        now = datetime.now(UTC)
        stay |= {"id": key, "status": "finished"}
        stay["period"]["end"] = now.isoformat(timespec="microseconds")
        assert (await found.put(f"Encounter/{key}", "a", stay)).status_code == 200
        ended = await until(found, found.patients["P2b"], "a", "visit")
        assert ended is not None
        assert abs(ended - int(now.timestamp() * 1_000_000) - DISCHARGED_US) < 1_000_000


@pytest.mark.parametrize(
    ("days", "code", "opens"),
    [(4, "AMB", False), (2, "AMB", True), (6, "IMP", True), (8, "IMP", False)],
)
async def test_what_is_over_opens_nothing(
    place: Any, tmp_path: Path, days: int, code: str, opens: bool
) -> None:
    async with region(place, tmp_path) as found:
        end = datetime.now(UTC) - timedelta(days=days)
        visit = encounter_of(found.patients["P2a"], "finished", code, end - timedelta(hours=3), end)
        await found.made("a", visit)
        assert (("a", "visit") in await reach(found, found.patients["P2b"])) is opens


async def test_a_visit_that_begins_tomorrow_opens_nothing_today(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        start = datetime.now(UTC) + timedelta(days=1)
        await found.made("a", encounter_of(found.patients["P2a"], "arrived", start=start))
        assert ("a", "visit") not in await reach(found, found.patients["P2b"])


async def test_an_order_and_an_accepted_referral_open_and_close(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        patient = found.patients["P2a"]
        subject = {"reference": f"Patient/{patient}"}
        order = {
            "resourceType": "ServiceRequest",
            "status": "active",
            "intent": "order",
            "subject": subject,
            "authoredOn": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        key = await found.made("a", order)
        assert ("a", "order") in await reach(found, found.patients["P2b"])
        revoked = {**order, "id": key, "status": "revoked"}
        assert (await found.put(f"ServiceRequest/{key}", "a", revoked)).status_code == 200
        assert ("a", "order") not in await reach(found, found.patients["P2b"])
        task = {
            "resourceType": "Task",
            "status": "requested",
            "intent": "order",
            "for": subject,
            "owner": {"identifier": {"system": INSTITUTION, "value": INSTITUTIONS["c"]}},
        }
        sent = await found.made("a", task)
        assert ("c", "referral") not in await reach(found, patient)
        accepted = {**task, "id": sent, "status": "accepted"}
        assert (await found.put(f"Task/{sent}", "a", accepted)).status_code == 200
        assert ("c", "referral") in await reach(found, patient)
        assert ("c", "referral") in await reach(found, found.patients["P2b"])
        own = {
            **task,
            "status": "accepted",
            "owner": {"identifier": {"system": INSTITUTION, "value": INSTITUTIONS["a"]}},
        }
        await found.made("a", own)
        assert ("a", "referral") not in await reach(found, patient)
        refused = {**task, "id": sent, "status": "rejected"}
        assert (await found.put(f"Task/{sent}", "a", refused)).status_code == 200
        assert ("c", "referral") not in await reach(found, patient)


async def test_joined_and_parted_persons_share_and_part_with_who_treats_them(
    place: Any, tmp_path: Path
) -> None:
    async with region(place, tmp_path) as found:
        first, other = found.patients["P1a"], found.patients["P2b"]
        made = await run(found.hub, "identity-join", {"patients": [first, other], "reason": "x"})
        assert ("a", "visit") in await reach(found, other)
        await run(found.hub, "identity-undo", {"link": made["link"]})
        assert await reach(found, other) == {("b", "own")}
        assert ("a", "visit") in await reach(found, found.patients["P1b"])


async def test_two_facts_of_one_kind_are_one_to_the_later_end(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        home, who = found.patients["P2a"], INSTITUTIONS["a"]
        async with found.hub.db.unit() as unit:
            for until_us, source in ((20, "one"), (30, "two"), (10, "three")):
                fact = relations.Fact(who, home, relations.Kind.PATIENT, 5, until_us, source)
                await relations.relate(unit, [fact])
        async with found.hub.db.reading() as reader:
            facts = await relations.known(reader, home)
        assert [one for one in facts if one.kind == "patient"] == [
            relations.Fact(who, home, relations.Kind.PATIENT, 5, 30, "two")
        ]
