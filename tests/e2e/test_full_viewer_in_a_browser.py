"""OHIF, as its package was published, shows a study of the hub; where it is not here this is skipped."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.departments import WHOLE, Departments
from tests.e2e.reader import find, reading, signed_in
from tests.e2e.running import Running, serving

_NAMED = "HIE_TEST_OHIF_DIR"
PACKAGE = os.environ.get(_NAMED, "")
pytestmark = pytest.mark.skipif(
    not PACKAGE,
    reason=f"no OHIF here: `npm pack @ohif/app`, unpack it, and name the folder in {_NAMED}",
)


@pytest.fixture(scope="module")
def departments() -> Departments:
    return Departments()


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, departments: Departments) -> Iterator[Running]:
    """A running hub with examinations and the full viewer."""
    folder = tmp_path_factory.mktemp("hub")
    connect = departments.connect_with_tokens
    with serving(folder, connect, ohif_dir=Path(PACKAGE)) as running:
        departments.send(running)
        yield running


# Whether some canvas of the page shows more than one shade of grey.
_DRAWN = """() => [...document.querySelectorAll("canvas")].some((one) => {
  const copy = document.createElement("canvas");
  [copy.width, copy.height] = [64, 64];
  const pen = copy.getContext("2d");
  pen.drawImage(one, 0, 0, 64, 64);
  return new Set(pen.getImageData(0, 0, 64, 64).data.filter((_, i) => i % 4 === 0)).size > 8;
})"""


def test_the_full_viewer_opens_what_is_shown_and_asks_nobody_else(
    browser: Browser, hub: Running, departments: Departments
) -> None:
    with reading(browser, hub, "en") as page:
        signed_in(page, hub)
        find(page, departments.people[WHOLE].resident_id)
        page.locator(".study .strip .btn").first.click()
        expect(page.locator("#viewport[data-shown]")).to_be_visible()
        full = page.get_by_role("link", name="Full viewer").get_attribute("href")
        assert full
        asked: list[str] = []
        page.context.on("request", lambda request: asked.append(request.url))
        page.context.on("console", lambda _: None)
        other = page.context.new_page()
        refused: list[str] = []
        other.on("console", lambda one: refused.append(one.text) if "Refused" in one.text else None)
        other.goto(full)
        expect(other.get_by_text("investigational use")).to_be_visible(timeout=60_000)
        other.wait_for_function(_DRAWN, timeout=60_000)
        assert any("/frames/" in one for one in asked)
        assert [one for one in asked if not one.startswith((hub.address, "data:", "blob:"))] == []
        assert refused == []  # by the policy of its page
