"""Dates, times and zones of DICOM as FHIR dateTime text (PS3.5 table 6.2-1: DA, TM, DT).

The calendar is checked; a placeholder is no date. FHIR wants seconds and a zone with every time of
day, so both are filled in, and the precision says what was sent. Old files write 1997.04.24 and
10:20:30, and a few senders 1997-04-24.
"""

import re
from datetime import date
from typing import Final, Literal, NamedTuple

Precision = Literal["year", "month", "day", "hour", "minute", "second"]

_DAY: Final = re.compile(r"(\d{4})([.\-/]?)(\d\d)\2(\d\d)", re.ASCII)
_CLOCK: Final = re.compile(r"(\d\d)(?::?(\d\d)(?::?(\d\d)(?:\.(\d{1,6})\d*)?)?)?", re.ASCII)
_WHOLE: Final = re.compile(
    r"(\d{4})(?:(\d\d)(?:(\d\d)(?:(\d\d(?:\d\d(?:\d\d(?:\.\d{1,6})?)?)?))?)?)?([+-]\d{4})?",
    re.ASCII,
)
_PLACEHOLDERS: Final = frozenset(
    {"00000000", "00010101", "19000101", "99991231", "11111111", "18000101"}
)
_FIRST_YEAR, _LAST_YEAR = 1850, 2200


class Placeholder(Exception):
    """The text is a sentinel for no date."""


class Moment(NamedTuple):
    """FHIR text and the precision that was sent."""

    text: str
    precision: Precision


def day(text: str) -> Moment:
    """A DA. Raises Placeholder, or ValueError for no date."""
    found = _DAY.fullmatch(text)
    if not found:
        raise ValueError("date")
    if "".join(found.group(1, 3, 4)) in _PLACEHOLDERS or found[1] in ("0000", "0001"):
        raise Placeholder
    if not _FIRST_YEAR <= int(found[1]) <= _LAST_YEAR:
        raise ValueError("year")
    return Moment(date(int(found[1]), int(found[3]), int(found[4])).isoformat(), "day")


def clock(text: str) -> tuple[str, Precision]:
    """A TM as `HH:MM:SS[.ffffff]`. Raises ValueError."""
    found = _CLOCK.fullmatch(text)
    if not found:
        raise ValueError("time")
    hour, minute, second = int(found[1]), int(found[2] or 0), int(found[3] or 0)
    if hour > 23 or minute > 59 or second > 60:
        raise ValueError("time")
    precision: Precision = "second" if found[3] else "minute" if found[2] else "hour"
    fraction = f".{found[4]}" if found[4] and int(found[4]) else ""
    return f"{hour:02}:{minute:02}:{min(second, 59):02}{fraction}", precision


def together(at: Moment, time: tuple[str, Precision], offset: int) -> Moment:
    """A day and a time of day in a zone of `offset` minutes."""
    return Moment(f"{at.text}T{time[0]}{offset_text(offset)}", time[1])


def whole(text: str, offset: int) -> tuple[Moment, bool]:
    """A DT, and whether its zone was assumed. Raises Placeholder or ValueError."""
    found = _WHOLE.fullmatch(text)
    if not found:
        raise ValueError("date")
    year, month, number, time, zone = found.groups()
    if number is None:
        if not _FIRST_YEAR <= int(year) <= _LAST_YEAR:
            raise ValueError("year")
        if month is not None:
            date(int(year), int(month), 1)
        return Moment(
            year if month is None else f"{year}-{month}", "month" if month else "year"
        ), False
    at = day(year + month + number)
    if time is None:
        return at, False
    minutes = offset if zone is None else zone_minutes(zone)
    return together(at, clock(time), minutes), zone is None


def zone_minutes(text: str) -> int:
    """Minutes east of UTC of `+0800`. Raises ValueError."""
    found = re.fullmatch(r"([+-])(\d\d):?(\d\d)", text, re.ASCII)
    if not found or int(found[2]) > 14 or int(found[3]) > 59:
        raise ValueError("zone")
    minutes = int(found[2]) * 60 + int(found[3])
    return -minutes if found[1] == "-" else minutes


def offset_text(minutes: int) -> str:
    """`+08:00`."""
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02}:{rest:02}"
