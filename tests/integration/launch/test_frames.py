"""A HIS shows a launched patient's pages in a frame: that HIS, that patient, and for a short time."""

import re
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from hie.errors import HubMisconfigured
from hie.exchange.commands import run
from hie.oauth.oidc_state import SECONDS
from hie.oauth.sessions import FRAMED_IDLE
from hie.oauth.standing import FRAMED_LONGEST
from hie.store import users
from tests.integration.access.support import NOT_THERE
from tests.integration.access.test_consent_reaches import order_check
from tests.integration.launch.provider import CLIENT, ID, registered
from tests.integration.launch.rogue import id_token, rogue
from tests.integration.launch.support import (
    APP,
    PASSWORD,
    Desk,
    csrf_of,
    desk,
    events_of,
    request_of,
)

pytestmark = pytest.mark.anyio
HUB, HIS, OTHER_HIS = (
    "https://localhost:8000",
    "https://his.hospital-a.example",
    "https://b.example:8443",
)
ALLOWED = f"frame-ancestors {HIS} {OTHER_HIS}"
NEVER = "frame-ancestors 'none'"
SESSION, FRAMED = "__Host-hie_session", "__Host-hie_session_framed"
SCOPE = "launch patient/Observation.rs patient/Patient.r"
HTML = {"Accept": "text/html"}


def framing(place: Any, tmp_path: Path) -> AbstractAsyncContextManager[Desk]:
    return desk(place, tmp_path, base_url=HUB, frame_origins=[HIS, OTHER_HIS])


async def _asked(at: Desk, **asked: Any) -> httpx.Response:
    """What hospital A's HIS is answered that asks for a ticket."""
    if asked.get("patient") in at.region.patients:
        asked["patient"] = at.region.patients[asked["patient"]]
    headers = at.region.headers["a"]
    return await at.region.client.post("/v1/launch-tickets", json=asked, headers=headers)


async def ticket(at: Desk, **asked: Any) -> str:
    """The path, or for an app the ticket, that opens something in a frame."""
    answer = await _asked(at, **{"framed": True, **asked})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    return str(told.get("launch") or told["url"].removeprefix(HUB))


async def sign_in(at: Desk, wanted: str, room: str = "/framed") -> httpx.Response:
    """The answer to the sign-in form in a frame, which leads on to what was wanted."""
    form = await at.browser.get(f"{room}/sign-in", params={"next": wanted})
    assert form.status_code == 200, form.text
    assert f'action="{room}/sign-in"' in form.text
    data = {"csrf": csrf_of(form.text), "next": wanted, "login": at.login, "password": PASSWORD}
    return await at.browser.post(f"{room}/sign-in", data=data)


async def launched(at: Desk, **asked: Any) -> httpx.Response:
    """The page of a patient, or of a check, in a frame, by somebody who signs in for it."""
    path = await ticket(at, **asked)
    entered = await sign_in(at, path.removeprefix("/framed"))
    assert entered.headers["location"] == path
    return await _followed(at, path)


async def again(at: Desk, **asked: Any) -> httpx.Response:
    """The same by somebody who is signed in."""
    return await _followed(at, await ticket(at, **asked))


async def _followed(at: Desk, path: str) -> httpx.Response:
    opened = await at.browser.get(path)
    assert opened.status_code == 303, opened.text
    assert opened.headers["location"].startswith("/framed/")
    assert_framed(opened)
    return await at.browser.get(opened.headers["location"])


def _policy(answer: httpx.Response) -> list[str]:
    return [one.strip() for one in answer.headers["content-security-policy"].split(";")]


def assert_framed(answer: httpx.Response) -> None:
    assert ALLOWED in _policy(answer)
    assert NEVER not in _policy(answer)
    assert "x-frame-options" not in answer.headers


def assert_never_framed(answer: httpx.Response) -> None:
    assert NEVER in _policy(answer)
    assert answer.headers["x-frame-options"] == "DENY"
    assert HIS not in str(answer.headers)


async def test_a_his_opens_a_patients_page_in_a_frame(place: Any, tmp_path: Path) -> None:
    async with framing(place, tmp_path) as at:
        path = await ticket(at, patient="P1a", lang="en")
        assert path.startswith("/framed/launch?launch=framed.")
        stranger = await at.browser.get(path, headers=HTML)
        assert stranger.status_code == 401
        assert "url=/framed/sign-in?next=%2Flaunch" in stranger.text
        assert_framed(stranger)
        form = await at.browser.get("/framed/sign-in", params={"next": path[7:]})
        assert_framed(form)
        kept = form.headers["set-cookie"]
        assert re.fullmatch(
            r"__Host-hie_form_framed=[\w-]+; Path=/; Secure; HttpOnly; SameSite=None; Partitioned",
            kept,
        )
        entered = await sign_in(at, path.removeprefix("/framed"))
        (session,) = [one for one in entered.headers.get_list("set-cookie") if FRAMED in one]
        assert re.fullmatch(
            rf"{FRAMED}=[\w-]{{43}}; Path=/; Secure; HttpOnly; SameSite=None; Partitioned", session
        )
        page = await _followed(at, path)
        assert page.status_code == 200
        assert_framed(page)
        assert at.region.patients["P1a"] in str(page.url)
        assert_all_addresses_stay(page.text)
        details = [one[2] for one in await events_of(at.hub, "launch")]
        assert details == [f"ticket for /patients/{at.region.patients['P1a']} in a frame",
                           f"/patients/{at.region.patients['P1a']} in a frame"]  # fmt: skip
        assert [one[2] for one in await events_of(at.hub, "sign-in")] == ["in a frame"]


def assert_all_addresses_stay(page: str) -> None:
    """Every address of a page is in the room, or opens in a window of the hub."""
    found = re.findall(r'<[^>]*?\b(?:href|src|action|hx-get|data-study)="/[^>]*>', page)
    assert found
    for one in found:
        assert '="/framed/' in one or 'target="_blank" rel="noopener"' in one, one
    assert 'href="/patients"' not in page
    assert 'href="/work"' not in page


async def test_an_order_is_checked_and_decided_in_a_frame(place: Any, tmp_path: Path) -> None:
    async with framing(place, tmp_path) as at:
        patient = at.region.patients["P1a"]
        await launched(at, patient="P1a")
        orders = await at.browser.get(f"/framed/patients/{patient}/orders")
        assert f'action="/framed/patients/{patient}/orders"' in orders.text
        asked = {"csrf": csrf_of(orders.text), "class": "outpatient", "purpose": "treatment"}
        placed = await at.browser.post(
            f"/framed/patients/{patient}/orders", data={**asked, "item-K": "on"}
        )
        assert placed.status_code == 303, placed.text
        assert placed.headers["location"].startswith("/framed/checks/")
        shown = await at.browser.get(placed.headers["location"])
        assert_framed(shown)
        assert_all_addresses_stay(shown.text)
        form = dict(
            re.findall(r'name="([a-z]+)" value="([^"]*-repeat|[^"]*)"', _repeating(shown.text))
        )
        why = {"reason": "N6_OTHER_NECESSARY", "text": "新的症状", "explained": "yes"}
        decided = await at.browser.post(placed.headers["location"], data={**form, **why})
        assert decided.status_code == 303, decided.text
        assert decided.headers["location"].startswith("/framed/checks/")
        stands = await at.browser.get(decided.headers["location"])
        assert "新的症状" in stands.text
        (notice,) = set(re.findall(r'href="(/framed/decisions/[^/"]+/notice)"', stands.text))
        assert_framed(await at.browser.get(notice))
        checked = (await order_check(at.region, "a", patient))["check"]
        again_ = await again(at, check=checked)  # the card of the HIS, for the same patient
        assert f"/framed/checks/{checked}" in str(again_.url)
        assert again_.status_code == 200


def _repeating(page: str) -> str:
    """The form by which a test is repeated for a reason."""
    forms: list[str] = re.findall(r"<form.*?</form>", page, re.DOTALL)
    return next(one for one in forms if "-repeat" in one)


async def test_pictures_of_a_frame_come_by_its_own_session(place: Any, tmp_path: Path) -> None:
    async with framing(place, tmp_path) as at:
        await launched(at, patient="P1a")
        address = "/dicom-web/studies/1.2.3/metadata"
        assert (await at.browser.get(f"/framed{address}")).status_code == 404  # there is none
        assert (await at.browser.get(address)).status_code == 401
        await at.browser.get("/framed/static/hub.css")
        at.browser.cookies.clear()
        assert (await at.browser.get(f"/framed{address}")).status_code == 401


async def test_outside_the_room_no_page_may_be_framed(place: Any, tmp_path: Path) -> None:
    async with framing(place, tmp_path) as at:
        patient = at.region.patients["P1a"]
        await launched(at, patient="P1a")
        await sign_in(at, "/patients", room="")
        framed_by_his = {"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Site": "cross-site", "Referer": HIS}
        for path in ("/sign-in", "/patients", f"/patients/{patient}", "/oauth/authorize", "/launch",
                     "/nothing", "/framed", "/framedness", "/fhir/metadata", "/work"):  # fmt: skip
            for headers in ({}, framed_by_his, {"Origin": HIS}):
                assert_never_framed(await at.browser.get(path, headers={**HTML, **headers}))
        for headers in ({}, {"Sec-Fetch-Dest": "document"}, {"Referer": "https://evil.example"}):
            shown = await at.browser.get(f"/framed/patients/{patient}", headers={**HTML, **headers})
            assert shown.status_code == 200
            assert_framed(shown)  # the browser compares the policy with who frames it


CLOSED = (
    ("GET", "/patients"), ("POST", "/patients"), ("GET", "/patients/{p}/consents"),
    ("POST", "/patients/{p}/consents"), ("POST", "/patients/{p}/apps/viewer"), ("GET", "/break-glass"),
    ("POST", "/break-glass"), ("GET", "/glass"), ("GET", "/work"), ("POST", "/work"), ("GET", "/"),
    ("GET", "/outcomes"), ("GET", "/outcomes.csv"), ("GET", "/consents/x"), ("GET", "/fhir/Patient/{p}"),
    ("GET", "/v1/decisions/x"), ("POST", "/oauth/token"), ("POST", "/oauth/authorize"),
    ("GET", "/metrics"), ("GET", "/framed/patients/{p}"), ("POST", "/patients/{p}"),
    ("GET", "//patients/{p}"), ("GET", "/intake/x"), ("POST", "/dicom-web/studies"),
)  # fmt: skip


async def test_the_room_opens_the_launched_patients_pages_and_nothing_else(
    place: Any, tmp_path: Path
) -> None:
    async with framing(place, tmp_path) as at:
        patient = at.region.patients["P1a"]
        page = await launched(at, patient="P1a")
        form = {"csrf": csrf_of(page.text)}
        for method, path in CLOSED:
            said = form if method == "POST" else None
            target = f"/framed{path.format(p=patient)}"
            answer = await at.browser.request(method, target, data=said, headers=HTML)
            assert answer.status_code in {401, 403, 404, 405}, (method, path)
            assert_never_framed(answer)
            assert at.region.canary("P1a") not in answer.text


async def test_another_patient_is_not_there_in_the_frame_of_one(place: Any, tmp_path: Path) -> None:
    """She treats both, and sees both in the hub's own window."""
    async with framing(place, tmp_path) as at:
        mine, other = at.region.patients["P1a"], at.region.patients["P3a"]
        checks = {one: (await order_check(at.region, "a", one))["check"] for one in (mine, other)}
        await launched(at, patient="P1a")
        twin = await at.browser.get(f"/framed/patients/{mine}", headers=HTML)
        for key in (other, NOT_THERE):
            for path in (
                f"/patients/{key}",
                f"/patients/{key}/orders",
                f"/patients/{key}/images/x",
            ):
                hidden = await at.browser.get(f"/framed{path}", headers=HTML)
                assert hidden.status_code == 404
                assert at.region.canary("P3a") not in hidden.text
        assert (await at.browser.get(f"/framed/checks/{checks[mine]}")).status_code == 200
        form = {"csrf": csrf_of(twin.text), "ref": "1"}
        for path in (f"/checks/{checks[other]}", f"/checks/{checks[other]}/notice", "/checks/x",
                     "/decisions/x/record", "/decisions/x/notice"):  # fmt: skip
            assert (await at.browser.get(f"/framed{path}", headers=HTML)).status_code == 404
        for path in (f"/checks/{checks[other]}/again", f"/patients/{other}/orders"):
            assert (await at.browser.post(f"/framed{path}", data=form)).status_code == 404
        await sign_in(at, "/patients", room="")
        for path in (f"/patients/{other}", f"/checks/{checks[other]}"):
            assert (await at.browser.get(path)).status_code == 200
        assert (await again(at, patient="P3a")).status_code == 200  # the HIS goes on to the next
        assert (await at.browser.get(f"/framed/patients/{mine}")).status_code == 404
        assert ("absent", "4") in await at.refused()


async def test_before_a_launch_a_session_in_a_frame_opens_nobody(
    place: Any, tmp_path: Path
) -> None:
    async with framing(place, tmp_path) as at:
        patient = at.region.patients["P1a"]
        entered = await sign_in(at, f"/patients/{patient}")
        assert entered.headers["location"] == f"/framed/patients/{patient}"
        for path in (f"/patients/{patient}", f"/patients/{patient}/orders", "/checks/x"):
            assert (await at.browser.get(f"/framed{path}", headers=HTML)).status_code == 404
        assert (await again(at, patient="P1a")).status_code == 200


async def test_a_session_of_a_window_is_none_in_a_frame_and_the_other_way_round(
    place: Any, tmp_path: Path
) -> None:
    async with framing(place, tmp_path) as at:
        patient = at.region.patients["P1a"]
        await launched(at, patient="P1a")
        inner = at.browser.cookies[FRAMED]
        await sign_in(at, "/patients", room="")
        outer = at.browser.cookies[SESSION]
        assert inner != outer
        both = {SESSION: outer, FRAMED: inner}
        for cookies, window, frame in (
            (both, 200, 200), ({SESSION: outer}, 200, 401), ({FRAMED: inner}, 401, 200),
            ({SESSION: inner}, 401, 401), ({FRAMED: outer}, 401, 401),
            ({SESSION: inner, FRAMED: outer}, 401, 401),
        ):  # fmt: skip
            said = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
            at.browser.cookies.clear()
            for path, expected in (
                (f"/patients/{patient}", window),
                (f"/framed/patients/{patient}", frame),
            ):
                answer = await at.browser.get(path, headers=said)
                assert answer.status_code == expected, (cookies, path)
        said = {"Cookie": f"{SESSION}={outer}; {FRAMED}={inner}"}
        page = await at.browser.get(f"/framed/patients/{patient}", headers=said)
        left = await at.browser.post(
            "/framed/sign-out", data={"csrf": csrf_of(page.text)}, headers=said
        )
        assert left.headers["location"] == "/framed/sign-in"
        assert f"{FRAMED}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=None; Partitioned" in (
            left.headers.get_list("set-cookie")
        )
        assert (
            await at.browser.get(f"/framed/patients/{patient}", headers=said)
        ).status_code == 401
        assert (await at.browser.get(f"/patients/{patient}", headers=said)).status_code == 200


class _Clock:
    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


async def test_a_session_in_a_frame_is_short(place: Any, tmp_path: Path) -> None:
    async with framing(place, tmp_path) as at:
        clock = _Clock(at.hub.entrance.clock())
        object.__setattr__(at.hub.entrance, "clock", clock)
        path = f"/framed/patients/{at.region.patients['P1a']}"
        begun = clock.now
        await launched(at, patient="P1a")
        while clock.now < begun + FRAMED_LONGEST - 61:
            clock.now += 60
            assert (await at.browser.get(path)).status_code == 200
        clock.now = begun + FRAMED_LONGEST + 1
        assert (await at.browser.get(path)).status_code == 401
        await sign_in(at, "/patients")
        clock.now += FRAMED_IDLE - 1
        assert (await at.browser.get(path)).status_code == 404  # nobody was launched
        clock.now += FRAMED_IDLE + 1
        assert (await at.browser.get(path)).status_code == 401
        await sign_in(at, "/patients", room="")
        clock.now += FRAMED_IDLE + 1  # the twin: a window has more time
        assert (await at.browser.get(path.removeprefix("/framed"))).status_code == 200


FOREIGN: dict[str, dict[str, str]] = {
    "from the HIS around it": {"Origin": HIS},
    "from elsewhere": {"Origin": "https://evil.example"},
    "from nowhere that is said": {"Origin": "null"},
    "from another site": {"Sec-Fetch-Site": "cross-site"},
    "from the same site": {"Sec-Fetch-Site": "same-site"},
    "without its token": {},
}


@pytest.mark.parametrize("case", FOREIGN)
async def test_a_form_is_taken_from_the_hubs_own_page_in_the_frame_alone(
    place: Any, tmp_path: Path, case: str
) -> None:
    async with framing(place, tmp_path) as at:
        patient = at.region.patients["P1a"]
        check = (await order_check(at.region, "a", patient))["check"]
        page = await launched(at, patient="P1a")
        good = {"csrf": csrf_of(page.text), "ref": "1"}
        sent = good if FOREIGN[case] else {"ref": "1"}
        path = f"/framed/checks/{check}/again"
        refused = await at.browser.post(path, data=sent, headers={**HTML, **FOREIGN[case]})
        assert refused.status_code == 403
        assert ("csrf", "4") in await at.refused()
        own = {"Origin": HUB, "Sec-Fetch-Site": "same-origin"}
        assert (await at.browser.post(path, data=good, headers=own)).status_code == 303
        login = {"login": at.login, "password": PASSWORD, "next": "/patients"}
        form = await at.browser.get("/framed/sign-in")
        if FOREIGN[case]:
            login["csrf"] = csrf_of(form.text)
        answer = await at.browser.post("/framed/sign-in", data=login, headers=FOREIGN[case])
        assert answer.status_code == 403
        assert FRAMED not in str(answer.headers)


async def test_a_ticket_opens_where_it_was_made_for(place: Any, tmp_path: Path) -> None:
    async with framing(place, tmp_path) as at:
        await launched(at, patient="P1a")
        await sign_in(at, "/patients", room="")
        window = (await _asked(at, patient="P1a")).json()["url"].removeprefix(HUB)
        frame = await ticket(at, patient="P1a")
        forged = "/framed/launch?launch=framed." + window.partition("=")[2]
        bare = "/launch?launch=" + frame.partition("framed.")[2]
        for path in (f"/framed{window}", frame.removeprefix("/framed"), forged, bare):
            assert (await at.browser.get(path, headers=HTML)).status_code == 400
        assert [one for one in await at.refused() if one[0] == "oidc"] == [("oidc", "8")] * 4
        assert (await at.browser.get(window)).status_code == 303
        assert (await at.browser.get(frame)).status_code == 303
        assert (await at.browser.get(frame, headers=HTML)).status_code == 400  # once


@pytest.mark.parametrize("said", ["true", 1, "", []])
async def test_for_a_frame_is_yes_or_no(place: Any, tmp_path: Path, said: Any) -> None:
    async with framing(place, tmp_path) as at:
        answer = await _asked(at, patient="P1a", framed=said)
        assert answer.status_code == 422
        assert "framed" in answer.text
        plain = await _asked(at, patient="P1a", framed=False)
        assert "/framed" not in plain.json()["url"]


async def test_without_a_registered_his_there_are_no_frames(place: Any, tmp_path: Path) -> None:
    async with desk(place, tmp_path, base_url=HUB) as at:
        answer = await _asked(at, patient="P1a", framed=True)
        assert answer.status_code == 422
        await at.sign_in()
        for path in ("/framed/sign-in", f"/framed/patients/{at.region.patients['P1a']}"):
            found = await at.browser.get(path, headers=HTML)
            assert found.status_code == 404
            assert_never_framed(found)


@pytest.mark.parametrize(
    "settings",
    [
        {"frame_origins": [HIS]},  # the hub itself is plain http
        *(
            {"base_url": HUB, "frame_origins": [origin]}
            for origin in (
                "http://his.example", "https://his.example/", "https://*.his.example", "https://his.example/x",
                "https://his.example:0", "https://his.example:443", "his.example", "https://HIS.example",
                "https://u@his.example", "https://his.example;script-src", "https://", "*", "'self'",
                "https://his.example https://evil.example", "https://his..example", "https://his.example:x",
            )
        ),
    ],
)  # fmt: skip
async def test_an_origin_that_is_none_keeps_the_hub_down(
    place: Any, tmp_path: Path, settings: dict[str, Any]
) -> None:
    with pytest.raises(HubMisconfigured, match="frame_origins"):
        async with desk(place, tmp_path, **settings):
            pass


async def _authorize(at: Desk, room: str, **changes: Any) -> httpx.Response:
    asked = {**request_of(APP), "aud": f"{HUB}/fhir", "scope": SCOPE, **changes}
    at.asked = {name: value for name, value in asked.items() if value is not None}
    return await at.browser.get(f"{room}/oauth/authorize?{urlencode(at.asked)}")


def _told(answer: httpx.Response) -> dict[str, list[str]]:
    return parse_qs(urlsplit(answer.headers["location"]).query)


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
        assert "form-action 'self' https://app.example" in _policy(form)
        entered = await sign_in(at, path.removeprefix("/framed"))
        assert entered.headers["location"] == path
        said = _told(await at.browser.get(path))
        token = (await at.token(said["code"][0])).json()
        patient = at.region.patients["P1a"]
        assert token["patient"] == patient
        assert (await at.fhir(f"Patient/{patient}", token["access_token"])).status_code == 200
        other = at.region.patients["P3a"]
        assert (await at.fhir(f"Patient/{other}", token["access_token"])).status_code == 404
        # an app's patient is not the frame's: pages are opened by a ticket of theirs
        assert (await at.browser.get(f"/framed/patients/{patient}")).status_code == 404
        object.__setattr__(
            at.hub.entrance, "clock", _Clock(at.hub.entrance.clock() + FRAMED_LONGEST + 1)
        )
        at.hub.entrance.standing.forget()
        assert (await at.fhir(f"Patient/{patient}", token["access_token"])).status_code == 401


async def test_in_a_frame_no_app_is_let_in_without_a_ticket_for_it(
    place: Any, tmp_path: Path
) -> None:
    async with framing(place, tmp_path) as at:
        await launched(at, patient="P3a")
        plain = (await _asked(at, app=APP, patient="P1a")).json()["launch"]
        for changes in (
            {"launch": plain}, {"launch": f"framed.{plain}"}, {"launch": None},
            {"launch": None, "scope": "launch/patient patient/Patient.r"},
            {"launch": None, "scope": "user/Patient.r"},
        ):  # fmt: skip
            refused = await _authorize(at, "/framed", **changes)
            assert _told(refused)["error"] == ["invalid_request"], changes
        await at.sign_in()
        assert "code" in _told(await _authorize(at, "", launch=plain))  # the twin, in a window
        launch = await ticket(at, app=APP, patient="P1a")
        assert "code" in _told(await _authorize(at, "/framed", launch=launch))
        assert (await at.browser.get(f"/framed/patients/{at.region.patients['P3a']}")).is_success


async def test_who_signs_in_in_a_frame_may_do_so_at_their_hospitals_provider(
    place: Any, tmp_path: Path
) -> None:
    async with framing(place, tmp_path) as at, rogue(tmp_path / "idp", at.hub) as idp:
        await registered(at.hub, idp.issuer, method="none", algorithm="ES256")
        form = await at.browser.get("/framed/sign-in")
        assert f"form-action 'self' {idp.issuer}" in _policy(form)
        assert f'href="/framed/sign-in/with/{ID}?next' in form.text
        path = await ticket(at, patient="P1a")
        inner = path.removeprefix("/framed")
        left = await at.browser.get(f"/framed/sign-in/with/{ID}", params={"next": inner})
        asked = _told(left)
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
        assert (await _followed(at, path)).status_code == 200
        assert f"redirect_uri={urlencode({'': HUB})[1:]}%2Fframed%2F" in idp.forms[-1]
        known = await at.browser.get("/sign-in")
        assert f"form-action 'self' {idp.issuer}" in _policy(known)
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
            assert f"form-action 'self' {idp.issuer}{more}" in _policy(form)
            assert len(_policy(form)) == len(_policy(await at.browser.get("/healthz")))
            assert "unsafe" not in form.headers["content-security-policy"]


async def test_a_person_who_is_suspended_is_out_of_the_frame(place: Any, tmp_path: Path) -> None:
    async with framing(place, tmp_path) as at:
        await launched(at, patient="P1a")
        path = f"/framed/patients/{at.region.patients['P1a']}"
        await run(at.hub, "user-suspend", {"login": at.login})
        assert (await at.browser.get(path)).status_code == 401
        async with at.hub.db.reading() as reader:
            account = await users.by_login(reader, at.login)
        assert account is not None
        assert account.status != "active"
