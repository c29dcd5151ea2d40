"""A request's JSON read field by field: types are JSON's own, and each wrong field is named once.

`true` is no number and 1 is no truth; null is a field left out. Nothing is coerced, nothing is
ignored: a key nobody knows is refused, for it may be a misspelt one that matters.
"""

import re
from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Any, TypeVar

from hie.errors import Fault
from hie.recognition.moment import Moment, find_moment

T = TypeVar("T")

_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})?"
)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_A_TIME = "a real time with offset, e.g. 2026-06-15T10:00:00+08:00"
_NAMEABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,39}")


class Wrong(StrEnum):
    """What can be wrong with a field; docs/order-check.md describes each."""

    WRONG_TYPE = "wrong-type"
    REQUIRED = "required"
    EMPTY = "empty"
    UNKNOWN_KEY = "unknown-key"
    IDENTIFIERS_OR_REFERENCE = "identifiers-or-reference"
    NOT_A_REFERENCE = "not-a-reference"
    UNKNOWN_IDENTIFIER_TYPE = "unknown-identifier-type"
    UNKNOWN_SEX = "unknown-sex"
    UNKNOWN_CLASS = "unknown-class"
    UNKNOWN_PURPOSE = "unknown-purpose"
    UNKNOWN_BEFORE = "unknown-before"
    UNKNOWN_EVENT_TYPE = "unknown-event-type"
    UNKNOWN_LATERALITY = "unknown-laterality"
    UNKNOWN_SETTING = "unknown-setting"
    UNKNOWN_INSTITUTION = "unknown-institution"
    UNKNOWN_ITEM = "unknown-item"
    UNKNOWN_CODE = "unknown-code"
    ITEM_OR_CODE = "item-or-code"
    UNKNOWN_METHOD = "unknown-method"
    IMAGING_ONLY = "imaging-only"
    LABORATORY_ONLY = "laboratory-only"
    REPEATED_REF = "repeated-ref"
    TOO_MANY = "too-many"
    NO_OFFSET = "no-offset"
    NOT_A_TIME = "not-a-time"
    NOT_A_DATE = "not-a-date"
    AFTER_ON = "after-on"
    BEFORE_FIRST_POLICY = "before-first-policy"


class Fields:
    """One JSON object of a request; what is wrong in it is added to the shared list of faults."""

    def __init__(
        self, value: Mapping[str, Any], path: str, known: Collection[str], faults: list[Fault]
    ) -> None:
        self._value = value
        self._path = path
        self._faults = faults
        for key in sorted(set(value) - set(known)):
            # a stranger's key reaches logs by its path: only if it looks like a key
            named = key if _NAMEABLE.fullmatch(key) else "?"
            self.refuse(named, Wrong.UNKNOWN_KEY, "one of " + ", ".join(known))

    def refuse(self, key: str, code: Wrong, expected: str) -> None:
        """Name a wrong field; the first fault of a field is the one told."""
        path = self.path(key)
        if all(fault.path != path for fault in self._faults):
            self._faults.append(Fault(path, code, expected))

    def path(self, key: str) -> str:
        """Where a field of this object stands in the request."""
        return f"{self._path}.{key}" if self._path else key

    def states(self, key: str) -> bool:
        """The field is there and not null."""
        return self._value.get(key) is not None

    def text(self, key: str, *, required: bool = False) -> str | None:
        """A text; a required one is not empty."""
        found = self._typed(key, str, "a text", required)
        if found == "" and required:
            self.refuse(key, Wrong.EMPTY, "a text that is not empty")
            return None
        return found

    def flag(self, key: str) -> bool | None:
        """True or false."""
        return self._typed(key, bool, "true or false", False)

    def code(
        self, key: str, allowed: Collection[str], wrong: Wrong, *, required: bool = False
    ) -> str:
        """One of a closed list, "" when left out or refused as `wrong`."""
        found = self.text(key, required=required)
        if found is None or found in allowed:
            return found or ""
        self.refuse(key, wrong, "one of " + ", ".join(allowed))
        return ""

    def time(self, key: str) -> Moment | None:
        """An instant: RFC 3339 with its offset."""
        text = self.text(key)
        if text is None:
            return None
        found = read_time(text)
        if found is None:
            stated = _TIME.fullmatch(text.upper())
            code = Wrong.NO_OFFSET if stated and stated[1] is None else Wrong.NOT_A_TIME
            self.refuse(key, code, _A_TIME)
        return found

    def day_or_time(self, key: str) -> Moment | None:
        """A full date, or an instant."""
        text = self.text(key, required=True)
        if text is None:
            return None
        found = find_moment(text) if _DAY.fullmatch(text) else read_time(text)
        if found is None:
            self.refuse(key, Wrong.NOT_A_DATE, "a real date, or a time with offset")
        return found

    def object(
        self, key: str, known: Collection[str], *, required: bool = False
    ) -> "Fields | None":
        """An object of its own."""
        found = self._typed(key, dict, "an object", required)
        return None if found is None else Fields(found, self.path(key), known, self._faults)

    def objects(
        self,
        key: str,
        known: Collection[str],
        at_most: int,
        *,
        required: bool = False,
        filled: bool = False,
    ) -> "list[Fields] | None":
        """A list of objects; one that is `filled`, if it is there, has at least one."""
        found = self._typed(key, list, "a list", required)
        if found is None:
            return None
        if filled and not found:
            self.refuse(key, Wrong.EMPTY, "at least one")
        if len(found) > at_most:
            self.refuse(key, Wrong.TOO_MANY, f"at most {at_most}")
            return []
        read = []
        for n, entry in enumerate(found):
            place = f"{self.path(key)}[{n}]"
            if isinstance(entry, dict):
                read.append(Fields(entry, place, known, self._faults))
            else:
                self._faults.append(Fault(place, Wrong.WRONG_TYPE, "an object"))
        return read

    def _typed(self, key: str, kind: type[T], expected: str, required: bool) -> T | None:
        found = self._value.get(key)
        if found is None:
            if required:
                self.refuse(key, Wrong.REQUIRED, expected)
            return None
        if type(found) is kind:
            return found
        self.refuse(key, Wrong.WRONG_TYPE, expected)
        return None


def read_time(text: str) -> Moment | None:
    """The instant an RFC 3339 text states; None when it has no offset or is no real time."""
    # RFC 3339 5.6: T and Z may be written small
    stated = _TIME.fullmatch(text.upper())
    return find_moment(stated[0]) if stated and stated[1] else None
