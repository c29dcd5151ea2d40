"""The room of pages that may be framed: its addresses, its headers, its cookies."""

from typing import Any

import pytest
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from hie.errors import HubMisconfigured
from hie.oauth.cookies import cookie_name, give, take_back
from hie.oauth.frames import Frames, base_of, check_origins, is_framed, opens

pytestmark = pytest.mark.anyio
HIS = "https://his.example"
POLICY = b"default-src 'none'; frame-ancestors 'none'; form-action 'self'"


@pytest.mark.parametrize(
    "origin",
    [
        HIS,
        "https://his.example:8443",
        "https://a-b.c1.example",
        "https://localhost",
        "https://10.0.0.7",
    ],
)
def test_an_exact_https_origin_is_taken(origin: str) -> None:
    check_origins([origin], "https://hub.example")


@pytest.mark.parametrize(
    "origin",
    ["", "*", "https:", "https://", "https://*", "http://his.example", "https://his.example/", f"{HIS}?x",
     f"{HIS}#x", f"{HIS} https://evil.example", f"{HIS};script-src *", "https://HIS.example", f"{HIS}:0",
     f"{HIS}:443", f"{HIS}:65536", f"{HIS}:", "https://u:p@his.example", "https://his_.example",
     "https://-his.example", "https://his.example.", "https://医院.example", "'none'", "data:", "null"],
)  # fmt: skip
def test_what_is_no_exact_https_origin_is_refused(origin: str) -> None:
    with pytest.raises(HubMisconfigured, match="frame_origins"):
        check_origins([HIS, origin], "https://hub.example")


def test_a_hub_without_tls_has_no_frames() -> None:
    with pytest.raises(HubMisconfigured, match="base_url"):
        check_origins([HIS], "http://localhost:8000")
    check_origins([], "http://localhost:8000")


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/patients/p1", True), ("HEAD", "/patients/p1", True), ("POST", "/patients/p1", False),
        ("GET", "/patients", False), ("GET", "/patients/", False), ("GET", "/patients/p1/", False),
        ("GET", "/patients/p1/orders", True), ("POST", "/patients/p1/orders", True),
        ("GET", "/patients/p1/consents", False), ("POST", "/patients/p1/apps/a", False),
        ("GET", "/patients/p1/images/s", True), ("GET", "/checks/c", True), ("POST", "/checks/c", True),
        ("POST", "/checks/c/again", True), ("GET", "/checks/c/again", False),
        ("GET", "/checks/c/notice.pdf", True), ("GET", "/decisions/d/record.json", True),
        ("GET", "/decisions/d", False), ("GET", "/sign-in", True), ("POST", "/sign-in", True),
        ("GET", "/sign-in/with/p", True), ("GET", "/sign-in/back/p", True), ("POST", "/sign-out", True),
        ("GET", "/launch", True), ("GET", "/oauth/authorize", True), ("POST", "/oauth/authorize", False),
        ("POST", "/oauth/token", False), ("GET", "/work", False), ("GET", "/break-glass", False),
        ("GET", "/fhir/Patient/p1", False), ("GET", "/v1/decisions/d/record", False),
        ("GET", "/framed/patients/p1", False), ("GET", "", False), ("GET", "/", False),
        ("GET", "/dicom-web/studies/1/series", True), ("POST", "/dicom-web/studies", False),
        ("DELETE", "/patients/p1", False), ("GET", "//patients/p1", False), ("GET", "/PATIENTS/p1", False),
    ],
)  # fmt: skip
def test_the_room_opens_patients_pages_and_the_way_to_them(
    method: str, path: str, expected: bool
) -> None:
    assert opens(method, path) is expected


async def _asked(path: str, method: str = "GET", location: bytes = b"/next") -> tuple[Scope, Any]:
    """What the application sees of a request, and the headers of its answer."""
    seen: list[Scope] = []
    told: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)
        headers = [(b"content-security-policy", POLICY), (b"x-frame-options", b"DENY"),
                   (b"location", location)]  # fmt: skip
        await send({"type": "http.response.start", "status": 303, "headers": headers})

    async def send(message: Message) -> None:
        told.append(message)

    async def receive() -> Message:
        raise AssertionError

    scope: Scope = {"type": "http", "method": method, "path": path, "headers": []}
    await Frames(app, [HIS, "https://b.example", HIS])(scope, receive, send)
    return seen[0], dict(told[0]["headers"])


async def test_a_page_of_the_room_is_served_by_its_route_for_the_registered_origins() -> None:
    scope, headers = await _asked("/framed/patients/p1")
    assert scope["path"] == "/patients/p1"
    assert is_framed(scope)
    assert base_of(scope) == "/framed"
    assert headers[b"content-security-policy"] == (
        b"default-src 'none'; frame-ancestors https://his.example https://b.example; form-action 'self'"
    )
    assert b"x-frame-options" not in headers
    assert headers[b"location"] == b"/framed/next"


@pytest.mark.parametrize("location", [b"https://app.example/back", b"//evil.example", b"next"])
async def test_an_address_elsewhere_stays_as_it_is(location: bytes) -> None:
    _, headers = await _asked("/framed/launch", location=location)
    assert headers[b"location"] == location


@pytest.mark.parametrize(
    "path",
    ["/patients/p1", "/framed", "/framed/", "/framedness/x", "/framed/work", "/x/framed/launch"],
)
async def test_every_other_address_is_passed_on_and_framed_nowhere(path: str) -> None:
    scope, headers = await _asked(path)
    assert scope["path"] == path
    assert not is_framed(scope)
    assert base_of(scope) == ""
    assert headers[b"content-security-policy"] == POLICY
    assert headers[b"x-frame-options"] == b"DENY"


def test_cookies_of_a_window_and_of_a_frame_have_names_of_their_own() -> None:
    names = {
        cookie_name("s", secure=secure, framed=framed)
        for secure, framed in ((True, False), (False, False), (True, True))
    }
    assert names == {"__Host-s", "s", "__Host-s_framed"}


def test_a_cookie_is_lax_in_a_window_and_partitioned_in_a_frame() -> None:
    window, frame, over = Response(), Response(), Response()
    give(window, "s", "x", secure=True)
    give(frame, "s", "x", secure=True, framed=True, seconds=60)
    take_back(over, "s", secure=True, framed=True)
    assert window.headers["set-cookie"] == "__Host-s=x; HttpOnly; Path=/; SameSite=lax; Secure"
    assert frame.headers["set-cookie"] == (
        "__Host-s_framed=x; Path=/; Max-Age=60; Secure; HttpOnly; SameSite=None; Partitioned"
    )
    assert over.headers["set-cookie"] == (
        "__Host-s_framed=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=None; Partitioned"
    )
