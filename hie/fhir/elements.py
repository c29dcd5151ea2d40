"""Read and build the data types that everything uses: concepts, references, times.

FHIR R4 datatypes.html. A dateTime may be partial: it is then an interval, and what is searched and
compared are its bounds, in microseconds since 1970 UTC. Times without a zone exist only as dates;
a date is the day in the hub's own zone, +08:00 (Asia/Shanghai).
"""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)  # noqa: UP017 - beside SHANGHAI
_MICROSECOND = timedelta(microseconds=1)

_DATETIME = re.compile(
    r"(\d{4})(?:-(\d{2})(?:-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2})(\.\d{1,9})?)?"
    r"(Z|[+-]\d{2}:\d{2})?)?)?)?\Z"
)


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
    """The instant of microseconds since 1970, in the hub's zone."""
    return (EPOCH + timedelta(microseconds=at_us)).astimezone(SHANGHAI)


@lru_cache(maxsize=8192)  # the results of one report share their times
def bounds(text: str) -> tuple[int, int] | None:
    """The first microsecond a dateTime may mean, and the first it no longer may; None: not one.

    "2026-06" is [2026-06-01T00:00+08:00, 2026-07-01T00:00+08:00).
    """
    match = _DATETIME.match(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    try:
        if hour is None:
            first = datetime(int(year), int(month or 1), int(day or 1), tzinfo=SHANGHAI)
            return microseconds(first), microseconds(_after(first, month, day))
        if zone is None:
            return None
        moment = datetime(
            int(year), int(month), int(day), int(hour), int(minute), int(second or 0),
            tzinfo=_zone(zone),
        )  # fmt: skip
    except (ValueError, OverflowError):
        return None
    start = microseconds(moment)
    if second is None:
        return start, start + 60_000_000
    if fraction is None:
        return start, start + 1_000_000
    digits = fraction[1:7]
    start += int(digits.ljust(6, "0"))
    return start, start + 10 ** max(6 - len(digits), 0)


def day_of(text: str) -> date | None:
    """The day of a date or dateTime in the hub's zone; None when it is coarser than a day."""
    if len(text) < 10:
        return None
    found = bounds(text)
    return None if found is None else instant(found[0]).date()


def has_time(text: str) -> bool:
    """Whether a dateTime says more than the day."""
    return "T" in text


def _after(first: datetime, month: str | None, day: str | None) -> datetime:
    if day is not None:
        return first + timedelta(days=1)
    if month is not None:
        return (first + timedelta(days=32)).replace(day=1)
    return first.replace(year=first.year + 1)


def _zone(text: str) -> timezone:
    if text == "Z":
        return timezone.utc  # noqa: UP017 - beside timezone(…)
    hours, minutes = int(text[1:3]), int(text[4:6])
    if hours > 14 or minutes > 59:
        raise ValueError(text)
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if text[0] == "-" else offset)
