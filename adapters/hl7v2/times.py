"""Times of HL7 v2 (DT, DTM, TS) and of senders who write them otherwise, as FHIR dateTime text.

Precision is kept as sent; a time part always gets seconds and a zone, because FHIR R4 wants both.
The calendar is checked. Libraries that read `2024011509300008` as 09:30:08 are the reason why
this is read here.
"""

import functools
import re
from datetime import date, datetime, timedelta, timezone
from typing import Final, Literal

import msgspec

Precision = Literal["year", "month", "day", "hour", "minute", "second"]

_COMPACT: Final = re.compile(
    r"(\d{4})(?:(\d\d)(?:(\d\d)(?:[T ]?(\d\d):?(?:(\d\d):?(?:(\d\d)(\.\d{1,9})?)?)?)?)?)?"
    r"\s?(Z|[+-]\d\d:?\d\d)?",
    re.ASCII,
)
_WRITTEN: Final = re.compile(
    r"(\d{4}|\d\d)(?:[-/.年](\d{1,2})(?:[-/.月](\d{1,2})日?|月)?|年)"
    r"(?:[T\s]*(上午|下午|凌晨|早上|中午|晚上|AM|PM)?\s*(\d{1,2})(?:[:时点](?:(\d{1,2})(?:[:分](?:(\d{1,2})(\.\d{1,9})?秒?)?)?)?)?"
    r"\s*(AM|PM)?)?\s*(Z|[+-]\d\d:?\d\d)?",
    re.ASCII | re.IGNORECASE,
)
_SENTINELS: Final = ("0000", "00010101", "19000101", "99991231")
_FIRST_YEAR, _LAST_YEAR = 1850, 2200


class Moment(msgspec.Struct, frozen=True, gc=False):
    """A time as FHIR text; `order` compares: instants in seconds, days at their start in +08:00."""

    text: str
    precision: Precision
    zone_assumed: bool
    order: float


class Placeholder(Exception):
    """The text is a sentinel for no date."""


def parse(text: str, offset: int, century: int | None = None) -> Moment:
    """The moment that the text says. Raises Placeholder for a sentinel, ValueError for no date.

    `offset` is the site's zone in minutes. `century` allows two-digit years and is the latest
    year that they may mean.
    """
    if text.isascii() and text[:4] not in _ODD_YEARS:
        size = len(text)
        if size == 14 and text.isdigit():
            return _plain(text, offset, True)
        if size == 19 and text[14] in "+-" and text[:14].isdigit() and text[15:].isdigit():
            return _plain(text, _zone(text[14:]), False)
        if size == 8 and text.isdigit():
            return _plain_day(text)
    parts = _parts(text, century)
    year, month, day, hour, minute, second, fraction, zone = parts
    digits = "".join(p or "" for p in parts[:3])
    if digits.startswith(_SENTINELS) and (len(digits) < 8 or digits[:8] in _DAYS_OF_SENTINELS):
        raise Placeholder
    if year is None or not _FIRST_YEAR <= int(year) <= _LAST_YEAR:
        raise ValueError("year")
    if hour is None:
        return _day(year, month, day)
    assumed = zone is None
    minutes = offset if zone is None else _zone(zone)
    at = datetime(
        int(year), int(month or 1), int(day or 1), int(hour), int(minute or 0), int(second or 0),
        tzinfo=_ZONE_OF(minutes),
    )  # fmt: skip
    precision: Precision = "second" if second else "minute" if minute else "hour"
    stamp = at.isoformat()
    if fraction:
        stamp = f"{stamp[:19]}{fraction}{stamp[19:]}"
    return Moment(stamp, precision, assumed, at.timestamp())


_DAYS_OF_SENTINELS: Final = frozenset({"00000000", "00010101", "19000101", "99991231"})
_ODD_YEARS: Final = frozenset({"0000", "0001", "1900", "9999"})
_EPOCH: Final = date(1970, 1, 1).toordinal()


def _plain(text: str, offset: int, assumed: bool) -> Moment:
    """`YYYYMMDDHHMMSS`, the form in which nearly every time arrives."""
    year, hour, minute, second = int(text[:4]), int(text[8:10]), int(text[10:12]), int(text[12:14])
    if not _FIRST_YEAR <= year <= _LAST_YEAR or hour > 23 or minute > 59 or second > 59:
        raise ValueError("time")
    day = date(year, int(text[4:6]), int(text[6:8])).toordinal() - _EPOCH
    stamp = (
        f"{text[:4]}-{text[4:6]}-{text[6:8]}T{text[8:10]}:{text[10:12]}:{text[12:14]}"
        f"{_offset_text(offset)}"
    )
    order = day * 86400 + hour * 3600 + minute * 60 + second - offset * 60
    return Moment(stamp, "second", assumed, order)


def _plain_day(text: str) -> Moment:
    """`YYYYMMDD`; a day begins at midnight in +08:00."""
    if not _FIRST_YEAR <= int(text[:4]) <= _LAST_YEAR:
        raise ValueError("year")
    day = date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    return Moment(day.isoformat(), "day", False, (day.toordinal() - _EPOCH) * 86400 - 28800)


@functools.cache
def _offset_text(minutes: int) -> str:
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02}:{rest:02}"


def clock(text: str) -> str:
    """A time of day (TM) as FHIR time `HH:MM:SS`. Raises ValueError if it is none."""
    found = re.fullmatch(
        r"(\d\d?):?(?:(\d\d):?(?:(\d\d)(\.\d{1,9})?)?)?\s?(?:Z|[+-]\d\d:?\d\d)?", text, re.ASCII
    )
    if not found:
        raise ValueError("time")
    hour, minute, second = int(found[1]), int(found[2] or 0), int(found[3] or 0)
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError("time")
    return f"{hour:02}:{minute:02}:{second:02}{found[4] or ''}"


def _parts(text: str, century: int | None) -> tuple[str | None, ...]:
    """Year, month, day, hour, minute, second, fraction, zone; each as digits or None."""
    if len(text) > 64:
        raise ValueError("date")
    if century is not None and len(text) == 6 and text.isdigit():
        return (_full(text[:2], century), text[2:4], text[4:], *(None,) * 5)
    found = _COMPACT.fullmatch(text)
    if found:
        return found.groups()
    found = _WRITTEN.fullmatch(text)
    if not found:
        raise ValueError("date")
    year, month, day, part, hour, minute, second, fraction, english, zone = found.groups()
    if len(year) == 2:
        if century is None or day is None:
            raise ValueError("year")
        year = _full(year, century)
    if hour is not None:
        if day is None:
            raise ValueError("day")
        hour = _half(part or english, hour)
    return (year, month, day, hour, minute, second, fraction, zone)


def _half(word: str | None, hour: str) -> str:
    """The hour of a 12-hour clock."""
    number = int(hour)
    if word in ("下午", "晚上") or (word and word.upper() == "PM"):
        return str(number + 12 if number < 12 else number)
    if word == "中午":
        return str(number + 12 if number < 3 else number)
    if word and number == 12:
        return "0"  # 上午12点 and 12 AM are midnight
    return hour


def _full(year: str, century: int) -> str:
    """The latest year ending in these digits that is not after `century`."""
    found = century - century % 100 + int(year)
    return str(found if found <= century else found - 100)


def _day(year: str, month: str | None, day: str | None) -> Moment:
    at = datetime(int(year), int(month or 1), int(day or 1), tzinfo=_ZONE_OF(480))
    if day:
        return Moment(at.date().isoformat(), "day", False, at.timestamp())
    if month:
        return Moment(at.strftime("%Y-%m"), "month", False, at.timestamp())
    return Moment(year, "year", False, at.timestamp())


def _zone(text: str) -> int:
    if text in "Zz":
        return 0
    hours, minutes = int(text[1:3]), int(text[-2:])
    if hours > 14 or minutes > 59:
        raise ValueError("zone")
    return -(hours * 60 + minutes) if text[0] == "-" else hours * 60 + minutes


_zones: dict[int, timezone] = {}


def _ZONE_OF(minutes: int) -> timezone:  # noqa: N802 - a table that fills itself
    return _zones.get(minutes) or _zones.setdefault(minutes, timezone(timedelta(minutes=minutes)))
