"""FHIR JSON in and out, without losing a digit.

FHIR holds 5.10 and 5.1 to be different results: the trailing zero says how precisely the value was
measured. JSON is therefore read and written here and nowhere else. `read` is for what strangers
send: it refuses everything JSON readers disagree about. `parse` is for what the hub itself wrote.
Sources: FHIR R4 json.html (2.6.2), RFC 8259 sections 4, 6, 8.
"""

from typing import Any

import msgspec

from hie.errors import Fault, UnreadableJson
from hie.fhir import Resource
from hie.fhir.number import as_sent, number
from hie.fhir.strict import DIGITS, EXPONENT, LONGEST, is_long, read_strictly

DEPTH = 32
NODES = 50_000

_decoder = msgspec.json.Decoder(float_hook=number)
_encoder = msgspec.json.Encoder(decimal_format="number", enc_hook=as_sent)


def parse(data: bytes) -> Resource:
    """The tree of JSON the hub wrote; numbers with a point or exponent are Decimal."""
    tree: Resource = _decoder.decode(data)
    return tree


def write(resource: Any) -> bytes:
    """JSON text: UTF-8, no spaces, order as in the tree; what was read has its digits as sent."""
    return _encoder.encode(resource)


def read(data: bytes, *, nodes: int = NODES, depth: int = DEPTH, nulls: bool = False) -> Any:
    """A stranger's JSON, strictly: raises InvalidRequest naming the place and what was expected.

    What is refused is the list of `hie.fhir.strict`. Most texts are sound, and are known to be so
    by looking at them as a whole; any doubt is for the strict reader.
    """
    if not is_long(data, nodes) and _is_plain(data, nulls):
        try:
            tree = _quick.decode(data)
            if _is_sound(data, tree, depth):
                return tree
        except (msgspec.MsgspecError, ValueError, RecursionError):
            pass  # the strict reader says what is wrong
    return read_strictly(data, nodes, depth, nulls)


def read_object(data: bytes, *, nulls: bool = False) -> dict[str, Any]:
    """As `read`, and the text must be one JSON object."""
    tree = read(data, nulls=nulls)
    if not isinstance(tree, dict):
        fault = Fault("body", "not-an-object", "a JSON object")
        raise UnreadableJson("the JSON cannot be read", (fault,))
    return tree


def _bounded(text: str) -> Any:
    if len(text) > LONGEST:
        raise ValueError("a number for the strict reader")
    found = number(text)
    if abs(found.adjusted()) > EXPONENT:
        raise ValueError("a number for the strict reader")
    return found


_quick = msgspec.json.Decoder(float_hook=_bounded)
_TOO_LONG = b"0" * (DIGITS + 1)
_DIGITS_ALIKE = bytes(48 if 48 <= byte <= 57 else 32 for byte in range(256))
_ENDS_ALIKE = bytes(44 if byte in b",}] \t\r\n" else byte for byte in range(256))


def _is_plain(data: bytes, nulls: bool) -> bool:
    """Whether the text has nothing in it that only the strict reader may judge.

    That is a NUL or a colon that is written as an escape, null, an integer that is too long, and
    one that is minus zero.
    """
    if b"\\" in data and (b"\\u0000" in data or b"\\u003a" in data or b"\\u003A" in data):
        return False
    if not nulls and b"null" in data:
        return False
    if _TOO_LONG in data.translate(_DIGITS_ALIKE):
        return False
    return b"-0," not in data.translate(_ENDS_ALIKE) and not data.endswith(b"-0")


def _is_sound(data: bytes, tree: Any, depth: int) -> bool:
    """Whether the tree is the whole text, and not too deep.

    A member that another of the same name took the place of is gone from the tree, and with it the
    colon behind it: written again, the tree has fewer colons than the text.
    """
    if data.count(b":") != _encoder.encode(tree).count(b":"):
        return False
    level = [tree] if isinstance(tree, dict | list) else []
    for _ in range(depth):
        if not level:
            return True
        level = [
            part
            for one in level
            for part in (one.values() if type(one) is dict else one)
            if type(part) is dict or type(part) is list
        ]
    return not level
