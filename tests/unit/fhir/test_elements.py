"""Times as intervals, references, concepts."""

from datetime import date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hie.fhir.elements import SHANGHAI, bounds, code_in, day_of, instant, microseconds, referenced

DAY = 86_400_000_000


@pytest.mark.parametrize(
    ("text", "length_us"),
    [
        ("2026", 365 * DAY),
        ("2024", 366 * DAY),
        ("2026-06", 30 * DAY),
        ("2024-02", 29 * DAY),
        ("2026-06-15", DAY),
        ("2026-06-15T10:00+08:00", 60_000_000),
        ("2026-06-15T10:00:00+08:00", 1_000_000),
        ("2026-06-15T10:00:00.5Z", 100_000),
        ("2026-06-15T10:00:00.123456Z", 1),
        ("2026-06-15T10:00:00.1234567890Z", 1),
        ("9999", 365 * DAY),
        ("9999-12-31", DAY),
    ],
)
def test_a_time_is_as_long_as_it_is_vague(text: str, length_us: int) -> None:
    found = bounds(text)
    assert found is not None
    assert found[1] - found[0] == length_us


@pytest.mark.parametrize(
    "text",
    [
        "", "x", "2026-13", "2026-00", "2026-02-30", "0000-01-01", "2026-1-1", "20260615",
        "2026-06-15T10:00:00", "2026-06-15T24:00:00Z", "2026-06-15T10:60:00Z",
        "2026-06-15T10:00:60Z", "2026-06-15T10:00:00+14:30", "2026-06-15T10:00:00+15:00",
        "2026-06-15T10:00:00Z ", "2026-06-15\n", "２０２６-06-15", "2026-06-15T10:00:00.Z",
    ],
)  # fmt: skip
def test_what_is_no_time_has_no_bounds(text: str) -> None:
    assert bounds(text) is None


@given(
    st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29)),  # noqa: DTZ001 - a zone follows
    st.integers(-12 * 60, 14 * 60),
)
def test_the_first_microsecond_is_the_instant_itself(at: datetime, minutes: int) -> None:
    zoned = at.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    found = bounds(zoned.isoformat(timespec="microseconds"))
    assert found == (microseconds(zoned), microseconds(zoned) + 1)


@given(st.dates())
def test_a_date_is_the_day_in_the_hubs_zone(day: date) -> None:
    found = bounds(day.isoformat())
    assert found is not None
    assert day_of(day.isoformat()) == day
    assert found[0] == microseconds(datetime(day.year, day.month, day.day, tzinfo=SHANGHAI))


def test_days_are_counted_in_the_hubs_zone() -> None:
    assert day_of("2026-06-14T16:00:00Z") == date(2026, 6, 15)
    assert day_of("2026-06-14T15:59:59Z") == date(2026, 6, 14)
    assert day_of("2026-06") is None


def test_no_instant_lies_outside_the_calendar() -> None:
    assert bounds("9999-12-31T23:59:59Z") is None
    assert bounds("0001-01-01T00:00:00+14:00") is None
    assert day_of("9999-12-31T23:59:59+08:00") == date(9999, 12, 31)
    assert instant(10**30).year == 9999
    assert instant(-(10**30)).year == 1


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("Patient/a", ("Patient", "a")),
        ("Patient/a/_history/2", ("Patient", "a")),
        ("https://other.example/fhir/Patient/a", None),
        ("urn:uuid:0", None),
        ("#a", None),
        ("Patient", None),
        ("Patient/", None),
    ],
)
def test_only_a_relative_reference_says_its_type(text: str, target: tuple[str, str] | None) -> None:
    assert referenced({"reference": text}) == target


def test_a_code_is_found_by_its_system() -> None:
    concept = {"coding": [{"system": "a", "code": "1"}, {"system": "b", "code": "2"}]}
    assert (code_in(concept, "b"), code_in(concept, "c"), code_in(None, "a")) == ("2", None, None)
