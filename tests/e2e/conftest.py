"""A browser for the stories: the system's own Chromium, driven by playwright.

Fixtures live as long as one module: playwright keeps an event loop running in the test's thread
while it is open, and other tests start loops of their own.
"""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.e2e.running import Running, serving

expect.set_options(timeout=20_000)  # a machine may have much else to do


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A running hub with the synthetic region."""
    with serving(tmp_path_factory.mktemp("hub")) as running:
        yield running


def chromium() -> str:
    """The system's Chromium; without one the test fails and says what is missing."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.fail(
            "no chromium on this machine: install Debian's package `chromium` (.ci/run does)"
        )
    return found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        yield opened
        opened.close()
