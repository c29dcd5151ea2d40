"""A bound token opens every entry of a bundle by the one proof of the whole, and nothing else."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from hie.access.dpop import hash_of
from hie.exchange.commands import run
from hie.oauth.sender import nonce
from tests.integration.fhir.support import hub_of_writer
from tests.integration.oauth.asking import form
from tests.integration.two_hospitals import CASE
from tests.places import Place
from tests.unit.access.tokens import a_header, ec_key, jwk_of, signed

pytestmark = pytest.mark.anyio


def proof(hub: Any, method: str, path: str, number: int, token: str | None = None) -> str:
    private, address = ec_key("P-256", 51), hub.entrance.address
    jwk = {name: jwk_of(private)[name] for name in ("kty", "crv", "x", "y")}
    claims = {
        "jti": f"b-{number}",
        "htm": method,
        "htu": f"{address}{path}",
        "iat": int(time.time()),
        "nonce": nonce(hub.entrance),
    } | ({} if token is None else {"ath": hash_of(token)})
    return signed({"alg": "ES256", "typ": "dpop+jwt", "jwk": jwk}, claims, private, "ES256")


async def test_one_proof_opens_every_entry_of_a_batch(place: Place, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (hub, client):
        key = jwk_of(ec_key("P-384", 32), kid="p1")
        asked = {
            "client": "prover-1",
            "institution": CASE.institution,
            "key": key,
            "scopes": ["system/*.cruds"],
            "sender": "dpop",
        }
        await run(hub, "client-add", asked)
        now = int(time.time())
        said = {"iss": "prover-1", "sub": "prover-1", "aud": hub.entrance.address}
        text = signed(
            a_header(kid="p1"),
            said | {"iat": now, "exp": now + 100, "jti": "x"},
            ec_key("P-384", 32),
        )
        fields = form(text, scope="system/*.cruds")
        headers = {
            "DPoP": proof(hub, "POST", "/oauth/token", 1),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        client.headers.pop("authorization")
        answer = await client.post("/oauth/token", data=fields, headers=headers)
        assert answer.status_code == 200, answer.text
        token = answer.json()["access_token"]
        entries = [{"request": {"method": "GET", "url": "Patient/nobody"}}] * 2
        batch = {"resourceType": "Bundle", "type": "batch", "entry": entries}

        async def post(number: int, path: str) -> Any:
            shown = {
                "Authorization": f"DPoP {token}",
                "DPoP": proof(hub, "POST", path, number, token),
                "Content-Type": "application/fhir+json",
            }
            return await client.post("/fhir", content=json.dumps(batch), headers=shown)

        answer = await post(2, "/fhir")
        assert answer.status_code == 200, answer.text
        assert [one["response"]["status"][:3] for one in answer.json()["entry"]] == ["404", "404"]
        assert (await post(2, "/fhir")).status_code == 401
        assert (await post(3, "/fhir/Patient")).status_code == 401
