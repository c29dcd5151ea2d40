"""FHIR date text to the first and last microsecond it can mean, and back.

A day has no zone in FHIR; here it is a day of Asia/Shanghai (+08:00), as everywhere in the hub.
Source: FHIR R4, search, "date": a value matches by the period it covers.
"""

from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache

CHINA = timezone(timedelta(hours=8))
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
OPEN_START = -(2**62)  # a period without a start
OPEN_END = 2**62  # a period without an end


@lru_cache(maxsize=4096)  # the thirty results of a report share two texts
def bounds(text: str) -> tuple[int, int] | None:
    """First and last microsecond of a FHIR date, dateTime or instant; None if it is none.

    "2026-06" covers its month; seconds without a fraction cover one second.
    """
    try:
        if len(text) > 10:
            if text[17:19] == "60":  # a leap second counts as the last second before it
                text = f"{text[:17]}59{text[19:]}"
            moment = datetime.fromisoformat(text)
            if moment.tzinfo is None:
                return None
            start = (moment - EPOCH) // MICROSECOND
            return start, start + _width(text) - 1
        return _days(text)
    except (ValueError, OverflowError):
        return None


def microseconds(text: str) -> int | None:
    """The first microsecond of a FHIR date, dateTime or instant; None if it is none."""
    found = bounds(text)
    return None if found is None else found[0]


@lru_cache(maxsize=64)  # all that a batch writes has one time
def written(instant_us: int) -> str:
    """A FHIR instant in UTC, to the microsecond."""
    moment = EPOCH + timedelta(microseconds=instant_us)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _width(text: str) -> int:
    """Microseconds a time with zone covers, by the digits it was written with."""
    if text[16:17] != ":":
        return 60_000_000
    if text[19:20] != ".":
        return 1_000_000
    digits = 0
    while text[20 + digits : 21 + digits].isdigit():
        digits += 1
    return int(10 ** max(6 - digits, 0))


def _days(text: str) -> tuple[int, int] | None:
    if len(text) == 10:
        first = date.fromisoformat(text)
        after = first + timedelta(days=1)
    elif len(text) == 7 and text[4] == "-":
        year, month = int(text[:4]), int(text[5:])
        first = date(year, month, 1)
        after = date(year + month // 12, month % 12 + 1, 1)
    elif len(text) == 4:
        first = date(int(text), 1, 1)
        after = date(int(text) + 1, 1, 1)
    else:
        return None
    return _midnight(first), _midnight(after) - 1


def _midnight(day: date) -> int:
    return (datetime(day.year, day.month, day.day, tzinfo=CHINA) - EPOCH) // MICROSECOND
