"""Ticks of a chart's axes: round numbers for values, days, months or years for true time.

Binary floats are fine here: what is worked out are places on a picture, never a result.
"""

import math
from collections.abc import Iterator
from datetime import MAXYEAR, date, datetime, timedelta

from hie.fhir.elements import SHANGHAI, instant, microseconds
from hie.web.language import Language

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_MONTHS_BETWEEN = (1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 2400, 12000)
_DAYS_BETWEEN = (1, 2, 7, 14)
_EN = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def value_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers from at or below `low` to at or above `high`, at most `most` intervals."""
    if not high - low > abs(high) * 1e-9 + 1e-300:
        pad = abs(low) * 0.1 or 1.0
        low, high = low - pad, high + pad
    raw = (high - low) / max(most - 1, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(one * power for one in _STEPS if one * power >= raw * (1 - 1e-9))
    first = math.floor(low / step + 1e-9)
    last = math.ceil(high / step - 1e-9)
    return [n * step for n in range(first, max(last, first + 1) + 1)]


def tick_text(value: float, step: float) -> str:
    """A tick's number with the digits its step needs, and no more."""
    if not 1e-6 < step < 1e9:
        return f"{value:.3g}"
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    if digits and round(step * 10**digits, 6) % 1:  # a step of 0.25 needs two
        digits += 1
    elif not digits and step % 1:
        digits = 1
    return f"{value + 0.0:.{digits}f}"


def time_ticks(start_us: int, end_us: int, lang: Language, most: int = 7) -> list[tuple[int, str]]:
    """Instants with their labels: beginnings of days, months or years within the span."""
    first, last = instant(start_us).date(), instant(end_us).date()
    span = (last - first).days
    found: list[date] = []
    for days in _DAYS_BETWEEN:
        if span <= days * (most - 1):
            found = list(_days(first, last, days))
            break
    if not found:
        months = next(
            (n for n in _MONTHS_BETWEEN if span <= n * 30.5 * (most - 1)), _MONTHS_BETWEEN[-1]
        )
        found = list(_months(first, last, months))
        return [(_instant(day), text) for day, text in _told(found, months, lang)]
    return [(_instant(day), _day_text(day, lang)) for day in found]


def _days(first: date, last: date, step: int) -> Iterator[date]:
    for ahead in range(0, (last - first).days + 1, step):
        yield first + timedelta(days=ahead)


def _months(first: date, last: date, step: int) -> Iterator[date]:
    count = first.year * 12 + first.month - 1 + (first.day > 1)
    count = -(-count // step) * step  # a quarter begins in January, April, July or October
    while count < MAXYEAR * 12 and (day := date(count // 12, count % 12 + 1, 1)) <= last:
        yield day
        count += step


def _told(days: list[date], months: int, lang: Language) -> Iterator[tuple[date, str]]:
    """Months by name, with the year where it begins or was not said yet; else years alone."""
    year = 0
    for day in days:
        if months % 12 == 0:
            yield day, str(day.year)
            continue
        month = _EN[day.month - 1] if lang == "en" else f"{day.month:02}"
        if day.year == year:
            yield day, month
        else:
            yield day, f"{month} {day.year}" if lang == "en" else f"{day.year}-{month}"
        year = day.year


def _day_text(day: date, lang: Language) -> str:
    return f"{day.day} {_EN[day.month - 1]}" if lang == "en" else f"{day.month:02}-{day.day:02}"


def _instant(day: date) -> int:
    return microseconds(datetime(day.year, day.month, day.day, tzinfo=SHANGHAI))
