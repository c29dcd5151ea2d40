"""The clinician's road in a real browser: sign in, find a patient, see results and reasons."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.reader import find, reading, sign_in, signed_in
from tests.e2e.running import Running

FRESH = 1  # of the cast, hie/synthetic/cast.py
WORDS = {
    "zh": {"results": "既往结果", "verdict": "可互认", "basis": "依据", "signed out": "登录"},
    "en": {
        "results": "Prior results",
        "verdict": "Recognisable",
        "basis": "basis",
        "signed out": "Sign in",
    },
}


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_clinician_signs_in_finds_a_patient_and_reads_verdict_reasons_and_source(
    browser: Browser, hub: Running, lang: str, scripts: bool
) -> None:
    said = WORDS[lang]
    with reading(browser, hub, lang, scripts=scripts) as page:
        sign_in(page, hub)
        find(page, hub.number_of(FRESH))
        page.wait_for_url(re.compile(r"/patients/[^/?]+$"))
        assert hub.number_of(FRESH) not in page.content()
        expect(page.locator("h1")).to_have_text(said["results"])
        rows = page.locator("#results tbody tr")
        assert rows.count() > 5
        row = rows.nth(2)
        expect(row.locator(".v")).to_have_text(said["verdict"])
        expect(row.locator(".src")).to_contain_text("医院")
        name = row.locator("a[data-row]").inner_text()
        row.locator("a[data-row]").click()
        expect(page.locator("#why .whyhead b")).to_have_text(name)
        expect(page.locator("#why .rl small").first).to_contain_text(said["basis"])
        expect(page).to_have_url(re.compile(r"item="))
        page.locator("form[action='/sign-out'] button").click()
        expect(page.locator("h1")).to_have_text(said["signed out"])


def test_the_list_is_walked_with_j_and_k_and_enter_shows_the_reasons_then_decides(
    browser: Browser, hub: Running
) -> None:
    with reading(browser, hub, "en") as page:
        signed_in(page, hub)
        find(page, hub.number_of(FRESH))
        links = page.locator("#results a[data-row]")
        links.first.focus()
        page.keyboard.press("j")
        page.keyboard.press("j")
        page.keyboard.press("k")
        expect(links.nth(1)).to_be_focused()
        page.keyboard.press("Enter")
        name = links.nth(1).inner_text()
        expect(page.locator("#why .whyhead b")).to_have_text(name)
        # The row stays in focus, its history is drawn below it, and a point says its exact value.
        expect(links.nth(1)).to_be_focused()
        expect(page.locator(".det svg.trend").first).to_have_attribute(
            "aria-label", re.compile(name)
        )
        page.locator(".pt").last.focus()
        expect(page.locator(".pt .tip").last).to_be_visible()
        expect(page.locator(".pt .tip").first).to_be_hidden()
        page.get_by_role("link", name="Data table").click()
        expect(page.locator(".data tbody tr").first).to_be_visible()
        expect(page.locator("#data")).to_be_focused()
        page.go_back()
        expect(page.locator(".data")).to_have_count(0)
        links.nth(1).focus()
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile(r"/checks/\w+"))
        expect(page.locator("main")).to_contain_text(name)
