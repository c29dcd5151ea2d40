"""Emergency access: the form, what is missing in it, what it opens, and its review."""

import re
import time
from base64 import b32decode

from playwright.sync_api import expect

from hie.access.glass import MOST_PATIENTS
from hie.access.totp import STEP, code_at
from hie.exchange.hub import Hub
from hie.store import glass, users
from hie.store.glass import Opening
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
    Scene("glass-second", _FORM, "one patient more than a day's usual: a second person agrees"),
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
    _fill_in(visit, _code(visit))
    page.wait_for_url(re.compile(r"/patients/[^/?]+$"))
    expect(page.locator("aside.glass")).to_be_visible()
    expect(page.locator("body")).to_contain_text(HIV)
    visit.look("glass-patient")
    page.goto("/break-glass")
    visit.look("glass-open")
    visit.go(page.locator("#open button").first)
    expect(page.locator("aside.glass")).to_have_count(0)
    _review(visit)
    visit.world.hub.do(_has_opened_others)
    visit.enter(DOCTOR)
    visit.look("glass-second", lambda _: _ask_for_another(visit))


def _ask_for_another(visit: Visit) -> None:
    """One patient more, with a code that was not used before."""
    visit.world.hub.do(_forget_codes)
    visit.page.goto("/break-glass")
    _fill_in(visit, _code(visit), visit.world.hub.number_of(3))
    expect(visit.page.locator("#second-login")).to_be_visible()


async def _forget_codes(hub: Hub) -> None:
    """As if half a minute had passed since the last code."""
    async with hub.db.unit() as unit:
        await unit.execute("UPDATE second_factor SET step = 0")


async def _has_opened_others(hub: Hub) -> None:
    """The doctor opened as many patients today as one person may alone."""
    async with hub.db.unit() as unit:
        account = await users.by_login(unit, DOCTOR)
        assert account is not None
        now_us = time.time_ns() // 1000
        for number in range(MOST_PATIENTS):
            await glass.add(
                unit,
                Opening(
                    institution=account.institution,
                    subject=account.id,
                    client="pages",
                    home=f"other-{number}",
                    person=None,
                    reason="unconscious",
                    at_us=now_us,
                    until_us=now_us + 1,
                    due_us=now_us + 3600 * 1_000_000,
                    said={"text": _WORDS, "patient": {"name": "某人（合成）"}},
                ),
            )


def _code(visit: Visit) -> str:
    """What the doctor's app shows now."""
    secret = visit.world.secret
    key = b32decode(secret + "=" * (-len(secret) % 8))
    return code_at(key, int(time.time()) // STEP)


def _fill_in(visit: Visit, code: str, number: str = "") -> None:
    page = visit.page
    page.select_option("#type", "resident-id")
    page.fill("#value", number or visit.world.number)
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
