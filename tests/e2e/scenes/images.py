"""Examinations with images: on a patient's page, and in the viewer in each of its states."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, Route, expect

from tests.e2e.departments import COLOUR, TWO_MISSING, WHOLE
from tests.e2e.scenes import Scene
from tests.e2e.scenes.patient import open_all
from tests.e2e.scenes.visit import Visit
from tests.e2e.scenes.world import DOCTOR

_VIEWER = "/patients/{id}/images/{study}"
SCENES = (
    Scene("studies", "/patients/{id}", "an examination with all its images"),
    Scene("studies-partial", "/patients/{id}", "an examination that lacks images"),
    Scene("viewer", _VIEWER, "a chest CT, slice by slice"),
    Scene("viewer-compare", _VIEWER, "an earlier study beside it"),
    Scene("viewer-check", "/checks/{id}", "a study that may stand in for a new one"),
    Scene("viewer-used", _VIEWER, "a study that was decided on"),
    Scene("viewer-offline", _VIEWER, "an archive that is away"),
    Scene("viewer-loading", _VIEWER, "images on their way"),
    Scene("viewer-partial", _VIEWER, "a study that lacks images"),
    Scene("viewer-colour", _VIEWER, "colour, which has no window"),
    Scene("viewer-undecodable", _VIEWER, "an image that cannot be decoded"),
    Scene("viewer-two", _VIEWER, "another study beside, which cannot be decoded"),
    Scene("viewer-measured", _VIEWER, "a distance"),
    Scene("viewer-decide", _VIEWER, "opened from an order-check, to be decided on"),
    Scene("viewer-decided", _VIEWER, "and decided"),
)
_AWAY = (
    '{"title": "offline", "status": 503, "errors": [{"path": "source", "code": "source-offline"}]}'
)
_FRAMES = "**/frames/**"


def _away(route: Route) -> None:
    kind = {"Retry-After": "8", "Content-Type": "application/problem+json"}
    route.fulfill(status=503, headers=kind, body=_AWAY)


def _drawn(page: Page) -> None:
    expect(page.locator("#viewport[data-shown]")).to_be_visible()
    page.wait_for_load_state("networkidle")


def _both_drawn(page: Page) -> None:
    expect(page.locator("[id^=viewport][data-shown]")).to_have_count(2)
    page.wait_for_load_state("networkidle")


def _says(page: Page) -> None:
    expect(page.locator("#state")).to_be_visible()


def _is_offline(page: Page) -> None:
    expect(page.locator("#again")).to_be_visible()


def _cannot(page: Page) -> None:
    expect(page.locator("#original")).to_be_visible()


def _two(page: Page) -> None:
    expect(page.locator("#state-2")).to_be_visible()
    _drawn(page)


def _measured(page: Page) -> None:
    _drawn(page)
    for key in ("m", "Space", *["Shift+ArrowRight"] * 9, "Space", "Escape"):
        page.locator("#viewport").press(key)
    expect(page.locator("#o-measured")).to_contain_text("mm")


def _to(page: Page, link: str) -> str:
    found = page.locator(link).first.get_attribute("href")
    assert found is not None
    return found


def walk(visit: Visit) -> None:
    """Four people's examinations."""
    page = visit.page
    visit.enter(DOCTOR)

    waiting: list[Route] = []

    def wait(route: Route) -> None:
        waiting.append(route)

    def of(who: int, number: int = 0) -> str:
        visit.find(visit.world.departments.people[who].resident_id)
        page.goto(page.url + "?category=imaging")
        found = page.locator(".study .strip a.btn").nth(number).get_attribute("href")
        assert found is not None
        return found

    def through(name: str, address: str, answer: Callable[[Route], None]) -> None:
        page.route(_FRAMES, answer)
        page.goto(address)
        visit.look(name, _is_offline if answer is _away else _says)
        for route in waiting:
            route.abort()
        page.unroute(_FRAMES)

    whole = of(WHOLE)
    visit.look("studies", _explained)
    partial = of(TWO_MISSING)
    visit.look("studies-partial", _explained)
    page.goto(whole)
    visit.look("viewer", _drawn)
    page.goto(page.locator("#compare a").first.evaluate("one => one.href"))
    visit.look("viewer-compare", _both_drawn)
    page.goto(whole)
    visit.go(page.locator("[data-decide=use]"))
    visit.look("viewer-check")
    asked = page.locator("a[href*='/images/']").first.evaluate("one => one.href")
    page.goto(asked)
    _drawn(page)
    visit.go(page.locator("[data-decide=use]"))
    page.goto(asked)
    expect(page.locator(".decide .chip")).to_be_visible()
    visit.look("viewer-used", _drawn)
    through("viewer-offline", whole, _away)
    through("viewer-loading", whole, wait)
    page.goto(partial)
    visit.look("viewer-partial", _drawn)
    page.goto(of(COLOUR))
    visit.look("viewer-colour", _drawn)
    page.goto(of(COLOUR, 1))
    visit.look("viewer-undecodable", _cannot)
    page.goto(of(COLOUR))
    page.goto(_to(page, "#compare a"))
    visit.look("viewer-two", _two)
    page.goto(whole)
    visit.look("viewer-measured", _measured)
    visit.go_by(lambda: page.locator("#viewport").press("Enter"))
    page.goto(_to(page, "a[href*='/images/']"))
    opened = page.url
    visit.look("viewer-decide", _drawn)
    visit.go_by(lambda: page.locator("#viewport").press("Enter"))
    page.goto(opened)
    visit.look("viewer-decided", _drawn)


def _explained(page: Page) -> None:
    page.locator(".study a[data-row]").first.click()
    expect(page.locator("#why .gate").first).to_be_visible()
    expect(page).to_have_url(re.compile("item="))
    open_all(page)
    for picture in page.locator(".study .pic img").all():
        picture.scroll_into_view_if_needed()
        expect(picture).not_to_have_js_property("naturalWidth", 0)
