"""Every page and state: accessible, from phone to wall, on paper, in the reader's own colours.

In both languages, without a word to the console and without a request to another place.
"""

from collections.abc import Iterator
from types import ModuleType

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.faults import faults_of
from tests.e2e.scenes.all import WALKS
from tests.e2e.scenes.visit import Language, visiting
from tests.e2e.scenes.world import World, world


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One hub for every walk."""
    with world(tmp_path_factory.mktemp("world")) as made:
        yield made


@pytest.mark.parametrize("walk", WALKS, ids=lambda walk: walk.__name__.rpartition(".")[2])
def test_every_page_and_state_is_in_order(
    browser: Browser, filled: World, walk: ModuleType
) -> None:
    faults: dict[str, list[str]] = {}
    seen: set[str] = set()

    def see(name: str, lang: Language, page: Page) -> None:
        found = faults_of(page, colours=name not in seen)
        seen.add(name)
        if found:
            faults[f"{name}, {lang}"] = found

    with visiting(browser, filled, see) as visit:
        walk.walk(visit)
        assert faults == {}
    assert visit.seen == [scene.name for scene in walk.SCENES]
