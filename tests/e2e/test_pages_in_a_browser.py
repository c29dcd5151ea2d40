"""The clinician's road in a real browser: sign in, find a patient, see results and reasons."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.reader import faults_of, find, reading, sign_in, signed_in
from tests.e2e.running import Running

FRESH, UNIT, AMBIGUOUS, UNMAPPED = 1, 6, 15, 22  # people of the cast, hie/synthetic/cast.py
WORDS = {
    "zh": {"results": "既往结果", "verdict": "可互认", "basis": "依据", "signed out": "登录"},
    "en": {
        "results": "Prior results",
        "verdict": "Recognisable",
        "basis": "basis",
        "signed out": "Sign in",
    },
}
# Pages that differ by language in more than words of one length; the others are looked at in one.
IN_BOTH_LANGUAGES = {"sign in", "find", "unmapped"}


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


def test_the_list_is_walked_with_j_and_k_and_enter_shows_the_reasons(
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
        expect(page.locator("#why .whyhead b")).to_have_text(links.nth(1).inner_text())


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_page_and_state_is_accessible_and_fits_from_phone_to_wall(
    browser: Browser, hub: Running, lang: str
) -> None:
    with reading(browser, hub, lang) as page:
        faults: dict[str, list[str]] = {}

        def look(state: str) -> None:
            if lang == "zh" or state in IN_BOTH_LANGUAGES:
                faults[state] = faults_of(page)

        page.goto("/sign-in")
        look("sign in")
        page.fill("#login", "nobody")
        page.fill("#password", "wrong")
        page.press("#password", "Enter")
        expect(page.locator("[role=alert]")).to_be_visible()
        look("sign in refused")
        sign_in(page, hub)
        look("find")
        find(page, "110105199003070000")
        look("nobody found")
        find(page, hub.number_of(AMBIGUOUS))
        expect(page.locator("[role=alert]")).to_be_visible()
        look("ambiguous")
        for state, who in (("converted", UNIT), ("unmapped", UNMAPPED)):
            find(page, hub.number_of(who))
            expect(page.locator("h1")).to_have_text(WORDS[lang]["results"])
            _open_all(page)
            look(state)
        page.goto(page.url + "?verdict=recognise&category=immunology&source=x")
        expect(page.locator(".empty").first).to_be_visible()
        look("empty")
        for state, address in (("missing", "/nowhere"), ("no such patient", "/patients/nobody")):
            page.goto(address)
            look(state)
        page.locator("form[action='/sign-out'] button").click()
        sign_in(page, hub, "auditor")
        look("not for this role")
        assert {state: found for state, found in faults.items() if found} == {}


def _open_all(page: Page) -> None:
    closed = page.locator("details:not([open]) > summary")
    while closed.count():
        closed.first.click()
