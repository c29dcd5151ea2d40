"""Conditions on the version that stands: If-Match, If-None-Match, If-Modified-Since and the like.

RFC 9110 section 13; FHIR R4 http.html#cread, #concurrency, whose tags are weak and count here all
the same. A tag that is no tag is refused, one that is no version of ours is a tag that nothing has.
A date that is none is ignored, as RFC 9110 demands; one second can hold two versions, so a date
alone never hides a change (`is_known`).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from starlette.datastructures import Headers

from hie.errors import Fault, InvalidRequest, VersionMismatch
from hie.store.served import Stored

_SECOND = 1_000_000  # microseconds
_MOST_TAGS = 50
_TAG = re.compile(r'(?:W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
_EXPECTED = '* or versions such as W/"3"'


@dataclass(frozen=True, slots=True)
class Tags:
    """The value of If-Match or If-None-Match: every version (`*`), or these."""

    every: bool = False
    versions: frozenset[int] = frozenset()

    def holds(self, version: int | None) -> bool:
        """Whether the version that stands is one of them; None: nothing stands."""
        return version is not None and (self.every or version in self.versions)


@dataclass(frozen=True, slots=True)
class Conditions:
    """What must be so for a write to be done; None: nothing is asked."""

    match: Tags | None = None
    none_match: Tags | None = None
    unmodified_since: int | None = None  # seconds

    @property
    def asked(self) -> bool:
        """Whether there is any."""
        return self != Conditions()

    def check(self, kind: str, standing: Stored | None) -> None:
        """Raises VersionMismatch when one of them does not hold (RFC 9110 section 13.2.2)."""
        version = None if standing is None else standing.version
        if self.match is not None and not self.match.holds(version):
            raise VersionMismatch(f"{kind}: If-Match names no version that stands")
        since = self.unmodified_since if self.match is None else None
        changed = None if standing is None else standing.updated_us // _SECOND
        if since is not None and changed is not None and changed > since:
            raise VersionMismatch(f"{kind}: it was changed since")
        if self.none_match is not None and self.none_match.holds(version):
            raise VersionMismatch(f"{kind}: If-None-Match names the version that stands")


def conditions(headers: Headers) -> Conditions:
    """The conditions on a write. Raises InvalidRequest naming the header."""
    return Conditions(
        read_tags(headers.getlist("if-match"), "If-Match"),
        read_tags(headers.getlist("if-none-match"), "If-None-Match"),
        _date(headers.get("if-unmodified-since")),
    )


def is_known(headers: Headers, standing: Stored, before: Stored | None) -> bool:
    """Whether the caller has this version already (304); `before` is the version before it.

    Raises InvalidRequest for a tag that is none.
    """
    # A bare number is no tag, and clients such as fhirpy send it: here it can only save an answer.
    stated = [f'"{one}"' if _is_number(one) else one for one in headers.getlist("if-none-match")]
    tags = read_tags(stated, "If-None-Match")
    if tags is not None:
        return tags.holds(standing.version)
    since = _date(headers.get("if-modified-since"))
    if since is None or standing.updated_us // _SECOND > since:
        return False
    return before is None or before.updated_us // _SECOND < standing.updated_us // _SECOND


def asks_by_date(headers: Headers) -> bool:
    """Whether only a date says what the caller has."""
    return "if-modified-since" in headers and "if-none-match" not in headers


def read_tags(values: Sequence[str], name: str) -> Tags | None:
    """The tags of a header, or of a Bundle's member of that meaning; None without any.

    Raises InvalidRequest by name.
    """
    if not values:
        return None
    text = ",".join(values).strip()
    if text == "*":
        return Tags(every=True)
    parts = [part.strip() for part in text.split(",")]
    found = [_TAG.fullmatch(part) for part in parts if part]
    if not found or None in found or len(found) > _MOST_TAGS:
        raise InvalidRequest(name, (Fault(name, "invalid-value", _EXPECTED),))
    inner = [one[1] for one in found if one is not None]
    return Tags(versions=frozenset(int(one) for one in inner if _is_number(one)))


def version_of(text: str | None, name: str) -> int | None:
    """The one version a Bundle's member names; 0, which nothing has, when it is none of ours.

    Raises InvalidRequest by name.
    """
    tags = None if text is None else read_tags([text], name)
    if tags is None:
        return None
    if tags.every or len(tags.versions) > 1:
        raise InvalidRequest(name, (Fault(name, "invalid-value", 'one version such as W/"3"'),))
    return next(iter(tags.versions), 0)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 9


def _date(text: str | None) -> int | None:
    """The second an HTTP date means; None when it is none."""
    if text is None:
        return None
    try:
        moment = parsedate_to_datetime(text)
        return None if moment.tzinfo is None else int(moment.timestamp())
    except (ValueError, OverflowError):
        return None
