"""What an app may not ask of the authorization endpoint; each with its twin that is answered."""

from pathlib import Path
from typing import Any

import pytest

from hie.exchange.commands import run
from tests.integration.launch.support import APP, BACK, FHIR, Desk, answered, challenge, desk

pytestmark = pytest.mark.anyio
CANARY = "canary-of-the-app"

# What is told to the person alone: nothing may leave to an address that is not registered.
UNANSWERED: dict[str, dict[str, str | None]] = {
    "no such client": {"client_id": "nobody"},
    "a system that is no app": {"client_id": "his-a"},
    "a client id of a strange form": {"client_id": "../viewer"},
    "without a client": {"client_id": None},
    "without an address": {"redirect_uri": None},
    "another host": {"redirect_uri": "https://evil.example/back?of=app"},
    "a host that begins alike": {"redirect_uri": "https://app.example.evil.example/back?of=app"},
    "the host as a user": {"redirect_uri": "https://app.example@evil.example/back?of=app"},
    "a path below": {"redirect_uri": f"{BACK}/../evil"},
    "a parameter more": {"redirect_uri": f"{BACK}&next=https://evil.example"},
    "a parameter less": {"redirect_uri": "https://app.example/back"},
    "another scheme": {"redirect_uri": BACK.replace("https", "http")},
    "another port": {"redirect_uri": BACK.replace("app.example", "app.example:8443")},
    "another case": {"redirect_uri": BACK.replace("back", "Back")},
    "a fragment": {"redirect_uri": f"{BACK}#x"},
    "a script": {"redirect_uri": "javascript:alert(1)"},
    "a relative address": {"redirect_uri": "//evil.example"},
}
# What the app is told, at its own address, with its state and the hub's issuer.
TOLD: dict[str, tuple[dict[str, str | None], str, str]] = {
    "no PKCE": ({"code_challenge": None, "code_challenge_method": None}, "invalid_request", "oidc"),
    "plain PKCE": ({"code_challenge_method": "plain"}, "invalid_request", "oidc"),
    "PKCE of no method": ({"code_challenge_method": None}, "invalid_request", "oidc"),
    "a short challenge": ({"code_challenge": challenge()[:-1]}, "invalid_request", "oidc"),
    "a padded challenge": ({"code_challenge": challenge() + "="}, "invalid_request", "oidc"),
    "no state": ({"state": None}, "invalid_request", "oidc"),
    "a short state": ({"state": "short"}, "invalid_request", "oidc"),
    "a state of other letters": ({"state": "状态状态状态状态"}, "invalid_request", "oidc"),
    "another server": ({"aud": "https://other.example/fhir"}, "invalid_request", "aud"),
    "a server that begins alike": ({"aud": f"{FHIR}.evil.example"}, "invalid_request", "aud"),
    "no server": ({"aud": None}, "invalid_request", "aud"),
    "the implicit flow": ({"response_type": "token"}, "unsupported_response_type", "request"),
    "a hybrid flow": ({"response_type": "code id_token"}, "unsupported_response_type", "request"),
    "an answer in a form": ({"response_mode": "form_post"}, "invalid_request", "request"),
    "a request object": ({"request": "e30.e30."}, "request_not_supported", "request"),
    "a request elsewhere": ({"request_uri": "https://evil.example"}, "request_uri_not_supported", "request"),
    "a scope that is not registered": ({"scope": "patient/*.cruds"}, "invalid_scope", "scope"),
    "a scope of systems": ({"scope": "system/*.rs"}, "invalid_scope", "scope"),
    "a scope of no grammar": ({"scope": "patient/Observation.sr"}, "invalid_scope", "scope"),
    "a scope of version 1": ({"scope": "patient/Observation.read"}, "invalid_scope", "scope"),
    "no scope": ({"scope": None}, "invalid_scope", "scope"),
    "a scope of two spaces": ({"scope": "launch/patient  patient/*.rs"}, "invalid_scope", "scope"),
    "a scope of 20 kB": ({"scope": " ".join(f"user/T{n}.r" for n in range(180))}, "invalid_scope", "scope"),
    "a launch without a ticket": ({"scope": "launch patient/*.rs"}, "invalid_request", "request"),
    "a ticket without its scope": ({"launch": "x" * 43}, "invalid_request", "request"),
    "a ticket that is none": ({"scope": "launch patient/*.rs", "launch": "x" * 43}, "invalid_request", "oidc"),
    "a prompt nobody knows": ({"prompt": "consent"}, "invalid_request", "request"),
}  # fmt: skip


async def test_an_address_that_is_not_registered_is_never_gone_to(
    place: Any, tmp_path: Path
) -> None:
    async with desk(place, tmp_path) as at:
        for signed_in in (False, True):
            for name, changes in UNANSWERED.items():
                answer = await at.authorize(**changes, nonce=CANARY)
                assert answer.status_code == 400, name
                assert "location" not in answer.headers, name
                assert CANARY not in answer.text, name
                assert "evil" not in answer.text, name
            twin = await at.authorize()
            assert twin.status_code == (200 if signed_in else 303)
            await at.sign_in()
        refused = await at.refused()
        assert {reason for reason, _ in refused} == {"oidc", "param"}
        assert ("oidc", "8") in refused


async def test_what_an_app_asks_wrongly_it_is_told_at_its_own_address(
    place: Any, tmp_path: Path
) -> None:
    async with desk(place, tmp_path) as at:
        await at.sign_in()
        for name, (changes, error, reason) in TOLD.items():
            before = len(await at.refused())
            said = answered(await at.authorize(**changes))
            assert said["error"] == error, name
            assert "code" not in said, name
            sound = "state" not in changes
            assert said.get("state") == ("a-state-of-the-app" if sound else None), name
            assert [one for one, _ in await at.refused()][before:] == [reason], name
            assert (await at.authorize()).status_code == 200, name


async def test_a_parameter_that_comes_twice_is_refused(place: Any, tmp_path: Path) -> None:
    async with desk(place, tmp_path) as at:
        await at.sign_in()
        await at.authorize()
        for name in ("client_id", "redirect_uri"):
            twice = f"{_query(at)}&{name}=x"
            assert (await at.browser.get(f"/oauth/authorize?{twice}")).status_code == 400
        for name in ("scope", "state", "launch", "code_challenge", "aud"):
            twice = f"{_query(at)}&{name}=x&{name}=x"
            said = answered(await at.browser.get(f"/oauth/authorize?{twice}"))
            assert said["error"] == "invalid_request"
            assert ("state" in said) == (name != "state")


async def test_a_suspended_app_asks_in_vain(place: Any, tmp_path: Path) -> None:
    async with desk(place, tmp_path) as at:
        await at.sign_in()
        code = await at.code(at.region.patients["P1a"])
        token = (await at.token(code)).json()["access_token"]
        await run(at.hub, "client-suspend", {"client": APP})
        assert (await at.authorize()).status_code == 400
        assert (await at.fhir("Patient/x", token)).status_code == 401
        await run(at.hub, "client-resume", {"client": APP})
        assert (await at.authorize()).status_code == 200


async def test_a_form_from_elsewhere_opens_nothing(place: Any, tmp_path: Path) -> None:
    async with desk(place, tmp_path) as at:
        await at.sign_in()
        page = await at.authorize()
        patient = at.region.patients["P1a"]
        forged = await at.choose(page, csrf="x", patient=patient)
        assert forged.status_code == 403
        assert "location" not in forged.headers
        address = f"/oauth/authorize?{_query(at)}"
        cross = await at.browser.post(
            address, data={"patient": patient}, headers={"Origin": "https://evil.example"}
        )
        assert cross.status_code == 403
        assert [one for one, _ in await at.refused()] == ["csrf", "csrf"]
        assert "code" in answered(await at.choose(page, patient=patient))


def _query(at: Desk) -> str:
    from urllib.parse import urlencode

    return urlencode(at.asked)
