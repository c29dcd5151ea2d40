"""A manager looks at outcomes: signs in, chooses a period, reads the numbers, keeps them as a file."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.synthetic import Manifest
from hie.synthetic.institutions import SHIJIAZHUANG
from tests.e2e.reader import faults_of, reading
from tests.e2e.running import PASSWORD, Running, serving
from tests.integration.exchange.test_indicators import PERIOD, worked_example


async def _orders(hub: Hub, region: Manifest) -> None:
    """Orders of four people, and somebody who leads the hospital they are ordered at."""
    await worked_example(hub)
    person = {"login": "manager", "name": "王院长（合成）", "role": "manager", "department": ""}
    await run(hub, "user-add", {**person, "institution": SHIJIAZHUANG.code, "password": PASSWORD})


@pytest.fixture(scope="module")
def ordered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(tmp_path_factory.mktemp("outcomes"), _orders) as running:
        yield running


def test_a_manager_reads_outcomes_in_both_languages(ordered: Running, browser: Browser) -> None:
    with reading(browser, ordered, "en") as page:
        page.goto("/outcomes")
        page.wait_for_url("**/sign-in*")
        page.fill("#login", "manager")
        page.fill("#password", PASSWORD)
        page.press("#password", "Enter")
        page.wait_for_url("**/outcomes*")
        for lang, title, rate in (
            ("zh", "互认成效", "互认率"),
            ("en", "outcomes", "Recognition rate"),
        ):
            page.goto(f"/outcomes?lang={lang}&from={PERIOD['from']}&to={PERIOD['to']}")
            assert title in page.inner_text("h1")
            card = page.locator(".cards .card").first
            assert rate in card.inner_text()
            assert "2 ÷ " in card.inner_text()
            assert faults_of(page) == []
        page.fill("#from", PERIOD["to"])
        page.select_option("#by", "department")
        page.press("#by", "Enter")
        page.wait_for_load_state()
        page.get_by_role("button", name="Show").click()
        page.wait_for_load_state()
        assert "No data" in page.locator(".cards .card").first.inner_text()
        page.goto(f"/outcomes?lang=en&from={PERIOD['from']}&to={PERIOD['to']}")
        with page.expect_download() as kept:
            page.get_by_role("link", name="Export CSV").click()
        assert kept.value.suggested_filename.endswith(".csv")
        assert "recognition_rate" in Path(kept.value.path()).read_text("utf-8-sig")
