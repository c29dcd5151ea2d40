"""Charts: numbers to shapes that stay inside their frame and carry no style."""

import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hie.web.charts import SHAPES, Point, range_bar, shape, sparkline
from hie.web.outcome_charts import Series, monthly

NUMBERS = st.floats(-1e9, 1e9)
LIMITS = st.none() | NUMBERS


def _numbers(svg: str) -> list[float]:
    return [float(number) for number in re.findall(r"-?\d+\.?\d*", svg)]


def test_four_shapes_and_four_colours_then_again() -> None:
    marks = [str(shape(number)) for number in range(len(SHAPES))]
    assert len(set(marks)) == 4
    assert str(shape(4)) == marks[0]
    assert [f'class="s{number}"' in mark for number, mark in enumerate(marks)] == [True] * 4


@pytest.mark.parametrize(
    ("value", "low", "high", "css"),
    [
        (4.1, 3.5, 5.3, "in"),
        (5.3, 3.5, 5.3, "in"),
        (9.0, 3.5, 5.3, "hi"),
        (1.0, 3.5, 5.3, "lo"),
        (9.0, None, 5.3, "hi"),
        (1.0, 3.5, None, "lo"),
        (-4.0, -3.0, None, "lo"),
        (1.0, None, -3.0, "hi"),
    ],
)
def test_a_bar_says_inside_above_or_below(
    value: float, low: float | None, high: float | None, css: str
) -> None:
    assert f'class="{css}"/></svg>' in range_bar(value, low, high)


def test_no_interval_no_bar() -> None:
    assert range_bar(4.1, None, None) == ""


@given(NUMBERS, LIMITS, LIMITS)
def test_a_bar_stays_in_its_frame(value: float, low: float | None, high: float | None) -> None:
    svg = range_bar(value, low, high)
    if not svg:
        return
    _, norm, dot = ET.fromstring(svg)  # noqa: S314 - made a line above
    start, _, width = _numbers(norm.attrib["d"])
    assert start >= 0
    assert width >= 0
    assert start + width <= 84
    assert 2 <= float(dot.attrib["cx"]) <= 82


def test_one_result_is_no_trend() -> None:
    assert sparkline([Point(1, 4, 0)], 3, 5, "x") == ""


@given(
    st.lists(st.builds(Point, st.floats(0, 4e9), NUMBERS, st.integers(0, 9)), min_size=2),
    LIMITS,
    LIMITS,
)
def test_a_trend_is_well_formed_and_has_each_result(
    points: list[Point], low: float | None, high: float | None
) -> None:
    svg = ET.fromstring(sparkline(points, low, high, "x"))  # noqa: S314 - made here
    older = sum(one.attrib["d"].count("M") for one in svg if one.attrib["class"].startswith("d"))
    assert [one.attrib["class"][0] for one in svg].count("s") == 1  # the newest
    assert older + 1 == len(points)
    band = [one for one in svg if one.attrib["class"] == "band"]
    assert len(band) == (low is not None or high is not None)
    (line,) = (one.attrib["d"] for one in svg if one.attrib["class"] == "ln")
    assert all(0 <= number <= 92 for number in _numbers(line))


def test_a_label_is_escaped_and_nothing_is_styled() -> None:
    svg = sparkline([Point(1, 4, 0), Point(2, 5, 1)], 3, 5, '"><script>')
    assert "<script>" not in svg
    assert "&lt;script&gt;" in svg
    assert "style" not in svg + range_bar(4, 3, 5) + "".join(shape(n) for n in range(4))


def test_each_month_of_a_line_says_its_share_and_one_without_a_value_is_no_point() -> None:
    svg = monthly(
        ["2026-01", "2026-02", "2026-03"],
        [Series("Recognised", (0.5, None, 0.625)), Series("Repeated", (None, None, 0.1))],
        "rates",
    )
    tree = ET.fromstring(svg)  # noqa: S314 - made a line above
    points = [one for one in tree.iter() if one.attrib.get("class") == "pt"]
    assert [point[1].text for point in points] == [
        "Recognised · 2026-01 · 50.0%",
        "Recognised · 2026-03 · 62.5%",
        "Repeated · 2026-03 · 10.0%",
    ]
    assert all(point.attrib["tabindex"] == "0" for point in points)
    named = {point.attrib["aria-labelledby"] for point in points}
    assert named == {point[1].attrib["id"] for point in points}
    assert len(named) == 3
    assert monthly(["2026-01"], [Series("x", (0.5,))], "rates") == ""
