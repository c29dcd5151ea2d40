"""What the viewer's scripts compute, in the browser that computes it, held to pydicom."""

from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Browser, Page
from pydicom import Dataset
from pydicom.pixels.processing import apply_modality_lut, apply_windowing

from tests.e2e.viewer_scripts import AXIAL, CORONAL, empty_page, instance, item, ordered


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """An empty page with the scripts that need no page."""
    opened = empty_page(browser)
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("orientation", "places", "order"),
    [
        (AXIAL, {1: [0, 0, 5], 2: [0, 0, 15], 3: [0, 0, 10]}, [2, 3, 1]),  # from the head down
        (CORONAL, {1: [0, 5, 0], 2: [0, 15, 0], 3: [0, 10, 0]}, [1, 3, 2]),
    ],
)
def test_slices_stand_along_their_common_normal(
    page: Page, orientation: list[float], places: dict[int, list[float]], order: list[int]
) -> None:
    found = ordered(
        page,
        *(
            instance(uid, ImageOrientationPatient=orientation, ImagePositionPatient=place)
            for uid, place in places.items()
        ),
    )
    assert [one["uid"] for one in found] == [f"1.2.{n}" for n in order]


def test_slices_without_a_common_plane_stand_by_number_then_frame(page: Page) -> None:
    found = ordered(
        page,
        instance(2, InstanceNumber="2", ImageOrientationPatient=CORONAL),
        instance(1, InstanceNumber="1", ImageOrientationPatient=AXIAL, NumberOfFrames="3"),
    )
    assert [one["key"] for one in found] == ["1.2.1/1", "1.2.1/2", "1.2.1/3", "1.2.2/1"]


def test_what_has_no_picture_is_no_slice(page: Page) -> None:
    assert ordered(page, {"00080018": {"vr": "UI", "Value": ["1.2"]}}) == []


def test_an_enhanced_object_says_its_facts_by_frame(page: Page) -> None:
    """PS3.3 C.7.6.16: for each frame, or shared by all."""
    frames = [
        item(
            PlanePositionSequence=item(ImagePositionPatient=[0, 0, 5 * n]),
            FrameVOILUTSequence=item(WindowCenter=str(40 + n), WindowWidth="400"),
        )
        for n in range(3)
    ]
    shared = item(
        PlaneOrientationSequence=item(ImageOrientationPatient=AXIAL),
        PixelValueTransformationSequence=item(RescaleSlope="2", RescaleIntercept="-5"),
        PixelMeasuresSequence=item(SliceThickness="5", PixelSpacing=[2, 1]),
    )
    found = ordered(
        page,
        instance(
            1,
            NumberOfFrames="3",
            PerFrameFunctionalGroupsSequence=frames,
            SharedFunctionalGroupsSequence=[shared],
        ),
    )
    assert [one["frame"] for one in found] == [3, 2, 1]  # from the head down
    assert [one["center"] for one in found] == [42, 41, 40]
    first = found[0]
    assert (first["slope"], first["intercept"], first["thickness"]) == (2, -5, 5)
    assert (first["width"], first["tall"]) == (400, 2)


@pytest.mark.parametrize("shape", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize(
    ("signed", "stored", "slope", "intercept"),
    [(0, 12, 1, -1024), (1, 16, 1, 0), (1, 12, 2.5, 10), (0, 16, 0.5, -100), (0, 8, 1, 0)],
)
def test_greys_are_those_of_pydicom(
    page: Page,
    shape: str,
    photometric: str,
    signed: int,
    stored: int,
    slope: float,
    intercept: float,
) -> None:
    data = Dataset()
    data.PhotometricInterpretation, data.VOILUTFunction = photometric, shape
    data.PixelRepresentation, data.BitsStored = signed, stored
    data.BitsAllocated = 8 if stored == 8 else 16
    data.RescaleSlope, data.RescaleIntercept = slope, intercept
    data.WindowCenter, data.WindowWidth = 40, 400
    least = -(1 << (stored - 1)) if signed else 0
    values = np.linspace(least, least + (1 << stored) - 1, 97).astype(np.int64)
    numbers = apply_modality_lut(values, data)
    grey = apply_windowing(numbers.astype(np.float64), data)
    low, high = _range(data)
    expected = (grey - low) / (high - low) * 255
    expected = 255 - expected if photometric == "MONOCHROME1" else expected
    slice_ = {
        "allocated": int(data.BitsAllocated),
        "stored": stored,
        "high": stored - 1,
        "signed": bool(signed),
        "slope": slope,
        "intercept": intercept,
        "shape": shape,
        "photometric": photometric,
    }
    table = page.evaluate(
        "slice => Array.from(window.hieGrey.table(slice, {center: 40, width: 400}, false))", slice_
    )
    raw = values & ((1 << data.BitsAllocated) - 1)
    assert np.array(table)[raw] == pytest.approx(expected, abs=1.01)


def _range(data: Dataset) -> tuple[float, float]:
    """What pydicom scales a window to: the least and greatest number the pixels can mean."""
    count = 1 << int(data.BitsStored)
    least = -count // 2 if data.PixelRepresentation else 0
    slope, intercept = float(data.RescaleSlope), float(data.RescaleIntercept)
    return least * slope + intercept, (least + count - 1) * slope + intercept


@pytest.mark.parametrize(
    ("signed", "begins", "vr", "packed"),
    [(0, 100, "US", False), (1, -20, "US", False), (0, 0, "OW", False), (0, 60, "OW", True)],
)
def test_greys_of_a_table_are_those_of_pydicom(
    page: Page, signed: int, begins: int, vr: str, packed: bool
) -> None:
    """VOI LUT (PS3.3 C.11.2), as values or as bytes; 12 bits, or bytes where 8 are enough."""
    bits, count = (8, 200) if packed else (12, 300)
    greys = (np.linspace(0, 1, count) ** 2 * ((1 << bits) - 1)).astype(np.uint16)
    content = greys.astype(np.uint8).tobytes() if packed else greys.tobytes()
    lut = Dataset()
    lut.add_new("LUTDescriptor", "SS" if begins < 0 else "US", [count, begins, bits])
    lut.add_new("LUTData", vr, content if vr == "OW" else [int(one) for one in greys])
    tags = {"PixelRepresentation": signed, "VOILUTSequence": [lut]}
    (one,) = ordered(page, instance(1, **tags))
    table = page.evaluate(
        """async (one) => {
          const lut = await window.hieFrames.tableOf(one.lut);
          return Array.from(window.hieGrey.table(one, window.hieGrey.opening(one, [], lut), false));
        }""",
        one,
    )
    values = np.arange(-40 if signed else 0, 500)
    expected = greys[np.clip(values - begins, 0, count - 1)] / ((1 << bits) - 1) * 255
    assert np.array(table)[values & 0xFFFF] == pytest.approx(expected, abs=0.51)


def test_a_picture_without_a_window_opens_from_its_least_to_its_greatest_number(
    page: Page,
) -> None:
    (one,) = ordered(page, instance(1, RescaleSlope="2", RescaleIntercept="-10"))
    view = page.evaluate(
        "slice => window.hieGrey.opening(slice, Uint16Array.from([5, 9, 105]))", one
    )
    assert view == {"center": 100, "width": 200}
    padded = one | {"padding": 5}
    view = page.evaluate(
        "slice => window.hieGrey.opening(slice, Uint16Array.from([5, 9, 105]))", padded
    )
    assert view == {"center": 104, "width": 192}


@pytest.mark.parametrize(
    ("tags", "is_grey"),
    [
        ({}, True),
        ({"BitsAllocated": 8}, True),
        ({"BitsAllocated": 32}, False),
        ({"BitsAllocated": 1}, False),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, False),
        ({"ModalityLUTSequence": [item()]}, False),
        ({"VOILUTSequence": [item()]}, True),
    ],
)
def test_what_a_window_alone_does_not_explain_is_drawn_by_the_hub(
    page: Page, tags: dict[str, object], is_grey: bool
) -> None:
    (one,) = ordered(page, instance(1, **tags))
    assert page.evaluate("one => window.hieFrames.isGrey(one)", one) is is_grey


@pytest.mark.parametrize(
    ("body", "kind", "expected"),
    [
        ("--b\r\nContent-Type: x\r\n\r\nABC\r\n--b--\r\n", "multipart/related; boundary=b", "ABC"),
        (
            "\r\n--b c\r\nContent-Type: x\r\nContent-Length: 6\r\n\r\n\r\n--b!\r\n--b c--",
            'multipart/related; type="x"; boundary="b c"',
            "\r\n--b!",
        ),
        ("ABC", "application/octet-stream", "ABC"),
    ],
)
def test_the_part_of_a_multipart_answer_is_found(
    page: Page, body: str, kind: str, expected: str
) -> None:
    found = page.evaluate(
        """([body, kind]) => new TextDecoder().decode(
             window.hieFrames.part(new TextEncoder().encode(body).buffer, kind))""",
        [body, kind],
    )
    assert found == expected
