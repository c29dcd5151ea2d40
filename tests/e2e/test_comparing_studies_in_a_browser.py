"""The viewer in full: every way pictures are stored, measuring, two studies, deciding from there."""

import io
import re
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect
from pydicom import Dataset, dcmread
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_voi_lut
from pydicom.pixels.utils import pixel_array

from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.synthetic import Manifest
from tests.e2e.departments import WHOLE, Departments
from tests.e2e.reader import find, reading, sign_in, signed_in
from tests.e2e.running import PASSWORD, Running, serving
from tests.e2e.samples import DOSE, NEGATIVE, Sample, earlier, samples_of

COLLEAGUE = "colleague-sjz-lis"


class More(Departments):
    """The departments, and for one person an earlier CT and a study of samples."""

    samples: list[Sample]

    async def connect_with_tokens(self, hub: Hub, region: Manifest) -> None:
        """And somebody who works beside the doctor who looks."""
        await super().connect_with_tokens(hub, region)
        here = next(one.institution for one in region.sites if one.site == "sjz-lis")
        person = {"login": COLLEAGUE, "name": "同事（合成）", "role": "clinician", "department": ""}
        await run(hub, "user-add", person | {"password": PASSWORD, "institution": here})

    def send(self, hub: Running) -> None:
        """Add them before everything is sent."""
        found = [(site, dcmread(io.BytesIO(file))) for site, file in self.pictures]
        number = Counter(str(one.StudyInstanceUID) for _, one in found if one.Modality == "CT")
        (whole,) = [study for study, count in number.items() if count == 20]
        mine = [(site, one) for site, one in found if one.StudyInstanceUID == whole]
        site, like = mine[0]
        slices = [one for _, one in mine[:12]]
        self.samples = samples_of(like, hub.region.today)
        self.pictures += [(site, one.content) for one in self.samples]
        # Its slices lie 7 mm lower than those of the later one.
        self.pictures += [
            (site, one) for one in earlier(slices, hub.region.today, lambda z: z - 7.0)
        ]
        super().send(hub)


@pytest.fixture(scope="module")
def departments() -> More:
    return More()


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, departments: More) -> Iterator[Running]:
    """A running hub whose hospitals sent examinations, all of them published."""
    with serving(tmp_path_factory.mktemp("hub"), departments.connect_with_tokens) as running:
        running.sign_ins[COLLEAGUE] = PASSWORD
        departments.send(running)
        yield running


def _studies(page: Page, departments: More) -> list[str]:
    """The addresses of the person's viewers: the whole CT, the samples, the earlier CT."""
    find(page, departments.people[WHOLE].resident_id)
    found = page.locator(".study .strip .btn")
    return [str(one.get_attribute("href")) for one in found.all()]


def _shown(page: Page, suffix: str = "") -> None:
    expect(page.locator(f"#viewport{suffix}[data-shown]")).to_be_visible()


def _place(page: Page, suffix: str = "") -> str:
    return page.locator(f"#o-place{suffix}").inner_text().split("\n")[0]


# The mean red, green and blue of the middle half of a slice (`wide` by `high`) on the canvas.
_MIDDLE = """async ([wide, high]) => {
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const shown = document.getElementById("canvas"), { width, height } = shown;
  const copy = document.createElement("canvas");
  [copy.width, copy.height] = [width, height];
  const pen = copy.getContext("2d", { willReadFrequently: true });
  pen.drawImage(shown, 0, 0);
  const scale = Math.min(width / wide, height / high) / 2;
  const w = Math.round(wide * scale), h = Math.round(high * scale);
  const bytes = pen.getImageData((width - w) / 2, (height - h) / 2, w, h).data;
  const sum = [0, 0, 0];
  for (let i = 0; i < bytes.length; i += 1) { if (i % 4 < 3) { sum[i % 4] += bytes[i]; } }
  return sum.map((one) => one / (bytes.length / 4));
}"""


_SIDES = ("Center", "Width")


def _expected(data: Dataset) -> list[float]:
    """The same of the file, as pydicom decodes it."""
    found = pixel_array(data, index=0).astype(np.float64)
    if data.PhotometricInterpretation == "PALETTE COLOR":
        found = apply_color_lut(pixel_array(data, index=0), data) / 257.0
    elif found.ndim == 2:
        numbers = apply_modality_lut(pixel_array(data, index=0), data).astype(np.float64)
        low, high = numbers.min(), numbers.max()
        if "VOILUTSequence" in data:
            numbers = apply_voi_lut(pixel_array(data, index=0), data).astype(np.float64)
            low, high = 0.0, 4095.0
        if "WindowCenter" in data:  # PS3.3 C.11.2.1.2.1
            center, width = (float(np.atleast_1d(data[f"Window{one}"].value)[0]) for one in _SIDES)
            low, high = center - 0.5 - (width - 1) / 2, center - 0.5 + (width - 1) / 2
        found = np.clip((numbers - low) / max(high - low, 1e-9), 0, 1) * 255
        found = 255 - found if data.PhotometricInterpretation == NEGATIVE else found
        found = np.stack([found] * 3, axis=-1)
    elif data.BitsAllocated == 16:
        found = found / max(1.0, found.max()) * 255
    rows, columns = found.shape[:2]
    half = found[rows // 4 : rows - rows // 4, columns // 4 : columns - columns // 4]
    return [float(one) for one in half.reshape(-1, 3).mean(axis=0)]


def test_every_way_pictures_are_stored_is_shown_as_pydicom_decodes_it(
    browser: Browser, hub: Running, departments: More
) -> None:
    with reading(browser, hub, "en", refused=("/thumbnail",)) as page:
        signed_in(page, hub)
        page.goto(_studies(page, departments)[1])
        wrong = {}
        for sample in departments.samples:
            data = sample.data
            page.locator("a[data-series]", has_text=sample.name).first.click()
            expect(page.locator("#o-series")).to_have_text(sample.name)
            expect(page.locator("#o-place")).to_contain_text(f"/ {data.get('NumberOfFrames', 1)}")
            page.locator("#viewport").press("Home")  # a stack opens in its middle
            key = f"{data.SOPInstanceUID}/1"
            expect(page.locator("#viewport")).to_have_attribute("data-shown", key)
            shown = page.evaluate(_MIDDLE, [int(data.Columns), int(data.Rows)])
            if shown != pytest.approx(_expected(data), abs=6):
                wrong[sample.name] = (shown, _expected(data))
        assert wrong == {}
        expect(page.locator("dd[data-dose]")).to_have_text(f"CTDIvol {DOSE} mGy")  # of the last one


def test_a_line_measures_mm_by_dragging_clicks_or_keys_and_letters_can_be_turned_off(
    browser: Browser, hub: Running, departments: More
) -> None:
    with reading(browser, hub, "en", refused=("/metadata",)) as page:
        signed_in(page, hub)
        address = _studies(page, departments)[0]
        page.route("**/metadata", lambda route: route.fulfill(status=500, body="{}"))
        page.goto(address)
        expect(page.locator("#state")).to_contain_text("did not load")
        page.unroute("**/metadata")
        page.locator("#again").click()
        _shown(page)
        viewport, measured = page.locator("#viewport"), page.locator("#o-measured")
        box = viewport.bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        # The CT's 192 columns, 1.9 mm apart, fill the shorter side.
        mm = 192 * 1.9 / min(box["width"], box["height"])
        viewport.press("m")
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 100, y, steps=3)
        expect(measured).to_be_empty()  # nothing is read out before it is done
        page.mouse.up()
        assert float(measured.inner_text().split()[0]) == pytest.approx(100 * mm, abs=0.2)
        page.mouse.click(x - 60, y - 40)
        page.mouse.click(x, y + 40)
        last = measured.inner_text().split("\n")[-1]
        assert float(last.split()[0]) == pytest.approx(100 * mm, abs=0.2)
        page.keyboard.press("Backspace")
        expect(measured).to_have_text(re.compile(r"^[0-9.]+ mm$"))
        page.keyboard.press("Space")
        for _ in range(5):
            page.keyboard.press("Shift+ArrowLeft")
        page.keyboard.press("Enter")  # a point, not a decision
        last = measured.inner_text().split("\n")[-1]
        assert float(last.split()[0]) == pytest.approx(50 * mm, abs=0.2)
        page.keyboard.press("Escape")
        page.keyboard.press("ArrowDown")
        expect(measured).to_be_empty()  # lines belong to their slice
        page.keyboard.press("ArrowUp")
        expect(measured).to_contain_text("mm")
        page.keyboard.press("0")
        expect(measured).to_be_empty()
        assert "/images/" in page.url
        inverted = page.locator("[data-do=invert]")
        viewport.press("i")
        expect(inverted).to_have_attribute("aria-pressed", "true")
        page.get_by_role("button", name="Single-letter keys").click()
        viewport.press("i")
        viewport.press("Home")  # what is no letter stays
        expect(inverted).to_have_attribute("aria-pressed", "true")
        assert _place(page) == "1 / 20"


def test_two_studies_stand_side_by_side_and_move_together_until_they_are_parted(
    browser: Browser, hub: Running, departments: More
) -> None:
    with reading(browser, hub, "en", refused=("/thumbnail",)) as page:
        signed_in(page, hub)
        page.goto(_studies(page, departments)[0])
        _shown(page)
        page.locator("#viewport").press("c")
        expect(page.locator("#compare a").first).to_be_focused()
        page.keyboard.press("Escape")
        page.locator("#viewport").press("c")
        page.locator("#compare a", has_text="Computed tomography").last.press("Enter")
        page.wait_for_url(re.compile(r"with="))
        _shown(page)
        _shown(page, "-2")
        first, second = page.locator("#viewport"), page.locator("#viewport-2")
        first.press("Home")
        second.press("Home")
        assert (_place(page), _place(page, "-2")) == ("1 / 20", "1 / 12")
        for _ in range(3):
            first.press("ArrowDown")
        assert (_place(page), _place(page, "-2")) == ("4 / 20", "4 / 12")
        for key, window in (("1", "WW 1500"), ("3", "WW 1800")):
            second.press(key)
            expect(page.locator("#o-window")).to_contain_text(window)
            expect(page.locator("#o-window-2")).to_contain_text(window)
        first.press("+")
        expect(page.locator("#o-window-2")).to_contain_text("× 1.25")
        first.press("l")
        expect(page.locator("[data-do=link]")).to_have_attribute("aria-pressed", "false")
        second.press("End")
        first.press("2")
        assert (_place(page), _place(page, "-2")) == ("4 / 20", "12 / 12")
        expect(page.locator("#o-window-2")).to_contain_text("WW 1800")
        expect(page.locator(".said")).to_contain_text("The study beside")
        first.press("c")
        page.get_by_role("link", name="End the comparison").press("Enter")
        page.wait_for_url(lambda url: "with=" not in url)
        expect(page.locator("#viewport-2")).to_have_count(0)


def test_who_looks_at_the_images_decides_from_there_and_who_comes_second_is_told(
    browser: Browser, hub: Running, departments: More
) -> None:
    """Without a check one is asked for; with one, Enter decides."""
    with reading(browser, hub, "zh") as page:
        sign_in(page, hub)
        page.goto(_studies(page, departments)[0])
        _shown(page)
        page.locator("#viewport").press("Enter")
        page.wait_for_url(re.compile(r"/checks/[^/]+\?order=1"))
        check = page.url
        page.locator("a[href*='/images/']").first.click()
        _shown(page)
        assert "check=" in page.url
        viewer = page.url
        with reading(browser, hub, "zh") as second:
            sign_in(second, hub, COLLEAGUE)
            second.goto(viewer)
            _shown(second)
            page.locator("#viewport").press("Enter")
            page.wait_for_url(check)
            second.locator("#viewport").press("Enter")
            expect(second.locator(".decide .wrong")).to_contain_text("已有人先作出了决定")
            expect(second.locator(".decide .chip.on")).to_be_visible()
        page.goto(viewer)
        expect(page.locator("[data-decide]")).to_have_count(0)
        page.locator(".decide .btn").click()
        page.wait_for_url(check)
