"""A HIS shows a launched patient in a frame, in a real browser; another site shows nothing."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from playwright.sync_api import Browser, BrowserContext, Frame, Page, expect, sync_playwright

from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.store import identifiers, users
from hie.synthetic import Manifest
from tests.e2e.conftest import chromium
from tests.e2e.running import Running, serving
from tests.integration.oauth.tokens.key_server import certificate
from tests.unit.access.tokens import jwk_of

DOCTOR = "doctor-sjz-lis"
FRESH = 1  # of the cast, hie/synthetic/cast.py: everything of theirs may be used
HIS, OTHER_HIS, STRANGER = "his.example", "his-b.example", "evil.example"


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def sites(tls: tuple[Path, Path]) -> Iterator[int]:
    """A port at which every site shows the address it is asked for in a frame."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = parse_qs(urlsplit(self.path).query).get("frame", ["about:blank"])[0]
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            page = f"<!doctype html><title>HIS</title><iframe src='{escape(asked)}'></iframe>"
            self.wfile.write(page.encode())

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*tls)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    """What the hub's own thread says of itself: a system's token, and a patient."""
    return {}


@pytest.fixture(scope="module")
def hub(
    tmp_path_factory: pytest.TempPathFactory,
    tls: tuple[Path, Path],
    sites: int,
    told: dict[str, Any],
) -> Iterator[Running]:
    """A hub over TLS that two HIS may frame."""

    async def registered(opened: Hub, region: Manifest) -> None:
        number = next(one.resident_id for one in region.people if one.index == FRESH)
        async with opened.db.unit() as unit:
            account = await users.by_login(unit, DOCTOR)
            assert account is not None
            told["institution"] = account.institution
            homes = await identifiers.homes_by_identifier(unit, "resident-id", number)
            told["patient"] = homes[0]
        asked = {
            "client": "his",
            "institution": account.institution,
            "key": jwk_of(ec.generate_private_key(ec.SECP384R1()), kid="h"),
            "scopes": ["system/*.rs", "hie/order-check"],
        }
        await run(opened, "client-add", asked)
        given = await run(opened, "client-token", {"client": "his", "scopes": None})
        told["headers"] = {"Authorization": f"Bearer {given['access_token']}"}

    origins = [f"https://{one}:{sites}" for one in (HIS, OTHER_HIS)]
    folder = tmp_path_factory.mktemp("hub")
    with serving(folder, registered, tls=tls, frame_origins=origins) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, to which every site lies on this machine."""
    args = ["--no-sandbox", "--host-resolver-rules=MAP *.example 127.0.0.1"]
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium(), args=args)
        yield opened
        opened.close()


@contextmanager
def window(browser: Browser) -> Iterator[BrowserContext]:
    """A new browser of somebody who reads Chinese."""
    context = browser.new_context(locale="zh-CN", ignore_https_errors=True)
    context.set_default_timeout(30_000)
    try:
        yield context
    finally:
        context.close()


def ask(hub: Running, told: dict[str, Any], path: str, asked: dict[str, Any]) -> dict[str, Any]:
    """What the hub answers the HIS."""
    address = f"{hub.address}{path}"
    answer = httpx.post(address, json=asked, headers=told["headers"], verify=False)  # noqa: S501 - its certificate is of this run
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def ticket(hub: Running, told: dict[str, Any], **opens: str) -> str:
    """The address a HIS is given for its frame, for the patient or what else it `opens`."""
    asked = {**(opens or {"patient": told["patient"]}), "framed": True}
    return str(ask(hub, told, "/v1/launch-tickets", asked)["url"])


def framed(page: Page, site: str, port: int, address: str) -> Frame:
    """The frame in which a site shows an address, once it shows what it will show."""
    page.goto(f"https://{site}:{port}/?{httpx.QueryParams(frame=address)}")
    frame = page.frames[1]
    frame.wait_for_load_state()
    return frame


def sign_in(frame: Frame, hub: Running) -> None:
    frame.fill("#login", DOCTOR)
    frame.fill("#password", hub.sign_ins[DOCTOR])
    frame.press("#password", "Enter")
    frame.wait_for_url("**/framed/patients/**")


def _is_policy(text: str) -> bool:
    return "Content Security Policy" in text or "violates" in text


def is_blocked(frame: Frame) -> bool:
    """Whether the browser shows its own page instead of the hub's."""
    frame.wait_for_url("chrome-error://**")
    return frame.locator("#login, #main, .brand, .banner").count() == 0


def test_a_registered_his_shows_the_patient_and_the_session_stays_in_its_frame(
    browser: Browser, hub: Running, sites: int, told: dict[str, Any]
) -> None:
    with window(browser) as context:
        page, wrong = context.new_page(), []
        page.on("pageerror", lambda said: wrong.append(said))
        page.on("console", lambda said: wrong.append(said) if _is_policy(said.text) else None)
        frame = framed(page, HIS, sites, ticket(hub, told))
        frame.wait_for_url("**/framed/sign-in**")
        expect(frame.locator(".brand")).to_be_visible()
        sign_in(frame, hub)
        assert frame.url.endswith(f"/framed/patients/{told['patient']}")
        expect(frame.locator("h1").first).to_be_visible()
        expect(frame.locator(".banner .nm")).not_to_be_empty()
        frame.get_by_role("link", name="开单").first.click()
        frame.wait_for_url("**/framed/patients/*/orders")
        # the same person, the same HIS: no sign-in again, and a form works
        again = framed(page, HIS, sites, ticket(hub, told))
        again.wait_for_url("**/framed/patients/**")
        again.locator("form[action$='/sign-out'] button").click()
        again.wait_for_url("**/framed/sign-in")
        # nothing of it in another registered HIS, nor in the hub's own window
        signed = framed(page, HIS, sites, ticket(hub, told))
        signed.wait_for_url("**/framed/sign-in**")
        sign_in(signed, hub)
        other = framed(page, OTHER_HIS, sites, ticket(hub, told))
        other.wait_for_url("**/framed/sign-in**")
        expect(other.locator("#login")).to_be_visible()
        for path in (f"/framed/patients/{told['patient']}", f"/patients/{told['patient']}"):
            page.goto(f"{hub.address}{path}")
            page.wait_for_url("**/sign-in**")
        (session,) = [one for one in context.cookies() if "hie_session" in one["name"]]
        assert session["name"] == "__Host-hie_session_framed"
        assert (session["sameSite"], session["secure"], session["httpOnly"]) == ("None", True, True)
        assert wrong == []


def test_orders_are_decided_by_keyboard_in_the_frame_of_the_his(
    browser: Browser, hub: Running, sites: int, told: dict[str, Any]
) -> None:
    orders = [{"ref": item, "item": item} for item in ("K", "NA", "CRE", "ALT", "GLU")]
    about = {"reference": f"Patient/{told['patient']}"}
    asked = {"patient": about, "receiver": {"institution": told["institution"]}, "orders": orders}
    check = ask(hub, told, "/v1/order-check", asked)["check"]
    with window(browser) as context:
        page = context.new_page()
        frame = framed(page, HIS, sites, ticket(hub, told, check=check))
        frame.wait_for_url("**/framed/sign-in**")
        frame.fill("#login", DOCTOR)
        frame.fill("#password", hub.sign_ins[DOCTOR])
        frame.press("#password", "Enter")
        frame.wait_for_url(f"**/framed/checks/{check}")
        lines = frame.locator("[data-line]").count()
        assert lines > 1
        frame.locator("input[data-use]").first.focus()
        for key in ("r", "3", "e", "Enter"):
            page.keyboard.press(key)
        expect(frame.locator("header [role=status]")).to_be_visible()
        expect(frame.locator(".set .chip.on")).to_have_count(lines)
        frame.locator("[data-notice]").click()
        frame.wait_for_url(f"**/framed/checks/{check}/notice")


def test_no_other_site_shows_anything_of_the_hub(
    browser: Browser, hub: Running, sites: int, told: dict[str, Any]
) -> None:
    with window(browser) as context:
        page = context.new_page()
        frame = framed(page, HIS, sites, ticket(hub, told))
        frame.wait_for_url("**/framed/sign-in**")
        sign_in(frame, hub)  # there is a session that could be abused
        for address in (ticket(hub, told), f"{hub.address}/framed/sign-in",
                        f"{hub.address}/framed/patients/{told['patient']}"):  # fmt: skip
            assert is_blocked(framed(page, STRANGER, sites, address))


def test_not_even_a_registered_his_shows_the_ordinary_pages(
    browser: Browser, hub: Running, sites: int, told: dict[str, Any]
) -> None:
    with window(browser) as context:
        page = context.new_page()
        for path in ("/sign-in", f"/patients/{told['patient']}", "/patients", "/framed/work"):
            assert is_blocked(framed(page, HIS, sites, f"{hub.address}{path}"))
