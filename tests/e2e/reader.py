"""A person at a browser: signs in, looks, and notices whatever a page does wrong."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response

from tests.e2e.running import Running

FORM_COOKIE = re.compile("form")  # what a form before sign-in is held to


@contextmanager
def reading(
    browser: Browser,
    hub: Running,
    lang: str,
    *,
    scripts: bool = True,
    width: int = 1440,
    refused: tuple[str, ...] = (),
    elsewhere: tuple[str, ...] = (),
) -> Iterator[Page]:
    """A new browser window at the hub; at the end nothing may have been told to the console.

    Nor may a page have asked anything of another place. `refused`: parts of addresses of which a
    refusal is expected; `elsewhere`: other origins that are expected.
    """
    context = browser.new_context(
        base_url=hub.address,
        locale="zh-CN" if lang == "zh" else "en-GB",
        java_script_enabled=scripts,
        viewport={"width": width, "height": 900},
        ignore_https_errors=True,  # a hub over TLS has a certificate of this run
    )
    context.set_default_timeout(30_000)  # a machine may have much else to do
    page = context.new_page()
    told: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        # Chromium notes every 4xx; a page may be one (that is what is tested), its parts may not.
        if message.type in {"error", "warning"} and "Failed to load resource" not in message.text:
            told.append(f"{message.type}: {message.text} {message.location['url']}")

    def fetched(response: Response) -> None:
        expected = any(part in response.url for part in refused)
        if response.status >= 400 and not (expected or response.request.is_navigation_request()):
            told.append(f"{response.status}: {response.url}")

    def asked(request: Request) -> None:
        if not request.url.startswith((hub.address, *elsewhere, "data:", "blob:")):
            told.append(f"asked elsewhere: {request.url}")

    page.on("request", asked)
    page.on("console", hear)
    page.on("response", fetched)
    page.on("pageerror", lambda error: told.append(f"uncaught: {error}"))
    try:
        yield page
        assert told == [], told
    finally:
        context.close()


def sign_in(page: Page, hub: Running, login: str = "doctor-sjz-lis") -> None:
    """From the start page to what the person may see."""
    page.goto("/")
    page.wait_for_url("**/sign-in*")
    fill_in(page, login, hub.sign_ins[login])
    page.wait_for_url("**/patients")


def fill_in(page: Page, login: str, password: str) -> None:
    """Fill in the form to sign in, send it, and wait for the page it leads to."""
    page.fill("#login", login)
    page.fill("#password", password)
    with page.expect_navigation():
        page.press("#password", "Enter")


_sessions: dict[str, list[Any]] = {}


def signed_in(page: Page, hub: Running) -> None:
    """A clinician at the first page; signs in the first time, and goes on in that session."""
    if hub.address in _sessions:
        page.context.add_cookies(_sessions[hub.address])
    else:
        sign_in(page, hub)
        _sessions[hub.address] = page.context.cookies()


def find(page: Page, number: str) -> None:
    """Look a patient up by their resident number."""
    page.goto("/patients")
    page.select_option("#type", "resident-id")
    page.fill("#value", number)
    page.press("#value", "Enter")
    page.wait_for_load_state()
