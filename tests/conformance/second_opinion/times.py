"""Section 1: instants, days in Shanghai, and which of two times is later."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone

SHANGHAI = timezone(timedelta(hours=8))


@dataclass(frozen=True)
class Time:
    """An instant; `whole_day` says that no more than its day is known."""

    instant: datetime
    whole_day: bool = False

    @property
    def day(self) -> date:
        return self.instant.astimezone(SHANGHAI).date()


def read_time(text: str | None) -> Time | None:
    """A day or a date-time with offset; a month or a year alone counts as missing."""
    if text is None or len(text) < 10:
        return None
    if len(text) == 10:
        return midnight(date.fromisoformat(text))
    return Time(datetime.fromisoformat(text))


def midnight(day: date) -> Time:
    """A day of which the time is not known."""
    return Time(datetime.combine(day, time(), SHANGHAI), whole_day=True)


def later(one: Time, other: Time) -> bool:
    """Strictly later: as instants, or as days if either is only a day."""
    if one.whole_day or other.whole_day:
        return one.day > other.day
    return one.instant > other.instant


def covers(start: date, end: date | None, day: date) -> bool:
    """Both ends belong to the period."""
    return start <= day and (end is None or day <= end)


def age(birth: str | None, day: date) -> int | None:
    """Completed years; a partial birth date gives none."""
    if birth is None or len(birth) != 10:
        return None
    born = date.fromisoformat(birth)
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def born_after(birth: str | None, day: date) -> bool:
    """The birth date, as far as it is known, lies after the day."""
    return birth is not None and birth > day.isoformat()[: len(birth)]
