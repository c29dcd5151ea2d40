"""Emergency access: the form, what is missing in it, what it opens, and its review."""

import re
import time
from base64 import b32decode

from playwright.sync_api import expect

from hie.access.totp import code_at
from tests.e2e.scenes import Scene
from tests.e2e.scenes.visit import Visit
from tests.e2e.scenes.world import DOCTOR, ELSEWHERE, OFFICER

_FORM, _REVIEWS = "/break-glass", "/glass"
HIV = "HIV抗原抗体（合成）"
_WORDS = "急诊昏迷，需要既往检验结果"
SCENES = (
    Scene("glass-factor", _FORM, "a person who has no second factor"),
    Scene("glass", _FORM, "the form"),
    Scene("glass-wrong", _FORM, "a one-time code that is not right"),
    Scene("glass-patient", "/patients/{id}", "withheld results that are open"),
    Scene("glass-open", _FORM, "what is open now"),
    Scene("reviews", _REVIEWS, "an opening that waits for its review"),
    Scene("reviews-note", _REVIEWS, "a review without words"),
    Scene("reviews-done", _REVIEWS, "what was reviewed"),
    Scene("reviews-none", _REVIEWS, "nothing that waits"),
)


def walk(visit: Visit) -> None:
    """A doctor opens and ends it; the officer says whether there was good reason."""
    page = visit.page
    visit.enter(ELSEWHERE)
    page.goto("/break-glass")
    visit.look("glass-factor")
    visit.enter(DOCTOR)
    page.goto("/break-glass")
    visit.look("glass")
    _fill_in(visit, "000000")
    expect(page.locator("[role=alert]")).to_be_visible()
    expect(page.locator("#text")).to_have_value(_WORDS)
    visit.look("glass-wrong")
    secret = visit.world.secret
    key = b32decode(secret + "=" * (-len(secret) % 8))
    _fill_in(visit, code_at(key, int(time.time()) // 30))
    page.wait_for_url(re.compile(r"/patients/[^/?]+$"))
    expect(page.locator("aside.glass")).to_be_visible()
    expect(page.locator("body")).to_contain_text(HIV)
    visit.look("glass-patient")
    page.goto("/break-glass")
    visit.look("glass-open")
    visit.go(page.locator("#open button").first)
    expect(page.locator("aside.glass")).to_have_count(0)
    _review(visit)


def _fill_in(visit: Visit, code: str) -> None:
    page = visit.page
    page.select_option("#type", "resident-id")
    page.fill("#value", visit.world.number)
    page.select_option("#reason", "unconscious")
    page.fill("#text", _WORDS)
    page.fill("#code", code)
    visit.go(page.locator("main form button.p"))


def _review(visit: Visit) -> None:
    page = visit.page
    visit.enter(OFFICER)
    page.goto("/glass")
    expect(page.locator("article")).to_contain_text(_WORDS)
    visit.look("reviews")
    page.locator("textarea").first.fill(" " * 12)
    visit.go(page.locator("button[value=justified]").first)
    expect(page.locator("[role=alert]").first).to_be_visible()
    visit.look("reviews-note")
    page.locator("textarea").first.fill("当日患者昏迷入抢救室，查看有依据。")
    visit.go(page.locator("button[value=justified]").first)
    page.goto("/glass?state=justified")
    expect(page.locator("article").first).to_contain_text("当日患者昏迷入抢救室")
    visit.look("reviews-done")
    page.goto("/glass")
    expect(page.locator(".empty")).to_be_visible()
    visit.look("reviews-none")
