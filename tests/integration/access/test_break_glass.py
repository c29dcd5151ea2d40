"""Broken glass opens R of one patient for one person, and never V: C13, C14, Z40."""

import time
from pathlib import Path
from typing import Any

import pytest

from hie.exchange.commands import run
from tests.integration.access.glass import (
    ACR,
    WHY,
    N,
    R,
    V,
    broken,
    ends,
    labelled,
    named,
    plain,
    wish,
)
from tests.integration.access.support import INSTITUTIONS, NOT_THERE, Region, region, shown
from tests.integration.fhir.support import writer

pytestmark = pytest.mark.anyio


async def _region(found: Region) -> None:
    """a1 has proved twice who she is; P4's result of B is restricted, P3 is a VIP."""
    await plain(found)
    await labelled(found, R, "P4b")
    await labelled(found, V, "P3b")
    await found.person("a2", "a", acr=ACR)


async def _sees(found: Region, who: str, place: str) -> bool:
    answer = await found.get(f"Observation/{found.results[place]}", who)
    if answer.status_code == 200:
        assert found.canary(place) in answer.text
        return True
    absent = await found.get(f"Observation/{NOT_THERE}", who)
    assert (answer.status_code, answer.text) == (404, absent.text)
    return False


async def _kinds(found: Region, kind: str) -> list[tuple[str, str | None, str]]:
    async with found.hub.db.reading() as reader:
        rows = await reader.fetch(
            "SELECT outcome, reason, purpose FROM audit_access WHERE type = $1 ORDER BY at_us, n",
            kind,
        )
    return [(row[0], row[1], row[2]) for row in rows]


async def test_it_opens_what_is_restricted_of_one_patient_and_says_so(
    place: Any, tmp_path: Path
) -> None:
    async with region(place, tmp_path) as found:
        await _region(found)
        await labelled(found, R, "P1b")
        assert await _sees(found, "a2", "P4a")
        assert not await _sees(found, "a2", "P4b")
        opened = await broken(found, "a2", wish(found.patients["P4a"]))
        assert opened.status_code == 201, opened.text
        told = opened.json()
        assert told["patient"] == f"Patient/{found.patients['P4a']}"
        assert await _sees(found, "a2", "P4b")  # another hospital's record of the same person
        assert not await _sees(found, "a2", "P1b")  # another patient's
        assert not await _sees(found, "a1", "P4b")  # a colleague
        assert [one[2] for one in await _kinds(found, "break-glass")] == ["BTG"]
        reads = [one[2] for one in await _kinds(found, "read")]
        assert reads[-1] == "BTG"
        # what is not of that patient keeps its purpose
        assert await _sees(found, "a2", "P1a")
        assert [one[2] for one in await _kinds(found, "read")][-1] == "TREAT"
        listed = await found.client.get("/v1/break-glass", headers=found.headers["a2"])
        assert listed.json() == {"openings": [told]}


async def test_it_never_opens_what_is_very_restricted(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        await _region(found)
        opened = await broken(found, "a2", wish(found.patients["P3a"]))
        assert opened.status_code == 201
        assert not await _sees(found, "a2", "P3b")
        assert await found.last_audit() == ("8", "btg")  # the look past it is an alert
        await labelled(found, N, "P3b")
        assert await _sees(found, "a2", "P3b")
        # who is very restricted as a person cannot be opened, like somebody who is not there
        await named(found, V, "P2a", "P2b")
        for patient in (found.patients["P2a"], NOT_THERE):
            refused = await broken(found, "a2", wish(patient))
            assert refused.status_code == 403
            assert await found.last_audit() == ("8", "btg")
        assert refused.text == (await broken(found, "a2", wish(found.patients["P2b"]))).text
        await named(found, R, "P2a", "P2b")
        assert (await broken(found, "a2", wish(found.patients["P2a"]))).status_code == 201


async def test_it_opens_a_patient_who_is_not_treated_here(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        await _region(found)
        await labelled(found, R, "P2b")
        assert not await _sees(found, "a2", "P2b")
        opened = await broken(found, "a2", wish(found.patients["P2b"]))
        assert opened.status_code == 201
        assert await _sees(found, "a2", "P2b")
        assert await _sees(found, "a2", "P2a")
        await labelled(found, V, "P2b")
        assert not await _sees(found, "a2", "P2b")


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ({"reason": None}, "reason"),
        ({"reason": "curiosity"}, "reason"),
        ({"reason": 7}, "reason"),
        ({"text": None}, "text"),
        ({"text": "too short"}, "text"),
        ({"text": " a    b    c    d "}, "text"),
        ({"text": "x" * 501}, "text"),
        ({"text": "nine chars" + "\u202e"}, "text"),
        ({"text": ["unconscious patient"]}, "text"),
    ],
)
async def test_it_wants_a_reason_and_words(
    asked: dict[str, Any], path: str, place: Any, tmp_path: Path
) -> None:
    async with region(place, tmp_path) as found:
        await _region(found)
        refused = await broken(found, "a2", {**wish(found.patients["P4a"]), **asked})
        assert refused.status_code == 403
        assert [one["path"] for one in refused.json()["errors"]] == [path]
        assert await found.last_audit() == ("8", "btg")
        assert not await _sees(found, "a2", "P4b")
        assert (await broken(found, "a2", wish(found.patients["P4a"]))).status_code == 201


async def test_it_wants_a_person_of_the_right_role_who_proved_twice_who_they_are(
    place: Any, tmp_path: Path
) -> None:
    async with region(place, tmp_path) as found:
        await _region(found)
        await found.person("once", "a", acr="urn:hub:acr:1")
        await found.person("manager", "a", "manager", acr=ACR, scopes=("hie/indicators",))
        for who in ("a1", "once", "a", "manager"):
            refused = await broken(found, who, wish(found.patients["P4a"]))
            assert refused.status_code in {401, 403}, who
            if refused.status_code == 403:
                assert await found.last_audit() == ("8", "btg"), who
            assert found.canary("P4b") not in refused.text
        assert (await broken(found, "a2", wish(found.patients["P4a"]))).status_code == 201


async def test_it_ends_after_half_an_hour_and_when_it_is_ended(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        await _region(found)
        began = time.time()
        told = (await broken(found, "a2", wish(found.patients["P4a"]))).json()
        async with found.hub.db.reading() as reader:
            lasts = await reader.fetchval("SELECT until_us - at_us FROM glass_opening")
            due = await reader.fetchval("SELECT due_us - at_us FROM glass_opening")
        assert (lasts, due) == (30 * 60 * 1_000_000, 72 * 3600 * 1_000_000)
        assert time.time() - began < 60
        assert await _sees(found, "a2", "P4b")
        await ends(found, told["opening"], -1)
        assert not await _sees(found, "a2", "P4b")
        again = (await broken(found, "a2", wish(found.patients["P4a"]))).json()
        assert await _sees(found, "a2", "P4b")
        gone = f"/v1/break-glass/{again['opening']}"
        assert (await found.client.delete(gone, headers=found.headers["a1"])).status_code == 403
        assert await _sees(found, "a2", "P4b")
        assert (await found.client.delete(gone, headers=found.headers["a2"])).status_code == 204
        assert not await _sees(found, "a2", "P4b")
        assert (await found.client.delete(gone, headers=found.headers["a2"])).status_code == 204
        none = await found.client.delete("/v1/break-glass/none", headers=found.headers["a2"])
        assert none.status_code == 404


async def test_a_sixth_patient_in_a_day_is_refused_and_a_known_one_is_not(
    place: Any, tmp_path: Path
) -> None:
    async with region(place, tmp_path) as found:
        await _region(found)
        for name in ("P1", "P2", "P3", "P4", "P5"):
            assert (await broken(found, "a2", wish(found.patients[f"{name}b"]))).status_code == 201
        sixth = await broken(found, "a2", wish(found.patients["P6a"]))
        assert sixth.status_code == 403
        assert [one["path"] for one in sixth.json()["errors"]] == ["second"]
        assert await found.last_audit() == ("8", "btg")
        # the same person by another hospital's record is no other patient
        assert (await broken(found, "a2", wish(found.patients["P1a"]))).status_code == 201
        await found.person("a3", "a", acr=ACR)
        assert (await broken(found, "a3", wish(found.patients["P6a"]))).status_code == 201
        async with found.hub.db.unit() as unit:  # a day later
            await unit.execute("UPDATE glass_opening SET at_us = at_us - $1", 86_400_000_001)
        assert (await broken(found, "a2", wish(found.patients["P6a"]))).status_code == 201


async def test_it_is_found_by_a_number_and_refused_alike_when_it_leads_nowhere(
    place: Any, tmp_path: Path
) -> None:
    async with region(place, tmp_path) as found:
        await _region(found)
        patient = await found.get(f"Patient/{found.patients['P4a']}", "a")
        number = patient.json()["identifier"][1]["value"]
        asked = wish(found.patients["P4a"])
        by_number = {"identifiers": [{"type": "resident-id", "value": number}]}
        opened = await broken(found, "a2", {**asked, "patient": by_number})
        assert opened.status_code == 201
        assert number not in opened.text
        assert await _sees(found, "a2", "P4b")
        nobody = {"identifiers": [{"type": "resident-id", "value": "11010519491231002X"}]}
        refused = await broken(found, "a2", {**asked, "patient": nobody})
        assert refused.status_code == 403
        assert refused.text == (await broken(found, "a2", wish(NOT_THERE))).text
        assert not shown(refused, ["11010519491231002X"])
        for wrong in ({}, {"reference": "Observation/1"}, {"patient": 1}, []):
            told = await broken(found, "a2", {**asked, "patient": wrong})
            assert told.status_code == 422


async def test_it_holds_for_searches_totals_and_everything(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        await _region(found)
        home = found.patients["P4b"]
        questions = (
            f"Observation?patient={home}",
            f"Observation?patient={home}&_summary=count",
            f"Patient/{home}/$everything",
            f"Observation/$lastn?patient={home}",
        )
        for question in questions:
            before = await found.get(question, "a2")
            assert not shown(before, [found.canary("P4b")])
            assert before.json().get("total", 0) == 0
        assert (await broken(found, "a2", wish(found.patients["P4a"]))).status_code == 201
        for question in questions:
            after = await found.get(question, "a2")
            if "count" in question:
                assert after.json()["total"] == 1
            else:
                assert shown(after, [found.canary("P4b")]), question


async def test_the_notice_is_the_same_whatever_is_hidden(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        await _region(found)
        told = []
        for label in (N, R, V):
            await labelled(found, label, "P4b")
            answer = await found.get(f"Observation?patient={found.patients['P4b']}", "a2")
            last = answer.json()["entry"][-1]
            assert last["search"] == {"mode": "outcome"}
            assert last["resource"]["issue"][0]["code"] == "suppressed"
            told.append((last, answer.headers["hie-notice"]))
        assert told[0] == told[1] == told[2]
        absent = await found.get(f"Observation/{NOT_THERE}", "a2")
        assert absent.headers["hie-notice"] == "results-may-be-withheld"


async def test_who_is_bound_to_one_patient_opens_no_other(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        await _region(found)
        await labelled(found, R, "P1b")
        await found.person("bound", "a", acr=ACR, patient=found.patients["P4a"])
        other = await broken(found, "bound", wish(found.patients["P1a"]))
        assert other.status_code == 403
        assert (await broken(found, "bound", wish(found.patients["P4a"]))).status_code == 201
        assert await _sees(found, "bound", "P4b")
        assert not await _sees(found, "bound", "P1b")


async def test_the_institution_is_told_in_its_outbox(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        await _region(found)
        told = (await broken(found, "a2", wish(found.patients["P4a"]))).json()
        headers = await writer(found.hub, "box-a", INSTITUTIONS["a"], "hie/decide")
        answer = await found.client.get("/v1/notifications", headers=headers)
        (one,) = answer.json()["notifications"]
        assert one["kind"] == "glass-opened"
        assert one["opening"] == told["opening"]
        assert one["review_by"] == told["review_by"]
        assert WHY not in answer.text
        listed = await run(found.hub, "glass-list", {"state": "open"})
        (opening,) = listed["openings"]
        assert (opening["review"], opening["text"], opening["suspended"]) == ("open", WHY, False)
