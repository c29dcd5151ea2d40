"""A clinician decides in a real browser, by keyboard too, and a correction brings her back.

The source corrects by its own door while the pages are open, as it does in operation.
"""

import json
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.synthetic import Manifest, example
from tests.e2e.reader import faults_of, find, reading, signed_in
from tests.e2e.running import Running, serving
from tests.integration.exchange.reopening import K, sent_again

TODAY = datetime.now(timezone(timedelta(hours=8))).date()
CASE = example(today=TODAY)
NUMBER = json.loads(CASE.order_check)["patient"]["identifiers"][0]["value"]
PICTURES = os.environ.get("HIE_PICTURES")  # a folder for screenshots, to be looked at by somebody


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


def _picture(page: Page, name: str) -> None:
    if not PICTURES:
        return
    for width in (390, 760, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        page.screenshot(path=str(Path(PICTURES) / f"{name}-{width}.png"), full_page=True)
    page.set_viewport_size({"width": 1440, "height": 900})


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
        page.locator("button[data-use]").click()
        expect(page.locator("#decide")).to_have_text(said["stands"])
        page.go_back()
        page.reload()
        expect(page.locator("#decide")).to_have_text(said["stands"])
        page.locator("details.more > summary").first.click()
        page.locator("details.repeat > summary").click()
        page.locator("input[value='N6_OTHER_NECESSARY']").check()
        page.locator("#text").fill("新发症状 / new symptoms")
        page.locator("input[name=explained][value=yes]").check()
        page.locator(".repeat button[type=submit]").click()
        expect(page.locator(".standing")).to_contain_text("new symptoms")
        page.locator("summary", has_text=re.compile(r"\(2\)")).click()
        expect(page.locator(".history")).to_contain_text(said["changed"])
        # Her mind changes once more, to use it; then the source corrects.
        page.locator("details.more > summary").first.click()
        page.locator("button[data-use]").click()
        value = source.correct(hub)
        page.reload()
        expect(page.locator(".badge")).to_be_visible()
        expect(page.locator(".reopened ins", has_text=f"{value} mmol/L")).to_be_visible()
        page.goto("/work")
        waits = page.locator("article").count()
        page.locator("article button", has_text=said["anew"]).first.click()
        page.wait_for_url("**/checks/*")
        expect(page.locator(".result .val")).to_have_text(f"{value} mmol/L")
        page.locator("button[data-use]").click()
        expect(page.locator("#decide")).to_have_text(said["stands"])
        page.goto("/work")
        expect(page.locator("article")).to_have_count(waits - 1)


def test_everything_is_done_by_keyboard(browser: Browser, hub: Running, source: Source) -> None:
    with reading(browser, hub, "en") as page:
        signed_in(page, hub)
        _order(page, "NA")
        page.locator("button[data-use]").focus()
        page.keyboard.press("Enter")
        expect(page.locator("#decide")).to_have_text(WORDS["en"]["stands"])
        page.locator("details.more > summary").first.focus()
        page.keyboard.press("Enter")
        page.locator("details.repeat > summary").focus()
        page.keyboard.press("Space")
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
        page.locator("#text").focus()
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.locator(".standing")).to_contain_text("Condition changed")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_page_and_state_is_accessible_and_fits_from_phone_to_wall(
    browser: Browser, hub: Running, source: Source, lang: str
) -> None:
    faults: dict[str, list[str]] = {}
    with reading(browser, hub, lang) as page:
        signed_in(page, hub)
        page.goto(f"/patients?lang={lang}")

        def look(state: str) -> None:
            _picture(page, f"{state}-{lang}")
            faults[state] = faults_of(page)

        find(page, NUMBER)
        look("patient")
        page.goto(f"{page.url.split('?')[0]}/orders?item=K")
        look("orders")
        page.locator("input[name='item-K']").uncheck()
        page.locator("form.ordering button[type=submit]").click()
        look("orders-wrong")
        for item in ("K", "CRE", "HBA1C", "ALT", "GLU"):
            page.locator(f"input[name='item-{item}']").check()
        page.locator("#image").select_option("CT")
        page.locator("#body_part").fill("CHEST")
        page.locator("#contrast").select_option("plain")
        page.locator("form.ordering button[type=submit]").click()
        page.wait_for_url("**/checks/*")
        look("check")
        page.locator("a.chip[href*=both]").click()
        page.locator("details.repeat > summary").click()
        look("check-both")
        page.locator(".lines a").last.click()
        look("check-none")
        page.locator(".lines a", has_text=re.compile("^(钾|Potassium)$")).click()
        page.locator("button[data-use]").click()
        page.wait_for_url(re.compile(r"order=\d+$"))
        check = page.url
        page.wait_for_load_state()
        look("decided")
        source.correct(hub)
        page.goto("/work")
        page.goto(check)
        look("reopened")
        page.goto("/work")
        page.locator("details.more > summary").first.click()
        look("work")
        page.locator("article button.btn.p").first.click()
        page.wait_for_url("**/checks/*")
        look("anew")
        anew = page.url
        source.correct(hub)
        page.locator("button[data-use]").click()
        look("changed-meanwhile")
        page.goto(anew)
        page.locator("details.repeat > summary").click()
        page.locator("input[value='N6_OTHER_NECESSARY']").check()
        page.locator("input[name=explained][value=no]").check()
        page.locator(".repeat button[type=submit]").click()
        look("wrong")
        page.locator("#text").fill("a sentence")
        page.locator(".repeat button[type=submit]").click()
        page.wait_for_load_state()
        look("repeated")
        page.goto("/work?state=done")
        look("work-done")
    assert {state: found for state, found in faults.items() if found} == {}
