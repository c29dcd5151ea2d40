"""What the viewer measures, which way a slice lies, and where a linked stack goes, in a browser."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.viewer_scripts import AXIAL, CORONAL, empty_page, instance, item, ordered


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """An empty page with the scripts that need no page."""
    opened = empty_page(browser)
    yield opened
    opened.close()


def _distance(page: Page, data: dict[str, Any], *ends: list[float]) -> tuple[float, str]:
    (one,) = ordered(page, data)
    found = page.evaluate(
        "([one, from, to]) => window.hieMeasure.distance(one, from, to)", [one, *ends]
    )
    return found["value"], found["of"]


_TISSUE = {
    "RegionSpatialFormat": 1,
    "PhysicalUnitsXDirection": 3,
    "PhysicalUnitsYDirection": 3,
    "PhysicalDeltaX": 0.02,
    "PhysicalDeltaY": -0.01,
    "RegionLocationMinX0": 0,
    "RegionLocationMinY0": 0,
    "RegionLocationMaxX1": 99,
    "RegionLocationMaxY1": 99,
}


@pytest.mark.parametrize(
    ("tags", "value", "of"),
    [
        # 3 columns and 4 rows apart: rows are 2 mm apart, columns 1 mm.
        ({"Modality": "CT", "PixelSpacing": [2, 1]}, (9 + 64) ** 0.5, "patient"),
        ({"Modality": "CT"}, 5, "pixels"),
        ({"Modality": "CT", "PixelSpacing": [0, 1]}, 5, "pixels"),
        ({"Modality": "DX", "ImagerPixelSpacing": [0.1, 0.1]}, 0.5, "detector"),
        (
            {"Modality": "DX", "ImagerPixelSpacing": [0.1, 0.1], "PixelSpacing": [0.1, 0.1]},
            0.5,
            "detector",
        ),
        (
            {"Modality": "DX", "ImagerPixelSpacing": [0.1, 0.1], "PixelSpacing": [0.08, 0.08]},
            0.4,
            "patient",
        ),
        (
            {
                "Modality": "CR",
                "PixelSpacing": [0.1, 0.1],
                "PixelSpacingCalibrationType": "FIDUCIAL",
            },
            0.5,
            "patient",
        ),
        ({"Modality": "MG", "PixelSpacing": [0.1, 0.1]}, 0.5, "unstated"),
        ({"Modality": "US", "PixelAspectRatio": [2, 1]}, (9 + 64) ** 0.5, "pixels"),
        (
            {"Modality": "US", "SequenceOfUltrasoundRegions": [item(**_TISSUE)]},
            (0.36 + 0.16) ** 0.5,
            "patient",
        ),
        # A region of time, not of tissue; and one that the line leaves.
        (
            {
                "Modality": "US",
                "SequenceOfUltrasoundRegions": [item(**_TISSUE | {"PhysicalUnitsXDirection": 4})],
            },
            5,
            "pixels",
        ),
        (
            {
                "Modality": "US",
                "PixelSpacing": [1, 1],
                "SequenceOfUltrasoundRegions": [item(**_TISSUE | {"RegionLocationMaxY1": 12})],
            },
            5,
            "pixels",
        ),
    ],
)
def test_a_distance_is_in_mm_only_where_the_file_says_of_what(
    page: Page, tags: dict[str, Any], value: float, of: str
) -> None:
    found, what = _distance(page, instance(1, Rows=100, Columns=100, **tags), [10, 10], [13, 14])
    assert what == of
    assert found == pytest.approx(value)


def test_a_line_is_drawn_by_dragging_or_by_a_click_at_each_end_and_taken_back(page: Page) -> None:
    lines = page.evaluate(
        """() => {
          const ruler = new window.hieMeasure.Ruler(), seen = [];
          const note = () => seen.push(ruler.of("a").map((one) => [...one.from, ...one.to]));
          ruler.down("a", [1, 1]); ruler.drag("a", [5, 1], true); ruler.up(); note();
          ruler.down("a", [2, 2]); ruler.up(); ruler.hover("a", [3, 3]); note();
          ruler.down("a", [4, 4]); ruler.up(); note();
          ruler.down("a", [9, 9]); ruler.up(); ruler.undo("a"); note();  // begun, not ended
          ruler.undo("a"); note();
          ruler.down("a", [7, 7]); ruler.up(); ruler.down("a", [7, 7]); note();  // no length
          ruler.down("b", [0, 0]); ruler.drag("b", [1, 0], true); ruler.up(); ruler.clear("a"); note();
          return [seen, ruler.of("b").length];
        }"""
    )
    first, second = [1, 1, 5, 1], [2, 2, 4, 4]
    assert lines == [
        [[first], [first, [2, 2, 3, 3]], [first, second], [first, second], [first], [first], []],
        1,
    ]


@pytest.mark.parametrize(
    ("tags", "right", "bottom", "left", "top"),
    [
        ({"ImageOrientationPatient": AXIAL}, "L", "P", "R", "A"),
        ({"ImageOrientationPatient": CORONAL}, "L", "F", "R", "H"),
        ({"ImageOrientationPatient": [0, 1, 0, 0, 0, -1]}, "P", "F", "A", "H"),
        ({"ImageOrientationPatient": [0.8, 0.6, 0, 0, 0, -1]}, "LP", "F", "RA", "H"),
        ({"PatientOrientation": ["A", "F"]}, "A", "F", "P", "H"),
        ({}, "", "", "", ""),
    ],
)
def test_the_edges_of_a_slice_say_which_side_of_the_patient_they_are(
    page: Page, tags: dict[str, Any], right: str, bottom: str, left: str, top: str
) -> None:
    (one,) = ordered(page, instance(1, **tags))
    found = page.evaluate("one => window.hieSlices.sides(one)", one)
    assert found == {"right": right, "bottom": bottom, "left": left, "top": top}


def _stack(count: int, apart: float, plane: list[int], first: float = 0) -> list[dict[str, Any]]:
    return [
        instance(
            n + 1,
            InstanceNumber=n,
            ImageOrientationPatient=plane,
            ImagePositionPatient=[0, 0, first - n * apart] if plane is AXIAL else [0, n * apart, 0],
        )
        for n in range(count)
    ]


@pytest.mark.parametrize(
    ("plane", "apart", "first", "at", "goal"),
    [
        (AXIAL, 1.25, 500, 16, 480),  # four slices of 5 mm are sixteen of 1.25 mm
        (AXIAL, 10, 0, 2, -20),
        (CORONAL, 5, 0, 4, None),  # planes that cross: as many slices
    ],
)
def test_a_linked_stack_goes_as_far_in_the_body_as_the_one_that_was_turned(
    page: Page, plane: list[int], apart: float, first: float, at: int, goal: float | None
) -> None:
    turned = ordered(page, *_stack(10, 5, AXIAL, 0))
    other = ordered(page, *_stack(40, apart, plane, first))
    found = page.evaluate(
        """([from, to, others]) => window.hieSlices.follow(
             from, to, 4, others, {at: 0, depth: window.hieSlices.depth(others[0])})""",
        [turned[0], turned[4], other],
    )
    assert found == {"at": at, "depth": goal}


def test_a_linked_stack_without_places_goes_by_slices_and_stays_within(page: Page) -> None:
    flat = ordered(page, instance(1, NumberOfFrames=6))
    found = page.evaluate(
        "([all]) => [4, -9].map((n) => window.hieSlices.follow(all[0], all[1], n, all, "
        "{at: 3, depth: null}).at)",
        [flat],
    )
    assert found == [5, 0]
