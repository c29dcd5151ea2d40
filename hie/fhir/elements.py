"""Read and build the data types that everything uses: concepts, references, times.

FHIR R4 datatypes.html. A dateTime may be partial: it is then an interval, and what is searched and
compared are its bounds, in microseconds since 1970 UTC. Times without a zone exist only as dates;
a date is the day in the hub's own zone, +08:00 (Asia/Shanghai).
"""

import re
from calendar import isleap, monthrange
from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)  # noqa: UP017 - beside SHANGHAI
_MICROSECOND = timedelta(microseconds=1)

_DATETIME = re.compile(
    r"(\d{4})(?:-(\d{2})(?:-(\d{2})(?:T([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:\.(\d+))?)?"
    r"(Z|[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00))?)?)?)?\Z",
    re.ASCII,
)
_EPOCH_DAY = EPOCH.toordinal()
_HERE = 8 * 3600  # seconds that Asia/Shanghai is ahead
_FIRST = (1 - _EPOCH_DAY) * 86_400_000_000  # the first microsecond a datetime holds in every zone
_LAST = ((date.max.toordinal() + 1 - _EPOCH_DAY) * 86_400 - _HERE) * 1_000_000 - 1


def coding(system: str | None, code: str | None, display: str | None = None) -> dict[str, Any]:
    """A Coding of what is known."""
    found: dict[str, Any] = {}
    if system:
        found["system"] = system
    if code:
        found["code"] = code
    if display:
        found["display"] = display
    return found


def concept(*codings: Mapping[str, Any], text: str | None = None) -> dict[str, Any]:
    """A CodeableConcept; empty codings are left out."""
    found: dict[str, Any] = {}
    kept = [dict(one) for one in codings if one]
    if kept:
        found["coding"] = kept
    if text:
        found["text"] = text
    return found


def code_in(concept_: Mapping[str, Any] | None, system: str) -> str | None:
    """The code of a concept in one system."""
    for one in (concept_ or {}).get("coding", ()):
        if one.get("system") == system:
            code: str | None = one.get("code")
            return code
    return None


def in_words(concept_: Mapping[str, Any] | None) -> str:
    """What a concept is called: its text, else what its first code says; "" where nothing does."""
    found = concept_ or {}
    codings = (one.get("display") or one.get("code") for one in found.get("coding", ()))
    return str(found.get("text") or next((one for one in codings if one), ""))


def reference(kind: str, key: str) -> dict[str, str]:
    """A relative literal reference."""
    return {"reference": f"{kind}/{key}"}


def referenced(value: Mapping[str, Any] | None) -> tuple[str, str] | None:
    """Type and id of a relative literal reference, without a version; None for any other."""
    text = (value or {}).get("reference")
    if not isinstance(text, str):
        return None
    parts = text.split("/")
    return (parts[0], parts[1]) if len(parts) in (2, 4) and all(parts[:2]) else None


def find_extension(element: Mapping[str, Any], url: str) -> Mapping[str, Any] | None:
    """The first extension with this address."""
    for one in element.get("extension", ()):
        if one.get("url") == url:
            found: Mapping[str, Any] = one
            return found
    return None


def microseconds(instant: datetime) -> int:
    """Microseconds since 1970 UTC."""
    return (instant - EPOCH) // _MICROSECOND


def instant(at_us: int) -> datetime:
    """The instant of microseconds since 1970, in the hub's zone; within the years 1 to 9999."""
    within = min(max(at_us, _FIRST), _LAST)
    return (EPOCH + timedelta(microseconds=within)).astimezone(SHANGHAI)


@lru_cache(maxsize=8192)  # the results of one report share their times
def bounds(text: str) -> tuple[int, int] | None:
    """The first microsecond a dateTime may mean, and the first it no longer may; None: not one.

    "2026-06" is [2026-06-01T00:00+08:00, 2026-07-01T00:00+08:00). A time of day without a zone is
    no point in time, and neither is a leap second, or a moment beyond the calendar.
    """
    match = _DATETIME.match(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    try:
        first = date(int(year), int(month or 1), int(day or 1)).toordinal()
    except ValueError:
        return None
    if hour is None:
        return _midnight(first), _midnight(first + _days(int(year), month, day))
    if zone is None:
        return None
    start = (first - _EPOCH_DAY) * 86_400 + int(hour) * 3600 + int(minute) * 60 - _ahead(zone)
    start = (start + int(second or 0)) * 1_000_000
    if not _FIRST <= start <= _LAST:
        return None
    if second is None:
        return start, start + 60_000_000
    if fraction is None:
        return start, start + 1_000_000
    digits = fraction[:6]
    start += int(digits.ljust(6, "0"))
    return start, start + 10 ** (6 - len(digits))


def day_of(text: str) -> date | None:
    """The day of a date or dateTime in the hub's zone; None when it is coarser than a day."""
    found = bounds(text) if len(text) >= 10 else None
    return None if found is None else instant(found[0]).date()


def _midnight(ordinal: int) -> int:
    """When this day begins in the hub's zone."""
    return ((ordinal - _EPOCH_DAY) * 86_400 - _HERE) * 1_000_000


def _days(year: int, month: str | None, day: str | None) -> int:
    """How many days a date, a month or a year is long."""
    if day is not None:
        return 1
    if month is not None:
        return monthrange(year, int(month))[1]
    return 366 if isleap(year) else 365


def _ahead(zone: str) -> int:
    """Seconds that a zone is ahead of UTC."""
    if zone == "Z":
        return 0
    seconds = int(zone[1:3]) * 3600 + int(zone[4:6]) * 60
    return -seconds if zone[0] == "-" else seconds
