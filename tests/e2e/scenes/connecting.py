"""What flows and what is held: somebody of the hospital's IT finds the cause and mends it by key."""

from playwright.sync_api import Page, expect

from tests.e2e.held import IDLE, TECHNICIAN
from tests.e2e.scenes import Scene
from tests.e2e.scenes.visit import Visit

_LIST, _ONE = "/messages", "/messages/{id}"
SCENES = (
    Scene("messages", _LIST, "feeds, what holds messages, and a code that waits for its map"),
    Scene("messages-codes", _LIST, "every code that nobody has decided about, and the hours"),
    Scene("messages-sure", _LIST, "messages that are given up without a reason"),
    Scene("message", _ONE, "a held message"),
    Scene("message-text", _ONE, "its text, with the field marked"),
    Scene("message-preview", _ONE, "what processing it again would change"),
    Scene("message-reason", _ONE, "a message that is given up without a reason"),
    Scene("message-dropped", _ONE, "a message that was given up"),
    Scene("messages-dropped", _LIST, "the messages that were given up"),
    Scene("messages-mapped", _LIST, "a map that was just decided"),
    Scene("messages-none", _LIST, "no feed and nothing held"),
)


def walk(visit: Visit) -> None:
    """Causes, one message, a map; all by keyboard where a key is offered."""
    page = visit.page
    visit.enter(TECHNICIAN)
    expect(page.locator("[aria-current=page]")).to_contain_text("接入")
    visit.look("messages")
    page.goto("/messages?codes=all&feeds=ill")
    visit.look("messages-codes", _hours)
    page.goto("/messages")
    causes = page.locator("section:has(#held) [data-row]")
    causes.first.focus()
    page.keyboard.press("j")
    expect(causes.nth(1)).to_be_focused()
    page.keyboard.press("k")
    visit.go_by(lambda: page.keyboard.press("Enter"))
    one = page.locator("#cause li a").first.get_attribute("href")
    _without_reason(visit)
    _one_message(visit, str(one))
    page.goto("/messages")
    page.locator("[data-accept]").first.focus()
    visit.go_by(lambda: page.keyboard.press("a"))
    expect(page.locator("[role=status]")).to_contain_text("2")
    expect(page.locator("[data-accept]")).to_have_count(0)
    visit.look("messages-mapped")
    visit.enter(IDLE)
    visit.look("messages-none")


def _hours(page: Page) -> None:
    page.locator("section:has(#feeds) summary").click()


def _without_reason(visit: Visit) -> None:
    page = visit.page
    page.locator("#cause summary").first.click()
    page.fill("#reason", " ")
    page.check("input[name=sure]")
    visit.go(page.locator("#cause details button").first)
    expect(page.locator("[role=alert]")).to_be_visible()
    visit.look("messages-sure")


def _one_message(visit: Visit, address: str) -> None:
    page = visit.page
    page.goto(address)
    visit.look("message")
    visit.go(page.locator("a[href$='text=1#text']"))
    expect(page.locator(".raw mark")).to_have_text("已核")
    visit.look("message-text")
    page.goto(address)
    visit.go(page.locator("button[value=preview]"))
    visit.look("message-preview")
    page.goto(address)
    page.locator("aside summary").click()
    page.fill("#reason", " ")
    visit.go(page.locator("aside details button"))
    visit.look("message-reason")
    page.fill("#reason", "来源已改正并重发")
    visit.go(page.locator("aside details button"))
    visit.look("message-dropped")
    page.goto("/messages?state=dropped")
    visit.look("messages-dropped")
