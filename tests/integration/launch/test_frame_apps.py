"""In a frame an app is let in with its ticket, and people sign in at their hospital's provider."""

from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from hie.oauth.oidc_state import SECONDS
from hie.oauth.standing import FRAMED_LONGEST
from tests.integration.launch.frames import (
    FRAMED,
    HUB,
    Clock,
    ask_for_ticket,
    assert_framed,
    assert_never_framed,
    followed,
    framing,
    launched,
    policy_of,
    sign_in,
    ticket,
    told,
)
from tests.integration.launch.provider import CLIENT, ID, registered
from tests.integration.launch.rogue import id_token, rogue
from tests.integration.launch.support import (
    APP,
    Desk,
    request_of,
)

pytestmark = pytest.mark.anyio
SCOPE = "launch patient/Observation.rs patient/Patient.r"


async def _authorize(at: Desk, room: str, **changes: Any) -> httpx.Response:
    asked = {**request_of(APP), "aud": f"{HUB}/fhir", "scope": SCOPE, **changes}
    at.asked = {name: value for name, value in asked.items() if value is not None}
    return await at.browser.get(f"{room}/oauth/authorize?{urlencode(at.asked)}")


async def test_an_app_that_a_his_shows_in_a_frame_is_let_in_there(
    place: Any, tmp_path: Path
) -> None:
    async with framing(place, tmp_path) as at:
        launch = await ticket(at, app=APP, patient="P1a")
        led = await _authorize(at, "", launch=launch)  # the one address that apps know
        assert led.status_code == 303
        path = led.headers["location"]
        assert path == f"/framed/oauth/authorize?{urlencode(at.asked)}"
        signing_in = await at.browser.get(path)
        assert signing_in.headers["location"].startswith("/framed/sign-in?next=%2Foauth")
        assert_framed(signing_in)
        form = await at.browser.get(signing_in.headers["location"])
        assert "form-action 'self' https://app.example" in policy_of(form)
        entered = await sign_in(at, path.removeprefix("/framed"))
        assert entered.headers["location"] == path
        said = told(await at.browser.get(path))
        token = (await at.token(said["code"][0])).json()
        patient = at.region.patients["P1a"]
        assert token["patient"] == patient
        assert (await at.fhir(f"Patient/{patient}", token["access_token"])).status_code == 200
        other = at.region.patients["P3a"]
        assert (await at.fhir(f"Patient/{other}", token["access_token"])).status_code == 404
        # an app's patient is not the frame's: pages are opened by a ticket of theirs
        assert (await at.browser.get(f"/framed/patients/{patient}")).status_code == 404
        object.__setattr__(
            at.hub.entrance, "clock", Clock(at.hub.entrance.clock() + FRAMED_LONGEST + 1)
        )
        at.hub.entrance.standing.forget()
        assert (await at.fhir(f"Patient/{patient}", token["access_token"])).status_code == 401


async def test_in_a_frame_no_app_is_let_in_without_a_ticket_for_it(
    place: Any, tmp_path: Path
) -> None:
    async with framing(place, tmp_path) as at:
        await launched(at, patient="P3a")
        plain = (await ask_for_ticket(at, app=APP, patient="P1a")).json()["launch"]
        for changes in (
            {"launch": plain}, {"launch": f"framed.{plain}"}, {"launch": None},
            {"launch": None, "scope": "launch/patient patient/Patient.r"},
            {"launch": None, "scope": "user/Patient.r"},
        ):  # fmt: skip
            refused = await _authorize(at, "/framed", **changes)
            assert told(refused)["error"] == ["invalid_request"], changes
        await at.sign_in()
        assert "code" in told(await _authorize(at, "", launch=plain))  # the twin, in a window
        launch = await ticket(at, app=APP, patient="P1a")
        assert "code" in told(await _authorize(at, "/framed", launch=launch))
        assert (await at.browser.get(f"/framed/patients/{at.region.patients['P3a']}")).is_success


async def test_who_signs_in_in_a_frame_may_do_so_at_their_hospitals_provider(
    place: Any, tmp_path: Path
) -> None:
    async with framing(place, tmp_path) as at, rogue(tmp_path / "idp", at.hub) as idp:
        await registered(at.hub, idp.issuer, method="none", algorithm="ES256")
        form = await at.browser.get("/framed/sign-in")
        assert f"form-action 'self' {idp.issuer}" in policy_of(form)
        assert f'href="/framed/sign-in/with/{ID}?next' in form.text
        path = await ticket(at, patient="P1a")
        inner = path.removeprefix("/framed")
        left = await at.browser.get(f"/framed/sign-in/with/{ID}", params={"next": inner})
        asked = told(left)
        assert asked["redirect_uri"] == [f"{HUB}/framed/sign-in/back/{ID}"]
        (kept,) = left.headers.get_list("set-cookie")
        assert kept.startswith("__Host-hie_oidc_framed=")
        assert kept.endswith(
            f"; Path=/; Max-Age={SECONDS}; Secure; HttpOnly; SameSite=None; Partitioned"
        )
        idp.id_token = id_token(idp.claims(asked["nonce"][0], at.hub.entrance.clock()))
        back = {"code": "c", "state": asked["state"][0], "iss": idp.issuer}
        wrong = await at.browser.get(f"/sign-in/back/{ID}", params=back)
        assert wrong.status_code == 400  # it was begun in a frame, and is answered there
        assert_never_framed(wrong)
        entered = await at.browser.get(f"/framed/sign-in/back/{ID}", params=back)
        assert entered.headers["location"] == path
        assert FRAMED in str(entered.headers)
        assert (await followed(at, path)).status_code == 200
        assert f"redirect_uri={urlencode({'': HUB})[1:]}%2Fframed%2F" in idp.forms[-1]
        known = await at.browser.get("/sign-in")
        assert f"form-action 'self' {idp.issuer}" in policy_of(known)
        assert CLIENT in str(asked["client_id"])


SAYS = {
    "an address elsewhere": ("https://login.example/auth", "https://login.example"),
    "more than an address": ("https://x.example; script-src 'unsafe-inline'/auth", None),
    "two": ("https://x.example https://evil.example/auth", None),
    "everywhere": ("https://*/auth", None),
    "no https": ("http://x.example/auth", None),
}


@pytest.mark.parametrize("case", SAYS)
async def test_where_a_provider_says_it_is_stands_in_a_policy_if_it_is_an_origin(
    place: Any, tmp_path: Path, case: str
) -> None:
    async with framing(place, tmp_path) as at, rogue(tmp_path / "idp", at.hub) as idp:
        await registered(at.hub, idp.issuer, method="none", algorithm="ES256")
        address, origin = SAYS[case]
        idp.discovery["authorization_endpoint"] = address
        await at.browser.get(f"/sign-in/with/{ID}")
        for room in ("", "/framed"):
            form = await at.browser.get(f"{room}/sign-in")
            more = "" if origin is None else f" {origin}"
            assert f"form-action 'self' {idp.issuer}{more}" in policy_of(form)
            assert len(policy_of(form)) == len(policy_of(await at.browser.get("/healthz")))
            assert "unsafe" not in form.headers["content-security-policy"]
