"""A token of one kind fails at every door but its own: six tokens, each good, at five doors."""

import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from hie.exchange.commands import run
from hie.oauth.token_request import ASSERTION_TYPE
from tests.integration.access.support import INSTITUTIONS
from tests.integration.launch.provider import ID, registered
from tests.integration.launch.rogue import Rogue, id_token, rogue
from tests.integration.launch.support import Desk, answered, desk
from tests.integration.test_doors import BASE, _client
from tests.unit.access.tokens import a_header, ec_key, jwk_of, signed

pytestmark = pytest.mark.anyio
SYSTEM = "system"
TOKEN_DOOR, USER_GRANT = f"{BASE}/oauth/token", "urn:ietf:params:oauth:grant-type:jwt-bearer"
# Which kinds pass at which door; what is not named must fail.
OWN = {
    "bearer": {"access token", "token of an app"},
    "client assertion": {"client assertion"},
    "user context": {"user context"},
    "code with a proof": set(),
    "provider": {"id_token of the provider"},
}


def _assertion(typ: str, **changes: Any) -> str:
    now = int(time.time())
    claims = {"iss": SYSTEM, "sub": SYSTEM, "aud": TOKEN_DOOR, "iat": now, "exp": now + 100}
    claims |= {"jti": str(uuid.uuid4()), **changes}
    return signed(a_header(kid="k", typ=typ), claims, ec_key())


async def _kinds(at: Desk, idp: Rogue, nonce: str) -> Mapping[str, str]:
    """A good token of each kind, made anew."""
    patient = at.region.patients["P1a"]
    page = await at.authorize(scope="launch/patient openid patient/*.rs", nonce="n" * 20)
    told = (await at.token(answered(await at.choose(page, patient=patient))["code"])).json()
    role = [{"system": "http://snomed.info/sct", "code": "112247003"}]
    context = {"sub": "e-1", "aud": BASE, "extensions": {"ihe_iua": {"subject_role": role}}}
    given = await run(at.hub, "client-token", {"client": SYSTEM, "scopes": None})
    return {
        "access token": given["access_token"],
        "token of an app": told["access_token"],
        "id_token of the hub": told["id_token"],
        "client assertion": _assertion("JWT"),
        "user context": _assertion("hub-user-context+jwt", **context),
        "id_token of the provider": id_token(idp.claims(nonce, at.hub.entrance.clock())),
    }


async def _passes(at: Desk, idp: Rogue, door: str, token: str, state: str) -> bool:
    """Whether a token passes at a door; whatever it answers is no failure of the hub."""
    if door == "provider":
        idp.id_token = token
        said = urlencode({"code": "c", "state": state, "iss": idp.issuer})
        answer = await at.browser.get(f"/sign-in/back/{ID}?{said}")
        assert answer.status_code in {303, 400}, answer.text
        return answer.status_code == 303
    if door == "bearer":
        answer = await at.fhir("Observation?patient=" + at.region.patients["P1a"], token)
        assert answer.status_code in {200, 401}, answer.text
        return answer.status_code == 200
    proof = {"client_assertion": token, "client_assertion_type": ASSERTION_TYPE}
    form = {
        "client assertion": {"grant_type": "client_credentials", **proof},
        "user context": {"grant_type": USER_GRANT, "assertion": token},
        "code with a proof": {
            "grant_type": "authorization_code",
            "code": token[:512],
            "redirect_uri": "https://app.example/back?of=app",
            "code_verifier": "v" * 43,
            **proof,
        },
    }[door]
    async with _client(at.hub) as client:
        answer = await client.post("/oauth/token", data=form)
    assert answer.status_code in {200, 400, 401}, answer.text
    assert token not in answer.text
    return answer.status_code == 200


async def test_a_token_of_one_kind_fails_at_every_other_door(place: Any, tmp_path: Path) -> None:
    async with desk(place, tmp_path) as at, rogue(tmp_path / "idp", at.hub) as idp:
        await registered(at.hub, idp.issuer, algorithm="ES256")
        client = {
            "client": SYSTEM,
            "institution": INSTITUTIONS["a"],
            "key": jwk_of(ec_key(), kid="k"),
            "scopes": ["system/Observation.rs", "user/Observation.rs"],
            "purposes": ["TREAT"],
        }
        await run(at.hub, "client-add", client)
        for door, own in OWN.items():
            for kind in await _names(at, idp):
                at.browser.cookies.clear()
                await at.sign_in()
                state, nonce = await _begun(at)
                token = (await _kinds(at, idp, nonce))[kind]
                before = len(await at.refused())
                at.hub.entrance.refusals._noise.clear()
                passed = await _passes(at, idp, door, token, state)
                assert passed == (kind in own), (door, kind)
                told = await at.refused()
                assert len(told) == before + (not passed), (door, kind)


async def _names(at: Desk, idp: Rogue) -> list[str]:
    await at.sign_in()
    return list(await _kinds(at, idp, "n"))


async def _begun(at: Desk) -> tuple[str, str]:
    left = await at.browser.get(f"/sign-in/with/{ID}")
    asked = parse_qs(urlsplit(left.headers["location"]).query)
    return asked["state"][0], asked["nonce"][0]
