"""Bytes to data elements: where each value stands, and where the bytes cannot be what they say.

PS3.5, sections 6 and 7. Only places are noted; no value is read here and nothing is copied. What
a newcomer would get wrong: lengths lie, so every one is held against what is really there; depth
and number of elements are capped, and nothing recurses deeper than the cap. Sequences of defined
length are stepped over unread until somebody asks for their items.
"""

import struct
from typing import Final, NamedTuple

from adapters.dicom.tags import ITEM, ITEM_END, PIXELS, SEQUENCE_END

UNDEFINED: Final = 0xFFFFFFFF
MOST_ELEMENTS: Final = 200_000  # whose place is noted
MOST_STEPPED: Final = 1_000_000  # stepped over to find where a sequence ends
MOST_DEPTH: Final = 32  # sequences within sequences

# Value representations whose length has 32 bits (PS3.5 table 7.1-1), and the others.
LONG: Final = frozenset(
    (b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV")
)
SHORT: Final = frozenset(
    b"AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US".split()
)  # fmt: skip
_BOTH: Final = LONG | SHORT


class Element(NamedTuple):
    """Where the value of a data element stands: bytes `start` to `stop`."""

    vr: bytes  # b"" if it is not sent (implicit)
    start: int
    stop: int


Elements = dict[int, Element]


class Syntax(NamedTuple):
    """How data elements are written: with their value representation or not, and which end."""

    explicit: bool
    little: bool


class Broken(Exception):
    """The bytes cannot be read on: issue code and the tag where."""

    def __init__(self, code: str, tag: int, expected: str) -> None:
        super().__init__(code)
        self.code, self.tag, self.expected = code, tag, expected


class Pixels(NamedTuple):
    """The element where the header ends: its own place, its value's and its stated length."""

    tag: int
    begin: int
    value: int
    length: int


class Top(NamedTuple):
    """The top level of a data set; with a fault, what stood before it."""

    elements: Elements
    pixels: Pixels | None
    repeated: tuple[int, ...]
    fault: Broken | None


class Buffer:
    """Bytes being read, how they are written, and how many more elements may come."""

    __slots__ = ("data", "little", "room", "steps", "tag_of", "word_of")

    def __init__(self, data: bytes, little: bool) -> None:
        self.data = data
        self.room = MOST_ELEMENTS
        self.steps = MOST_STEPPED
        self.little = little
        self.tag_of = struct.Struct("<HH2sH" if little else ">HH2sH").unpack_from
        self.word_of = struct.Struct("<L" if little else ">L").unpack_from


def looks_explicit(data: bytes, start: int) -> bool | None:
    """Whether the element at `start` states its value representation; None if there is none."""
    vr = data[start + 4 : start + 6]
    return vr in _BOTH if len(data) >= start + 8 else None


def read_top(buffer: Buffer, explicit: bool, start: int) -> Top:
    """The elements of a data set up to the pixel data. Never raises: a fault is part of it."""
    repeated: list[int] = []
    elements: Elements = {}
    try:
        pixels, _ = _read(buffer, explicit, start, len(buffer.data), 0, elements, repeated)
    except Broken as fault:
        return Top(elements, None, tuple(repeated), fault)
    return Top(elements, pixels, tuple(repeated), None)


def read_items(buffer: Buffer, explicit: bool, element: Element, depth: int) -> list[Elements]:
    """The items of a sequence. Raises Broken."""
    if element.vr not in (b"SQ", b"UN", b""):
        return []
    explicit = explicit and element.vr == b"SQ"  # UN holds implicit items: PS3.5 section 6.2.2
    if depth >= MOST_DEPTH:
        raise Broken("nesting-too-deep", ITEM, f"at most {MOST_DEPTH} sequences deep")
    items: list[Elements] = []
    at, stop = element.start, element.stop
    while stop - at >= 8:
        group, number = buffer.tag_of(buffer.data, at)[:2]
        tag = group << 16 | number
        if tag == SEQUENCE_END:
            break
        if tag != ITEM:
            raise Broken("sequence-broken", tag, "an item (FFFE,E000)")
        length = buffer.word_of(buffer.data, at + 4)[0]
        at += 8
        end = stop if length == UNDEFINED else at + length
        if end > stop:
            raise Broken("length-lies", ITEM, "an item inside its sequence")
        found: Elements = {}
        _, at = _read(buffer, explicit, at, end, depth + 1, found, [])
        if length != UNDEFINED:
            at = end
        buffer.room -= 1
        items.append(found)
    return items


def end_of_sequence(buffer: Buffer, explicit: bool, at: int, tag: int) -> int:
    """The byte after a sequence of undefined length whose items begin at `at`. Raises Broken."""
    return _after(buffer, explicit, at, len(buffer.data), tag, 0)


def _read(
    buffer: Buffer,
    explicit: bool,
    at: int,
    stop: int,
    depth: int,
    elements: Elements,
    repeated: list[int],
) -> tuple[Pixels | None, int]:
    """Elements from `at` into `elements`; where the pixel data or the end of the item is."""
    data, tag_of, word_of = buffer.data, buffer.tag_of, buffer.word_of
    while buffer.room > 0:
        buffer.room -= 1
        if stop - at < 8:
            if stop - at > 0 and (any(data[at:stop]) or not buffer.little):
                raise Broken("truncated", 0, "a whole data element")
            return None, stop  # zeros pad the file; big endian, they begin a tag
        group, number, vr, length = tag_of(data, at)
        tag = group << 16 | number
        begin = at
        if explicit and vr in SHORT:
            at += 8
        elif explicit and vr in LONG:
            if stop - at < 12:
                raise Broken("truncated", tag, "a whole data element")
            length = word_of(data, at + 8)[0]
            at += 12
        else:
            length = word_of(data, at + 4)[0]
            at += 8
            vr = b""
            if group == 0xFFFE:
                if tag == ITEM_END and depth:
                    return None, at
                if length == 0:
                    continue  # a delimiter that ends nothing: some writers leave one behind
                raise Broken("sequence-broken", tag, "a data element")
            if tag == 0 and length == 0:
                if any(data[begin:stop]):
                    raise Broken("sequence-broken", tag, "a data element")
                return None, stop
        if tag in PIXELS and not depth:
            return Pixels(tag, begin, at, length), begin
        if length == UNDEFINED:
            end = _after(buffer, explicit and vr != b"UN", at, stop, tag, depth)
            element = Element(vr, at, end - 8)
        else:
            end = at + length
            if end > stop:
                code = "length-lies" if depth else "truncated"
                raise Broken(code, tag, "a value inside the bytes that are there")
            element = Element(vr, at, end)
        at = end
        first = elements.setdefault(tag, element)
        if first is not element and data[first.start : first.stop] != data[element.start : end]:
            repeated.append(tag)
    raise Broken("too-many-elements", 0, f"at most {MOST_ELEMENTS} data elements")


def _after(buffer: Buffer, explicit: bool, at: int, stop: int, tag: int, depth: int) -> int:
    """The byte after the delimiter of a sequence of undefined length that begins at `at`."""
    data, tag_of, word_of = buffer.data, buffer.tag_of, buffer.word_of
    open_: list[bool] = [explicit]  # per open sequence: whether its elements are explicit
    in_item: list[bool] = [False]
    while True:
        if buffer.steps <= 0:
            raise Broken("too-many-elements", tag, f"at most {MOST_STEPPED} in sequences")
        buffer.steps -= 1
        if stop - at < 8:
            raise Broken("truncated", tag, "the end of the sequence")
        group, number, vr, length = tag_of(data, at)
        if group == 0xFFFE:
            length = word_of(data, at + 4)[0]
            at += 8
            if in_item[-1]:
                if number != 0xE00D:
                    raise Broken("sequence-broken", tag, "a data element or the item's end")
                in_item[-1] = False
            elif number == 0xE0DD:
                open_.pop()
                in_item.pop()
                if not open_:
                    return at
            elif number != 0xE000:
                raise Broken("sequence-broken", tag, "an item or the sequence's end")
            elif length == UNDEFINED:
                in_item[-1] = True
            else:
                at += length
        elif not in_item[-1]:
            raise Broken("sequence-broken", tag, "an item (FFFE,E000)")
        else:
            if open_[-1] and vr in SHORT:
                at += 8
            elif open_[-1] and vr in LONG:
                if stop - at < 12:
                    raise Broken("truncated", tag, "a whole data element")
                length = word_of(data, at + 8)[0]
                at += 12
            else:
                length = word_of(data, at + 4)[0]
                at += 8
            if length == UNDEFINED:
                if depth + len(open_) >= MOST_DEPTH:
                    raise Broken("nesting-too-deep", tag, f"at most {MOST_DEPTH} sequences deep")
                open_.append(open_[-1] and vr != b"UN")
                in_item.append(False)
            else:
                at += length
        if at > stop:
            raise Broken("truncated", tag, "a value inside the bytes that are there")
