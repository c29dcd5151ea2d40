"""What recognition did for a hospital in a period, and a period in which nothing was ordered."""

import re
from pathlib import Path

from playwright.sync_api import expect

from tests.e2e.scenes import Scene
from tests.e2e.scenes.visit import Visit
from tests.e2e.scenes.world import MANAGER

_PAGE = "/outcomes"
SCENES = (
    Scene("outcomes", _PAGE, "rates, charts, reasons and every indicator", prints=True),
    Scene("outcomes-departments", _PAGE, "the same by department"),
    Scene("outcomes-empty", _PAGE, "a period without orders"),
    Scene("outcomes-wrong", _PAGE, "a period that ends before it begins"),
)


def walk(visit: Visit) -> None:
    """A manager looks at several periods, and takes the numbers along."""
    page = visit.page
    visit.enter(MANAGER)
    expect(page.locator(".cards .card").first).to_contain_text("÷")
    visit.look("outcomes")
    with page.expect_download() as kept:
        page.locator("a[href^='/outcomes.csv']").click()
    assert "recognition_rate" in Path(kept.value.path()).read_text("utf-8-sig")
    page.select_option("#by", "department")
    visit.go(page.locator("form.flt button"))
    visit.look("outcomes-departments")
    page.goto("/outcomes?from=2020-01-01&to=2020-01-31")
    expect(page.locator(".cards .card .big").first).to_have_text(re.compile("无数据|No data"))
    visit.look("outcomes-empty")
    page.goto("/outcomes?from=2026-02-01&to=2026-01-01")
    expect(page.locator("[role=alert]")).to_be_visible()
    visit.look("outcomes-wrong")
