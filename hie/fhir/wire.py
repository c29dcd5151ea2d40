"""FHIR JSON in and out, without losing a digit.

FHIR holds 5.10 and 5.1 to be different results: the trailing zero says how precisely the value was
measured. JSON is therefore read and written here and nowhere else. `read` is for what strangers
send: it refuses everything JSON readers disagree about. `parse` is for what the hub itself wrote.
Sources: FHIR R4 json.html (2.6.2), RFC 8259 sections 4, 6, 8.
"""

import json
from decimal import Decimal
from typing import Any, NoReturn

import msgspec

from hie.errors import Fault, InvalidRequest
from hie.fhir import Resource

DEPTH = 32
NODES = 50_000
DIGITS = 18  # of an integer; more is no count and no code
LONGEST = 64  # characters of a number with a point or an exponent
EXPONENT = 999

_decoder = msgspec.json.Decoder(float_hook=Decimal)
_encoder = msgspec.json.Encoder(decimal_format="number")


def parse(data: bytes) -> Resource:
    """The tree of JSON the hub wrote; numbers with a point or exponent are Decimal."""
    tree: Resource = _decoder.decode(data)
    return tree


def write(resource: Any) -> bytes:
    """JSON text: UTF-8, no spaces, order and digits as in the tree; an exponent as in 1E+3."""
    return _encoder.encode(resource)


def read(data: bytes, *, nodes: int = NODES, depth: int = DEPTH, nulls: bool = False) -> Any:
    """A stranger's JSON, strictly: raises InvalidRequest naming the place and what was expected.

    Refused: anything but UTF-8 without BOM, duplicate members, NaN and Infinity, integers of more
    than 18 digits, lone surrogates, NUL, nesting over `depth`, more than `nodes` values, and null
    unless `nulls` (FHIR has none outside arrays of primitives' extensions).
    """
    if data[:1] in (b"\xef", b"\xfe", b"\xff"):
        _refuse("body", "not-utf-8", "UTF-8 without a byte order mark")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        _refuse("body", "not-utf-8", "UTF-8")
    try:
        tree = json.loads(
            text,
            object_pairs_hook=_members,
            parse_float=_decimal,
            parse_int=_integer,
            parse_constant=_constant,
        )
    except RecursionError:
        _refuse("body", "too-deep", f"at most {depth} levels")
    except json.JSONDecodeError as problem:
        _refuse(
            f"line {problem.lineno} column {problem.colno}", "not-json", problem.msg.split(":")[0]
        )
    _walk(tree, nodes, depth, nulls)
    return tree


def read_object(data: bytes, *, nulls: bool = False) -> dict[str, Any]:
    """As `read`, and the text must be one JSON object."""
    tree = read(data, nulls=nulls)
    if not isinstance(tree, dict):
        _refuse("body", "not-an-object", "a JSON object")
    return tree


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                _refuse(_shown(key), "duplicate-member", "each member once")
            seen.add(key)
    return found


def _decimal(text: str) -> Decimal:
    if len(text) > LONGEST:
        _refuse("body", "number-too-long", f"at most {LONGEST} characters")
    found = Decimal(text)
    if abs(found.adjusted()) > EXPONENT:
        _refuse("body", "number-too-long", f"an exponent of at most {EXPONENT}")
    return found


def _integer(text: str) -> int:
    if len(text.lstrip("-")) > DIGITS:
        _refuse("body", "number-too-long", f"at most {DIGITS} digits")
    return int(text)


def _constant(text: str) -> NoReturn:
    _refuse("body", "not-a-number", f"a number, not {text}")


# Where a value stands: the place of its parent, and its name or number there.
_Place = tuple[Any, str | int] | None


def _walk(tree: Any, nodes: int, depth: int, nulls: bool) -> None:
    """Bound size and depth and refuse texts no store can hold; iterative, linear."""
    left = nodes
    waiting: list[tuple[Any, int, _Place]] = [(tree, 1, None)]
    while waiting:
        value, level, place = waiting.pop()
        left -= 1
        if left < 0:
            _refuse("body", "too-many-values", f"at most {nodes} values")
        if isinstance(value, str):
            _check_text(value, place)
        elif isinstance(value, dict | list):
            if level > depth:
                _refuse("body", "too-deep", f"at most {depth} levels")
            if isinstance(value, dict):
                for key, part in value.items():
                    _check_text(key, place)
                    waiting.append((part, level + 1, (place, key)))
            else:
                for number, part in enumerate(value):
                    waiting.append((part, level + 1, (place, number)))
        elif value is None and not nulls:
            _refuse(_path(place), "null", "no null values")


def _check_text(text: str, place: _Place) -> None:
    if "\0" in text:
        _refuse(_path(place), "control-character", "text without NUL")
    if text.isascii():
        return
    try:
        text.encode()
    except UnicodeEncodeError:
        _refuse(_path(place), "lone-surrogate", "whole Unicode characters")


def _path(place: _Place) -> str:
    """`entry[0].resource.id`; `body` is the whole."""
    steps: list[str] = []
    while place is not None:
        place, step = place
        steps.append(f"[{step}]" if isinstance(step, int) else f".{_shown(step)}")
    return "".join(reversed(steps)).lstrip(".") or "body"


def _shown(name: str) -> str:
    """A member's name as an error may quote it: short, and one that can be written."""
    return name[:64].encode("utf-8", "replace").decode().replace("\0", "?")


def _refuse(path: str, code: str, expected: str) -> NoReturn:
    raise InvalidRequest("the JSON cannot be read", (Fault(path, code, expected),))
