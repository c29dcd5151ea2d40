"""Apps and people around the hospitals of `tests.integration.access.support`; all are invented."""

import hashlib
import re
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

from hie.access.compact import encode_segment
from hie.exchange.commands import run
from hie.exchange.hub import Hub
from tests.integration.access.support import INSTITUTIONS, Region, region
from tests.integration.test_doors import BASE, _client

PASSWORD = "a long pass phrase"
FHIR = f"{BASE}/fhir"
BACK = "https://app.example/back?of=app"
STATE = "a-state-of-the-app"
VERIFIER = "v" * 43 + "~-._"
SCOPE = "launch/patient patient/Observation.rs patient/Patient.r"
APP, EVERYONE, SECRETIVE = "viewer", "regional", "secretive"


def challenge(verifier: str = VERIFIER) -> str:
    return encode_segment(hashlib.sha256(verifier.encode()).digest())


@dataclass
class Desk:
    """A person's browser, signed in or not, before a hub with apps."""

    region: Region
    browser: httpx.AsyncClient
    login: str
    csrf: str = ""
    asked: dict[str, str] = field(default_factory=dict)

    @property
    def hub(self) -> Hub:
        return self.region.hub

    async def sign_in(self, wanted: str = "/patients") -> httpx.Response:
        """The answer to the sign-in form, which leads on to what was wanted."""
        form = await self.browser.get("/sign-in", params={"next": wanted})
        data = {
            "csrf": csrf_of(form.text), "next": wanted, "login": self.login, "password": PASSWORD,
        }  # fmt: skip
        return await self.browser.post("/sign-in", data=data)

    async def authorize(self, **changes: str | None) -> httpx.Response:
        """GET /oauth/authorize with what an app asks; None leaves a parameter out."""
        self.asked = {k: v for k, v in {**request_of(APP), **changes}.items() if v is not None}
        return await self.browser.get(f"/oauth/authorize?{urlencode(self.asked)}")

    async def choose(self, page: httpx.Response, **fields: str) -> httpx.Response:
        """POST what stands in the form of the page of `authorize`."""
        data = {"csrf": csrf_of(page.text), **fields}
        return await self.browser.post(f"/oauth/authorize?{urlencode(self.asked)}", data=data)

    async def code(self, patient: str, **changes: str | None) -> str:
        """A code for this patient, by the page on which one is chosen."""
        page = await self.authorize(**changes)
        assert page.status_code == 200, page.headers
        return answered(await self.choose(page, patient=patient))["code"]

    async def token(self, code: str, /, **changes: str | None) -> httpx.Response:
        """The answer of the token door to a public app."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": BACK,
            "code_verifier": VERIFIER,
            "client_id": APP,
        }
        sent = {k: v for k, v in {**form, **changes}.items() if v is not None}
        async with _client(self.hub) as app:
            return await app.post("/oauth/token", data=sent)

    async def fhir(self, path: str, token: str) -> httpx.Response:
        """What an app is answered with a token, without the browser's cookies."""
        async with _client(self.hub) as app:
            return await app.get(f"/fhir/{path}", headers={"Authorization": f"Bearer {token}"})

    async def refused(self) -> list[tuple[str, str]]:
        """Reason and outcome of every refusal that was recorded."""
        return await refusals_of(self.hub)


async def refusals_of(hub: Hub) -> list[tuple[str, str]]:
    async with hub.db.reading() as reader:
        rows = await reader.fetch(
            "SELECT reason, outcome FROM audit_access WHERE type = 'refused' ORDER BY at_us, n"
        )
    return [(row[0], row[1]) for row in rows]


async def events_of(hub: Hub, kind: str) -> list[tuple[str, str, str | None]]:
    """Client, subject and detail of every event of this kind."""
    async with hub.db.reading() as reader:
        rows = await reader.fetch(
            "SELECT client, subject, detail FROM audit_access WHERE type = $1 ORDER BY at_us, n",
            kind,
        )
    return [(row[0], row[1], row[2]) for row in rows]


@asynccontextmanager
async def desk(
    place: Any, tmp_path: Path, login: str = "wang", **settings: Any
) -> AsyncIterator[Desk]:
    """The hospitals with their people and apps, and one person's browser."""
    async with region(place, tmp_path, **settings) as found, _client(found.hub) as browser:
        await people_and_apps(found.hub)
        yield Desk(found, browser, login)


async def people_and_apps(hub: Hub) -> None:
    for login, who, role in (
        ("wang", "a", "clinician"), ("zhao", "b", "clinician"), ("boss", "a", "manager"),
    ):  # fmt: skip
        person = {"login": login, "name": "某人", "role": role, "department": "内科"}
        await run(
            hub, "user-add", person | {"institution": INSTITUTIONS[who], "password": PASSWORD}
        )
    for client, more in ((APP, {}), (EVERYONE, {"everyone": True})):
        await app_added(hub, client, **more)


async def app_added(hub: Hub, client: str, **more: Any) -> dict[str, Any]:
    asked = {
        "client": client,
        "institution": INSTITUTIONS["a"],
        "redirect_uris": [BACK],
        "scopes": ["patient/*.rs", "user/*.rs", "hie/order-check"],
        "launch_url": "https://app.example/launch",
        "name": f"应用 {client}",
    }
    return await run(hub, "app-add", {**asked, **more})


def request_of(client: str) -> dict[str, str]:
    """What an app asks of the authorization endpoint."""
    return {
        "response_type": "code",
        "client_id": client,
        "redirect_uri": BACK,
        "scope": SCOPE,
        "state": STATE,
        "aud": FHIR,
        "code_challenge": challenge(),
        "code_challenge_method": "S256",
    }


def answered(answer: httpx.Response, back: str = BACK) -> dict[str, str]:
    """What an app was told at its address, each parameter once."""
    assert answer.status_code in {302, 303}, answer.text
    location = answer.headers["location"]
    assert location.startswith(f"{back}&"), location
    said = parse_qs(urlsplit(location).query, keep_blank_values=True)
    assert all(len(values) == 1 for values in said.values())
    found: Mapping[str, str] = {name: values[0] for name, values in said.items()}
    assert found["iss"] == BASE
    return dict(found)


def csrf_of(page: str) -> str:
    return re.findall(r'name="csrf" value="([^"]+)"', page)[0]


def fresh() -> str:
    return secrets.token_urlsafe(16)
