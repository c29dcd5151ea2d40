"""Printed intervals: text always, bounds when they can be read, none chosen."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.hl7v2.ranges import read_ranges
from hie.adapter import Decoded


@pytest.mark.parametrize(
    ("sent", "low", "high"),
    [
        ("3.5-5.3", "3.5", "5.3"),
        ("3.50 - 5.30", "3.50", "5.30"),
        ("0～5", "0", "5"),
        ("7 ~ 40", "7", "40"),
        ("0.4--8", "0.4", "8"),
        ("3.5—9.5", "3.5", "9.5"),
        ("3.5——9.5", "3.5", "9.5"),
        ("3.5－9.5", "3.5", "9.5"),
        ("3.5 to 5.3", "3.5", "5.3"),
        ("3.5至5.3", "3.5", "5.3"),
        ("3_5", "3", "5"),
        ("1.015~1.025", "1.015", "1.025"),
        ("-2--1", "-2", "-1"),
        ("-2-+2", "-2", "2"),
        ("-0.5--0.1", "-0.5", "-0.1"),
        ("-2~2", "-2", "2"),
        ("(3.5-5.3)", "3.5", "5.3"),
        ("[3.5-5.3]", "3.5", "5.3"),
        ("３．５－５．３", "3.5", "5.3"),
        ("3.5-5.3 mmol/L", "3.5", "5.3"),
        ("3.5-5.3mmol/l", "3.5", "5.3"),
    ],
)
def test_two_ended_intervals(sent: str, low: str, high: str) -> None:
    (found,), fault = read_ranges(sent, "OBX[1]-7", "mmol/L")
    assert (found.low, found.high, found.text, fault) == (low, high, sent, None)


@pytest.mark.parametrize(
    ("sent", "low", "high", "exclusive"),
    [
        ("<1.0", None, "1.0", True),
        ("＜1.0", None, "1.0", True),
        ("≤5", None, "5", False),
        ("<=5", None, "5", False),
        ("≦5", None, "5", False),
        (">3.5", "3.5", None, True),
        ("≥3.5", "3.5", None, False),
        ("> = 3.5".replace(" ", ""), "3.5", None, False),
        ("小于1.0", None, "1.0", True),
        ("<0.05 COI", None, "0.05", True),
    ],
)
def test_one_ended_intervals(sent: str, low: str | None, high: str | None, exclusive: bool) -> None:
    (found,), fault = read_ranges(sent, "OBX[1]-7")
    assert (found.low, found.high, fault) == (low, high, None)
    assert (found.low_exclusive or found.high_exclusive) is exclusive


@pytest.mark.parametrize("sent", ["阴性", "阴性(-)", "阴性（-）", "见说明", "Negative", "-"])
def test_words_are_text_and_no_issue(sent: str) -> None:
    (found,), fault = read_ranges(sent, "OBX[1]-7")
    assert (found.text, found.low, found.high, fault) == (sent, None, None, None)


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ("9.5-3.5", "range-reversed"),
        ("0 - -5", "range-reversed"),
        ("<5 = Negative", "range-not-read"),
        ("^^5", "range-not-read"),
        ("High Viral Load > or = 5", "range-not-read"),
        ("3.5-5.3 g/L", "range-not-read"),
        ("3.5-", "range-not-read"),
        ("3.5-5.3-7", "range-not-read"),
        ("0-1(新生儿) 2-3", "range-not-read"),
    ],
)
def test_what_cannot_be_read_is_text_and_told(sent: str, code: str) -> None:
    (found,), fault = read_ranges(sent, "OBX[1]-7", "mmol/L")
    assert (found.text, found.low, found.high, fault) == (sent, None, None, code)


@pytest.mark.parametrize(
    "sent",
    [
        "男 130-175 & 女 115-150",
        "男:130-175;女:115-150",
        "男：130～175；女：115～150",
        "男130-175，女115-150",
        "男性 130-175 女性 115-150",
        "M:130-175 F:115-150",
        "Male 130-175; Female 115-150",
        "男 130-175\n女 115-150",
        "男130-175/女115-150",
    ],
)
def test_intervals_by_sex_are_several(sent: str) -> None:
    found, fault = read_ranges(sent, "OBX[1]-7")
    assert fault is None
    assert [(r.sex, r.low, r.high) for r in found] == [
        ("male", "130", "175"),
        ("female", "115", "150"),
    ]


@pytest.mark.parametrize(
    ("sent", "ages"),
    [
        ("成人:3.5-5.3;儿童:3.0-5.0", [(18, None), (None, 17)]),
        ("0-5岁:3-4;≥6岁:4-5", [(0, 5), (6, None)]),
        (">60岁 3-4；<60岁 4-5", [(61, None), (None, 59)]),
    ],
)
def test_intervals_by_age_are_several(sent: str, ages: list[tuple[int | None, int | None]]) -> None:
    found, _ = read_ranges(sent, "OBX[1]-7")
    assert [(r.age_low, r.age_high) for r in found] == ages


def test_sex_and_age_together_and_pregnancy() -> None:
    found, _ = read_ranges("男性 18-59岁 57-97；女性 18-59岁 41-73；孕妇 35-70", "p")
    assert [(r.sex, r.age_low, r.age_high, r.pregnant, r.low) for r in found] == [
        ("male", 18, 59, False, "57"),
        ("female", 18, 59, False, "41"),
        (None, None, None, True, "35"),
    ]


def test_several_intervals_without_labels_are_all_kept() -> None:
    found, _ = read_ranges("1-2\n3-4", "p")
    assert [(r.low, r.high) for r in found] == [("1", "2"), ("3", "4")]


@given(st.text("0123456789.-~<>=≤≥ 男女岁成人:;&/\n(){}abc", max_size=40))
def test_every_text_is_kept_and_bounds_are_in_order(text: str) -> None:
    found, _ = read_ranges(text, "p")
    assert found
    for one in found:
        if one.low is not None and one.high is not None:
            assert float(one.low) <= float(one.high)
    kept = "".join("".join(r.text.split()) for r in found)
    if len(found) == 1:
        assert found[0].text in text or kept in "".join(text.split())


def test_an_escaped_ampersand_in_the_message_reaches_the_reader(
    read_obx: Callable[..., Decoded], codes: Any
) -> None:
    decoded = read_obx("OBX|1|NM|HGB||140|g/L|男 130-175 \\T\\ 女 115-150||||F")
    ranges = decoded.records[0].results[0].ranges
    assert [r.sex for r in ranges] == ["male", "female"]
    assert "range-not-read" not in codes(decoded)
