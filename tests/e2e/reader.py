"""A person at a browser: signs in, looks, and notices whatever a page does wrong."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Response

from tests.e2e.running import Running

WIDTHS = (320, 768, 1440, 2560)
# WCAG 2.0 to 2.2, A and AA, and what axe calls best practice.
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_OPTIONS = {"runOnly": {"type": "tag", "values": _RULES}, "resultTypes": ["violations"]}
# Whether an element lies outside the window, or outside a box that would have to be scrolled.
_CUT_OFF = """(what) => [...document.querySelectorAll(what)].some((one) => {
  const box = one.getBoundingClientRect(), around = one.closest(".scroll");
  const right = around ? around.getBoundingClientRect().right : window.innerWidth;
  return box.width > 0 && (box.right > right + 1 || box.left < 0);
})"""


@contextmanager
def reading(
    browser: Browser,
    hub: Running,
    lang: str,
    *,
    scripts: bool = True,
    width: int = 1440,
    refused: tuple[str, ...] = (),
) -> Iterator[Page]:
    """A new browser window at the hub; at the end nothing may have been told to the console.

    `refused`: parts of addresses of which a refusal is expected.
    """
    context = browser.new_context(
        base_url=hub.address,
        locale="zh-CN" if lang == "zh" else "en-GB",
        java_script_enabled=scripts,
        viewport={"width": width, "height": 900},
    )
    context.set_default_timeout(10_000)
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
    page.fill("#login", login)
    page.fill("#password", hub.sign_ins[login])
    page.press("#password", "Enter")
    page.wait_for_url("**/patients")


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


def faults_of(page: Page) -> list[str]:
    """What axe-core finds wrong, and text that runs out of the window at any width."""
    found: dict[str, Any] = Axe().run(page, options=_OPTIONS).response
    faults = [
        f"{one['id']}: {one['help']}: {node['html'][:160]}"
        for one in found["violations"]
        for node in one["nodes"]
    ]
    before = page.viewport_size or {"width": 1440, "height": 900}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        over = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        if over > 0:
            faults.append(f"{over} px to the right of a window of {width}")
        if page.evaluate(_CUT_OFF, ".v"):
            faults.append(f"a verdict is cut off in a window of {width}")
    page.set_viewport_size({"width": before["width"], "height": before["height"]})
    return faults
