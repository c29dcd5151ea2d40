"""An app from another origin, opened in a real browser: by itself, and from a patient's page."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, expect

from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.store import relations, users
from hie.store.relations import EVER_US, Fact, Kind
from hie.synthetic import Manifest
from tests.e2e.asking import let_in
from tests.e2e.reader import find, reading, signed_in
from tests.e2e.running import Running, serving

DOCTOR = "doctor-sjz-lis"
FRESH = 1  # of the cast, hie/synthetic/cast.py


@dataclass
class App:
    """An app of another origin: /launch asks to be let in, /back is told whether it is."""

    address: str
    hub: str = ""
    told: list[dict[str, str]] = field(default_factory=list)

    def request(self, **more: str) -> str:
        """Where it sends a browser to be let in."""
        return let_in(self.hub, "viewer", f"{self.address}/back", **more)

    def answer(self, path: str) -> tuple[int, str]:
        """Status and address, or words, of an answer."""
        parts = urlsplit(path)
        said = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/launch":
            asked = {"launch": said["launch"], "scope": "launch patient/*.rs"}
            return 302, self.request(**asked)
        if parts.path == "/back":
            self.told.append(said)
        return 200, "let in" if "code" in said else "nothing"


@contextmanager
def listening() -> Iterator[App]:
    """The app on a port of its own, which is an origin of its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, words = app.answer(self.path)
            self.send_response(status)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            if status == 302:
                self.send_header("Location", words)
            self.end_headers()
            self.wfile.write(f"<!doctype html><link rel=icon href='data:,'><p>{words}</p>".encode())

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    app = App(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield app
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def app() -> Iterator[App]:
    with listening() as found:
        yield found


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, app: App) -> Iterator[Running]:
    """A running hub that knows the app."""

    async def registered(opened: Hub, region: Manifest) -> None:
        asked = {
            "client": "viewer",
            "institution": region.sites[0].institution,
            "redirect_uris": [f"{app.address}/back"],
            "launch_url": f"{app.address}/launch",
            "scopes": ["patient/*.rs"],
            "name": "趋势图",
            "everyone": True,
        }
        await run(opened, "app-add", asked)
        await _treated(opened)

    folder: Path = tmp_path_factory.mktemp("hub")
    with serving(folder, registered) as running:
        app.hub = running.address
        yield running


async def _treated(opened: Hub) -> None:
    """Everybody is treated by the doctor's house, whatever its messages said."""
    async with opened.db.unit() as unit:
        account = await users.by_login(unit, DOCTOR)
        assert account is not None
        house = account.institution
        rows = await unit.fetch("SELECT home FROM relation WHERE kind = 'own' ORDER BY home")
        await relations.relate(
            unit,
            [Fact(house, row[0], Kind.VISIT, 0, EVER_US, "test") for row in rows],
        )


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_an_app_by_itself_leads_through_sign_in_and_choice_back_to_it(
    browser: Browser, hub: Running, app: App, scripts: bool
) -> None:
    with reading(browser, hub, "zh", scripts=scripts, elsewhere=(app.address,)) as page:
        page.goto(app.request())
        page.fill("#login", DOCTOR)
        page.fill("#password", hub.sign_ins[DOCTOR])
        page.press("#password", "Enter")
        expect(page.locator("h1")).to_have_text("选择患者")
        page.locator("#value").fill(hub.number_of(FRESH))
        page.locator("form.find button").click()
        page.locator("form:not(.find) button.p").click()
        page.wait_for_url(re.compile(rf"^{app.address}/back\?"))
        expect(page.locator("p")).to_have_text("let in")
        assert app.told[-1]["state"] == "a-state-of-the-app"
        assert app.told[-1]["iss"] == hub.address


def test_a_signed_in_clinician_opens_an_app_for_the_patient_on_the_page(
    browser: Browser, hub: Running, app: App
) -> None:
    with reading(browser, hub, "zh", elsewhere=(app.address,)) as page:
        signed_in(page, hub)
        find(page, hub.number_of(FRESH))
        page.get_by_role("button", name="趋势图").click()
        page.wait_for_url(re.compile(rf"^{app.address}/back\?"))
        expect(page.locator("p")).to_have_text("let in")
