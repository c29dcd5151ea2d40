"""A trend says when, how much, whose and by which range; nothing is left out unsaid."""

import re
from dataclasses import replace
from datetime import datetime
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hie.fhir.elements import microseconds
from hie.web.axes import tick_text, time_ticks, value_ticks
from hie.web.language import Language
from hie.web.pages.filters import Filters
from hie.web.pages.trend import trend_of
from hie.web.trend_chart import MOST, Frame, TrendPoint, trend
from tests.unit.web.answers import ITEMS, past

NUMBERS = st.floats(-1e9, 1e9)
YEARS = st.integers(-(2**61), 2**61)


def _at(text: str) -> int:
    return microseconds(datetime.fromisoformat(f"{text}T00:00+08:00"))


def _frame(start: str = "2025-06-15", end: str = "2026-06-15", **change: Any) -> Frame:
    whole: dict[str, Any] = {"name": "Creatinine (µmol/L)", "label": "six results", "lang": "en"}
    return Frame(_at(start), _at(end), **whole | change)


def _point(day: str, value: float, **change: Any) -> TrendPoint:
    whole: dict[str, Any] = {"source": 0, "said": f"{value} on {day}", "laboratory": "A"}
    return TrendPoint(_at(day), value, **whole | change)


@pytest.mark.parametrize(
    ("low", "high", "texts"),
    [
        (57, 108, ["40", "60", "80", "100", "120"]),
        (3.4, 5.3, ["3.0", "3.5", "4.0", "4.5", "5.0", "5.5"]),
        (0.2, 0.9, ["0.2", "0.4", "0.6", "0.8", "1.0"]),
        (1.1, 2.2, ["1.00", "1.25", "1.50", "1.75", "2.00", "2.25"]),
        (5, 5, ["4.4", "4.6", "4.8", "5.0", "5.2", "5.4", "5.6"]),
    ],
)
def test_values_have_round_ticks_around_them(low: float, high: float, texts: list[str]) -> None:
    ticks = value_ticks(low, high)
    assert [tick_text(tick, ticks[1] - ticks[0]) for tick in ticks] == texts


@given(NUMBERS, NUMBERS)
def test_ticks_are_few_and_enclose(one: float, other: float) -> None:
    low, high = sorted((one, other))
    ticks = value_ticks(low, high)
    assert 2 <= len(ticks) <= 9
    step = ticks[1] - ticks[0]
    assert ticks[0] <= low + step * 1e-6
    assert ticks[-1] >= high - step * 1e-6


@pytest.mark.parametrize(
    ("start", "end", "lang", "texts"),
    [
        ("2025-06-15", "2026-06-15", "zh", ["2025-07", "09", "11", "2026-01", "03", "05"]),
        ("2025-06-15", "2026-06-15", "en", ["Jul 2025", "Sep", "Nov", "Jan 2026", "Mar", "May"]),
        ("2026-06-10", "2026-06-15", "en", ["10 Jun", "11 Jun", "12 Jun", "13 Jun", "14 Jun", "15 Jun"]),
        ("2026-03-17", "2026-06-15", "zh", ["2026-04", "05", "06"]),
        ("2018-02-01", "2026-06-15", "en", ["2020", "2022", "2024", "2026"]),
    ],
)  # fmt: skip
def test_time_is_labelled_where_days_months_and_years_begin(
    start: str, end: str, lang: Language, texts: list[str]
) -> None:
    assert [text for _, text in time_ticks(_at(start), _at(end), lang)] == texts


@given(YEARS, YEARS)
def test_any_span_of_time_has_few_ticks(one: int, other: int) -> None:
    assert len(time_ticks(*sorted((one, other)), "en")) <= 12


def test_ranges_step_where_the_laboratory_changes_and_methods_are_marked() -> None:
    old = {"laboratory": "B", "low": 59.0, "high": 104.0, "interval": "59–104", "method": "Jaffe"}
    new = {"low": 57.0, "high": 97.0, "interval": "57–97", "method": "enzymatic"}
    svg = trend(
        [
            _point("2025-07-10", 88, **old),
            _point("2025-10-01", 92, **old),
            _point("2026-02-01", 99, **new),
            _point("2026-06-12", 96, text="96", source=1, **new),
        ],
        _frame(window_us=7 * 86_400_000_000),
    )
    tree = ET.fromstring(svg)  # noqa: S314 - made a line above
    assert tree.attrib["role"] == "img"
    assert tree.attrib["aria-label"] == "six results"
    bands = [one for one in tree if one.attrib.get("class") == "ref"]
    edges = [(float(one.attrib["x"]), float(one.attrib["width"])) for one in bands]
    assert edges[0][0] == 52
    assert edges[0][0] + edges[0][1] == pytest.approx(edges[1][0], abs=0.2)
    assert edges[1][0] + edges[1][1] == 676
    (mark,) = (one for one in tree if one.attrib.get("class") == "mth")
    assert float(re.findall(r"[\d.]+", mark.attrib["d"])[0]) == pytest.approx(edges[1][0], abs=0.2)
    texts = [one.text for one in tree if one.tag == "text"]
    for said in ("Creatinine (µmol/L)", "59–104", "57–97", "Jaffe → enzymatic", "96"):
        assert said in texts
    points = [one for one in tree if one.attrib.get("class") == "pt"]
    assert [one.attrib["tabindex"] for one in points] == ["0"] * 4
    for point in points:
        (tip,) = (one for one in point if one.attrib.get("class") == "tip")
        assert point.attrib["aria-labelledby"] == tip.attrib["id"]
    assert [point[1].text for point in points][3] == "96 on 2026-06-12"
    assert [one.attrib.get("class") for one in tree].count("win") == 1
    assert "style" not in svg


def test_a_limit_is_hollow_and_an_open_range_reaches_the_edge() -> None:
    svg = trend([_point("2026-06-01", 0.5, open=True, high=2.0, interval="≤ 2.0")], _frame())
    assert 'class="s0 o"' in svg
    (band,) = re.findall(r'class="ref" [^>]*y="([\d.]+)" [^>]*height="([\d.]+)"', svg)
    assert float(band[0]) + float(band[1]) == 190
    assert trend([], _frame()) == ""


@given(
    st.lists(
        st.builds(TrendPoint, YEARS, NUMBERS, st.integers(0, 9), st.text(), st.text(max_size=1),
                  low=st.none() | NUMBERS, high=st.none() | NUMBERS, method=st.text(max_size=2)),
        min_size=1, max_size=8,
    )
)  # fmt: skip
def test_whatever_is_drawn_stays_in_the_picture(points: list[TrendPoint]) -> None:
    svg = trend(points, _frame())
    assert svg.count('class="pt"') == len(points)
    for x in re.findall(r' (?:x|cx)="(-?[\d.]+)"', svg):
        assert -40 <= float(x) <= 690
    for y in re.findall(r' (?:y|cy)="(-?[\d.]+)"', svg):
        assert 0 <= float(y) <= 222


def _look(*history: Any, table: int = 0, days: str | None = None) -> dict[str, Any]:
    number = {"A": 0, "B": 1}
    now = _at("2026-06-15")
    return trend_of(history, ITEMS["K"], 7, number, Filters(days=days), now, "en", table=table)


def test_what_is_not_drawn_is_counted_and_stands_in_the_table() -> None:
    found = _look(
        past("4.1"),
        past("4.4", taken="2026-06-01", code="B", institution="乙医院"),
        past("4.5", status="preliminary"),
        replace(past("4"), number=None, value=None, unit=None, reported="溶血"),
        past("4.6", taken=""),
        past("3.9", taken="2020-01-01"),
        table=1,
    )  # fmt: skip
    assert (found["count"], found["not_drawn"], found["older"], found["outside"]) == (6, 3, 0, 0)
    assert [one["name"] for one in found["sources"]] == ["甲医院", "乙医院"]
    rows = found["rows"]
    assert [row["value"] for row in rows] == ["4.1", "4.4", "4.5", "溶血", "4.6", "3.9"]
    assert rows[2]["status"] == "preliminary"
    assert rows[4]["taken"] == "time unknown"
    recent = _look(past("4.1"), past("3.9", taken="2020-01-01"), past("4", taken=""), days="90")
    assert (recent["count"], recent["outside"], recent["rows"]) == (1, 2, None)


def test_a_converted_point_says_what_was_reported_in_the_unit_it_was() -> None:
    sugar = past(
        "7.8", reported="140", reported_unit="mg/dL", printed="70-110",
        interval=(past("3.8851").number, past("6.1052").number),
    )  # fmt: skip
    found = _look(sugar, table=1)
    assert (
        "7.8 mmol/L · 2026-06-12 08:10 · 甲医院 · 3.885–6.105 · reported 140 mg/dL"
        in found["chart"]
    )
    assert found["rows"][0]["reported"] == "reported 140 mg/dL"
    assert found["rows"][0]["range"] == "70-110"


def test_a_long_history_is_drawn_in_part_and_told_by_the_page() -> None:
    many = [past("4.1", taken=f"2026-{1 + n // 28:02}-{1 + n % 28:02}") for n in range(100, -1, -1)]
    found = _look(*many, table=4)
    assert found["chart"].count('class="pt"') == MOST
    assert (found["older"], len(found["rows"]), found["left_out"]) == (101 - MOST, 11, 0)
    assert _look(*many, table=1)["left_out"] == 71
