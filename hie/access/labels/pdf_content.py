"""The strings that a content stream shows, each with the name of its font (ISO 32000-1, 7.8, 9.4).

Nothing is laid out: strings are taken in the order in which they are drawn. What stands in a
dictionary (a language, a text to be read instead of signs) is kept apart: it has no font.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from hie.access.labels.pdf_streams import UnreadableError, plain_names, unhexed

_NAME = rb"[^\0\s/<>\[\](){}%]{0,127}"
_TOKEN = re.compile(
    rb"%[^\r\n]*|(?P<text>\()|(?P<open><<)|(?P<close>>>)|<(?P<hex>[0-9A-Fa-f\s\0]*)>|(?P<odd><)"
    rb"|/(?P<font>" + _NAME + rb")[\0\s]+[-+]?[\d.]+[\0\s]+Tf(?![A-Za-z])"
    rb"|/" + _NAME + rb"|(?<![A-Za-z*])(?P<word>BI|Tf|q|Q)(?![A-Za-z*'\"])"
)
_ANY_STRING = re.compile(rb"\(|(?<!<)<(?!<)")
_PARENTHESIS = re.compile(rb"[()]|\\.", re.DOTALL)
_ESCAPED = re.compile(rb"\\([0-7]{1,3}|\r\n|.)", re.DOTALL)
_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
_OCTAL = frozenset(b"%d" % one for one in range(8))
_MOST_STRINGS = 40_000  # of one stream
_DEEPEST = 1000  # graphics states within each other


@dataclass(slots=True)
class Run:
    """What one font shows in one go; no name: the font was set elsewhere."""

    font: bytes | None
    parts: list[bytes]


def shown_in(stream: bytes) -> tuple[list[Run], list[bytes]]:
    """What a content stream shows, run by run, and the strings of its dictionaries."""
    runs: list[Run] = []
    beside: list[bytes] = []
    font: bytes | None = None
    kept: list[bytes | None] = []
    left = _MOST_STRINGS
    for kind, value, depth in _tokens(stream):
        if kind == "string":
            left -= 1
            if not left:
                raise UnreadableError
            if depth:
                beside.append(value)
            elif runs and runs[-1].font == font:
                runs[-1].parts.append(value)
            else:
                runs.append(Run(font, [value]))
        elif kind == "font":
            font = plain_names(b"/" + value)[1:]
        elif value == b"q":
            kept.append(font)
            if len(kept) > _DEEPEST:
                raise UnreadableError
        elif value == b"Q":
            font = kept.pop() if kept else None
        else:  # a picture within the stream, or a font nobody names
            raise UnreadableError
    return runs, beside


def strings_in(text: bytes) -> list[bytes]:
    """The strings of an object's text; most objects have none."""
    if not _ANY_STRING.search(text):
        return []
    return [value for kind, value, _ in _tokens(text) if kind == "string"]


def _tokens(stream: bytes) -> Iterator[tuple[str, bytes, int]]:
    """Strings, fonts and the operators that matter, each with how deep in dictionaries it is."""
    depth = 0
    token = _TOKEN.search(stream)
    while token is not None:
        end, kind = token.end(), token.lastgroup
        if kind == "text":
            end = _closed(stream, end)
            yield "string", _ESCAPED.sub(_unescaped, stream[token.end() : end - 1]), depth
        elif kind == "hex":
            yield "string", unhexed(token["hex"].replace(b"\0", b"")), depth
        elif kind in ("font", "word"):
            yield kind, token[kind], depth
        elif kind == "odd":
            raise UnreadableError
        elif kind:
            depth = max(0, depth + (1 if kind == "open" else -1))
        token = _TOKEN.search(stream, end)


def _closed(stream: bytes, start: int) -> int:
    """Where a literal string that was opened before here ends (7.3.4.2)."""
    depth = 1
    for match in _PARENTHESIS.finditer(stream, start):
        sign = match.group()
        depth += (sign == b"(") - (sign == b")")
        if not depth:
            return match.end()
    raise UnreadableError


def _unescaped(match: re.Match[bytes]) -> bytes:
    found = match[1]
    if found[:1] in _OCTAL:
        return bytes([int(found, 8) & 0xFF])
    if found in (b"\r\n", b"\n", b"\r"):
        return b""
    return _ESCAPES.get(found, found)
