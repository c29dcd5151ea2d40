"""The work list: decisions to be made anew, and what has ended."""

from playwright.sync_api import Page, expect

from tests.e2e.scenes import Scene
from tests.e2e.scenes.visit import Visit
from tests.e2e.scenes.world import DOCTOR, ELSEWHERE

_PAGE = "/work"
SCENES = (
    Scene("work", _PAGE, "what changed since it was decided", prints=True),
    Scene("work-note", _PAGE, "a closing without words"),
    Scene("work-ended", _PAGE, "what has ended"),
    Scene("work-none", _PAGE, "nothing that waits"),
)


def _fold_open(page: Page) -> None:
    page.locator("article details.more > summary").first.click()


def walk(visit: Visit) -> None:
    """What the correction of the orders' walk left to be done."""
    page = visit.page
    visit.enter(DOCTOR)
    page.goto("/work")
    expect(page.locator("article").first).to_be_visible()
    visit.look("work")
    _fold_open(page)
    page.locator("article textarea").first.fill(" ")
    visit.go(page.locator("form.closing button[type=submit]").first)
    expect(page.locator("[role=alert]").first).to_be_visible()
    visit.look("work-note")
    page.locator("article textarea").first.fill("结果更正后已电话告知患者，无需重新决定。")
    visit.go(page.locator("form.closing button[type=submit]").first)
    page.goto("/work?state=done")
    expect(page.locator("article").first).to_be_visible()
    visit.look("work-ended")
    visit.enter(ELSEWHERE)
    page.goto("/work")
    expect(page.locator(".empty")).to_be_visible()
    visit.look("work-none")
