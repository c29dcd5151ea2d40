"""Every page of the hub has its scenes, every scene its pictures, and the list is of them."""

from hie.web import PAGES
from tests.e2e.scenes.all import SCENES, WITHOUT
from tests.e2e.screens import DOCS, FOLDER, listed, names


def test_every_page_is_a_scene_or_shows_nothing_of_its_own() -> None:
    shown = {scene.page for scene in SCENES}
    assert shown <= set(PAGES)
    assert set(PAGES) - shown == set(WITHOUT)


def test_every_scene_has_its_name_alone() -> None:
    known = [scene.name for scene in SCENES]
    assert len(known) == len(set(known))


def test_every_scene_has_its_pictures_and_every_picture_its_scene() -> None:
    wanted = {name for scene in SCENES for name in names(scene)}
    assert {file.name for file in FOLDER.iterdir()} == wanted, "python -m tests.e2e.screens"


def test_the_list_of_screens_is_of_these_scenes() -> None:
    assert (DOCS / "screens.md").read_text("utf-8") == listed()
