"""`python -m tests.e2e.screens [WALK …]`: the pictures of every page and state, for the documents.

Each scene once in Chinese on a desk's screen and once in English on a phone's, and on paper where
it is made to be printed; all of the walks, or those named. With the pictures comes their list,
`docs/screens.md`.
"""

import io
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.e2e.conftest import chromium
from tests.e2e.faults import PAPER
from tests.e2e.scenes import Scene
from tests.e2e.scenes.all import SCENES, WALKS
from tests.e2e.scenes.visit import Language, visiting
from tests.e2e.scenes.world import world

DOCS: Final = Path(__file__).parents[2] / "docs"
FOLDER: Final = DOCS / "screens"
SIZES: Final[dict[Language, tuple[int, int]]] = {"zh": (1440, 900), "en": (390, 844)}
_TALLEST = 1800  # of a picture; what is below is more of the same
_SCALE = 0.75  # of a desk's picture, which stays legible
_ARGUMENTS = ["--no-sandbox", "--lang=zh-CN"]  # of the browser's own fields for days


def names(scene: Scene) -> list[str]:
    """The files of a scene's pictures."""
    return [f"{scene.name}.{kind}.webp" for kind in (*SIZES, *(("paper",) if scene.prints else ()))]


def listed() -> str:
    """The page of all pictures."""
    lines = [
        "# Screens",
        "",
        "Every page in every state, as `python -m tests.e2e.screens` finds it in a hub full of invented people: in Chinese on a desk's",
        "screen, in English on a phone's, and on paper where it is made to be printed. `tests/e2e/test_scenes.py` goes the same ways.",
        "",
    ]
    for walk in WALKS:
        said = (walk.__doc__ or "").strip().partition("\n")[0].rstrip(".")
        lines += [f"## {said}", "", "| page | with | pictures |", "|---|---|---|"]
        for scene in walk.SCENES:
            links = " ".join(f"[{one.split('.')[-2]}](screens/{one})" for one in names(scene))
            lines.append(f"| `{scene.page}` | {scene.state} | {links} |")
        lines.append("")
    return "\n".join(lines)


def main(wanted: list[str]) -> int:
    """Walk, take the pictures, write the list; 0."""
    FOLDER.mkdir(exist_ok=True)
    scenes = {scene.name: scene for scene in SCENES}

    def see(name: str, lang: Language, page: Page) -> None:
        _keep(f"{name}.{lang}.webp", _taken(page, SIZES[lang]))
        if lang == "zh" and scenes[name].prints:
            page.emulate_media(media="print")
            _keep(f"{name}.paper.webp", _taken(page, (PAPER["width"], PAPER["height"])))
            page.emulate_media(media="screen")

    with (
        tempfile.TemporaryDirectory() as folder,
        world(Path(folder)) as made,
        _browser() as browser,
    ):
        for walk in WALKS:
            if not wanted or walk.__name__.rpartition(".")[2] in wanted:
                with visiting(browser, made, see) as visit:
                    walk.walk(visit)
    (DOCS / "screens.md").write_text(listed(), "utf-8")
    known = {name for scene in SCENES for name in names(scene)}
    for file in FOLDER.iterdir():
        if file.name not in known:
            file.unlink()
    return 0


def _taken(page: Page, size: tuple[int, int]) -> Image.Image:
    """The whole page in a window as high as it is, so that nothing that stays in view covers it."""
    before = page.viewport_size or {"width": 1440, "height": 900}
    page.set_viewport_size({"width": size[0], "height": size[1]})
    if not page.locator("body.viewing").count():  # the viewer is as high as its window
        height = page.evaluate("() => document.documentElement.scrollHeight")
        page.set_viewport_size({"width": size[0], "height": min(max(height, size[1]), _TALLEST)})
    page.evaluate("() => { scrollTo(0, 0); return new Promise(requestAnimationFrame) }")
    taken = page.screenshot(full_page=True, animations="disabled", caret="hide")
    page.set_viewport_size({"width": before["width"], "height": before["height"]})
    image = Image.open(io.BytesIO(taken)).convert("RGB")
    image = image.crop((0, 0, image.width, min(image.height, _TALLEST)))
    if size == SIZES["zh"]:
        image = image.resize((int(image.width * _SCALE), int(image.height * _SCALE)))
    return image


def _keep(name: str, image: Image.Image) -> None:
    image.save(FOLDER / name, "WEBP", quality=40, method=6)


@contextmanager
def _browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium(), args=_ARGUMENTS)
        yield opened
        opened.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
