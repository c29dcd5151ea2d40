"""Pages behind their doors: roles, expired forms, refusals as pages, static files that are kept."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from hie.app import opened
from hie.errors import Unavailable
from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.synthetic.region import Manifest
from tests.integration.test_doors import _client, _ready, _settings
from tests.integration.test_road import _connected, connected
from tests.treated import treats_everybody

pytestmark = pytest.mark.anyio
PASSWORD = "a long pass phrase"


async def _person(hub: Hub, region: Manifest, role: str) -> None:
    person = {"login": role, "name": "某人", "role": role, "department": "", "password": PASSWORD}
    await run(hub, "user-add", person | {"institution": region.sites[0].institution})
    await treats_everybody(hub, region.sites[0].institution)


def _csrf(page: str) -> str:
    return re.findall(r'name="csrf" value="([^"]+)"', page)[0]


async def _signed_in(client: httpx.AsyncClient, login: str) -> None:
    token = _csrf((await client.get("/sign-in")).text)
    data = {"csrf": token, "next": "/patients", "login": login, "password": PASSWORD}
    assert (await client.post("/sign-in", data=data)).status_code == 303


async def test_only_clinicians_see_patients(place: Any, tmp_path: Path) -> None:
    async with connected(place, tmp_path) as (hub, region):
        roles = ("integrator", "auditor", "manager", "administrator")
        for role in roles:
            await _person(hub, region, role)
            async with _client(hub) as client:
                await _signed_in(client, role)
                await _refused(client)
        async with hub.db.reading() as reader:
            rows = await reader.fetch(
                "SELECT reason FROM audit_access WHERE type = 'refused' AND kind = 'user'"
            )
        assert [row[0] for row in rows] == ["role"] * 3 * len(roles)


async def _refused(client: httpx.AsyncClient) -> None:
    """Every page of patients says no and repeats nothing; signing out works."""
    refused = await client.get("/patients?lang=en")
    assert refused.status_code == 403
    assert "Your role cannot open this page." in refused.text
    assert 'href="/patients"' not in refused.text
    sent = {"csrf": _csrf(refused.text), "type": "passport", "value": "E12345678"}
    for answer in (
        await client.post("/patients", data=sent),
        await client.get("/patients/nobody"),
    ):
        assert answer.status_code == 403
        assert "E12345678" not in answer.text
        assert answer.headers["content-type"].startswith("text/html")
    left = await client.post("/sign-out", data={"csrf": _csrf(refused.text)})
    assert (left.status_code, left.headers["location"]) == (303, "/sign-in")
    assert (await client.get("/patients")).status_code == 401


async def test_a_form_from_elsewhere_is_refused_with_a_page(place: Any, tmp_path: Path) -> None:
    async with opened(_settings(place)) as hub:
        await _person(hub, await _connected(hub, tmp_path), "clinician")
        async with _client(hub) as client:
            expired = await client.post("/sign-in?lang=en", data={"csrf": "x", "login": "a"})
            assert expired.status_code == 403
            assert "This page has expired." in expired.text
            await _signed_in(client, "clinician")
            form = await client.get("/patients")
            wrong = await client.post("/patients", data={"csrf": "x", "value": "1"})
            assert wrong.status_code == 403
            assert wrong.headers["content-type"].startswith("text/html")
            assert "This form is no longer valid" in wrong.text
            old = await client.get("/launch?launch=used-already", headers={"accept": "text/html"})
            assert old.status_code == 400
            assert "Open the patient again" in old.text
            twice = f"csrf={_csrf(form.text)}&value=1&value=2"
            headers = {"content-type": "application/x-www-form-urlencoded"}
            assert (
                await client.post("/patients", content=twice, headers=headers)
            ).status_code == 400
            sent = {"csrf": _csrf(form.text), "type": "passport", "value": " "}
            assert "number" in (await client.post("/patients?lang=en", data=sent)).text
            sent["value"] = "E00000000"
            nobody = await client.post("/patients?lang=en", data=sent)
            assert "No patient with this number." in nobody.text
            assert "E00000000" not in nobody.text
            missing = await client.get("/patients/nobody?lang=zh")
            assert missing.status_code == 404
            assert "没有这个页面，或您无权查看。" in missing.text


async def test_static_files_are_kept_and_pages_are_not(place: Any, tmp_path: Path) -> None:
    async with opened(_settings(place)) as hub, _client(hub) as client:
        page = await client.get("/sign-in")
        assert page.headers["cache-control"] == "no-store"
        asked = re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text)
        assert len(asked) >= 4
        for address in asked:
            found = await client.get(address)
            assert found.status_code == 200
            assert found.headers["cache-control"] == "public, max-age=31536000, immutable"
            same = await client.get(address, headers={"If-None-Match": found.headers["etag"]})
            assert same.status_code == 304
            as_it_is = await client.get(address, headers={"Accept-Encoding": "identity"})
            assert as_it_is.content == found.content
            packed = re.search(r"\.(css|js)\?", address) is not None
            assert (found.headers.get("content-encoding") == "gzip") == packed
            assert (found.headers["etag"] != as_it_is.headers["etag"]) == packed
            assert found.headers.get("vary", "") == ("Accept-Encoding" if packed else "")
        for address in ("/static/hub.css", "/static/hub.css?v=older", "/static/verdict-ok.svg"):
            found = await client.get(address)
            assert found.headers["cache-control"] == "public, max-age=3600"
        for address in ("/static/nothing.css", "/static/..%2frender.py", "/static/"):
            gone = await client.get(address)
            assert gone.status_code in {401, 404}
            assert gone.headers["cache-control"] == "no-store"


async def test_too_many_attempts_are_told_and_recorded(place: Any) -> None:
    settings = _settings(place).model_copy(update={"rate_limits": True})
    async with opened(settings) as hub, _client(hub) as client:
        data = {"csrf": _csrf((await client.get("/sign-in")).text), "login": "x", "password": "y"}
        codes: list[int] = []
        while 429 not in codes and len(codes) < 40:  # a slow machine earns attempts meanwhile
            codes.append((await client.post("/sign-in", data=data)).status_code)
        assert set(codes[:10]) == {401}
        assert codes[-1] == 429
        held = await client.post("/sign-in?lang=en", data=data)
        assert "Too many attempts." in held.text
        assert int(held.headers["retry-after"]) > 0
        async with hub.db.reading() as reader:
            rows = await reader.fetch("SELECT reason FROM audit_access WHERE type = 'refused'")
        assert "rate" in {row[0] for row in rows}


async def test_a_database_away_is_a_page_that_says_so(
    place: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: Any) -> None:
        raise Unavailable("database away")

    monkeypatch.setattr("hie.web.pages.prior_results.prior_results", away)
    async with opened(_settings(place)) as hub:
        await _person(hub, await _connected(hub, tmp_path), "clinician")
        async with _client(hub) as client:
            await _signed_in(client, "clinician")
            answer = await client.get("/patients/x?lang=en")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert "nothing is lost" in answer.text
    assert "database away" not in answer.text


async def test_an_address_nothing_serves_is_told_in_its_doors_own_words(
    place: Any, tmp_path: Path
) -> None:
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    async with opened(_settings(place)) as hub:
        headers, _ = await _ready(hub, tmp_path)
        async with _client(hub) as client:
            assert (await client.get("/nowhere", headers=browser)).status_code == 401
            await _signed_in(client, "doctor")
            for address in ("/nowhere?lang=en", "/patients/x/y?lang=en", "/static/no.css?lang=en"):
                missing = await client.get(address, headers=browser)
                assert missing.status_code == 404
                assert "There is no such page" in missing.text
                assert missing.headers["content-type"].startswith("text/html")
                machine = await client.get(address)
                assert machine.status_code == 404
                assert machine.headers["content-type"] == "application/problem+json"
            wrong = await client.put("/patients?lang=en", headers=browser)
            assert wrong.status_code == 405
            assert set(wrong.headers["allow"].split(", ")) == {"GET", "HEAD", "POST"}
            assert "There is no such page" in wrong.text
        async with _client(hub) as client:
            fhir = await client.get("/fhir/x/y/z/nowhere", headers=headers | browser)
            assert fhir.status_code == 404
            assert fhir.json()["resourceType"] == "OperationOutcome"
            for method, address, status in (
                ("GET", "/v1/nowhere", 404),
                ("GET", "/v1/decisions", 405),
            ):
                answer = await client.request(method, address, headers=headers | browser)
                assert answer.status_code == status
                assert answer.json()["status"] == status
                assert answer.headers["content-type"] == "application/problem+json"
