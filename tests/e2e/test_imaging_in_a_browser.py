"""Images in a real browser: found beside results, judged with reasons, looked at slice by slice."""

import io
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pydicom
import pytest
from playwright.sync_api import Browser, Page, Request, expect

from tests.e2e.departments import (
    COLOUR,
    REPORT_ALONE,
    TWO_MISSING,
    WHOLE,
    Departments,
)
from tests.e2e.reader import find, reading, signed_in
from tests.e2e.running import Running, serving

WORDS = {
    "zh": {
        "whole": "已收到 20 / 20 幅",
        "missing": "影像不完整：共 20 幅，缺 2 幅。",
        "not": "不可互认",
        "report alone": "只有报告，没有影像。",
        "warning": "非诊断级显示",
    },
    "en": {
        "whole": "20 of 20 images received",
        "missing": "The images are incomplete: 2 of 20 are missing.",
        "not": "Not recognisable",
        "report alone": "There is a report and no images.",
        "warning": "Not for primary diagnosis",
    },
}


@pytest.fixture(scope="module")
def departments() -> Departments:
    return Departments()


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, departments: Departments) -> Iterator[Running]:
    """A running hub whose hospitals sent examinations, all of them published."""
    with serving(tmp_path_factory.mktemp("hub"), departments.connect_with_tokens) as running:
        departments.send(running)
        yield running


def _look_up(page: Page, hub: Running, departments: Departments, who: int) -> Any:
    """The person's first examination on their page."""
    find(page, departments.people[who].resident_id)
    return page.locator(".study").first


def _open(page: Page, study: Any) -> None:
    study.locator(".strip .btn").click()
    page.wait_for_url(re.compile(r"/images/"))
    expect(page.locator("#viewport[data-shown]")).to_be_visible()


def _place(page: Page) -> str:
    return page.locator("#o-place").inner_text().split("\n")[0]


def _window(page: Page) -> str:
    return " ".join(page.locator("#o-window").inner_text().split("\n")[0].split())


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_chest_ct_of_another_hospital_stands_beside_the_results(
    browser: Browser, hub: Running, departments: Departments, lang: str
) -> None:
    with reading(browser, hub, lang) as page:
        signed_in(page, hub)
        study = _look_up(page, hub, departments, WHOLE)
        expect(study).to_contain_text(WORDS[lang]["whole"])
        expect(study.locator(".v")).to_be_visible()
        expect(study.locator(".src")).to_contain_text("医院")
        study.locator("summary").click()
        expect(study.locator(".words")).to_contain_text("肺")
        picture = study.locator(".pic img").first
        picture.scroll_into_view_if_needed()
        expect(picture).to_have_js_property("complete", True)
        assert picture.evaluate("one => one.naturalWidth") > 0
        study.locator("a[data-row]").click()
        expect(page.locator("#why .whyhead b")).to_have_text(
            study.locator("a[data-row]").inner_text()
        )
        expect(page.locator("#why")).to_contain_text("R-104")
        _open(page, study)
        expect(page.locator(".caution")).to_contain_text(WORDS[lang]["warning"])
        expect(page.locator(".rep")).to_contain_text("R-104")
        assert _place(page) == "11 / 20"


def test_what_is_on_the_screen_is_what_is_in_the_file(
    browser: Browser, hub: Running, departments: Departments
) -> None:
    files = [pydicom.dcmread(io.BytesIO(content)) for _, content in departments.pictures]
    chest = [one for one in files if one.PatientID == _patient_id(departments, files)]
    by_height = sorted(chest, key=lambda one: -float(one.ImagePositionPatient[2]))
    with reading(browser, hub, "en") as page:
        signed_in(page, hub)
        _open(page, _look_up(page, hub, departments, WHOLE))
        page.locator("#viewport").focus()
        page.keyboard.press("Home")
        for step, data in enumerate(by_height[:3]):
            expect(page.locator("#viewport")).to_have_attribute(
                "data-shown", f"{data.SOPInstanceUID}/1"
            )
            page.keyboard.press("2")  # mediastinum: centre 40, width 400
            assert _place(page) == f"{step + 1} / 20"
            shown = page.evaluate(_PIXELS, 8)["grey"]
            assert shown == pytest.approx(_expected(data, 40, 400), abs=6)
            page.keyboard.press("ArrowDown")


def _patient_id(departments: Departments, files: list[Any]) -> str:
    """The number the archive knows the person of the whole CT by: of the CT with 20 slices."""
    counts: dict[str, int] = {}
    for one in files:
        if one.Modality == "CT":
            counts[one.PatientID] = counts.get(one.PatientID, 0) + 1
    return next(number for number, count in counts.items() if count == 20)


def _expected(data: Any, center: float, width: float) -> float:
    """The mean grey of the middle of a slice through a linear window (PS3.3 C.11.2.1.2.1)."""
    rows, columns = data.Rows, data.Columns
    box = data.pixel_array[rows // 2 - 4 : rows // 2 + 4, columns // 2 - 4 : columns // 2 + 4]
    values = box * float(data.RescaleSlope) + float(data.RescaleIntercept)
    grey = np.clip((values - (center - 0.5)) / (width - 1) + 0.5, 0, 1) * 255
    return float(np.rint(grey).mean())


# What is on the canvas, at rest: the mean grey of the middle square, `part` pixels of a slice of 192
# wide, and how many pixels of all are coloured.
_PIXELS = """async (part) => {
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const shown = document.getElementById("canvas"), { width, height } = shown;
  const copy = document.createElement("canvas");
  [copy.width, copy.height] = [width, height];
  const pen = copy.getContext("2d", { willReadFrequently: true });
  pen.drawImage(shown, 0, 0);
  const side = Math.round(part * Math.min(width, height) / 192);
  const middle = pen.getImageData((width - side) / 2, (height - side) / 2, side, side).data;
  const all = pen.getImageData(0, 0, width, height).data;
  let sum = 0, coloured = 0;
  for (let i = 0; i < middle.length; i += 4) { sum += middle[i]; }
  for (let i = 0; i < all.length; i += 4) { coloured += Math.abs(all[i] - all[i + 2]) > 40; }
  return { grey: sum / (middle.length / 4), coloured: coloured };
}"""


def test_slices_turn_and_windows_change_by_key_wheel_slider_button_and_drag(
    browser: Browser, hub: Running, departments: Departments
) -> None:
    with reading(browser, hub, "en") as page:
        signed_in(page, hub)
        _open(page, _look_up(page, hub, departments, WHOLE))
        viewport = page.locator("#viewport")
        viewport.focus()
        for key, place in (
            ("Home", "1"),
            ("ArrowUp", "1"),
            ("ArrowDown", "2"),
            ("PageDown", "12"),
            ("End", "20"),
            ("PageUp", "10"),
        ):
            page.keyboard.press(key)
            assert _place(page) == f"{place} / 20"
        for key, window in (
            ("1", "WW 1500 WL -600"),
            ("2", "WW 400 WL 40"),
            ("3", "WW 1800 WL 400"),
            ("4", "WW 80 WL 40"),
        ):
            page.keyboard.press(key)
            assert _window(page) == window
            pressed = page.locator("button[data-window][aria-pressed=true]")
            expect(pressed).to_have_count(1)
            expect(pressed).to_contain_text(key)
        box = viewport.bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.mouse.wheel(0, 120)
        expect(page.locator("#o-place")).to_contain_text("11 / 20")
        page.mouse.down()
        page.mouse.move(x + 50, y + 20)
        page.mouse.up()
        assert _window(page) not in {"WW 80 WL 40", "WW 1500 WL -600"}
        page.fill("#width", "900")
        page.keyboard.press("Tab")
        assert _window(page).startswith("WW 900")
        page.locator("#slice").fill("3")
        assert _place(page) == "3 / 20"
        page.locator("[data-do=closer]").click()
        expect(page.locator("#o-window")).to_contain_text("× 1.25")
        page.locator("[data-do=invert]").click()
        expect(page.locator("[data-do=invert]")).to_have_attribute("aria-pressed", "true")
        page.locator("[data-do=reset]").click()
        expect(page.locator("#o-window")).to_contain_text("× 1.00")
        expect(page.locator("[data-do=invert]")).to_have_attribute("aria-pressed", "false")


def test_at_most_six_frames_are_asked_for_at_a_time_and_each_once(
    browser: Browser, hub: Running, departments: Departments
) -> None:
    with reading(browser, hub, "en") as page:
        running: set[Request] = set()
        most, asked = 0, []

        def began(request: Request) -> None:
            nonlocal most
            if "/frames/" in request.url:
                running.add(request)
                asked.append(request.url)
                most = max(most, len(running))

        page.on("request", began)
        page.on("requestfinished", lambda request: running.discard(request))
        signed_in(page, hub)
        _open(page, _look_up(page, hub, departments, WHOLE))
        page.wait_for_load_state("networkidle")
        page.locator("#viewport").focus()
        for key in ("Home", "End", "Home"):
            page.keyboard.press(key)
        page.wait_for_load_state("networkidle")
        assert most <= 6
        assert len(asked) == len(set(asked)) == 20


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_study_that_lacks_images_says_so_and_why_it_is_not_recognisable(
    browser: Browser, hub: Running, departments: Departments, lang: str
) -> None:
    with reading(browser, hub, lang) as page:
        signed_in(page, hub)
        study = _look_up(page, hub, departments, TWO_MISSING)
        expect(study.locator(".v")).to_have_text(WORDS[lang]["not"])
        expect(study.locator(".lacks")).to_contain_text(WORDS[lang]["missing"])
        study.locator("a[data-row]").click()
        expect(page.locator("#why")).to_contain_text("R-601")
        _open(page, study)
        expect(page.locator(".short")).to_contain_text(WORDS[lang]["missing"])
        alone = _look_up(page, hub, departments, REPORT_ALONE)
        expect(alone.locator(".lacks")).to_contain_text(WORDS[lang]["report alone"])
        expect(alone.locator(".v")).to_have_text(WORDS[lang]["not"])
        expect(alone.locator("img")).to_have_count(0)


def test_colour_is_shown_in_colour_and_has_no_window(
    browser: Browser, hub: Running, departments: Departments
) -> None:
    with reading(browser, hub, "en", refused=("/thumbnail",)) as page:
        signed_in(page, hub)
        _open(page, _look_up(page, hub, departments, COLOUR))
        expect(page.locator("#width")).to_be_disabled()
        page.wait_for_load_state("networkidle")
        assert page.evaluate(_PIXELS, 8)["coloured"] > 100


def test_what_cannot_be_decoded_says_so_and_is_offered_as_it_was_sent(
    browser: Browser, hub: Running, departments: Departments
) -> None:
    with reading(browser, hub, "en", refused=("/frames/", "/thumbnail")) as page:
        signed_in(page, hub)
        _look_up(page, hub, departments, COLOUR)
        page.locator(".study").nth(1).locator(".strip .btn").click()
        expect(page.locator("#state")).to_contain_text("This image cannot be shown here")
        with page.expect_download() as got:
            page.locator("#original").click()
        assert got.value.path().read_bytes() == departments.undecodable


def test_without_scripts_the_hub_draws_one_image_after_the_other(
    browser: Browser, hub: Running, departments: Departments
) -> None:
    with reading(browser, hub, "en", scripts=False) as page:
        signed_in(page, hub)
        study = _look_up(page, hub, departments, WHOLE)
        study.locator(".strip .btn").click()
        drawn = page.locator(".plain img")
        expect(drawn).to_be_visible()
        expect(page.locator(".plain figcaption")).to_contain_text("image 1 of 20")
        first = drawn.get_attribute("src")
        page.get_by_role("link", name="Next").click()
        expect(page.locator(".plain figcaption")).to_contain_text("image 2 of 20")
        assert drawn.get_attribute("src") != first
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.querySelector('.plain img').naturalWidth") > 0


@pytest.mark.parametrize(
    ("lang", "told", "again"),
    [
        ("zh", "保存该影像的医院系统暂时连不上", "再试一次"),
        ("en", "The archive that keeps these images is offline", "Try again"),
    ],
)
def test_while_the_archive_is_away_the_viewer_says_so_and_tries_again_when_asked(
    browser: Browser, hub: Running, departments: Departments, lang: str, told: str, again: str
) -> None:
    problem = '{"title": "offline", "status": 503, "errors": [{"path": "source", "code": "source-offline"}]}'
    with reading(browser, hub, lang, refused=("/frames/",)) as page:
        signed_in(page, hub)
        study = _look_up(page, hub, departments, WHOLE)
        page.route(
            "**/frames/**",
            lambda route: route.fulfill(
                status=503,
                headers={"Retry-After": "8", "Content-Type": "application/problem+json"},
                body=problem,
            ),
        )
        study.locator(".strip .btn").click()
        page.wait_for_url(re.compile(r"/images/"))
        expect(page.locator("#state")).to_contain_text(told)
        expect(page.locator("#again")).to_have_text(again)
        page.unroute("**/frames/**")
        page.locator("#again").click()
        expect(page.locator("#viewport[data-shown]")).to_be_visible()
        expect(page.locator("#state")).to_be_hidden()
