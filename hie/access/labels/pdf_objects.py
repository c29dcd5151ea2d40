"""The objects of a PDF and what each of its streams is for (ISO 32000-1, 7.3, 7.5.7 and 7.8).

No page is looked up: every stream is read as what pages may show, unless all that point at it say
that it shows no text (the file of a font, a colour profile). Pictures may show text that nobody
reads here: a few small ones (a logo, a signature, a barcode) are let pass, a page's worth is not.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from hie.access.labels.pdf_streams import (
    OBJECT,
    Stream,
    UnreadableError,
    plain_names,
    streams_of,
    unpacked,
)

_COMMENT = re.compile(rb"(\((?:[^()\\]|\\.)*\))|%[^\r\n]*", re.DOTALL)
_POINTER = re.compile(
    rb"(?:/([^\0\s/<>\[\](){}%]{0,127})[\0\s]*)?\b(\d{1,10})[\0\s]+\d{1,5}[\0\s]+R\b"
)
_CONTENTS = re.compile(rb"/Contents[\0\s]*(\d{1,10})[\0\s]+\d")
_LISTED = re.compile(rb"/Contents[\0\s]*(\[[^\]]*\])")
_MANY = re.compile(rb"\s*\[")
# Files inside the file, forms of XML, films; fonts set by a graphics state.
_ELSEWHERE = re.compile(
    rb"/(?:EmbeddedFiles?|EF|XFA|Encrypt|RichMedia|Movie|Rendition|U3D|PRC)\b|/Font\s*\["
)
_PACKED_OBJECTS = re.compile(rb"/Type\s*/ObjStm\b")
_TABLE = re.compile(rb"/Type\s*/XRef\b")
_PICTURE = re.compile(rb"/Subtype\s*/Image\b")
_COMPUTED = re.compile(rb"/FunctionType\b|/ShadingType\b")
_SIDE = re.compile(rb"/(?:Width|Height)\s+(\d{1,7})\b(?!\s+\d+\s+R\b)")
_COUNT = re.compile(rb"/(N|First)\s+(\d{1,7})\b(?!\s+\d+\s+R\b)")
_SHOWS = re.compile(rb"[)>\]][\0\s]*(?:T[jJ]|['\"])")  # the operators of 9.4.3
_MAY_SHOW = re.compile(rb"[)>\]][\0\s]*(?:T[jJ]|['\"%])")  # a comment before them
_INLINE_PICTURE = re.compile(
    rb"\bBI[\0\s]*(?:%|/(?:BPC|BitsPer|CS?|Color|D|F|H|I|L|W)[A-Za-z]{0,20}[^A-Za-z])"
)
_TEXTLESS = frozenset(
    b"FontFile FontFile2 FontFile3 CIDSet CIDToGIDMap ICCBased DestOutputProfile".split()
)
_MASKS = frozenset({b"SMask", b"Mask"})
_WHOLE = 4 << 20  # unpacked bytes
_MOST_PIXELS = 250_000  # of all pictures: a quarter of a page scanned at 100 dpi
_MOST_BYTES = 200_000  # of a picture beyond four for each of its pixels
_MOST_OBJECTS = 100_000


@dataclass(slots=True)
class File:
    """What a PDF says: its objects without their streams, its maps to Unicode, what it shows."""

    objects: dict[int, list[bytes]] = field(default_factory=dict)  # each version of each
    cmaps: list[tuple[int, bytes]] = field(default_factory=list)
    shown: list[bytes] = field(default_factory=list)  # streams with operators that show text
    about: list[bytes] = field(default_factory=list)  # its metadata, as XML

    def texts(self) -> Iterator[bytes]:
        """The text of every object."""
        for versions in self.objects.values():
            yield from versions


def file_of(data: bytes) -> File:
    """All of a PDF; raises UnreadableError when a part of it cannot be read for certain."""
    streams, outside = streams_of(data)
    file = File()
    left = _WHOLE
    _add(file, _numbered(outside))
    for stream in streams:
        if _PACKED_OBJECTS.search(stream.top):
            body = unpacked(stream, left)
            left -= len(body)
            _add(file, _packed(stream, body))
    if any(_ELSEWHERE.search(text) for text in file.texts()):
        raise UnreadableError
    uses, contents = _uses(file)
    pixels = {True: 0, False: 0}  # of masks, of pictures: one lies over the other
    for stream in streams:
        keys = uses.get(stream.number, set())
        if _PACKED_OBJECTS.search(stream.top) and stream.number not in contents:
            continue
        if stream.number not in contents and _is_textless(stream, keys):
            continue
        if _PICTURE.search(stream.top):
            is_mask = bool(keys) and keys <= _MASKS
            pixels[is_mask] += _pixels(stream)
            if pixels[is_mask] > _MOST_PIXELS or stream.number in contents:
                raise UnreadableError
            continue
        body = unpacked(stream, left)
        left -= len(body)
        _sort(file, stream, body, keys, may_show=stream.number in contents)
    return file


def _numbered(outside: bytes) -> Iterator[tuple[int, bytes]]:
    """The objects that stand outside streams, each up to the next."""
    number, begin = -1, 0
    for match in OBJECT.finditer(outside):
        yield number, outside[begin : match.start()]
        number, begin = int(match[1]), match.end()
    yield number, outside[begin:]


def _packed(stream: Stream, body: bytes) -> Iterator[tuple[int, bytes]]:
    """The objects of a stream of objects."""
    said = {key: int(value) for key, value in _COUNT.findall(stream.top)}
    if said.keys() != {b"N", b"First"}:
        raise UnreadableError
    try:
        numbers = [int(one) for one in body[: said[b"First"]].split()[: 2 * said[b"N"]]]
    except ValueError:
        raise UnreadableError from None
    ends = [*numbers[3::2], len(body) - said[b"First"]]
    if len(numbers) != 2 * said[b"N"] or any(
        end < begin for begin, end in zip(numbers[1::2], ends, strict=True)
    ):
        raise UnreadableError
    for number, begin, end in zip(numbers[::2], numbers[1::2], ends, strict=True):
        yield number, plain_names(body[said[b"First"] + begin : said[b"First"] + end])


def _add(file: File, found: Iterator[tuple[int, bytes]]) -> None:
    for number, text in found:
        file.objects.setdefault(number, []).append(text)
        if len(file.objects) > _MOST_OBJECTS:
            raise UnreadableError


def _uses(file: File) -> tuple[dict[int, set[bytes]], set[int]]:
    """Under which keys each object is pointed at; which are said to be what a page shows."""
    uses: dict[int, set[bytes]] = {}
    contents: set[int] = set()
    for commented in file.texts():
        text = _COMMENT.sub(lambda found: found[1] or b" ", commented)
        for key, number in _POINTER.findall(text):
            uses.setdefault(int(number), set()).add(key)
        contents.update(int(number) for number in _CONTENTS.findall(text))
        for many in _LISTED.findall(text, 0, text.rfind(b"]") + 1):  # no list that never ends
            contents.update(_pointed(many))
    for number in list(contents):
        for text in file.objects.get(number, ()):
            if _MANY.match(text):
                contents.update(_pointed(text))
    return uses, contents


def _pointed(text: bytes) -> Iterator[int]:
    return (int(number) for _, number in _POINTER.findall(text))


def _is_textless(stream: Stream, keys: set[bytes]) -> bool:
    """Whether a stream shows nothing, whatever is in it, as all say that point at it."""
    if keys:
        return keys <= _TEXTLESS or (
            _COMPUTED.search(stream.top) is not None and b"/Subtype" not in stream.top
        )
    return _TABLE.search(stream.top) is not None


def _pixels(stream: Stream) -> int:
    sides = _SIDE.findall(stream.top)
    if len(sides) != 2:
        raise UnreadableError
    count = int(sides[0]) * int(sides[1])
    if len(stream.packed) > 4 * count + _MOST_BYTES:
        raise UnreadableError
    return count


def _sort(file: File, stream: Stream, body: bytes, keys: set[bytes], *, may_show: bool) -> None:
    """Keeps an unpacked stream as what it is: a map to Unicode, metadata, what is shown."""
    is_map = b"begincmap" in body
    if is_map:
        file.cmaps.append((stream.number, body))
    if keys == {b"Metadata"}:
        file.about.append(body)
    elif (_SHOWS if is_map and not may_show else _MAY_SHOW).search(body):
        file.shown.append(body)
    elif _INLINE_PICTURE.search(body):
        raise UnreadableError
