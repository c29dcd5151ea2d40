"""A code is changed once, by whom it was given to; whatever else comes with it gets nothing."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from hie.app import web_app
from hie.exchange.commands import run
from hie.oauth.entrance import Rates
from hie.oauth.limits import FAILED, TOKEN
from tests.integration.launch.support import (
    APP,
    BACK,
    EVERYONE,
    VERIFIER,
    Desk,
    answered,
    desk,
)
from tests.integration.test_doors import BASE

pytestmark = pytest.mark.anyio
WRONG: dict[str, tuple[dict[str, str | None], int, str, str]] = {
    "another app": ({"client_id": EVERYONE}, 400, "invalid_grant", "oidc"),
    "a system": ({"client_id": "his-a"}, 401, "invalid_client", "method"),
    "nobody": ({"client_id": "nobody"}, 401, "invalid_client", "status"),
    "no client": ({"client_id": None}, 401, "invalid_client", "status"),
    "a secret": ({"client_secret": "x"}, 401, "invalid_client", "method"),
    "no code": ({"code": None}, 400, "invalid_request", "request"),
    "another code": ({"code": "x" * 43}, 400, "invalid_grant", "oidc"),
    "no address": ({"redirect_uri": None}, 400, "invalid_request", "request"),
    "no verifier": ({"code_verifier": None}, 400, "invalid_request", "request"),
}
FATAL: dict[str, dict[str, str]] = {
    "another verifier": {"code_verifier": VERIFIER[::-1]},
    "the challenge as verifier": {"code_verifier": "x" * 43},
    "a verifier that is longer": {"code_verifier": VERIFIER + "x"},
    "a verifier of other characters": {"code_verifier": VERIFIER.replace("~", "é")},
    "another address": {"redirect_uri": "https://app.example/back"},
}


async def _code(at: Desk) -> str:
    return await at.code(at.region.patients["P1a"])


async def test_whoever_brings_a_code_wrongly_gets_nothing(place: Any, tmp_path: Path) -> None:
    async with desk(place, tmp_path) as at:
        await at.sign_in()
        code = await _code(at)
        for name, (changes, status, error, reason) in WRONG.items():
            answer = await at.token(code, **changes)
            assert (answer.status_code, answer.json()["error"]) == (status, error), name
            assert code not in answer.text, name
            assert (await at.refused())[-1][0] == reason, name
        assert (await at.token(code)).status_code == 200


async def test_a_guess_uses_the_code_up(place: Any, tmp_path: Path) -> None:
    async with desk(place, tmp_path) as at:
        await at.sign_in()
        for name, changes in FATAL.items():
            code = await _code(at)
            answer = await at.token(code, **changes)
            assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant"), name
            assert (await at.refused())[-1] == ("oidc", "8"), name
            again = await at.token(code)
            assert again.json()["error"] == "invalid_grant", name
            assert (await at.refused())[-1] == ("replay", "8"), name


async def test_who_guesses_in_a_public_apps_name_slows_itself_alone(
    place: Any, tmp_path: Path
) -> None:
    async with desk(place, tmp_path) as at:
        entrance = at.hub.entrance
        object.__setattr__(entrance, "rates", Rates())
        await at.sign_in()
        code = await _code(at)
        guess = {
            "grant_type": "authorization_code",
            "code": "x" * 43,
            "redirect_uri": BACK,
            "code_verifier": VERIFIER,
            "client_id": APP,
        }
        rogue = httpx.ASGITransport(web_app(at.hub), client=("10.9.9.9", 4711))
        async with httpx.AsyncClient(transport=rogue, base_url=BASE) as other:
            for _ in range(FAILED.burst):
                answer = await other.post("/oauth/token", data=guess)
                assert answer.json()["error"] == "invalid_grant"
            while answer.status_code != 429:
                answer = await other.post("/oauth/token", data=guess)
        for _ in range(TOKEN.burst):
            entrance.rates.token.take((APP, "10.9.9.9"), entrance.clock())
        assert (await at.token(code)).status_code == 200
        async with at.hub.db.reading() as reader:
            rows = await reader.fetch(
                "SELECT DISTINCT kind, client FROM audit_access WHERE reason = 'oidc'"
            )
        assert [tuple(row) for row in rows] == [("stranger", APP)]


async def test_a_second_use_ends_the_token_of_the_first(place: Any, tmp_path: Path) -> None:
    async with desk(place, tmp_path) as at:
        await at.sign_in()
        code, patient = await _code(at), at.region.patients["P1a"]
        token = (await at.token(code)).json()["access_token"]
        assert (await at.fhir(f"Patient/{patient}", token)).status_code == 200
        replayed = await at.token(code)
        assert (replayed.status_code, replayed.json()["error"]) == (400, "invalid_grant")
        assert (await at.fhir(f"Patient/{patient}", token)).status_code == 401


async def test_a_code_is_over_after_a_minute(
    place: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hie.oauth.authorize.CODE_SECONDS", -1)
    async with desk(place, tmp_path) as at:
        await at.sign_in()
        late = await at.token(await _code(at))
        assert late.json()["error"] == "invalid_grant"
        assert (await at.refused())[-1] == ("lifetime", "4")
        monkeypatch.setattr("hie.oauth.authorize.CODE_SECONDS", 60)
        assert (await at.token(await _code(at))).status_code == 200


async def test_a_token_ends_with_the_session_it_came_out_of(place: Any, tmp_path: Path) -> None:
    async with desk(place, tmp_path) as at:
        await at.sign_in()
        patient = at.region.patients["P1a"]
        token = (await at.token(await _code(at))).json()["access_token"]
        page = await at.browser.get("/patients")
        assert (await at.fhir(f"Patient/{patient}", token)).status_code == 200
        from tests.integration.launch.support import csrf_of

        await at.browser.post("/sign-out", data={"csrf": csrf_of(page.text)})
        at.hub.entrance.standing.forget()
        ended = await at.fhir(f"Patient/{patient}", token)
        assert ended.status_code == 401
        await at.sign_in()
        fresh = (await at.token(await _code(at))).json()["access_token"]
        assert (await at.fhir(f"Patient/{patient}", fresh)).status_code == 200


async def test_a_leaver_gets_no_token_and_keeps_none(place: Any, tmp_path: Path) -> None:
    async with desk(place, tmp_path) as at:
        await at.sign_in()
        patient = at.region.patients["P1a"]
        token = (await at.token(await _code(at))).json()["access_token"]
        code = await _code(at)
        await run(at.hub, "user-suspend", {"login": "wang"})
        at.hub.entrance.standing.forget()
        assert (await at.token(code)).json()["error"] == "invalid_grant"
        assert (await at.fhir(f"Patient/{patient}", token)).status_code == 401


async def test_a_code_is_no_token_and_a_token_is_no_code(place: Any, tmp_path: Path) -> None:
    async with desk(place, tmp_path) as at:
        await at.sign_in()
        code, patient = await _code(at), at.region.patients["P1a"]
        assert (await at.fhir(f"Patient/{patient}", code)).status_code == 401
        page = await at.authorize(scope="launch/patient openid patient/*.rs", nonce="n" * 20)
        told = (await at.token(answered(await at.choose(page, patient=patient))["code"])).json()
        for wrong in (told["id_token"], told["access_token"] + "x"):
            assert (await at.fhir(f"Patient/{patient}", wrong)).status_code == 401
        assert ("type", "8") in await at.refused()
        token, assertion = told["access_token"], "urn:ietf:params:oauth:client-assertion-type:"
        for wrong in (token, told["id_token"]):
            sent = {"client_assertion": wrong, "client_assertion_type": f"{assertion}jwt-bearer"}
            answer = await at.token(code, **sent, client_id=None)
            assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
        assert (await at.token(token)).json()["error"] in {"invalid_grant", "invalid_request"}
        assert (await at.fhir(f"Patient/{patient}", token)).status_code == 200
