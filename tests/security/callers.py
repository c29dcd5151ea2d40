"""Every kind of caller of one hub: a stranger, a client for each scope, a person of each role.

And a CDS Hooks client, which signs a token for each address it calls.

All belong to one institution, whose patient has a result, a check and a decision; all are invented.
"""

import json
import re
import secrets
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from hie.access.actor import Purpose
from hie.access.glass import SECOND_FACTOR
from hie.access.mint import Grant
from hie.access.policy import Role
from hie.access.scopes import Door
from hie.app import opened, web_app
from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.oauth.token_answer import token_answer
from hie.store import clients
from hie.synthetic.institutions import BY_SITE
from tests.integration.test_road import _packed, _settings, add_sites, linked
from tests.integration.two_hospitals import CASE
from tests.places import Place, prepared
from tests.security.asked import (
    consent_tree,
    decision,
    observation_tree,
    order_check,
    patient_tree,
)
from tests.unit.access.tokens import Private, ec_key, jwk_of, signed

BASE = "http://localhost:8000"
PASSWORD = "a long pass phrase"
STRANGER = "stranger"
CDS = "cds hooks"
CDS_ISSUER = "https://his.example/cds"
# People of these roles also call by an app, with every scope a person may have.
APPS = (Role.CLINICIAN, Role.AUDITOR, Role.MANAGER)
_CDS_KEY = ec_key("P-384", 81)
_INSTITUTION = str(json.loads(CASE.order_check)["receiver"]["institution"])
USER_SCOPES = ("user/*.rs", Door.ORDER_CHECK, Door.DECIDE, Door.INDICATORS)
# Clients beside the one for each door: name -> scopes and purpose of use.
CLIENTS: dict[str, tuple[list[str], str]] = {
    "system/*.rs": (["system/*.rs"], "TREAT"),
    "system/*.cruds": (["system/*.cruds"], "TREAT"),
    "system/Observation.r": (["system/Observation.r"], "TREAT"),
    "AuditEvent HCOMPL": (["system/AuditEvent.rs"], "HCOMPL"),
    "everything HOPERAT": (["system/*.cruds", *(door.value for door in Door)], "HOPERAT"),
}


@dataclass
class Caller:
    """Who asks: `http` carries the token or the session; `csrf` is a session's."""

    name: str
    http: httpx.AsyncClient
    csrf: str | None = None

    @property
    def is_person(self) -> bool:
        """Whether this caller has a session instead of a token."""
        return self.csrf is not None


class Signing(httpx.Auth):
    """A token for each call, made for its very address (CDS Hooks 2.0, "Trusting CDS Clients")."""

    def __init__(self, key: Private) -> None:
        self._key = key

    def auth_flow(self, request: httpx.Request) -> Iterator[httpx.Request]:  # type: ignore[override]
        """Sign, and send."""
        now = int(time.time())
        claims = {"iss": CDS_ISSUER, "aud": f"{BASE}{request.url.path}", "iat": now}
        claims |= {"exp": now + 60, "jti": secrets.token_hex(16)}
        token = signed({"alg": "ES384", "kid": "c1", "typ": "JWT"}, claims, self._key)
        request.headers["Authorization"] = f"Bearer {token}"
        yield request


@dataclass
class Filled:
    """A hub with something behind every kind of address, and who may call it."""

    hub: Hub
    app: Any
    institution: str
    callers: list[Caller] = field(default_factory=list)
    known: dict[str, str] = field(default_factory=dict)  # names of ids -> ids that are there

    def caller(self, name: str) -> Caller:
        """One of them by name."""
        return next(one for one in self.callers if one.name == name)


@dataclass
class Kept:
    """What a hub was filled with, without the hub: ids, accounts of apps, sessions of people."""

    known: dict[str, str]
    accounts: dict[str, str]
    sessions: dict[str, tuple[dict[str, str], str]]  # of a role: the browser's cookies, and csrf


@asynccontextmanager
async def filled(place: Place, folder: Path) -> AsyncIterator[Filled]:
    """A hub of the invented region; its example's receiver is everybody's institution."""
    kept = await prepared(place, _with_callers)
    linked(folder)
    async with AsyncExitStack() as stack:
        hub = await stack.enter_async_context(opened(_settings(place, log_level="error")))
        found = Filled(hub, web_app(hub), _INSTITUTION, known=kept.known)
        found.callers.append(Caller(STRANGER, await stack.enter_async_context(_http(found))))
        for number, name in enumerate(_clients()):
            http = await stack.enter_async_context(_http(found))
            http.headers.update(await _token(hub, f"c{number}"))
            found.callers.append(Caller(name, http))
        http = await stack.enter_async_context(_http(found))
        http.auth = Signing(_CDS_KEY)
        found.callers.append(Caller(CDS, http))
        async with hub.db.unit() as unit:  # they asked for something a moment ago
            await unit.execute("UPDATE session SET seen_us = $1", time.time_ns() // 1000)
        for role in Role:
            http = await stack.enter_async_context(_http(found))
            cookies, csrf = kept.sessions[role]
            http.cookies.update(cookies)
            found.callers.append(Caller(role, http, csrf))
        for role in APPS:
            http = await stack.enter_async_context(_http(found))
            http.headers.update(_app_token(hub, role, kept.accounts[role]))
            found.callers.append(Caller(f"app of {role}", http))
        yield found


def _clients() -> dict[str, tuple[list[str], str]]:
    """Every client that has a token: one for each door, and the others."""
    return CLIENTS | {
        door.value: ([door.value], "PATRQT" if door is Door.PATIENT_CODES else "TREAT")
        for door in Door
    }


async def _with_callers(place: Place) -> Kept:
    async with opened(_settings(place, log_level="error")) as hub:
        await add_sites(hub)
        await run(hub, "receive", {"site": CASE.site, "files": [_packed(CASE.message)]})
        found = Filled(hub, web_app(hub), _INSTITUTION)
        async with AsyncExitStack() as stack:
            for number, (name, (scopes, purpose)) in enumerate(_clients().items()):
                http = await stack.enter_async_context(_http(found))
                http.headers.update(await client(hub, f"c{number}", _INSTITUTION, scopes, purpose))
                found.callers.append(Caller(name, http))
            await _add_cds_client(hub)
            sessions = {}
            for role in Role:
                http = await stack.enter_async_context(_http(found))
                csrf = (await person(found, http, role)).csrf
                sessions[role.value] = (dict(http.cookies), str(csrf))
            accounts = {role.value: await _app_account(found, role) for role in APPS}
            await _fill(found)
    return Kept(found.known, accounts, sessions)


def _http(found: Filled) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=found.app), base_url=BASE)


async def client(
    hub: Hub, name: str, institution: str, scopes: list[str], purpose: str = "TREAT"
) -> dict[str, str]:
    """A registered system's header."""
    key = ec.generate_private_key(ec.SECP384R1()).public_key()
    pem = key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    asked = {"client": name, "institution": institution, "key": {"pem": pem.decode()}}
    more = {"scopes": scopes, "name": name, "purposes": [purpose]}
    await run(hub, "client-add", asked | more)
    return await _token(hub, name)


async def _token(hub: Hub, client_: str) -> dict[str, str]:
    answer = await run(hub, "client-token", {"client": client_, "scopes": None})
    return {"Authorization": f"Bearer {answer['access_token']}"}


async def _add_cds_client(hub: Hub) -> None:
    asked: dict[str, Any] = {"client": "cds", "institution": _INSTITUTION, "name": "cds"}
    asked |= {"key": jwk_of(_CDS_KEY, kid="c1"), "cds_issuer": CDS_ISSUER}
    asked |= {"scopes": [Door.ORDER_CHECK, Door.DECIDE], "purposes": ["TREAT"]}
    await run(hub, "client-add", asked)


async def person(found: Filled, http: httpx.AsyncClient, role: str) -> Caller:
    """Somebody of this role, signed in by the form."""
    who = {"login": role, "name": "某人", "role": role, "department": "", "password": PASSWORD}
    await run(found.hub, "user-add", who | {"institution": found.institution})
    return Caller(role, http, await sign_in(http, role))


async def sign_in(http: httpx.AsyncClient, login: str) -> str:
    """Sign in as a browser does; the session's own token for forms."""
    http.cookies.clear()
    form = {"csrf": _csrf(await http.get("/sign-in")), "login": login, "password": PASSWORD}
    assert (await http.post("/sign-in", data=form)).status_code == 303
    return _csrf(await http.get("/patients"))  # a refusal is a page with a form too


async def _app_account(found: Filled, role: Role) -> str:
    """Somebody of this role for whom an app acts."""
    hub, login = found.hub, f"app-{role}"
    who = {"login": login, "name": "某人", "role": role, "department": "", "password": PASSWORD}
    account = await run(hub, "user-add", who | {"institution": found.institution})
    async with hub.db.unit() as unit:
        if await clients.find(unit, "app") is None:
            await clients.add(
                unit,
                client="app",
                institution=found.institution,
                name="app",
                jwks={"keys": []},
                scopes=USER_SCOPES,
                purposes=("TREAT",),
                now_us=1,
            )
    return str(account["id"])


def _app_token(hub: Hub, role: Role, account: str) -> dict[str, str]:
    """The header of an app that acts for somebody of this role, who proved two factors."""
    grant = Grant(
        issuer=hub.entrance.issuer,
        audience=hub.entrance.audience,
        client="app",
        institution=_INSTITUTION,
        purpose=Purpose.TREATMENT,
        scopes=USER_SCOPES,
        subject=account,
        role=role,
        acr=SECOND_FACTOR,
    )
    token = token_answer(hub.entrance, grant, secrets.token_hex(16))["access_token"]
    return {"Authorization": f"Bearer {token}"}


def _csrf(page: httpx.Response) -> str:
    found: list[str] = re.findall(r'name="csrf" value="([^"]+)"', page.text)
    return found[0]


async def _fill(found: Filled) -> None:
    """A patient of the institution with an open visit and a result; a check, a decision."""
    writer = found.caller("system/*.cruds").http
    known = found.known

    async def made(tree: dict[str, Any]) -> str:
        answer = await writer.post(f"/fhir/{tree['resourceType']}", json=tree)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    known["Patient"] = await made(patient_tree())
    about = {"reference": f"Patient/{known['Patient']}"}
    own = next(site for site, one in BY_SITE.items() if one.institution.code == found.institution)
    kept = await run(found.hub, "receive", {"site": own, "files": [_packed(b"no message")]})
    known["messages"] = kept["receipts"][0]["message"]
    known["Encounter"] = await made(
        {
            "resourceType": "Encounter",
            "status": "in-progress",
            "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
            "subject": about,
            "period": {"start": "2026-06-01T08:00:00+08:00"},
        }
    )
    known["Observation"] = await made(observation_tree(about))
    known["Consent"] = await made(consent_tree(about))
    check = await found.caller(Door.ORDER_CHECK).http.post(
        "/v1/order-check", json=order_check(found)
    )
    assert check.status_code == 200, check.text
    known["check"] = check.json()["check"]
    asked = decision(known["check"])
    decided = await found.caller(Door.DECIDE).http.post("/v1/decisions", json=asked)
    assert decided.status_code == 200, decided.text
    known["decision"] = decided.json()["decisions"][0]["decision"]
    candidates = check.json()["orders"][0]["candidates"]
    known["assessment"] = candidates[0]["assessment"]
    known["cds-services"] = "hie-order-sign"
