"""A patient's page: results with verdicts and reasons, and nothing where there is nothing."""

from playwright.sync_api import Page, expect

from tests.e2e.departments import REPORT_ALONE
from tests.e2e.scenes import Scene
from tests.e2e.scenes.visit import Visit
from tests.e2e.scenes.world import DOCTOR

FRESH, UNIT, UNMAPPED = 1, 6, 22  # of the cast, hie/synthetic/cast.py
_PAGE = "/patients/{id}"
SCENES = (
    Scene("patient", _PAGE, "results of several hospitals", prints=True),
    Scene("patient-why", _PAGE, "a result over time, and every reason in both languages"),
    Scene(
        "report", "/patients/{id}/reports/{report}", "the report a result stands in", prints=True
    ),
    Scene("patient-filtered", _PAGE, "filters that leave nothing"),
    Scene("patient-converted", _PAGE, "a converted value above the reported one"),
    Scene("patient-unmapped", _PAGE, "results of which the code is not known"),
    Scene("patient-away", _PAGE, "a source that does not answer"),
    Scene("patient-report-alone", _PAGE, "a report without images, and no results"),
)


def open_all(page: Page) -> None:
    """Whatever is folded up is opened."""
    closed = page.locator("main details:not([open]) > summary")
    while closed.count():
        closed.first.click()


def walk(visit: Visit) -> None:
    """People of whom each shows something else."""
    page, hub = visit.page, visit.world.hub
    visit.enter(DOCTOR)
    visit.find(hub.number_of(FRESH))
    expect(page.locator("#results tbody tr").nth(5)).to_be_visible()
    visit.look("patient")
    plain = page.url
    reasons = page.locator("#results a[data-row]").nth(2).evaluate("one => one.href.split('#')[0]")
    page.goto(f"{reasons}&both=1")
    expect(page.locator("#why .gate").first).to_be_visible()
    visit.look("patient-why")
    page.goto(page.locator("a[href*='/reports/']").first.evaluate("one => one.href"))
    expect(page.locator(".sheet")).to_be_visible()
    visit.look("report")
    page.goto(f"{plain}?verdict=recognise&category=immunology&source=x")
    expect(page.locator(".empty").first).to_be_visible()
    visit.look("patient-filtered")
    for name, who in (("patient-converted", UNIT), ("patient-unmapped", UNMAPPED)):
        visit.find(hub.number_of(who))
        expect(page.locator("#results, main details").first).to_be_visible()
        visit.look(name, open_all)
    visit.world.silence()
    visit.find(hub.number_of(UNIT))
    expect(page.locator(".away")).to_be_visible()
    visit.look("patient-away")
    visit.world.silence(ends=True)
    visit.find(visit.world.departments.people[REPORT_ALONE].resident_id)
    expect(page.locator(".study .lacks").first).to_be_visible()
    visit.look("patient-report-alone", open_all)
