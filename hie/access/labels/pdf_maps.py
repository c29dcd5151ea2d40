"""What the maps to Unicode of a PDF say (ISO 32000-1, 9.10.3), within one budget for all of them.

A short map may name many codes, and a range may give each of them a long text: what is counted is
what is kept, over the whole file. A file that needs more is not read.
"""

import re
from collections.abc import Iterable, Iterator

from hie.access.labels.pdf_streams import UnreadableError, unhexed

_PAIR = re.compile(rb"<([0-9A-Fa-f\s]+)>\s*<([0-9A-Fa-f\s]*)>")
_RANGE = re.compile(
    rb"<([0-9A-Fa-f\s]+)>\s*<([0-9A-Fa-f\s]+)>\s*(?:<([0-9A-Fa-f\s]*)>|\[([^\[\]]*)\])"
)
_HEX = re.compile(rb"<([0-9A-Fa-f\s]*)>")
_MOST_MAPS, _MOST_MAP = 500, 1 << 20  # maps that differ; bytes of one
_MOST_CODES = 140_000  # codes and characters they stand for, over all maps: two whole fonts

Map = dict[bytes, str]


def maps_of(cmaps: Iterable[tuple[int, bytes]]) -> dict[int, tuple[Map, ...]]:
    """The codes of each map by the number of its object; an empty one says nothing of any code."""
    found: dict[int, tuple[Map, ...]] = {}
    known: dict[bytes, Map] = {}
    left = _MOST_CODES
    for number, cmap in cmaps:
        if cmap not in known:
            if len(known) >= _MOST_MAPS or len(cmap) > _MOST_MAP:
                raise UnreadableError
            codes: Map = {}
            for code, text in _codes(cmap):
                left -= 1 + len(text)
                if left < 0:
                    raise UnreadableError
                if text.strip("\0"):  # a map to nothing reads nothing
                    codes[code] = text
            known[cmap] = codes
        found[number] = (*found.get(number, ()), known[cmap])
    return found


def _codes(cmap: bytes) -> Iterator[tuple[bytes, str]]:
    """The codes of a map one by one, each with its text."""
    for block in _blocks(cmap, b"bfchar"):
        for code, text in _PAIR.findall(block):
            if code.strip():
                yield unhexed(code), _utf16(text)
    for block in _blocks(cmap, b"bfrange"):
        for low, high, first, many in _RANGE.findall(block):
            start, end, size = unhexed(low), unhexed(high), len(unhexed(low))
            if not size or len(end) != size:
                continue
            number = int.from_bytes(start, "big")
            codes = range(number, int.from_bytes(end, "big") + 1)
            if many:
                texts = [_utf16(one) for one in _HEX.findall(many)]
                yield from zip((n.to_bytes(size, "big") for n in codes), texts, strict=False)
            elif base := _utf16(first):
                for n in codes:
                    last = chr(min(ord(base[-1]) + n - number, 0x10FFFF))
                    yield n.to_bytes(size, "big"), base[:-1] + last


def _blocks(cmap: bytes, name: bytes) -> Iterator[bytes]:
    """What stands between begin and end of a kind of list."""
    at = cmap.find(b"begin" + name)
    while at >= 0:
        end = cmap.find(b"end" + name, at)
        if end < 0:
            return
        yield cmap[at:end]
        at = cmap.find(b"begin" + name, end)


def _utf16(text: bytes) -> str:
    return unhexed(text).decode("utf-16-be", "replace")
