"""A hospital's system that vouches for its people, and what it signs."""

from typing import Any

from hie.oauth.token_request import GrantType
from tests.integration.oauth.asking import ask
from tests.integration.oauth.conftest import SCOPES, Hub, register
from tests.unit.access.tokens import HUB, NOW, a_header, ec_key, jwk_of, signed

HIS = "his-1"
HIS_KEY = 41  # `ec_key("P-384", HIS_KEY)`
OWN = ("user/Observation.rs", "user/Patient.r", *SCOPES)
SNOMED = "http://snomed.info/sct"


def iua(role: Any = "112247003", purpose: Any = "TREAT", **more: Any) -> dict[str, Any]:
    said = {
        "subject_role": None if role is None else [{"system": SNOMED, "code": role}],
        "purpose_of_use": None if purpose is None else [{"code": purpose}],
        **more,
    }
    return {"ihe_iua": {name: value for name, value in said.items() if value is not None}}


def a_context(number: int = 1, **changes: Any) -> dict[str, Any]:
    claims = {
        "iss": HIS,
        "sub": "staff-4711",
        "aud": HUB,
        "iat": NOW,
        "exp": NOW + 100,
        "jti": f"context-{number}",
        "extensions": iua(),
        "patient": "Patient/p1",
        "encounter": "Encounter/e1",
        "acr": "urn:hub:acr:2",
        "auth_time": NOW - 60,
    } | changes
    return {name: value for name, value in claims.items() if value is not None}


def context_header(**changes: Any) -> dict[str, Any]:
    return a_header(**({"kid": "h1", "typ": "hub-user-context+jwt"} | changes))


def context(number: int = 1, header: dict[str, Any] | None = None, **changes: Any) -> str:
    key = ec_key("P-384", HIS_KEY)
    return signed(header or context_header(), a_context(number, **changes), key)


def his_assertion(number: int = 1, **changes: Any) -> str:
    """The same system's client assertion."""
    claims = {
        "iss": HIS,
        "sub": HIS,
        "aud": HUB,
        "iat": NOW,
        "exp": NOW + 100,
        "jti": f"a-{number}",
    }
    return signed(a_header(kid="h1"), claims | changes, ec_key("P-384", HIS_KEY))


async def register_his(hub: Hub, **changes: Any) -> None:
    values: dict[str, Any] = {
        "client": HIS,
        "key": jwk_of(ec_key("P-384", HIS_KEY), kid="h1"),
        "scopes": OWN,
        "name": "HIS",
    }
    await register(hub, **(values | changes))


async def ask_for_person(hub: Hub, assertion: str | None = None, **fields: Any) -> Any:
    asked = {
        "grant_type": GrantType.USER_CONTEXT.value,
        "assertion": assertion or context(),
        "scope": "user/Observation.rs",
    } | fields
    return await ask(hub, {name: value for name, value in asked.items() if value is not None})


async def person_token(hub: Hub, number: int = 1, **changes: Any) -> str:
    answer = await ask_for_person(hub, context(number, **changes))
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])
