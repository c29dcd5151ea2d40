"""A clinician decides in a real browser, by keyboard too, and a correction brings her back.

The source corrects by its own door while the pages are open, as it does in operation.
"""

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.synthetic import Manifest, example
from tests.e2e.reader import find, reading, sign_in, signed_in
from tests.e2e.running import Running, serving
from tests.integration.exchange.reopening import K, sent_again

TODAY = datetime.now(timezone(timedelta(hours=8))).date()
CASE = example(today=TODAY)
NUMBER = json.loads(CASE.order_check)["patient"]["identifiers"][0]["value"]


@dataclass
class Source:
    """The laboratory that sent the results, with its token."""

    token: str = ""
    values: Iterator[int] = field(default_factory=lambda: iter(range(10, 90)))

    async def connect(self, hub: Hub, region: Manifest) -> None:
        client = f"{CASE.site}.his"
        told = await run(hub, "client-token", {"client": client, "scopes": None})
        self.token = told["access_token"]

    def send(self, hub: Running, message: bytes) -> None:
        answer = httpx.post(
            f"{hub.address}/intake/{CASE.site}?wait=20",
            content=message,
            headers={
                "Authorization": f"Bearer {self.token}",
                "Content-Type": "x-application/hl7-v2+er7",
            },
            timeout=30,
        )
        assert answer.status_code == 202, answer.text

    def correct(self, hub: Running, status: str = "C") -> str:
        """The potassium corrected to a value it never had; that value."""
        value = f"4.{next(self.values)}"
        changed = f"|{value}|mmol/L|3.5-5.3|N|||{status}|"
        self.send(hub, sent_again(CASE.message, f"C{time.time_ns()}", (K, changed)))
        return value


@pytest.fixture(scope="module")
def source() -> Source:
    return Source()


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, source: Source) -> Iterator[Running]:
    with serving(tmp_path_factory.mktemp("deciding"), source.connect) as running:
        source.send(running, CASE.message)
        yield running


def _order(page: Page, *items: str) -> None:
    """From the patient's page to the check of these items."""
    find(page, NUMBER)
    page.locator("a[href$='/orders']").click()
    for item in items:
        page.locator(f"input[name='item-{item}']").check()
    page.locator("form.ordering button[type=submit]").click()
    page.wait_for_url("**/checks/*")


WORDS = {
    "zh": {
        "stands": "目前的决定",
        "changed": "已被更改",
        "anew": "重新决定",
        "none": "没有待处理的事项",
    },
    "en": {
        "stands": "The decision that stands",
        "changed": "changed since",
        "anew": "Decide anew",
    },
}


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_she_decides_changes_her_mind_is_called_back_and_decides_anew(
    browser: Browser, hub: Running, source: Source, lang: str, scripts: bool
) -> None:
    said = WORDS[lang]
    with reading(browser, hub, lang, scripts=scripts) as page:
        signed_in(page, hub)
        page.goto(f"/patients?lang={lang}")
        _order(page, "K")
        expect(page.locator(".gate")).to_have_count(6)
        expect(page.locator("#order-name + .sp + .v")).to_be_visible()
        page.locator(
            "input[data-use]"
        ).check()  # what was decided on today is not chosen beforehand
        page.locator("[data-primary]").click()
        expect(page.locator("#decide")).to_have_text(said["stands"])
        page.go_back()
        page.reload()
        expect(page.locator("#decide")).to_have_text(said["stands"])
        page.locator(".deciding details.more > summary").first.click()
        page.locator("details.rs > summary").click()
        page.locator("input[value='N6_OTHER_NECESSARY']").check()
        page.locator("textarea").fill("新发症状 / new symptoms")
        page.locator("input[name=explained]").check()
        page.locator("[data-primary]").click()
        expect(page.locator(".standing")).to_contain_text("new symptoms")
        page.locator("summary", has_text=re.compile(r"\(2\)")).click()
        expect(page.locator(".history")).to_contain_text(said["changed"])
        # Her mind changes once more, to use it; then the source corrects.
        page.locator(".deciding details.more > summary").first.click()
        page.locator("input[data-use]").check()
        page.locator("[data-primary]").click()
        value = source.correct(hub)
        page.reload()
        expect(page.locator(".badge")).to_be_visible()
        expect(page.locator(".reopened ins", has_text=f"{value} mmol/L")).to_be_visible()
        page.goto("/work")
        waits = page.locator("article").count()
        page.locator("article button", has_text=said["anew"]).first.click()
        page.wait_for_url("**/checks/*")
        expect(page.locator(".result .val")).to_have_text(f"{value} mmol/L")
        page.locator("[data-primary]").click()
        expect(page.locator("#decide")).to_have_text(said["stands"])
        page.goto("/work")
        expect(page.locator("article")).to_have_count(waits - 1)


# Three that are recognised, one for the clinician (the second), one of which nothing is known.
FIVE, OTHERS = ("ALT", "CK", "CRE", "GLU", "HBSAG"), ("AST", "TG", "UA", "UREA", "HBSAG")


def _pressing(page: Page) -> tuple[Callable[[str], None], list[str]]:
    """A keyboard that remembers what was pressed."""
    pressed: list[str] = []

    def press(key: str) -> None:
        pressed.append(key)
        page.keyboard.press(key)

    return press, pressed


def test_what_is_chosen_is_counted_and_priced_and_nothing_is_saved_by_escape(
    browser: Browser, hub: Running
) -> None:
    with reading(browser, hub, "en") as page:
        signed_in(page, hub)
        page.goto("/patients?lang=en")
        _order(page, *FIVE)
        check, lead = page.url, page.locator("[data-amount]")
        whole = lead.inner_text()
        press, _ = _pressing(page)
        press("k")  # to the line above, which is recognised
        press("Space")
        expect(page.locator("[data-primary]")).to_contain_text("Use 2 results")
        expect(lead).not_to_have_text(whole)
        press("Space")
        expect(lead).to_have_text(whole)
        press("r")
        press("6")  # a reason that needs words: there the keys are letters
        expect(page.locator("textarea:focus")).to_have_count(1)
        page.keyboard.type("jkr1e")
        expect(page.locator("textarea:focus")).to_have_value("jkr1e")
        press("Escape")  # the reason is closed, and not given
        expect(page.locator("details.rs[open]")).to_have_count(0)
        expect(page.locator("input[name^=reason-]:checked")).to_have_count(0)
        press("Escape")
        page.wait_for_url("**/patients/*")
        page.goto(check)
        expect(page.locator(".set .chip.on")).to_have_count(0)
        expect(page.locator("input[data-use]:checked")).to_have_count(3)


def test_letters_work_in_the_list_alone_and_can_be_turned_off(
    browser: Browser, hub: Running
) -> None:
    with reading(browser, hub, "en") as page:
        signed_in(page, hub)
        page.goto("/patients?lang=en")
        _order(page, *FIVE)
        first = page.locator("input[data-use]").first
        press, _ = _pressing(page)
        page.locator("[data-primary]").focus()
        press("r")
        expect(page.locator("details.rs[open]")).to_have_count(0)
        page.locator("[data-keys-help] summary").click()
        page.locator("[data-keys-toggle]").click()
        page.reload()
        first.focus()
        press("r")
        expect(page.locator("details.rs[open]")).to_have_count(0)
        page.locator("[data-keys-help] summary").click()
        page.locator("[data-keys-toggle]").click()
        first.focus()
        press("r")
        expect(page.locator("details.rs[open]")).to_have_count(1)


@pytest.mark.parametrize(
    ("lang", "items", "button", "told"),
    [
        ("zh", FIVE, "采用 3 项并移除申请", "已决定：采用 3 项，重新检查 1 项"),
        ("en", OTHERS, "Use 3 results, remove the orders", "Decided: 3 used, 1 to be repeated"),
    ],
)
def test_five_orders_are_decided_by_at_most_six_keys_and_the_notice_is_printed(
    browser: Browser, hub: Running, lang: str, items: tuple[str, ...], button: str, told: str
) -> None:
    with reading(browser, hub, lang) as page:
        signed_in(page, hub)
        page.goto(f"/patients?lang={lang}")
        _order(page, *items)
        expect(page.locator("input[data-use]:checked")).to_have_count(3)
        expect(page.locator("input[name^=reason-]:checked")).to_have_count(0)
        expect(page.locator("[data-primary]")).to_contain_text(button)
        expect(page.locator("[data-line]").nth(1).locator("input[data-use]")).to_be_focused()
        press, pressed = _pressing(page)
        for key in ("r", "2", "e"):  # the one that needs her: repeated, and explained
            press(key)
        expect(page.locator("input[value=N2_RAPIDLY_CHANGING]:checked")).to_have_count(1)
        expect(page.locator("[data-repeats]")).not_to_be_empty()
        press("Enter")
        expect(page.locator("header [role=status]")).to_contain_text(told)
        assert len(pressed) <= 6, pressed
        expect(page.locator(".set .chip.on")).to_have_count(4)
        page.locator("[data-notice]").click()
        page.wait_for_url("**/notice*")
        expect(page.locator("main")).to_contain_text({"zh": "肌酸激酶", "en": "Triglyceride"}[lang])


def test_who_signed_out_finds_nothing_by_going_back_and_decides_nothing(
    browser: Browser, hub: Running
) -> None:
    with reading(browser, hub, "en") as page:
        sign_in(page, hub, "doctor-sjz-lis")  # a session of her own, to be ended
        _order(page, "NA", "CL")
        check = page.url
        other = page.context.new_page()
        other.goto(check)
        other.locator(".top form button").click()
        other.wait_for_url("**/sign-in*")
        other.go_back()
        other.wait_for_url("**/sign-in*")
        page.locator("[data-primary]").click()  # this window still shows the card
        page.wait_for_url("**/sign-in*")
        sign_in(page, hub, "doctor-sjz-lis")
        page.goto(check)
        expect(page.locator(".set .chip.on")).to_have_count(0)
