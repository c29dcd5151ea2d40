"""The primitive types of FHIR R4 whose check is more than a pattern: times, and base64.

datatypes.html#primitive. Each takes a text, in linear time. The other primitives are patterns in
`schemas/fhir/r4.schema.json`, run by an engine that does not backtrack.
"""

import base64
import binascii
import re
from collections.abc import Callable
from functools import lru_cache

from hie.fhir.elements import bounds

_DATE = re.compile(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?\Z")
_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?\Z")
_MINUTES = 16  # characters of a dateTime before its seconds
_LEAP = ":60"


def is_date(text: str) -> bool:
    """A date that exists, whole or partial."""
    return _DATE.match(text) is not None and bounds(text) is not None


@lru_cache(maxsize=8192)  # the results of one report share their times
def is_datetime(text: str) -> bool:
    """A dateTime that exists; with a time it has seconds (60 is a leap second) and a zone."""
    if len(text) > _MINUTES and text[_MINUTES] != ":":
        return False
    if text[_MINUTES : _MINUTES + 3] == _LEAP:
        text = f"{text[:_MINUTES]}:59{text[_MINUTES + 3 :]}"
    return bounds(text) is not None


def is_instant(text: str) -> bool:
    """A dateTime to the second at least."""
    return len(text) > _MINUTES and is_datetime(text)


def is_time(text: str) -> bool:
    """A time of day with seconds."""
    return _TIME.match(text) is not None


def is_base64(text: str) -> bool:
    """Base64, white space allowed between groups; not empty."""
    packed = "".join(text.split())
    try:
        base64.b64decode(packed, validate=True)
    except (binascii.Error, ValueError):
        return False
    return bool(packed)


FORMATS: dict[str, Callable[[str], bool]] = {
    "fhir-date": is_date,
    "fhir-dateTime": is_datetime,
    "fhir-instant": is_instant,
    "fhir-time": is_time,
    "fhir-base64Binary": is_base64,
}
