"""Token buckets: a burst, then the rate; strangers cannot fill the memory."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hie.oauth.limits import Buckets, Rate, neighbourhood, retry_after


def test_a_burst_is_given_then_the_rate() -> None:
    buckets = Buckets(Rate(2, 3))
    assert [buckets.take("a", 100) for _ in range(3)] == [0, 0, 0]
    assert buckets.take("a", 100) == pytest.approx(0.5)
    assert buckets.take("a", 100.5) == 0
    assert buckets.take("a", 100.5) > 0


def test_callers_have_buckets_of_their_own() -> None:
    buckets = Buckets(Rate(1, 1))
    assert buckets.take("a", 0) == 0
    assert buckets.take("b", 0) == 0
    assert buckets.take("a", 0) > 0


def test_waiting_takes_nothing_and_giving_back_undoes_a_take() -> None:
    buckets = Buckets(Rate(1, 1))
    assert buckets.wait("a", 0) == 0
    assert buckets.take("a", 0) == 0
    assert buckets.wait("a", 0) == 1
    buckets.give_back("a", 0)
    assert buckets.take("a", 0) == 0
    buckets.forget("a")
    assert buckets.take("a", 0) == 0


def test_the_callers_remembered_are_bounded() -> None:
    buckets = Buckets(Rate(1, 1), most=10)
    for number in range(1000):
        buckets.take(number, 0)
    assert len(buckets._filled) == 10


@given(st.lists(st.floats(0, 50), max_size=60), st.integers(1, 5), st.floats(0.1, 10))
def test_no_more_is_given_than_the_burst_and_the_rate(
    pauses: list[float], burst: int, rate: float
) -> None:
    buckets, now, given_out = Buckets(Rate(rate, burst)), 0.0, 0
    for pause in pauses:
        now += pause
        given_out += buckets.take("a", now) == 0
    assert given_out <= burst + rate * now + 1e-6


def test_a_clock_that_goes_back_gives_nothing() -> None:
    buckets = Buckets(Rate(1, 1))
    assert buckets.take("a", 100) == 0
    assert buckets.take("a", 0) > 0


@pytest.mark.parametrize(("seconds", "text"), [(0.01, "1"), (1.0, "1"), (1.2, "2"), (59.9, "60")])
def test_the_time_to_wait_is_told_in_whole_seconds(seconds: float, text: str) -> None:
    assert retry_after(seconds) == text


@pytest.mark.parametrize(
    ("address", "near"),
    [
        ("10.1.2.3", "10.1.2.3"),
        ("::ffff:10.1.2.3", "10.1.2.3"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("::1", "::/64"),
        (None, ""),
        ("testclient", ""),
    ],
)
def test_neighbours_are_counted_together(address: str | None, near: str) -> None:
    assert neighbourhood(address) == near
