"""One stated time: a day always, an instant when the time of day was stated too.

Age and registers ask for days, in Asia/Shanghai; only the order of events asks for instants. A
month or a year is no time here: it counts as missing.
"""

import re
from datetime import date, timedelta
from functools import lru_cache

import msgspec

from hie.fhir.elements import SHANGHAI, bounds, instant

_DATE = re.compile(r"[0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2})?)?")


class Moment(msgspec.Struct, frozen=True, gc=False):
    """A time as stated; `at_us` is its first microsecond since 1970 UTC (a day: 00:00 +08:00)."""

    day: date
    at_us: int
    exact: bool  # the time of day is known
    text: str

    def is_later_than(self, other: "Moment") -> bool:
        """Later as instants; as days if either is only a day. Equal is not later."""
        if self.exact and other.exact:
            return self.at_us > other.at_us
        return self.day > other.day


def find_moment(text: str | None) -> Moment | None:
    """What a FHIR date, dateTime or instant states; None when missing, partial or unreadable."""
    return _moment(text) if isinstance(text, str) and len(text) >= 10 else None


@lru_cache(maxsize=8192)  # the results of a report share their times
def _moment(text: str) -> Moment | None:
    found = bounds(text)
    if found is None:
        return None
    try:
        day = instant(found[0]).date()
    except OverflowError:
        return None
    return Moment(day, found[0], "T" in text, text)


def moment_at(at_us: int) -> Moment:
    """The moment of an instant."""
    at = instant(at_us)
    return Moment(at.date(), at_us, True, at.isoformat())


def days_before(moment: Moment, days: int) -> Moment | None:
    """The day so many days before a moment's, at 00:00; None before the calendar begins."""
    try:
        day = moment.day - timedelta(days=days)
    except OverflowError:
        return None
    return find_moment(day.isoformat())


def age_in_years(birth_date: str | None, on: date) -> int | None:
    """Completed years on a day; None when the birth date is not known to the day."""
    if birth_date is None or len(birth_date) != 10:
        return None
    born = earliest_day(birth_date)
    if born is None:
        return None
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def earliest_day(text: str | None) -> date | None:
    """The first day a date of any precision ("1949", "1949-12", "1949-12-31") may mean."""
    if not isinstance(text, str) or not _DATE.fullmatch(text):
        return None
    try:
        return date.fromisoformat(f"{text}-01-01"[:10])
    except ValueError:
        return None


__all__ = [
    "SHANGHAI",
    "Moment",
    "age_in_years",
    "days_before",
    "earliest_day",
    "find_moment",
    "moment_at",
]
