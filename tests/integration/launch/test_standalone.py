"""An app starts by itself: the person signs in, chooses a patient, and the app sees that one."""

import re
from pathlib import Path
from typing import Any

import pytest

from hie.access.compact import read_compact
from tests.integration.access.support import ids_of
from tests.integration.launch.support import (
    APP,
    EVERYONE,
    SCOPE,
    STATE,
    answered,
    desk,
    events_of,
)

pytestmark = pytest.mark.anyio


async def test_a_clinician_signs_in_chooses_and_the_app_sees_that_patient(
    place: Any, tmp_path: Path
) -> None:
    async with desk(place, tmp_path) as at:
        stranger = await at.authorize()
        assert stranger.status_code == 303
        wanted = stranger.headers["location"]
        assert wanted.startswith("/sign-in?next=%2Foauth%2Fauthorize%3F")
        form = await at.browser.get(wanted)
        assert form.headers["content-security-policy"].endswith("'self' https://app.example")
        back = await at.sign_in("/oauth/authorize?" + stranger.request.url.query.decode())
        page = await at.browser.get(back.headers["location"])
        assert page.status_code == 200
        assert "应用 viewer" in page.text
        assert "https://app.example" in page.headers["content-security-policy"]

        number = await _resident_number(at, "P1")
        shown = await at.choose(page, type="resident-id", value=number)
        assert "示例P1" in shown.text
        assert number not in shown.text
        (patient,) = re.findall(r'name="patient" value="([^"]+)"', shown.text)
        assert patient in {at.region.patients["P1a"], at.region.patients["P1b"]}
        said = answered(await at.choose(shown, patient=patient))
        assert said["state"] == STATE

        answer = await at.token(said["code"])
        assert answer.status_code == 200, answer.text
        assert answer.headers["cache-control"] == "no-store"
        told = answer.json()
        assert told["token_type"] == "Bearer"
        assert told["patient"] == patient
        assert told["need_patient_banner"] is True
        assert told["scope"].split() == SCOPE.split()
        assert "refresh_token" not in told
        claims = read_compact(told["access_token"]).payload
        assert claims["client_id"] == APP
        assert claims["exp"] - claims["iat"] == told["expires_in"] == 900

        seen = await at.fhir(f"Observation?patient={patient}", told["access_token"])
        mine = {at.region.results["P1a"], at.region.results["P1b"]}
        assert set(ids_of(seen)) <= mine
        assert ids_of(seen)
        assert "canary-P1" in seen.text
        person = await at.fhir(f"Patient/{patient}", told["access_token"])
        assert person.status_code == 200
        other = await at.fhir(f"Patient/{at.region.patients['P3a']}", told["access_token"])
        absent = await at.fhir("Patient/AAAAAAAAAAAAAAAAAAAAAA", told["access_token"])
        assert (other.status_code, other.json()) == (404, absent.json())

        launches = await events_of(at.hub, "launch")
        assert [detail for _, _, detail in launches] == [f"{APP}: {SCOPE}"]
        issued = [one for one in await events_of(at.hub, "token-issued") if one[0] == APP]
        assert len(issued) == 1
        assert issued[0][1] == launches[0][1]


async def test_no_code_is_given_for_a_patient_the_person_may_not_see(
    place: Any, tmp_path: Path
) -> None:
    async with desk(place, tmp_path) as at:
        await at.sign_in()
        page = await at.authorize()
        unseen = answered(await at.choose(page, patient="AAAAAAAAAAAAAAAAAAAAAA"))
        not_mine = answered(await at.choose(page, patient=at.region.patients["P2a"]))
        assert unseen == not_mine
        assert unseen["error"] == "access_denied"
        assert [one[0] for one in await at.refused()] == ["absent", "absent"]
        assert "code" in answered(await at.choose(page, patient=at.region.patients["P1a"]))


async def test_who_is_signed_in_is_not_asked_again(place: Any, tmp_path: Path) -> None:
    async with desk(place, tmp_path) as at:
        silent = answered(await at.authorize(prompt="none"))
        assert silent["error"] == "login_required"
        await at.sign_in()
        patient = answered(await at.authorize(prompt="none"))
        assert patient["error"] == "interaction_required"
        code = answered(await at.authorize(prompt="none", scope="user/Observation.rs"))["code"]
        told = (await at.token(code)).json()
        assert "patient" not in told
        assert told["scope"] == "user/Observation.rs"


async def test_an_app_serves_its_own_institution_unless_it_is_for_everyone(
    place: Any, tmp_path: Path
) -> None:
    async with desk(place, tmp_path, login="zhao") as at:
        await at.sign_in()
        assert answered(await at.authorize())["error"] == "access_denied"
        assert await at.refused() == [("org-spoof", "8")]
        page = await at.authorize(client_id=EVERYONE)
        assert page.status_code == 200
        code = answered(await at.authorize(client_id=EVERYONE, scope="user/Patient.r"))["code"]
        told = await at.token(code, client_id=EVERYONE)
        assert told.status_code == 200


async def test_a_person_gives_no_more_than_their_role_has(place: Any, tmp_path: Path) -> None:
    async with desk(place, tmp_path, login="boss") as at:
        await at.sign_in()
        refused = answered(await at.authorize(scope="user/Observation.rs"))
        assert refused["error"] == "access_denied"
        assert await at.refused() == [("role", "4")]


async def _resident_number(at: Any, name: str) -> str:
    answer = await at.region.get(f"Patient/{at.region.patients[f'{name}a']}", "a")
    numbers = [one["value"] for one in answer.json()["identifier"]]
    return next(str(one) for one in numbers if len(one) == 18)
