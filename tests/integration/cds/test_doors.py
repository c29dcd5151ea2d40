"""Who calls a CDS service proves it anew with each call, and reads the answer where it is at home."""

import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from hie.exchange.commands import run
from hie.synthetic.institutions import BEIJING
from tests.integration.cds.support import (
    POTASSIUM,
    RECEIVER,
    Cds,
    outcome_of,
    region,
    registered,
    sign,
)
from tests.unit.access.tokens import ec_key, rsa_key

pytestmark = pytest.mark.anyio
SIGN, SELECT = "/cds-services/hie-order-sign", "/cds-services/hie-order-select"
FEEDBACK = f"{SIGN}/feedback"
HOME, APP_HOME = "https://his.sj.example", "https://screen.sj.example"


async def test_discovery_tells_a_stranger_three_services_in_their_language(
    place: Any, tmp_path: Path
) -> None:
    async with region(place, tmp_path) as his:
        answer = await his.http.get("/cds-services", headers={"Accept-Language": "en"})
        assert answer.status_code == 200
        assert answer.json().keys() == {"services"}
        services = answer.json()["services"]
        assert [(one["id"], one["hook"]) for one in services] == [
            ("hie-patient-view", "patient-view"),
            ("hie-order-select", "order-select"),
            ("hie-order-sign", "order-sign"),
        ]
        for one in services:
            assert one["prefetch"]["patient"] == "Patient/{{context.patientId}}"
            assert all(isinstance(one[key], str) for key in ("title", "description"))
            assert "fhirServer" in one["usageRequirements"]
        other = await his.http.get("/cds-services")
        assert other.json()["services"][0]["title"] == "既往结果互认：打开病历"


async def refused(his: Cds, token: str | None, path: str = SIGN) -> None:
    """A token that does not open: the caller learns nothing but that."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    answer = await his.http.post(path, json=sign(POTASSIUM), headers=headers)
    (issue,) = outcome_of(answer, 401)
    assert issue["code"] == "login"
    error = "" if token is None else ', error="invalid_token"'
    assert answer.headers["www-authenticate"] == f'Bearer realm="hie"{error}'


async def test_a_call_is_opened_by_its_own_token_and_once(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as his:
        token = his.token(SIGN)
        assert (await his.post(SIGN, sign(POTASSIUM), token)).status_code == 200
        await refused(his, token)
        await refused(his, None)
        await refused(his, his.token(SELECT))
        await refused(his, his.token(f"{SIGN}/"))
        await refused(his, his.token(SIGN, exp=int(time.time()) + 301))
        await refused(his, his.token(SIGN, iss="https://another.example/cds"))
        access = await run(his.hub, "client-token", {"client": "his-cds", "scopes": None})
        await refused(his, access["access_token"])
        as_access = {"Authorization": f"Bearer {his.token('/fhir')}"}
        assert (await his.http.get("/fhir/Patient", headers=as_access)).status_code == 401
        proof = {"Authorization": f"DPoP {his.token(SIGN)}"}
        answer = await his.http.post(SIGN, json=sign(POTASSIUM), headers=proof)
        assert answer.status_code == 401
        told = [row[1] for row in await his.log() if row[0] == "refused"]
        assert told == [
            *("replay", "no-token", "aud", "aud", "lifetime", "status", "status", "type"),
            "scheme",
        ]


async def test_a_client_of_another_kind_of_key_calls_for_its_own_institution(
    place: Any, tmp_path: Path
) -> None:
    async with region(place, tmp_path) as his:
        for name, key, algorithm in (
            ("his-rsa", rsa_key(), "RS384"),
            ("his-p256", ec_key("P-256", 72), "ES256"),
        ):
            other = await registered(
                his.hub,
                his.http,
                name,
                key=key,
                algorithm=algorithm,
                institution=BEIJING.code,
                issuer=f"https://{name}.example/cds",
            )
            answer = await other.call("hie-order-sign", sign(POTASSIUM))
            assert answer.status_code == 200, answer.text
        async with his.hub.db.reading() as reader:
            rows = await reader.fetch("SELECT DISTINCT institution FROM order_check")
        assert [row[0] for row in rows] == [BEIJING.code]


async def test_scope_networks_and_agreement_bind_a_call_like_any_other(
    place: Any, tmp_path: Path
) -> None:
    async with region(place, tmp_path) as his:
        issuer = "https://poor.example/cds"
        poor = await registered(his.hub, his.http, "poor", scopes=["system/*.rs"], issuer=issuer)
        (issue,) = outcome_of(await poor.call("hie-order-sign", sign(POTASSIUM)), 403)
        assert issue["code"] == "forbidden"
        far = await registered(
            his.hub, his.http, "far", issuer="https://far.example", networks=["192.0.2.0/24"]
        )
        outcome_of(await far.call("hie-order-sign", sign(POTASSIUM)), 403)
        await run(his.hub, "agreement-put", {"institution": RECEIVER, "scopes": ["system/*.rs"]})
        outcome_of(await his.call("hie-order-sign", sign(POTASSIUM)), 403)
        await run(his.hub, "agreement-put", {"institution": RECEIVER, "clearance": "N"})
        answer = await his.call("hie-order-sign", sign(POTASSIUM))
        assert answer.status_code == 200
        assert answer.headers["hie-notice"] == "results-may-be-withheld"
        told = [row[1] for row in await his.log() if row[0] == "refused"]
        assert told == ["scope", "network", "scope"]


async def test_a_page_reads_what_its_own_institution_is_answered(
    place: Any, tmp_path: Path
) -> None:
    async with region(place, tmp_path) as his:
        app = {
            "client": "screen",
            "institution": RECEIVER,
            "redirect_uris": [f"{APP_HOME}/back"],
            "scopes": ["patient/*.rs"],
        }
        await run(his.hub, "app-add", app)
        other = await registered(
            his.hub, his.http, "bj", institution=BEIJING.code, issuer="https://his.bj.example/cds"
        )
        for origin in (HOME, APP_HOME):
            assert allowed(await asked(his, origin)) == origin
            assert allowed(await his.post(SIGN, sign(POTASSIUM), Origin=origin)) == origin
            assert allowed(await other.post(SIGN, sign(POTASSIUM), Origin=origin)) is None
            answer = await his.http.get("/cds-services", headers={"Origin": origin})
            assert allowed(answer) == origin
        stranger = "https://elsewhere.example"
        assert (await asked(his, stranger)).status_code == 401
        assert allowed(await his.post(SIGN, sign(POTASSIUM), Origin=stranger)) is None
        assert allowed(await asked(his, HOME, "/fhir/Patient")) is None
        assert allowed(await asked(his, APP_HOME, "/fhir/Patient")) == APP_HOME


def allowed(answer: httpx.Response) -> str | None:
    """The origin whose pages may read an answer."""
    assert "access-control-allow-credentials" not in answer.headers
    found: str | None = answer.headers.get("access-control-allow-origin")
    return found


async def asked(his: Cds, origin: str, path: str = SIGN) -> httpx.Response:
    """What a browser asks before it calls."""
    headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    return await his.http.options(path, headers=headers)
