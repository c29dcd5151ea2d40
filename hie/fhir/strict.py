"""A stranger's JSON, read slowly and exactly: what is wrong with it, and where.

`hie.fhir.wire.read` reads what is sound faster; whatever it has a doubt about is read here. Nothing
in this file looks at a text twice or follows its nesting by recursion. Sources: RFC 8259 sections
4, 6, 7, 8; FHIR R4 json.html (2.6.2); limits: docs/fhir-api.md.
"""

import json
import re
from decimal import Decimal
from typing import Any, NoReturn

from hie.errors import Fault, UnreadableJson, UnreadableNumber
from hie.fhir.number import number

DIGITS = 18  # of an integer; more is no count and no code
LONGEST = 64  # characters of a number with a point or an exponent
EXPONENT = 307  # what a double holds with all its digits: 2.2E-308 to 1.8E+308

# A string (to the end, when nothing closes it), an empty container, or a mark that counts.
_TOKEN = re.compile(
    rb'"(?:[^"\\]+|\\.)*+(?:"|\\?\Z)|\[\s*+\]|\{\s*+\}|(,)|([\[{])|([\]}])', re.DOTALL
)
_COMMA, _OPENED = 1, 2


def read_strictly(data: bytes, nodes: int, depth: int, nulls: bool) -> Any:
    """The tree of this text. Raises UnreadableJson or UnreadableNumber naming the place.

    Refused: anything but UTF-8 without BOM, duplicate members, NaN and Infinity, integers of more
    than 18 digits and a minus zero without digits, numbers beyond a double's range, lone
    surrogates, NUL, nesting over `depth`, more than `nodes` values, and null unless `nulls`: FHIR
    has it only to keep a list of primitives in step with the list of their extensions.
    """
    text = _decoded(data)
    if is_long(data, nodes):
        _check_size(data, nodes, depth)
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
        place = f"line {problem.lineno} column {problem.colno}"
        _refuse(place, "not-json", f"JSON ({problem.msg})")
    _walk(tree, depth, nulls)
    return tree


def is_long(data: bytes, nodes: int) -> bool:
    """Whether the text may have more values than this: each but one follows one of three marks."""
    return data.count(b",") + data.count(b"[") + data.count(b"{") >= nodes


def _check_size(data: bytes, nodes: int, depth: int) -> None:
    """Refuse too many values and too many levels before anything is built of them."""
    left, level = nodes - 1, 0
    for found in _TOKEN.finditer(data):
        mark = found.lastindex
        if mark is None:
            continue
        if mark > _OPENED:
            level -= 1
            continue
        left -= 1
        if left < 0:
            _refuse("body", "too-many-values", f"at most {nodes} values")
        if mark == _OPENED:
            level += 1
            if level > depth:
                _refuse("body", "too-deep", f"at most {depth} levels")


def _decoded(data: bytes) -> str:
    if data[:1] in (b"\xef", b"\xfe", b"\xff"):
        _refuse("body", "not-utf-8", "UTF-8 without a byte order mark")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        _refuse("body", "not-utf-8", "UTF-8")


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
        _refuse_number("number-too-long", f"at most {LONGEST} characters")
    found = number(text)
    if abs(found.adjusted()) > EXPONENT:
        _refuse_number("number-out-of-range", f"an exponent of at most {EXPONENT}")
    return found


def _integer(text: str) -> int:
    if len(text.lstrip("-")) > DIGITS:
        _refuse_number("number-too-long", f"at most {DIGITS} digits")
    if text == "-0":
        _refuse_number("minus-zero", "0, or -0.0 when the sign was measured")
    return int(text)


def _constant(text: str) -> NoReturn:
    _refuse_number("not-a-number", f"a number, not {text}")


# Where a value stands: the place of its parent, and its name or number there.
_Place = tuple[Any, str | int] | None


def _walk(tree: Any, depth: int, nulls: bool) -> None:
    """Bound the depth and refuse texts no store can hold; iterative, linear."""
    waiting: list[tuple[Any, int, _Place]] = [(tree, 1, None)]
    in_step: set[int] = set()  # lists whose nulls keep them in step with another
    while waiting:
        value, level, place = waiting.pop()
        if isinstance(value, str):
            _check_text(value, place)
        elif isinstance(value, dict | list):
            if level > depth:
                _refuse("body", "too-deep", f"at most {depth} levels")
            if isinstance(value, dict):
                for key, part in value.items():
                    _check_text(key, place)
                    waiting.append((part, level + 1, (place, key)))
                    if isinstance(part, list) and None in part and _is_in_step(value, key):
                        in_step.add(id(part))
            else:
                for position, part in enumerate(value):
                    if part is not None or id(value) not in in_step:
                        waiting.append((part, level + 1, (place, position)))
        elif value is None and not nulls:
            _refuse(_path(place), "null", "no null values")


def _is_in_step(element: dict[str, Any], name: str) -> bool:
    """Whether a list and that of its extensions are as long, and one has what the other lacks.

    FHIR R4 json.html#primitive: `given` and `_given`.
    """
    other = element.get(name[1:] if name.startswith("_") else f"_{name}")
    mine = element[name]
    if not isinstance(other, list) or len(other) != len(mine):
        return False
    return all(one is not None or two is not None for one, two in zip(mine, other, strict=True))


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
    """A member's name as an error may quote it: one that could be FHIR's, else a word for it."""
    known = name.isascii() and name.removeprefix("_").isalnum() and len(name) <= 64
    return name if known else "?"


def _refuse(path: str, code: str, expected: str) -> NoReturn:
    raise UnreadableJson("the JSON cannot be read", (Fault(path, code, expected),))


def _refuse_number(code: str, expected: str) -> NoReturn:
    raise UnreadableNumber("the JSON cannot be read", (Fault("body", code, expected),))
