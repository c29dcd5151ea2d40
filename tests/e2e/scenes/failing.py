"""What fails or is too much: a page that says whether anything is lost, and how to go on."""

import copy
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, expect

from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.oauth.limits import USER
from hie.settings import Settings
from hie.store.sqlite import Sqlite
from hie.synthetic.institutions import SHIJIAZHUANG
from tests.e2e.running import PASSWORD, Running, on_thread
from tests.e2e.scenes import Scene
from tests.e2e.scenes.visit import Visit, visiting
from tests.e2e.scenes.world import DOCTOR, World

_LOGIN = "somebody"
SCENES = (
    Scene("out-of-reach", "/patients/{id}", "a database that takes nothing now"),
    Scene("altered", "/patients/{id}", "a result that was changed past the hub"),
    Scene("too-many", "/patients", "too many pages in a short time"),
    Scene("sign-in-limited", "/sign-in", "too many wrong passwords in a short time"),
)


def walk(visit: Visit) -> None:
    """A clinician whose hub is in trouble, and somebody who guesses a password."""
    page, world = visit.page, visit.world
    visit.enter(DOCTOR)
    visit.find(world.hub.number_of(3))  # of whom no other walk changes what is seen
    patient = page.url
    with _read_only(world.hub):
        page.goto(patient)
        assert _status(page) == 503
        visit.look("out-of-reach")
    with _altered(world.hub, patient.rpartition("/")[2].partition("?")[0]):
        page.goto(patient)
        assert _status(page) == 500, page.inner_text("main")[:500]
        visit.look("altered")
    page.goto(patient)
    expect(page.locator("#results")).to_be_visible()
    browser = page.context.browser
    assert browser is not None
    with _guarded(world) as other, visiting(browser, other, visit.see) as there:
        there.enter(_LOGIN)
        there.look("too-many", _hurry)
        there.leave()
        there.page.goto("/sign-in")
        there.look("sign-in-limited", _guess)
        visit.seen += there.seen


def _status(page: Page) -> int:
    """What the page was answered with."""
    found = page.evaluate("performance.getEntriesByType('navigation')[0].responseStatus")
    return int(found)


def _guess(page: Page) -> None:
    """Wrong passwords for a login until none is looked at any more."""
    while _status(page) != 429:
        page.fill("#login", "anybody")
        page.fill("#password", "a guess")
        with page.expect_navigation():
            page.press("#password", "Enter")


def _hurry(page: Page) -> None:
    """The same page again and again, until there is none any more."""
    while _status(page) != 429:
        for _ in range(USER.burst):
            page.context.request.get("/patients")
        page.reload()


@contextmanager
def _read_only(running: Running) -> Iterator[None]:
    """The disk takes nothing more, as when the system mounts it to be read only."""

    async def turn(hub: Hub, word: str) -> None:
        engine = hub.db._engine
        assert isinstance(engine, Sqlite)
        engine._writer.execute(f"PRAGMA query_only = {word}")

    running.do(lambda hub: turn(hub, "ON"))
    try:
        yield
    finally:
        running.do(lambda hub: turn(hub, "OFF"))


@contextmanager
def _altered(running: Running, patient: str) -> Iterator[None]:
    """Who may see this patient's results is written anew in the database, past the hub."""

    async def add(hub: Hub, more: int) -> None:
        async with hub.db.unit() as unit:
            await unit.execute(
                "UPDATE observation SET label = label + $1 WHERE home IN (SELECT b.home FROM"
                " person_home AS a JOIN person_home AS b ON b.person = a.person WHERE a.home = $2)",
                more,
                patient,
            )

    running.do(lambda hub: add(hub, 1))
    try:
        yield
    finally:
        running.do(lambda hub: add(hub, -1))


@contextmanager
def _guarded(world: World) -> Iterator[World]:
    """An empty hub that counts how often somebody asks, with one person in it."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    person = {
        "login": _LOGIN,
        "name": "某医生（合成）",
        "role": "clinician",
        "institution": SHIJIAZHUANG.code,
        "password": PASSWORD,
    }

    async def begin(hub: Hub) -> Running:
        await run(hub, "user-add", person)
        return Running(settings.address, {_LOGIN: PASSWORD}, world.hub.region)

    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            data_dir=Path(folder), port=port, base_url=f"http://127.0.0.1:{port}"
        )  # its rates are on
        with on_thread(settings, begin, listener) as running:
            other = copy.copy(world)
            other.hub, other.sign_ins, other.sessions = running, running.sign_ins, {}
            yield other
