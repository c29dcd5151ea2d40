"""Broken glass opens R of one patient for one person, and never V."""

from pathlib import Path
from typing import Any

import pytest

from hie.exchange.commands import run
from tests.integration.access.consents import consent_of, denying, give, rule
from tests.integration.access.glass import (
    WHY,
    N,
    R,
    V,
    broken,
    labelled,
    named,
    prepared,
    wish,
)
from tests.integration.access.support import INSTITUTIONS, NOT_THERE, Region, region, sees, shown
from tests.integration.fhir.support import writer

pytestmark = pytest.mark.anyio


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
        await prepared(found)
        await labelled(found, R, "P1b")
        assert await sees(found, "a2", "P4a")
        assert not await sees(found, "a2", "P4b")
        opened = await broken(found, "a2", wish(found.patients["P4a"]))
        assert opened.status_code == 201, opened.text
        told = opened.json()
        assert told["patient"] == f"Patient/{found.patients['P4a']}"
        assert await sees(found, "a2", "P4b")  # another hospital's record of the same person
        assert not await sees(found, "a2", "P1b")  # another patient's
        assert not await sees(found, "a1", "P4b")  # a colleague
        assert [one[2] for one in await _kinds(found, "break-glass")] == ["BTG"]
        reads = [one[2] for one in await _kinds(found, "read")]
        assert reads[-1] == "BTG"
        # what is not of that patient keeps its purpose
        assert await sees(found, "a2", "P1a")
        assert [one[2] for one in await _kinds(found, "read")][-1] == "TREAT"
        listed = await found.client.get("/v1/break-glass", headers=found.headers["a2"])
        assert listed.json() == {"openings": [told]}
        assert len(await _kinds(found, "break-glass")) == 2  # the list names a patient: recorded


async def test_it_never_opens_what_is_very_restricted(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        await prepared(found)
        opened = await broken(found, "a2", wish(found.patients["P3a"]))
        assert opened.status_code == 201
        assert not await sees(found, "a2", "P3b")
        assert await found.last_audit() == ("8", "btg")  # the look past it is an alert
        await labelled(found, N, "P3b")
        assert await sees(found, "a2", "P3b")
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
        await prepared(found)
        await labelled(found, R, "P2b")
        assert not await sees(found, "a2", "P2b")
        opened = await broken(found, "a2", wish(found.patients["P2b"]))
        assert opened.status_code == 201
        assert await sees(found, "a2", "P2b")
        assert await sees(found, "a2", "P2a")
        await labelled(found, V, "P2b")
        assert not await sees(found, "a2", "P2b")


async def test_it_is_found_by_a_number_and_refused_alike_when_it_leads_nowhere(
    place: Any, tmp_path: Path
) -> None:
    async with region(place, tmp_path) as found:
        await prepared(found)
        patient = await found.get(f"Patient/{found.patients['P4a']}", "a")
        number = patient.json()["identifier"][1]["value"]
        asked = wish(found.patients["P4a"])
        by_number = {"identifiers": [{"type": "resident-id", "value": number}]}
        opened = await broken(found, "a2", {**asked, "patient": by_number})
        assert opened.status_code == 201
        assert number not in opened.text
        assert await sees(found, "a2", "P4b")
        nobody = {"identifiers": [{"type": "resident-id", "value": "11010519491231002X"}]}
        refused = await broken(found, "a2", {**asked, "patient": nobody})
        assert refused.status_code == 403
        assert refused.text == (await broken(found, "a2", wish(NOT_THERE))).text
        assert not shown(refused, ["11010519491231002X"])
        mistakes: tuple[Any, ...] = ({}, {"reference": "Observation/1"}, {"patient": 1}, [])
        for wrong in mistakes:
            told = await broken(found, "a2", {**asked, "patient": wrong})
            assert told.status_code == 422


async def test_it_holds_for_searches_totals_and_everything(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        await prepared(found)
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
        await prepared(found)
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


async def test_the_institution_is_told_in_its_outbox(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        await prepared(found)
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


async def test_a_denial_leaves_emergencies_open_unless_it_names_them(
    place: Any, tmp_path: Path
) -> None:
    async with region(place, tmp_path) as found:
        await prepared(found)
        home = found.patients["P5a"]
        denial = await give(found, "a", home, denying())
        assert not await sees(found, "a2", "P5b")
        assert (await broken(found, "a2", wish(found.patients["P5b"]))).status_code == 201
        assert await sees(found, "a2", "P5b")
        assert not await sees(found, "a1", "P5b")
        tree = {**consent_of(home, rule("deny", purpose="TREAT BTG")), "id": denial}
        assert (await found.put(f"Consent/{denial}", "a", tree)).status_code == 200
        assert not await sees(found, "a2", "P5b")  # at once
        # the other hospital's record is as if it were not there
        again = await broken(found, "a2", wish(found.patients["P5b"]))
        assert again.status_code == 403
        assert again.text == (await broken(found, "a2", wish(NOT_THERE))).text
