"""JSON of a token, read so that two readers can never understand it differently.

Duplicate members, byte order marks, floats and lone surrogates are where JSON libraries differ;
a token that needs any of them is refused before its signature is looked at.
FHIR has its own reader with other rules: `hie.fhir.wire`.
"""

import json
import re
from typing import NoReturn

from hie.access.reason import Reason, refused

DEPTH = 8
_DIGITS = 18

# A string up to its end (or up to the end of the bytes), or one bracket: linear, no backtracking.
_MARKS = re.compile(rb'"(?:[^"\\]|\\.)*(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)


def parse_object(data: bytes) -> dict[str, object]:
    """One JSON object; raises NotAuthenticated with reason JSON or DUP."""
    if not data.startswith(b"{"):
        raise refused(Reason.JSON, "an object, UTF-8 without byte order mark")
    _check_depth(data)
    try:
        value: dict[str, object] = _DECODER.decode(data.decode("utf-8"))
        if b"\\u" in data:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (UnicodeError, json.JSONDecodeError) as error:
        raise refused(Reason.JSON, "strict JSON") from error
    return value


def _check_depth(data: bytes) -> None:
    depth = 0
    for mark in _MARKS.finditer(data):
        match mark.group()[:1]:
            case b"{" | b"[":
                depth += 1
                if depth > DEPTH:
                    raise refused(Reason.JSON, f"at most {DEPTH} levels")
            case b"}" | b"]":
                depth -= 1


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise refused(Reason.DUP, "each member once")
    return members


def _whole(text: str) -> int:
    if len(text) > _DIGITS:
        raise refused(Reason.JSON, f"integers of at most {_DIGITS} digits")
    return int(text)


def _refuse_number(text: str) -> NoReturn:
    raise refused(Reason.JSON, "integers only")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_members,
    parse_int=_whole,
    parse_float=_refuse_number,
    parse_constant=_refuse_number,
)
