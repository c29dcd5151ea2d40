"""The primitive types of FHIR R4 as linear checks: the published patterns are not safe.

datatypes.html#primitive. Each takes a text and says whether it is one; none backtracks.
"""

import base64
import binascii
import re
from collections.abc import Callable

from hie.fhir.elements import bounds

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}\Z")
_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?\Z")
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d{1,9})?\Z")
_SECONDS = re.compile(r"T\d{2}:\d{2}:\d{2}")


def is_id(text: str) -> bool:
    """A logical id: 1 to 64 of A-Z a-z 0-9 - ."""
    return _ID.match(text) is not None


def is_date(text: str) -> bool:
    """A date that exists, whole or partial."""
    return _DATE.match(text) is not None and bounds(text) is not None


def is_datetime(text: str) -> bool:
    """A dateTime that exists; with a time it has seconds and a zone."""
    if "T" in text and _SECONDS.search(text) is None:
        return False
    return bounds(text) is not None


def is_instant(text: str) -> bool:
    """A dateTime to the second at least."""
    return "T" in text and is_datetime(text)


def is_time(text: str) -> bool:
    """A time of day with seconds."""
    return _TIME.match(text) is not None


def is_base64(text: str) -> bool:
    """Base64, white space allowed between groups."""
    packed = "".join(text.split())
    try:
        base64.b64decode(packed, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


FORMATS: dict[str, Callable[[str], bool]] = {
    "fhir-id": is_id,
    "fhir-date": is_date,
    "fhir-dateTime": is_datetime,
    "fhir-instant": is_instant,
    "fhir-time": is_time,
    "fhir-base64Binary": is_base64,
}
