"""Ordering and deciding: the order form, a check in each state, records and notices."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.e2e.scenes import Scene
from tests.e2e.scenes.finding import AMBIGUOUS
from tests.e2e.scenes.patient import open_all
from tests.e2e.scenes.visit import Visit
from tests.e2e.scenes.world import DOCTOR

_ORDERS, _CHECK = "/patients/{id}/orders", "/checks/{id}"
SCENES = (
    Scene("orders", _ORDERS, "the form"),
    Scene("orders-wrong", _ORDERS, "nothing chosen"),
    Scene("check", _CHECK, "five tests and an examination that are to be ordered", prints=True),
    Scene("check-reasons", _CHECK, "why, and every reason to repeat"),
    Scene("check-no-notice", "/checks/{id}/notice", "no decision yet, so no notice"),
    Scene("check-one", _CHECK, "one order with every reason, in both languages", prints=True),
    Scene("check-none", _CHECK, "an order nothing earlier is known for"),
    Scene("check-ambiguous", _CHECK, "of whom it is not certain who they are"),
    Scene("check-wrong", _CHECK, "a reason that needs words"),
    Scene("check-decided", _CHECK, "what was decided, of all orders"),
    Scene("check-used", _CHECK, "what was decided, of one order"),
    Scene("check-meanwhile", _CHECK, "a decision that was made in another window first"),
    Scene("record", "/decisions/{id}/record", "the record of a used result", prints=True),
    Scene("notice", "/decisions/{id}/notice", "the notice of one decision", prints=True),
    Scene("notice-all", "/checks/{id}/notice", "one notice of all decisions", prints=True),
    Scene("check-reopened", _CHECK, "a used result that was corrected since"),
    Scene("record-corrected", "/decisions/{id}/record", "a used result corrected since"),
    Scene("check-changed", _CHECK, "a result that changed while somebody decided"),
)
_ITEMS = ("K", "CRE", "HBA1C", "ALT", "GLU")
_CT = "CT"
_NAMES = {"K": "^(钾|Potassium)", "CRE": "^(肌酐|Creatinine)", "NA": "^(钠|Sodium)", _CT: "CT"}


def line(page: Page, item: str) -> Locator:
    """The line of an order on the card of all orders, in either language."""
    return page.locator("[data-line]", has=page.locator("b", has_text=re.compile(_NAMES[item])))


def decide(visit: Visit) -> None:
    """Press the button of the form as it is filled in."""
    visit.go(visit.page.locator("[data-primary]"))


def repeat(page: Page, item: str, reason: str, words: str) -> None:
    """Choose why a test is repeated, and say that it was explained."""
    of = line(page, item)
    if of.locator("details[data-reasons]:not([open])").count():
        of.locator("details[data-reasons] > summary").click()
    more = of.locator("details[data-reasons] details:not([open]) > summary")
    if more.count():
        more.click()
    of.locator(f"input[value='{reason}']").check()
    of.locator("textarea").fill(words)
    page.locator("input[name=explained]").check()


def walk(visit: Visit) -> None:
    """One set of orders, from the form to a correction by the source."""
    page, world = visit.page, visit.world
    visit.enter(DOCTOR)
    check = _ordered(visit)
    visit.look("check")
    visit.look("check-reasons", open_all)
    one = _addresses(page)
    page.goto(f"{check}/notice")
    visit.look("check-no-notice")
    page.goto(one["K"])
    visit.go(page.locator("a.chip[href*=both]"))
    expect(page.locator(".other").first).to_be_visible()
    visit.look("check-one")
    page.goto(one[_CT])
    visit.look("check-none")
    page.goto(world.checked(world.hub.number_of(AMBIGUOUS)))
    visit.look("check-ambiguous")
    page.goto(check)
    repeat(page, "CRE", "N6_OTHER_NECESSARY", "")
    decide(visit)
    expect(page.locator("[role=alert]")).to_be_visible()
    visit.look("check-wrong")
    repeat(
        page, "CRE", "N6_OTHER_NECESSARY", "造影检查之前需要确认肾功能；患者昨日呕吐，进食很少。"
    )
    decide(visit)
    expect(page.locator("[data-notice]")).to_be_visible()
    visit.look("check-decided")
    page.goto(one["CRE"])
    notice = page.locator("a[href$='/notice'][href*='/decisions/']").first.get_attribute("href")
    page.goto(one["K"])
    visit.look("check-used")
    record = page.locator("a[href$='/record']").first.get_attribute("href")
    _decided_in_another_window(visit)
    visit.look("check-meanwhile")
    for name, address in (
        ("record", record),
        ("notice", notice),
        ("notice-all", f"{check}/notice"),
    ):
        page.goto(str(address))
        visit.look(name)
    world.correct()
    page.goto(one["K"])
    expect(page.locator(".reopened ins").first).to_be_visible()
    visit.look("check-reopened")
    page.goto(str(record))
    visit.look("record-corrected")
    page.goto(one["K"])
    visit.go(page.locator("form[action$='/again'] button"))
    world.correct()
    page.locator("input[data-use]").check()
    decide(visit)
    expect(page.locator("[role=alert] ins").first).to_be_visible()
    visit.look("check-changed")


def _ordered(visit: Visit) -> str:
    """The order form, filled in and sent; the address of the check."""
    page = visit.page
    visit.find(visit.world.ordered_for)
    page.goto(f"{page.url.partition('?')[0]}/orders?item=K")
    visit.look("orders")
    page.locator("input[name='item-K']").uncheck()
    visit.go(page.locator("form.ordering button[type=submit]"))
    visit.look("orders-wrong")
    for item in _ITEMS:
        page.locator(f"input[name='item-{item}']").check()
    page.locator("#image").select_option("CT")
    page.locator("#body_part").fill("CHEST")
    page.locator("#contrast").select_option("plain")
    visit.go(page.locator("form.ordering button[type=submit]"))
    return page.url.partition("?")[0]


def _addresses(page: Page) -> dict[str, str]:
    """From the card of all orders, the address of the page of each that is named above."""
    page.goto(page.locator("a[href*='?order=']").first.evaluate("one => one.href"))
    found = {}
    for item, name in _NAMES.items():
        link = page.locator(".lines a", has_text=re.compile(name))
        if link.count():
            found[item] = str(link.evaluate("one => one.href.split('#')[0]"))
    return found


def _decided_in_another_window(visit: Visit) -> None:
    """Two new orders, open in two windows: what one decides is decided otherwise in the other."""
    page = visit.page
    visit.find(visit.world.ordered_for)
    page.goto(f"{page.url.partition('?')[0]}/orders?item=NA&item=CL")
    visit.go(page.locator("form.ordering button[type=submit]"))
    other = page.context.new_page()
    other.goto(page.url)
    with other.expect_navigation():
        other.locator("[data-primary]").click()
    other.close()
    repeat(page, "NA", "N1_CONDITION_CHANGED", "")
    decide(visit)
    expect(page.locator("[role=alert]")).to_be_visible()
