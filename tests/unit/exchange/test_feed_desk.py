"""How a feed stands: off, new, silent, behind, holding or well."""

from typing import Any

import pytest

from hie.exchange.feed_desk import HOURS, Health, health, percentile
from hie.store.feeds import HOUR_US, Standing

NOW = 1_000 * HOUR_US
MINUTE = HOUR_US // 60


def standing(**changed: Any) -> Standing:
    told: dict[str, Any] = {
        "last_us": NOW - MINUTE,
        "held": 0,
        "oldest_waiting_us": None,
        "times_us": (),
    }
    return Standing(**{**told, **changed})


BUSY = [3] * HOURS
QUIET = [*[3] * (HOURS - 6), *[0] * 6]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, Health.WELL),
        ({"enabled": False}, Health.OFF),
        ({"standing": standing(last_us=None)}, Health.NEW),
        ({"standing": standing(last_us=NOW - 25 * HOUR_US)}, Health.SILENT),
        ({"hours": QUIET, "yesterday": 5}, Health.SILENT),
        ({"hours": QUIET, "yesterday": 4}, Health.WELL),
        ({"standing": standing(oldest_waiting_us=NOW - 6 * MINUTE, held=1)}, Health.BEHIND),
        ({"standing": standing(oldest_waiting_us=NOW - 4 * MINUTE)}, Health.WELL),
        ({"standing": standing(held=1)}, Health.HOLDING),
    ],
)
def test_a_feed_stands_as_the_first_that_holds(said: dict[str, Any], expected: Health) -> None:
    asked = {"enabled": True, "standing": standing(), "hours": BUSY, "yesterday": 9, "now_us": NOW}
    assert health(**{**asked, **said}) is expected


def test_the_time_of_95_in_100() -> None:
    assert percentile([]) is None
    assert percentile([7]) == 7
    assert percentile(list(range(100))) == 95
