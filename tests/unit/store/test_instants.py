"""Date text means the period it covers, and days are days of Asia/Shanghai."""

import pytest

from hie.store.instants import bounds, microseconds, written

SECOND = 1_000_000
DAY = 86_400 * SECOND


@pytest.mark.parametrize(
    ("text", "start", "width"),
    [
        ("2026-06-12T08:10:00+08:00", "2026-06-12T00:10:00.000000Z", SECOND),
        ("2026-06-12T00:10:00Z", "2026-06-12T00:10:00.000000Z", SECOND),
        ("2026-06-12T00:10:00.5Z", "2026-06-12T00:10:00.500000Z", SECOND // 10),
        ("2026-06-12T00:10:00.123456Z", "2026-06-12T00:10:00.123456Z", 1),
        ("2026-06-12T00:10:00.1234567Z", "2026-06-12T00:10:00.123456Z", 1),
        ("2026-06-12T08:10+08:00", "2026-06-12T00:10:00.000000Z", 60 * SECOND),
        ("2026-06-12", "2026-06-11T16:00:00.000000Z", DAY),
        ("2026-02", "2026-01-31T16:00:00.000000Z", 28 * DAY),
        ("2026-12", "2026-11-30T16:00:00.000000Z", 31 * DAY),
        ("2024", "2023-12-31T16:00:00.000000Z", 366 * DAY),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.000000Z", SECOND),
        ("1949-12-31", "1949-12-30T16:00:00.000000Z", DAY),
    ],
)
def test_a_text_covers_its_period(text: str, start: str, width: int) -> None:
    found = bounds(text)
    assert found is not None
    assert written(found[0]) == start
    assert found[1] - found[0] == width - 1
    assert microseconds(text) == found[0]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "2026-13",
        "2026-00",
        "2026-02-30",
        "2026-06-12T08:10:00",
        "2026-06-12T25:00:00Z",
        "12.06.2026",
        "20260612",
        "99999",
        "0000",
        "9999",
        "9999-12",
    ],
)
def test_what_is_no_time_is_none(text: str) -> None:
    assert bounds(text) is None
