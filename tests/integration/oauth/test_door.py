"""No route answers a stranger; a token opens what its client may do now, and nothing longer."""

from typing import Any

import pytest

from hie.oauth.open_doors import OPEN_DOORS, closed_routes, is_open
from tests.integration.oauth.asking import bearer, get, token
from tests.integration.oauth.conftest import Hub, Making, application, register
from tests.unit.access.tokens import (
    CLIENT,
    FHIR,
    INSTITUTION,
    NOW,
    a_header,
    an_access_header,
    an_access_payload,
    an_assertion,
    ec_key,
    hub_private,
    jwk_of,
    rsa_key,
    signed,
)

pytestmark = pytest.mark.anyio

FROZEN = {
    ("/healthz", "GET HEAD"),
    ("/readyz", "GET HEAD"),
    ("/fhir/metadata", "GET HEAD"),
    ("/.well-known/smart-configuration", "GET HEAD"),
    ("/.well-known/oauth-authorization-server", "GET HEAD"),
    ("/.well-known/openid-configuration", "GET HEAD"),
    ("/.well-known/jwks.json", "GET HEAD"),
    ("/fhir/.well-known/smart-configuration", "GET HEAD"),
    ("/cds-services", "GET HEAD"),
    ("/oauth/token", "POST"),
    ("/oauth/authorize", "GET HEAD POST"),
    ("/sign-in", "GET HEAD POST"),
    ("/sign-in/with/*", "GET HEAD"),
    ("/sign-in/back/*", "GET HEAD"),
    ("/static/*", "GET HEAD"),
}


def test_the_list_of_open_doors_is_frozen() -> None:
    found = {(door.path + "*" * door.below, " ".join(sorted(door.methods))) for door in OPEN_DOORS}
    assert found == FROZEN


async def test_every_route_that_is_not_open_refuses_a_stranger(hub: Hub) -> None:
    closed = closed_routes(application(hub.entrance)._app._app.routes)
    assert ("GET", "/fhir/Observation/x") in closed
    async with hub.client() as http:
        for method, path in closed:
            answer = await http.request(method, path)
            assert answer.status_code == 401, (method, path)
            assert "www-authenticate" in answer.headers


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/nothing"),
        ("GET", "/fhir"),
        ("GET", "/fhir/"),
        ("POST", "/fhir/metadata"),
        ("GET", "/fhir/metadata/"),
        ("GET", "/fhir/metadata/x"),
        ("GET", "/fhir/../fhir/Observation/1"),
        ("GET", "//healthz"),
        ("GET", "/healthz/"),
        ("GET", "/healthz;x"),
        ("GET", "/HEALTHZ"),
        ("GET", "/static"),
        ("POST", "/static/x"),
        ("GET", "/cds-services/hie-order-sign"),
        ("POST", "/cds-services"),
        ("GET", "/.well-known/other"),
        ("DELETE", "/oauth/token"),
        ("GET", "/docs"),
        ("GET", "/openapi.json"),
        ("OPTIONS", "/fhir/Observation/1"),
        ("TRACE", "/healthz"),
        ("HEAD", "/fhir/Observation/1"),
    ],
)
async def test_what_is_not_in_the_list_needs_a_token(hub: Hub, method: str, path: str) -> None:
    assert not is_open(method, path)
    async with hub.client() as http:
        assert (await http.request(method, path)).status_code == 401


async def test_strangers_are_always_told_401_and_never_429(hub: Hub) -> None:
    for _ in range(40):
        assert (await get(hub, None)).status_code == 401


async def test_a_stranger_cannot_tell_what_exists(hub: Hub) -> None:
    there = await get(hub, None, "/fhir/Observation/1")
    absent = await get(hub, None, "/fhir/Nothing/1")
    assert there.content == absent.content
    assert there.json()["issue"][0]["code"] == "login"
    assert there.headers["content-type"] == "application/fhir+json; charset=utf-8"
    assert there.headers["www-authenticate"] == 'Bearer realm="hie"'


async def test_outside_fhir_the_refusal_is_problem_json(hub: Hub) -> None:
    async with hub.client() as http:
        answer = await http.post("/v1/order-check", json={})
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {"type": "about:blank", "title": "not authenticated", "status": 401}


async def test_a_token_opens_what_its_scopes_say(hub: Hub) -> None:
    answer = await get(hub, await token(hub, CLIENT, "system/Observation.r"))
    assert answer.json() == {"client": CLIENT, "scopes": ["system/Observation.r"]}


async def test_a_missing_scope_is_refused_and_recorded_with_the_client(hub: Hub) -> None:
    text = await token(hub, CLIENT, "system/Observation.r")
    async with hub.client() as http:
        answer = await http.post("/v1/order-check", headers=bearer(text), json={})
    assert answer.status_code == 403
    (row,) = await hub.audit("refused")
    assert (row["reason"], row["client"], row["detail"]) == ("scope", CLIENT, "POST /v1")


@pytest.mark.parametrize(
    "header",
    [
        "Basic bGlzLTE6c2VjcmV0",
        "DPoP {token}",
        "Bearer",
        "Bearer ",
        "{token}",
        "Token {token}",
        "Bearer {token} {token}",
        "Bearer {token},Bearer {token}",
        "Bearer {token}=",
        'Bearer "{token}"',
        "Bearer\t{token}",
    ],
)
async def test_one_bearer_token_and_nothing_else_is_read(hub: Hub, header: str) -> None:
    headers = {"Authorization": header.format(token=await token(hub))}
    async with hub.client() as http:
        answer = await http.get("/fhir/Observation/1", headers=headers)
    assert answer.status_code == 401


async def test_two_authorization_headers_are_none(hub: Hub) -> None:
    header = ("Authorization", f"Bearer {await token(hub)}")
    async with hub.client() as http:
        assert (await http.get("/fhir/Observation/1", headers=[header])).status_code == 200
        answer = await http.get("/fhir/Observation/1", headers=[header, header])
    assert answer.status_code == 401


async def test_a_token_in_the_address_or_the_body_is_no_token(hub: Hub) -> None:
    text = await token(hub)
    assert (await get(hub, None, f"/fhir/Observation/1?access_token={text}")).status_code == 401


async def test_the_scheme_is_read_without_regard_to_case(hub: Hub) -> None:
    headers = {"Authorization": f"bEaReR {await token(hub)}"}
    async with hub.client() as http:
        assert (await http.get("/fhir/Observation/1", headers=headers)).status_code == 200


async def test_a_client_assertion_is_no_access_token(hub: Hub) -> None:
    assertion = signed(a_header(), an_assertion(), ec_key())
    answer = await get(hub, assertion)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="hie", error="invalid_token"'
    assert await hub.reasons() == ["type"]


async def test_a_token_of_another_key_is_refused(hub: Hub) -> None:
    text = signed(an_access_header(), an_access_payload(), hub_private(), "ES256")
    assert (await get(hub, text)).status_code == 401
    assert await hub.reasons() == ["kid"]


def forged(doors: Hub, /, **claims: Any) -> str:
    """What only the hub itself could sign: a token with other claims."""
    key = doors.entrance.ring.signer(NOW)
    return signed(
        an_access_header(kid=key.kid), an_access_payload(**claims), key.signer.private, "ES256"
    )


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"aud": "https://other.example/fhir"}, "aud"),
        ({"aud": [FHIR]}, "aud"),
        ({"iss": "https://hub.example.evil"}, "claim"),
        ({"client_id": "ghost"}, "status"),
        ({"exp": NOW + 301}, "lifetime"),
        ({"hub": {"inst": "12100000400686060U"}}, "org-spoof"),
        ({"hub": {}}, "org-spoof"),
        ({"extensions": None}, "purpose"),
        ({"extensions": {"ihe_iua": {"purpose_of_use": []}}}, "purpose"),
        ({"extensions": {"ihe_iua": {"purpose_of_use": [{"code": "BTG"}]}}}, "purpose"),
        ({"extensions": {"ihe_iua": {"purpose_of_use": [{"code": "X"}]}}}, "purpose"),
    ],
)
async def test_a_token_with_another_claim_is_refused(
    hub: Hub, claims: dict[str, Any], reason: str
) -> None:
    assert (await get(hub, forged(hub))).status_code == 200
    assert (await get(hub, forged(hub, **claims))).status_code == 401
    assert await hub.reasons() == [reason]


async def test_a_token_dies_at_its_time_even_when_it_is_remembered(hub: Hub) -> None:
    text = await token(hub)
    assert (await get(hub, text)).status_code == 200
    hub.clock.now += 295
    assert (await get(hub, text)).status_code == 200
    hub.clock.now += 36
    assert (await get(hub, text)).status_code == 401


async def test_a_withdrawn_institutions_token_dies(hub: Hub) -> None:
    text = await token(hub)
    assert (await get(hub, text)).status_code == 200
    hub.region.status[INSTITUTION] = "withdrawn"
    assert (await get(hub, text)).status_code == 401


async def test_a_headers_claim_of_another_institution_changes_nothing(hub: Hub) -> None:
    headers = bearer(await token(hub)) | {
        "X-Institution": "12100000400686060U",
        "X-Forwarded-User": "root",
        "X-Hub-Internal": "1",
        "X-HTTP-Method-Override": "DELETE",
        "X-Forwarded-For": "127.0.0.1",
        "X-Client-Cert": "x",
    }
    async with hub.client() as http:
        answer = await http.get("/fhir/Observation/1", headers=headers)
    assert answer.json() == (await get(hub, await token(hub))).json()


async def test_a_client_is_held_to_its_rate_but_may_send_messages(hub: Hub) -> None:
    headers = bearer(await token(hub))
    async with hub.client() as http:
        statuses = [
            (await http.get("/fhir/Observation/1", headers=headers)).status_code for _ in range(102)
        ]
        assert statuses == [200] * 100 + [429] * 2
        late = await http.get("/fhir/Observation/1", headers=headers)
        assert late.headers["retry-after"] == "1"
        assert late.json()["issue"][0]["code"] == "throttled"
        sent = await http.post("/intake/lab-1", headers=headers, content=b"MSH")
    assert sent.status_code == 200


async def test_wrong_tokens_back_off_and_right_ones_do_not(hub: Hub) -> None:
    statuses = [(await get(hub, "a.b.c")).status_code for _ in range(12)]
    assert statuses == [401] * 10 + [429] * 2
    assert (await get(hub, await token(hub))).status_code == 200


async def test_when_the_refusal_cannot_be_recorded_nothing_is_said(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hie.errors import Unavailable

    async def away(event: object) -> str:
        raise Unavailable("disk full")

    monkeypatch.setattr(hub.ledger, "record", away)
    answer = await get(hub, None)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("10.0.0.1", {}, 401),
        ("127.0.0.1", {"X-Forwarded-For": "203.0.113.9"}, 401),
        ("127.0.0.1", {"Forwarded": "for=203.0.113.9"}, 401),
        ("10.0.0.1", {"Authorization": "Bearer scrape-me-0123456789"}, 200),
        ("10.0.0.1", {"Authorization": "Bearer scrape-me-0123456780"}, 401),
        ("10.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, 401),
    ],
)
async def test_metrics_are_for_this_machine_or_a_token(
    making: Making, address: str, headers: dict[str, str], status: int
) -> None:
    hub = making(metrics_token="scrape-me-0123456789")
    async with hub.client(address) as http:
        assert (await http.get("/metrics", headers=headers)).status_code == status


async def test_an_access_token_opens_no_metrics(hub: Hub) -> None:
    assert (await get(hub, await token(hub), "/metrics")).status_code == 401


async def test_a_token_opens_no_page(hub: Hub) -> None:
    assert (await get(hub, await token(hub), "/")).status_code == 401


async def test_a_browser_is_led_to_the_sign_in_page(hub: Hub) -> None:
    async with hub.client(headers={"Accept": "text/html,*/*"}) as http:
        answer = await http.get("/patients?q=<script>&n=%22x")
    assert answer.status_code == 401
    assert "/sign-in?next=%2Fpatients" in answer.text
    assert "<script>" not in answer.text


async def test_two_clients_are_told_apart_by_their_keys(hub: Hub) -> None:
    await register(hub, client="ris-1", key=jwk_of(rsa_key()), institution="12100000400686060U")
    answer = await get(hub, await token(hub, "ris-1"))
    assert answer.json()["client"] == "ris-1"
