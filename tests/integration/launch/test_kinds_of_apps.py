"""Confidential apps prove their key, browsers' apps call from their own origin, others do neither."""

import time
import uuid
from pathlib import Path
from typing import Any

import pytest

from hie.access.compact import read_compact
from hie.access.dpop import hash_of
from hie.errors import Conflict
from hie.exchange.commands import run
from hie.oauth.sender import nonce
from hie.oauth.token_request import ASSERTION_TYPE, GrantType
from tests.integration.launch.support import (
    APP,
    BACK,
    VERIFIER,
    Desk,
    answered,
    app_added,
    desk,
)
from tests.integration.test_doors import BASE, _client
from tests.unit.access.tokens import a_header, ec_key, jwk_of, rsa_key, signed

pytestmark = pytest.mark.anyio
HERE = "https://app.example"
QUESTION = {
    "Access-Control-Request-Method": "GET",
    "Access-Control-Request-Headers": "authorization",
}
SECRETIVE = "secretive"


def proof(typ: str = "JWT", **changes: Any) -> dict[str, str]:
    now = int(time.time())
    claims = {"iss": SECRETIVE, "sub": SECRETIVE, "aud": f"{BASE}/oauth/token", "iat": now}
    claims |= {"exp": now + 100, "jti": str(uuid.uuid4()), **changes}
    token = signed(a_header(kid="k", typ=typ), claims, ec_key())
    return {"client_assertion": token, "client_assertion_type": ASSERTION_TYPE}


async def test_a_confidential_app_proves_its_key_with_its_code(place: Any, tmp_path: Path) -> None:
    async with desk(place, tmp_path) as at:
        told = await app_added(at.hub, SECRETIVE, key=jwk_of(ec_key(), kid="k"))
        assert told["kind"] == "confidential"
        await at.sign_in()
        patient = at.region.patients["P1a"]
        code = await at.code(patient, client_id=SECRETIVE)
        without = await at.token(code, client_id=SECRETIVE)
        assert (without.status_code, without.json()["error"]) == (401, "invalid_client")
        assert (await at.refused())[-1] == ("method", "4")
        held = {"client": SECRETIVE, "networks": ["10.7.0.0/16"]}
        await run(at.hub, "client-networks", held)
        elsewhere = await at.token(code, client_id=None, **proof())
        assert (elsewhere.status_code, elsewhere.json()["error"]) == (401, "invalid_client")
        assert (await at.refused())[-1] == ("network", "4")
        await run(at.hub, "client-networks", {**held, "networks": []})
        wrong = await at.token(code, client_id=APP, **proof())
        assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
        aimed = await at.token(code, client_id=None, **proof(aud="https://evil.example"))
        assert aimed.status_code == 401
        used = proof()
        answer = await at.token(code, client_id=None, **used)
        assert answer.status_code == 200
        token = answer.json()["access_token"]
        assert (await at.fhir(f"Patient/{patient}", token)).status_code == 200
        again = await at.token(await at.code(patient, client_id=SECRETIVE), client_id=None, **used)
        assert again.status_code == 401
        assert (await at.refused())[-1] == ("replay", "8")


async def test_an_app_gets_no_token_but_by_a_code(place: Any, tmp_path: Path) -> None:
    async with desk(place, tmp_path) as at, _client(at.hub) as client:
        await app_added(at.hub, SECRETIVE, key=jwk_of(ec_key(), kid="k"))
        role = [{"system": "http://snomed.info/sct", "code": "112247003"}]
        context = {"sub": "e-1", "aud": BASE, "extensions": {"ihe_iua": {"subject_role": role}}}
        vouched = proof("hub-user-context+jwt", **context)["client_assertion"]
        for form in (
            {"grant_type": GrantType.CLIENT.value, "scope": "hie/order-check", **proof()},
            {"grant_type": GrantType.USER_CONTEXT.value, "assertion": vouched},
        ):
            answer = await client.post("/oauth/token", data=form)
            assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")
            assert (await at.refused())[-1] == ("grant", "4")
        with pytest.raises(Conflict):
            await run(at.hub, "client-token", {"client": SECRETIVE, "scopes": None})
        await at.sign_in()
        code = await at.code(at.region.patients["P1a"], client_id=SECRETIVE)
        assert (await at.token(code, client_id=None, **proof())).status_code == 200


async def test_an_app_is_registered_with_what_holds(place: Any, tmp_path: Path) -> None:
    from hie.errors import UnprocessableRequest

    wrong: dict[str, dict[str, Any]] = {
        "redirect_uris[0]": {"redirect_uris": ["http://app.example/back"]},
        "redirect_uris[1]": {"redirect_uris": [BACK, "javascript:alert(1)"]},
        "redirect_uris": {"redirect_uris": []},
        "launch_url": {"launch_url": "https://app.example/launch#x"},
        "scopes[0]": {"scopes": ["system/*.rs"]},
        "scopes[1]": {"scopes": ["patient/*.rs", "hie/introspect"]},
        "scopes": {"scopes": []},
        "key": {"key": {**jwk_of(rsa_key(1024)), "kid": "k"}},
        "client": {"client": "An App"},
        "institution": {"institution": "nobody"},
    }
    async with desk(place, tmp_path) as at:
        for name, changes in wrong.items():
            with pytest.raises(UnprocessableRequest) as refused:
                await app_added(at.hub, **{"client": "new", **changes})
            assert name in [fault.path for fault in refused.value.faults]
        for uri in (
            "http://localhost:8080/back", "http://127.0.0.1/back", "http://[::1]:1/",
            "cn.example.app:/back", "https://app.example:8443/back?a=b",
        ):  # fmt: skip
            await app_added(at.hub, f"new-{uuid.uuid4().hex[:8]}", redirect_uris=[uri])
        for uri in (
            "https://u@app.example/", "https://u:p@app.example/", "https:///back", "https://",
            "//app.example/", "app:/back", "data:text/html,x", "https://app.example/a b",
            "https://app.example/\\evil", "HTTPS://app.example/back#", "http://localhost.evil.example/",
            "http://127.0.0.1.evil.example/", "https://app.example:99999/", "blob:https://x/1",
        ):  # fmt: skip
            with pytest.raises(UnprocessableRequest):
                await app_added(at.hub, "never", redirect_uris=[uri])


async def test_an_app_in_a_browser_calls_from_its_own_origin(place: Any, tmp_path: Path) -> None:
    async with desk(place, tmp_path) as at, _client(at.hub) as app:
        for path in ("/fhir/Patient/x", "/oauth/token", "/fhir/metadata", "/v1/order-check"):
            asked = await app.options(path, headers={"Origin": HERE, **QUESTION})
            assert asked.status_code == 204, path
            assert asked.headers["access-control-allow-origin"] == HERE
            assert "Authorization" in asked.headers["access-control-allow-headers"]
            assert "access-control-allow-credentials" not in asked.headers
            assert "Origin" in asked.headers["vary"]
            for origin in ("https://evil.example", "null", f"{HERE}.evil.example", f"{HERE}:8443"):
                other = await app.options(path, headers={"Origin": origin, **QUESTION})
                assert other.status_code != 204, (path, origin)
                assert "access-control-allow-origin" not in other.headers
        for path in ("/patients", "/sign-in", "/oauth/authorize", "/metrics"):
            page = await app.options(path, headers={"Origin": HERE, **QUESTION})
            assert "access-control-allow-origin" not in page.headers, path
        await at.sign_in()
        patient = at.region.patients["P1a"]
        answer = await at.token(await at.code(patient))
        bearer = {"Authorization": f"Bearer {answer.json()['access_token']}", "Origin": HERE}
        read = await app.get(f"/fhir/Patient/{patient}", headers=bearer)
        assert read.status_code == 200
        assert read.headers["access-control-allow-origin"] == HERE
        assert "ETag" in read.headers["access-control-expose-headers"]
        refused = await app.get("/fhir/Patient/x", headers={"Origin": HERE})
        assert refused.status_code == 401
        assert refused.headers["access-control-allow-origin"] == HERE


async def test_what_a_browser_could_send_of_itself_opens_nothing_from_an_origin(
    place: Any, tmp_path: Path
) -> None:
    async with desk(place, tmp_path) as at:
        await at.sign_in()
        patient = at.region.patients["P1a"]
        answer = await at.browser.get(f"/fhir/Patient/{patient}", headers={"Origin": HERE})
        assert answer.status_code == 401
        assert "access-control-allow-credentials" not in answer.headers


async def test_openid_names_the_account_and_nobody_by_name(place: Any, tmp_path: Path) -> None:
    async with desk(place, tmp_path) as at:
        await at.sign_in()
        asked = await at.authorize(scope="openid offline_access user/Patient.r", nonce="n" * 30)
        told = (await at.token(answered(asked)["code"])).json()
        assert told["scope"] == "openid user/Patient.r"
        token = read_compact(told["id_token"])
        assert token.header["typ"] == "JWT"
        claims = token.payload
        assert (claims["iss"], claims["aud"], claims["nonce"]) == (BASE, APP, "n" * 30)
        assert set(claims) == {"iss", "sub", "aud", "iat", "exp", "nonce"}
        assert "某人" not in str(claims)
        assert "wang" not in str(claims)


async def test_an_app_reads_who_its_person_is(place: Any, tmp_path: Path) -> None:
    async with desk(place, tmp_path) as at:
        await at.sign_in()
        patient = at.region.patients["P1a"]
        scope = "openid fhirUser launch/patient patient/Patient.r user/Practitioner.r"
        versions = []
        for _ in range(2):
            page = await at.authorize(scope=scope)
            told = await at.token(answered(await at.choose(page, patient=patient))["code"])
            claims = read_compact(told.json()["id_token"]).payload
            assert claims["fhirUser"] == f"{BASE}/fhir/Practitioner/{claims['sub']}"
            path = str(claims["fhirUser"]).removeprefix(f"{BASE}/fhir/")
            read = await at.fhir(path, told.json()["access_token"])
            assert read.json()["name"] == [{"text": "某人"}]
            versions.append(read.json()["meta"]["versionId"])
        assert versions == ["1", "1"]
        alone = await at.authorize(scope="fhirUser user/Patient.r")
        assert "fhirUser" not in (await at.token(answered(alone)["code"])).json()["scope"]


async def test_what_the_hub_says_of_itself_is_what_it_does(place: Any, tmp_path: Path) -> None:
    async with desk(place, tmp_path) as at:
        smart = (await at.browser.get("/fhir/.well-known/smart-configuration")).json()
        server = (await at.browser.get("/.well-known/oauth-authorization-server")).json()
        openid = (await at.browser.get("/.well-known/openid-configuration")).json()
    for one in (smart, server, openid):
        assert one["issuer"] == BASE
        assert one["authorization_endpoint"] == f"{BASE}/oauth/authorize"
        assert one["code_challenge_methods_supported"] == ["S256"]
        assert one["response_types_supported"] == ["code"]
        assert one["authorization_response_iss_parameter_supported"] is True
        assert "authorization_code" in one["grant_types_supported"]
        assert {"none", "private_key_jwt"} == set(one["token_endpoint_auth_methods_supported"])
    assert {"launch-ehr", "launch-standalone", "context-ehr-patient"} <= set(smart["capabilities"])


async def test_who_leads_lets_an_app_see_the_numbers_and_no_patient(
    place: Any, tmp_path: Path
) -> None:
    async with desk(place, tmp_path, login="boss") as at, _client(at.hub) as app:
        await app_added(at.hub, "numbers", scopes=["hie/indicators", "patient/*.rs"])
        await at.sign_in()
        asked = await at.authorize(client_id="numbers", scope="hie/indicators")
        answer = await at.token(answered(asked)["code"], client_id="numbers")
        bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        asked_for = "/v1/indicators?from=2026-01-01&to=2026-01-31"
        assert (await app.get(asked_for, headers=bearer)).status_code == 200
        patient = at.region.patients["P1a"]
        assert (await app.get(f"/fhir/Patient/{patient}", headers=bearer)).status_code == 403


async def test_a_token_may_be_bound_to_the_key_its_app_proves(place: Any, tmp_path: Path) -> None:
    async with desk(place, tmp_path) as at, _client(at.hub) as app:
        await at.sign_in()
        patient = at.region.patients["P1a"]
        form = {
            "grant_type": "authorization_code",
            "code": await at.code(patient),
            "redirect_uri": BACK,
            "code_verifier": VERIFIER,
            "client_id": APP,
        }
        shown = {"DPoP": _possession(at, "POST", f"{BASE}/oauth/token")}
        answer = await app.post("/oauth/token", data=form, headers=shown)
        assert answer.status_code == 200, answer.text
        told = answer.json()
        assert told["token_type"] == "DPoP"
        token, path = told["access_token"], f"/fhir/Patient/{patient}"
        copied = await app.get(path, headers={"Authorization": f"Bearer {token}"})
        assert copied.status_code == 401
        proof_ = _possession(at, "GET", f"{BASE}{path}", token)
        own = await app.get(path, headers={"Authorization": f"DPoP {token}", "DPoP": proof_})
        assert own.status_code == 200, own.text


def _possession(at: Desk, method: str, address: str, token: str | None = None) -> str:
    key = ec_key("P-256", 61)
    members = {name: jwk_of(key)[name] for name in ("kty", "crv", "x", "y")}
    header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": members}
    claims: dict[str, Any] = {
        "jti": uuid.uuid4().hex,
        "htm": method,
        "htu": address,
        "iat": int(time.time()),
        "nonce": nonce(at.hub.entrance),
    }
    if token is not None:
        claims["ath"] = hash_of(token)
    return signed(header, claims, key, "ES256")
