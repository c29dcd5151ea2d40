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
DIGITS = 18

_decoder = msgspec.json.Decoder(float_hook=Decimal)
_encoder = msgspec.json.Encoder(decimal_format="number")


def parse(data: bytes) -> Resource:
    """The tree of JSON the hub wrote; numbers with a point or exponent are Decimal."""
    tree: Resource = _decoder.decode(data)
    return tree


def write(resource: Any) -> bytes:
    """JSON text: UTF-8, no spaces, order and digits as in the tree."""
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
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        _refuse(twice[:64], "duplicate-member", "each member once")
    return found


def _decimal(text: str) -> Decimal:
    if len(text) > 64:
        _refuse("body", "number-too-long", "at most 64 characters")
    return Decimal(text)


def _integer(text: str) -> int:
    if len(text.lstrip("-")) > DIGITS:
        _refuse("body", "number-too-long", f"at most {DIGITS} digits")
    return int(text)


def _constant(text: str) -> NoReturn:
    _refuse("body", "not-a-number", f"a number, not {text}")


def _walk(tree: Any, nodes: int, depth: int, nulls: bool) -> None:
    """Bound size and depth and refuse texts no store can hold; iterative, linear."""
    left = nodes
    waiting: list[tuple[Any, int]] = [(tree, 1)]
    while waiting:
        value, level = waiting.pop()
        left -= 1
        if left < 0:
            _refuse("body", "too-many-values", f"at most {nodes} values")
        if isinstance(value, str):
            _check_text(value)
        elif isinstance(value, dict | list):
            if level > depth:
                _refuse("body", "too-deep", f"at most {depth} levels")
            if isinstance(value, dict):
                for key in value:
                    _check_text(key)
                waiting.extend((part, level + 1) for part in value.values())
            else:
                waiting.extend((part, level + 1) for part in value)
        elif value is None and not nulls:
            _refuse("body", "null", "no null values")


def _check_text(text: str) -> None:
    if text.isascii():
        if "\0" in text:
            _refuse("body", "control-character", "text without NUL")
        return
    try:
        text.encode()
    except UnicodeEncodeError:
        _refuse("body", "lone-surrogate", "whole Unicode characters")
    if "\0" in text:
        _refuse("body", "control-character", "text without NUL")


def _refuse(path: str, code: str, expected: str) -> NoReturn:
    raise InvalidRequest("the JSON cannot be read", (Fault(path, code, expected),))
