"""The narrower schema takes times by a pattern: each of them is one that exists."""

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hie.fhir.narrow import TIMES, is_surely_sound
from hie.fhir.primitives import is_datetime, is_instant
from hie.fhir.profile import check
from tests.builders import an_observation

CHECKS: dict[str, Callable[[str], bool]] = {"dateTime": is_datetime, "instant": is_instant}


@pytest.mark.parametrize("kind", TIMES)
@given(data=st.data())
def test_what_the_pattern_takes_exists(kind: str, data: st.DataObject) -> None:
    text = data.draw(st.from_regex(re.compile(TIMES[kind].replace("$", r"\Z"), re.ASCII)))
    assert CHECKS[kind](text)


@pytest.mark.parametrize(
    "text",
    [
        "2026-06-12T08:10:00+08:00",
        "2026-06-12T08:10:00Z",
        "2026-06-12T08:10:00.123+08:00",
        "2026-06-30",
    ],
)
def test_times_as_laboratories_send_them_need_no_closer_look(text: str) -> None:
    assert is_surely_sound(an_observation(effective=text))


@pytest.mark.parametrize(
    ("text", "exists"),
    [
        ("2024-02-29", True),
        ("2024", True),
        ("2026-06", True),
        ("1899-12-31T08:10:00+08:00", True),
        ("2026-02-29", False),
        ("2026-06-31T08:10:00+08:00", False),
        ("2026-06-12T24:10:00+08:00", False),
        ("2026-06-12T08:10+08:00", False),
        ("2026-06-12T08:10:00", False),
        ("２０２６-06-12", False),
        ("2026-06-12T08:10:00Z\n", False),
    ],
)
def test_any_other_time_is_looked_at_closely(text: str, exists: bool) -> None:
    one = an_observation(effective=text)
    assert not is_surely_sound(one)
    assert (check(one) == []) is exists
