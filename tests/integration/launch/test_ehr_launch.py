"""A HIS opens an app, or a page of the hub, for the patient it has open: by a ticket, once."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from hie.access.compact import read_compact
from tests.integration.access.test_consent_reaches import order_check
from tests.integration.launch.support import (
    APP,
    EVERYONE,
    FHIR,
    Desk,
    answered,
    csrf_of,
    desk,
    events_of,
)

pytestmark = pytest.mark.anyio
SCOPE = "launch patient/Observation.rs patient/Patient.r"
BAD: dict[str, dict[str, Any]] = {
    "nothing": {},
    "an app without a patient": {"app": APP},
    "an app nobody knows": {"app": "nobody", "patient": "P1a"},
    "a system that is no app": {"app": "his-a", "patient": "P1a"},
    "two things": {"patient": "P1a", "check": "x"},
    "a page that is none": {"patient": "P1a", "page": "../admin"},
    "a language that is none": {"patient": "P1a", "lang": "de"},
    "a person of elsewhere": {"app": APP, "patient": "P1a", "user": "zhao"},
    "a number": {"patient": 1},
    "an encounter that is none": {"app": APP, "patient": "P1a", "encounter": "x"},
    "an encounter of another": {"app": APP, "patient": "P1a", "encounter": "P3"},
    "another key": {"patient": "P1a", "next": "https://evil.example"},
}


async def _ticket(at: Desk, who: str = "a", **asked: Any) -> Any:
    if asked.get("patient") in at.region.patients:
        asked["patient"] = at.region.patients[asked["patient"]]
    asked = {**asked, **_visit(at, asked)}
    return await at.region.client.post(
        "/v1/launch-tickets", json=asked, headers=at.region.headers[who]
    )


def _visit(at: Desk, asked: dict[str, Any]) -> dict[str, str]:
    named = asked.get("encounter")
    return {"encounter": at.region.encounters[named]} if named in at.region.encounters else {}


async def _launch(at: Desk, **asked: Any) -> str:
    answer = await _ticket(at, **{"app": APP, "patient": "P1a", **asked})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["launch"])


async def test_an_app_is_opened_for_the_patient_the_his_has_open(
    place: Any, tmp_path: Path
) -> None:
    async with desk(place, tmp_path) as at:
        visit = at.region.encounters["P1"]
        answer = await _ticket(at, app=APP, patient="P1a", encounter=visit, user="wang")
        told = answer.json()
        address = urlsplit(told["url"])
        assert f"{address.scheme}://{address.netloc}{address.path}" == "https://app.example/launch"
        assert parse_qs(address.query) == {"iss": [FHIR], "launch": [told["launch"]]}
        await at.sign_in()
        said = answered(await at.authorize(scope=SCOPE, launch=told["launch"]))
        token = (await at.token(said["code"])).json()
        patient = at.region.patients["P1a"]
        assert (token["patient"], token["encounter"]) == (patient, visit)
        claims = read_compact(token["access_token"]).payload
        assert claims["patient"] == f"Patient/{patient}"
        assert (await at.fhir(f"Patient/{patient}", token["access_token"])).status_code == 200
        details = [detail for _, _, detail in await events_of(at.hub, "launch")]
        assert details == [f"ticket for {APP}", f"{APP}: {SCOPE}"]


async def test_a_ticket_is_used_once_and_by_whom_it_is_for(place: Any, tmp_path: Path) -> None:
    async with desk(place, tmp_path) as at:
        await at.sign_in()
        launch = await _launch(at)
        wrong = {"client_id": EVERYONE}
        assert answered(await at.authorize(scope=SCOPE, launch=launch, **wrong))["error"]
        assert "code" in answered(await at.authorize(scope=SCOPE, launch=launch))
        again = answered(await at.authorize(scope=SCOPE, launch=launch))
        assert again["error"] == "invalid_request"
        assert [one for one in await at.refused() if one[0] == "oidc"] == [("oidc", "8")] * 2


async def test_a_ticket_of_one_hospital_opens_nothing_for_people_of_another(
    place: Any, tmp_path: Path
) -> None:
    async with desk(place, tmp_path, login="zhao") as at:
        await at.sign_in()
        launch = await _launch(at, app=EVERYONE)
        asked = {"scope": SCOPE, "client_id": EVERYONE, "launch": launch}
        assert answered(await at.authorize(**asked))["error"] == "invalid_request"
        assert ("oidc", "8") in await at.refused()


async def test_a_ticket_is_over_after_a_minute_unless_its_person_is_signing_in(
    place: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk(place, tmp_path) as at:
        held, over, now = await _launch(at), await _launch(at), at.hub.entrance.clock()
        first = await at.authorize(scope=SCOPE, launch=held)
        assert first.headers["location"].startswith("/sign-in?next=")
        moved = _Clock(now + 100)
        object.__setattr__(at.hub.entrance, "clock", moved)
        await at.sign_in()
        assert answered(await at.authorize(scope=SCOPE, launch=over))["error"]
        assert "code" in answered(await at.authorize(scope=SCOPE, launch=held))


class _Clock:
    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


async def test_a_page_of_the_hub_is_opened_by_a_ticket(place: Any, tmp_path: Path) -> None:
    async with desk(place, tmp_path) as at:
        told = (await _ticket(at, patient="P1a", lang="en")).json()
        assert set(told) == {"url", "expires"}
        path = told["url"].removeprefix("http://localhost:8000")
        stranger = await at.browser.get(path, headers={"Accept": "text/html"})
        assert stranger.status_code == 401
        assert "/sign-in?next=" in stranger.text
        entered = await at.sign_in(path)
        opened = await at.browser.get(entered.headers["location"])
        patient = at.region.patients["P1a"]
        assert opened.headers["location"] == f"/patients/{patient}?lang=en"
        assert (await at.browser.get(opened.headers["location"])).status_code == 200
        again = await at.browser.get(path)
        assert again.status_code == 400
        other = f"{(await _ticket(at, patient='P1a')).json()['url']}&iss=https://evil.example"
        assert (await at.browser.get(other)).status_code == 400
        assert [one for one, _ in await at.refused()][-2:] == ["oidc", "oidc"]


async def test_the_page_of_a_check_is_opened_where_it_was_asked(place: Any, tmp_path: Path) -> None:
    async with desk(place, tmp_path) as at:
        check = (await order_check(at.region, "a", at.region.patients["P1a"]))["check"]
        elsewhere = await _ticket(at, "b", check=check)
        unknown = await _ticket(at, check="AAAAAAAAAAAAAAAAAAAAAA")
        assert (elsewhere.status_code, unknown.status_code) == (404, 404)
        told = (await _ticket(at, check=check, page="order-card", lang="zh")).json()
        await at.sign_in()
        opened = await at.browser.get(told["url"])
        assert opened.headers["location"] == f"/checks/{check}?lang=zh"
        page = await at.browser.get(opened.headers["location"])
        assert page.status_code == 200
        details = [detail for _, _, detail in await events_of(at.hub, "launch")]
        assert details == [f"ticket for /checks/{check}", f"/checks/{check}"]


async def test_a_ticket_for_an_app_opens_no_page(place: Any, tmp_path: Path) -> None:
    async with desk(place, tmp_path) as at:
        await at.sign_in()
        launch = await _launch(at)
        assert (await at.browser.get(f"/launch?launch={launch}")).status_code == 400
        assert "code" in answered(await at.authorize(scope=SCOPE, launch=launch))


async def test_what_a_his_asks_wrongly_is_named(place: Any, tmp_path: Path) -> None:
    async with desk(place, tmp_path) as at:
        for name, asked in BAD.items():
            answer = await _ticket(at, **asked)
            assert answer.status_code == 422, name
            assert "evil" not in answer.text, name
        for who in ("b", "c"):
            absent = await _ticket(at, who, patient="AAAAAAAAAAAAAAAAAAAAAA")
            hidden = await _ticket(at, who, patient="P2a" if who == "c" else "x")
            assert (absent.status_code, hidden.status_code) == (404, 404)
        assert (await _ticket(at, patient="P1a")).status_code == 200


async def test_a_person_opens_an_app_from_the_page_of_a_patient(place: Any, tmp_path: Path) -> None:
    async with desk(place, tmp_path) as at:
        await at.sign_in()
        patient = at.region.patients["P1a"]
        page = await at.browser.get(f"/patients/{patient}")
        assert f'action="/patients/{patient}/apps/{APP}"' in page.text
        sent = {"csrf": csrf_of(page.text)}
        opened = await at.browser.post(f"/patients/{patient}/apps/{APP}", data=sent)
        assert opened.status_code == 303
        launch = parse_qs(urlsplit(opened.headers["location"]).query)["launch"][0]
        code = answered(await at.authorize(scope=SCOPE, launch=launch))["code"]
        assert (await at.token(code)).json()["patient"] == patient
        forged = await at.browser.post(f"/patients/{patient}/apps/{APP}", data={"csrf": "x"})
        assert forged.status_code == 403
        unknown = await at.browser.post(f"/patients/{patient}/apps/nobody", data=sent)
        assert unknown.status_code == 404
