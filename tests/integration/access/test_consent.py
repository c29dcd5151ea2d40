"""A patient's word decides at every door."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hie.access.implicit import Implicit, use_policy
from tests.integration.access.consents import consent_of, denying, give, rule, treating, withdraw
from tests.integration.access.support import NOT_THERE, sees

pytestmark = pytest.mark.anyio


async def test_a_denial_hides_every_result_of_every_hospital(place: Any, tmp_path: Path) -> None:
    async with treating(place, tmp_path) as found:
        assert await sees(found, "b", "P5a")
        key = await give(found, "a", found.patients["P5a"], denying())
        for who in ("a", "b"):
            for result in ("P5a", "P5b"):
                assert not await sees(found, who, result)
            assert await sees(found, who, "P1a")
        await withdraw(found, "a", key)
        assert await sees(found, "b", "P5a")
        assert await sees(found, "a", "P5b")


async def test_one_hospital_is_denied_and_the_others_are_not(place: Any, tmp_path: Path) -> None:
    async with treating(place, tmp_path) as found:
        await give(found, "b", found.patients["P6b"], denying("c"))
        for result in ("P6a", "P6b", "P6c"):
            assert await sees(found, "a", result)
            assert await sees(found, "b", result)
            assert not await sees(found, "c", result)


async def test_a_denial_is_in_no_total_and_no_page(place: Any, tmp_path: Path) -> None:
    async with treating(place, tmp_path) as found:
        first, second = found.patients["P5a"], found.patients["P5b"]
        both = f"_id={found.results['P5a']},{found.results['P5b']}"

        async def totals() -> list[int]:
            counted = []
            for query in (
                f"Observation?{both}&_total=accurate",
                f"Observation?{both}&_summary=count",
                "Observation?identifier=urn:lab|P5a-1&_total=accurate",
                f"Observation?patient={second}&_total=accurate",
                f"Observation?patient={second}&code=2823-3&_summary=count",
                f"Patient?_id={first},{second}&_total=accurate",
                f"Patient?_id={second}&_has:Observation:subject:code=2823-3&_total=accurate",
            ):
                answer = await found.get(query, "b")
                assert answer.status_code == 200, answer.text
                counted.append(answer.json()["total"])
            return counted

        assert await totals() == [2, 2, 1, 1, 1, 2, 1]
        await give(found, "a", first, denying("b"))
        assert await totals() == [0, 0, 0, 0, 0, 1, 0]
        for query in (
            f"Observation?{both}&_include=Observation:subject",
            f"Patient?_id={first},{second}&_revinclude=Observation:subject",
            f"Patient/{second}/$everything",
            f"Observation/{found.results['P5a']}/_history",
            f"Observation/{found.results['P5a']}/_history/1",
            "Observation/_history",
            "Patient/_history",
        ):
            answer = await found.get(query, "b")
            assert found.canary("P5a") not in answer.text
            assert found.canary("P5b") not in answer.text
            assert first not in json.dumps(answer.json().get("entry"))


async def test_a_denial_hides_a_result_in_every_entry_of_a_bundle(
    place: Any, tmp_path: Path
) -> None:
    async with treating(place, tmp_path) as found:
        await give(found, "a", found.patients["P5a"], denying("b"))
        urls = [f"Observation/{found.results[one]}" for one in ("P5a", "P5b", "P1a")]
        entries = [{"request": {"method": "GET", "url": url}} for url in urls]
        tree = {"resourceType": "Bundle", "type": "batch", "entry": entries}
        answer = await found.post("", "b", tree)
        states = [one["response"]["status"][:3] for one in answer.json()["entry"]]
        assert states == ["404", "404", "200"]
        assert found.canary("P5a") not in answer.text


@pytest.mark.parametrize(
    ("seconds", "expected"), [(60, True), (-1, False), (-60, False)]
)  # fmt: skip
async def test_a_permission_ends_with_its_period(
    place: Any, tmp_path: Path, seconds: int, expected: bool
) -> None:
    async with treating(place, tmp_path) as found:
        patient = found.patients["P5a"]
        await give(found, "a", patient, denying(), dateTime="2026-05-01")
        end = (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
        await give(found, "a", patient, {"type": "permit", "period": {"end": end}})
        assert await sees(found, "b", "P5a") is expected


async def test_of_two_consents_of_one_instant_the_denial_counts(place: Any, tmp_path: Path) -> None:
    async with treating(place, tmp_path) as found:
        await give(found, "a", found.patients["P5a"], rule("permit"))
        await give(found, "b", found.patients["P5b"], denying())
        assert not await sees(found, "b", "P5a")
        later = "2026-06-02T09:00:00+08:00"
        await give(found, "b", found.patients["P5b"], rule("permit"), dateTime=later)
        assert await sees(found, "b", "P5a")


@pytest.mark.parametrize("status", ["draft", "proposed", "rejected", "inactive"])
async def test_only_an_active_consent_counts(place: Any, tmp_path: Path, status: str) -> None:
    async with treating(place, tmp_path) as found:
        key = await give(found, "a", found.patients["P5a"], denying(), status=status)
        assert await sees(found, "b", "P5a")
        now = (await found.get(f"Consent/{key}", "a")).json()
        answer = await found.put(f"Consent/{key}", "a", {**now, "status": "active"})
        assert answer.status_code == 200
        assert not await sees(found, "b", "P5a")


def scoped(*codes: str) -> dict[str, Any]:
    """The scope of a Consent, by its codes."""
    system = "http://terminology.hl7.org/CodeSystem/consentscope"
    return {"coding": [{"system": system, "code": code} for code in codes]}


async def test_an_advance_directive_is_kept_and_decides_nothing(place: Any, tmp_path: Path) -> None:
    async with treating(place, tmp_path) as found:
        directive = consent_of(found.patients["P5a"], denying(), scope=scoped("adr"))
        for root in (denying(), {"code": [{"text": "no resuscitation"}]}):
            key = await found.made("a", {**directive, "provision": root})
            assert await sees(found, "b", "P5a")
        both = {**directive, "id": key, "scope": scoped("adr", "patient-privacy")}
        assert (await found.put(f"Consent/{key}", "a", both)).status_code == 200
        assert not await sees(found, "b", "P5a")


async def test_a_deleted_consent_counts_no_more(place: Any, tmp_path: Path) -> None:
    async with treating(place, tmp_path) as found:
        key = await give(found, "a", found.patients["P5a"], denying())
        gone = await found.client.delete(f"/fhir/Consent/{key}", headers=found.headers["a"])
        assert gone.status_code == 204
        assert await sees(found, "b", "P5a")


async def test_no_consent_is_decided_by_the_policy(place: Any, tmp_path: Path) -> None:
    async with treating(place, tmp_path) as found:
        try:
            use_policy(Implicit.DENY)
            assert not await sees(found, "b", "P5a")
            key = await give(found, "a", found.patients["P5a"], rule("permit", purpose="TREAT"))
            assert await sees(found, "b", "P5a")
            assert not await sees(found, "b", "P1a")
            await withdraw(found, "a", key)
            assert not await sees(found, "b", "P5a")
        finally:
            use_policy(Implicit.BASIC_NORMAL)


async def test_a_hospital_that_is_denied_still_finds_its_patient_and_the_consent(
    place: Any, tmp_path: Path
) -> None:
    async with treating(place, tmp_path) as found:
        key = await give(found, "a", found.patients["P5a"], denying())
        assert (await found.get(f"Patient/{found.patients['P5a']}", "a")).status_code == 200
        assert (await found.get(f"Consent/{key}", "a")).status_code == 200
        assert (await found.get(f"Patient/{found.patients['P5a']}", "b")).status_code == 404
        assert (await found.get(f"Consent/{key}", "b")).status_code == 404
        again = await give(found, "b", found.patients["P5b"], rule("permit"), dateTime="2026-06-03")
        assert (await found.get(f"Consent/{again}", "b")).status_code == 200
        assert await sees(found, "b", "P5a")


async def test_a_hospital_that_is_denied_still_corrects_what_it_wrote(
    place: Any, tmp_path: Path
) -> None:
    async with treating(place, tmp_path) as found:
        result = found.results["P5a"]
        now = (await found.get(f"Observation/{result}", "a")).json()
        await give(found, "a", found.patients["P5a"], denying())
        corrected = {**now, "status": "corrected"}
        answer = await found.put(f"Observation/{result}", "a", corrected)
        assert answer.status_code == 200
        refused = await found.put(f"Observation/{result}", "b", corrected)
        nobodys = {**corrected, "id": NOT_THERE}
        absent = await found.put(f"Observation/{NOT_THERE}", "b", nobodys)
        assert refused.status_code == absent.status_code >= 400
        assert refused.text.replace(result, NOT_THERE) == absent.text
        assert not await sees(found, "a", "P5a")


@pytest.mark.parametrize(
    ("root", "code"),
    [
        ({"type": "deny", "code": [{"coding": [{"code": "x"}]}]}, "not-held-to"),
        ({"type": "deny", "securityLabel": [{"system": "urn:x", "code": "y"}]}, "not-known"),
        ({"actor": []}, None),
        ({"purpose": [{"code": "TREAT"}], "type": "permit"}, "required"),
    ],
)
async def test_what_cannot_be_held_to_is_refused(
    place: Any, tmp_path: Path, root: dict[str, Any], code: str | None
) -> None:
    async with treating(place, tmp_path) as found:
        tree = consent_of(found.patients["P5a"], root)
        answer = await found.post("Consent", "a", tree)
        assert answer.status_code in (400, 422)
        if code is not None:
            assert code in answer.text
            draft = await found.post("Consent", "a", {**tree, "status": "draft"})
            assert draft.status_code == 201
            kept = {**draft.json(), "status": "active"}
            answer = await found.put(f"Consent/{kept['id']}", "a", kept)
            assert answer.status_code == 422
        assert await sees(found, "b", "P5a")
