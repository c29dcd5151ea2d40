"""Asking the doors: for a token, with a token, by sign-in, by an operator's command."""

from typing import Any

import httpx

from hie.oauth.commands import COMMANDS
from hie.oauth.registration import operator_token
from hie.oauth.sign_in import SignedIn, sign_in
from hie.oauth.token_request import ASSERTION_TYPE
from tests.integration.oauth.conftest import OPERATOR, PASSWORD, Hub
from tests.unit.access.tokens import CLIENT, a_header, an_assertion, ec_key, signed

COOKIE = "__Host-hie_session"


def form(assertion: str | None = None, **changes: Any) -> dict[str, Any]:
    fields = {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion or signed(a_header(), an_assertion(), ec_key()),
        "scope": "system/Observation.rs",
    }
    return {k: v for k, v in (fields | changes).items() if v is not None}


def numbered(number: int, **claims: Any) -> str:
    return signed(a_header(), an_assertion(jti=f"id-{number}", **claims), ec_key())


async def ask(hub: Hub, fields: dict[str, Any], **options: Any) -> Any:
    async with hub.client(**options) as http:
        return await http.post("/oauth/token", data=fields)


async def status(hub: Hub, assertion: str) -> int:
    """What a token by this assertion is answered with."""
    answer: int = (await ask(hub, form(assertion))).status_code
    return answer


async def token(hub: Hub, client: str = CLIENT, *scopes: str) -> str:
    answer = await operator_token(hub.entrance, OPERATOR, client, scopes or None)
    return str(answer["access_token"])


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


async def get(hub: Hub, text: str | None, path: str = "/fhir/Observation/1", **options: Any) -> Any:
    async with hub.client(**options) as http:
        return await http.get(path, headers=bearer(text) if text else {})


def a_scope(address: str = "10.1.2.3", cookie: str | None = None, **more: Any) -> dict[str, Any]:
    headers = [(b"cookie", f"{COOKIE}={cookie}".encode())] if cookie else []
    headers += [(k.replace("_", "-").encode(), v.encode()) for k, v in more.items()]
    return {
        "type": "http",
        "method": "POST",
        "path": "/sign-in",
        "query_string": b"",
        "headers": headers,
        "client": (address, 1),
        "state": {"request_id": "r1"},
    }


async def enter(hub: Hub, password: str = PASSWORD, login: str = "wang", **scope: Any) -> SignedIn:
    return await sign_in(hub.entrance, a_scope(**scope), login, password, "zh")


async def home(hub: Hub, secret: str | None, **headers: str) -> httpx.Response:
    cookie = {"Cookie": f"{COOKIE}={secret}"} if secret else {}
    async with hub.client() as http:
        return await http.get("/", headers=cookie | headers)


async def run(hub: Hub, command: str, /, **arguments: Any) -> dict[str, Any]:
    return await COMMANDS[command](hub.entrance, OPERATOR, arguments)
