"""What the codes mean that the fonts of a PDF show (ISO 32000-1, 9.6, 9.7 and 9.10.2).

A font says it by a map to Unicode, by a Chinese encoding that has a name, or by the names of its
signs. One of glyph numbers that says none of these shows what nobody here can read. Fonts are known
by their names in resources; one name may mean several, on several pages.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from hie.access.labels.pdf_encodings import ENCODING, Objects, signs_of
from hie.access.labels.pdf_maps import Map
from hie.access.labels.pdf_streams import UnreadableError, top_of

_NAMED = {
    "gb18030": re.compile(rb"GB(?:K|pc|-EUC|K2K|KP)"),
    "utf-16-be": re.compile(rb"Uni\w+-(?:UCS2|UTF16)"),
    "utf-8": re.compile(rb"Uni\w+-UTF8"),
    "utf-32-be": re.compile(rb"Uni\w+-UTF32"),
    "big5": re.compile(rb"B5pc|ETen|HKscs"),
}  # table 118
_FONT = re.compile(rb"/Subtype\s*/(Type0|Type1|MMType1|Type3|TrueType)\b")
_CALLED = re.compile(rb"/([^\0\s/<>\[\](){}%]{1,127})[\0\s]+(\d{1,10})[\0\s]+\d{1,5}[\0\s]+R\b")
_WITHIN = re.compile(
    rb"/([^\0\s/<>\[\](){}%]{1,127})[\0\s]*(?=(<<[^<>]*(?:<<[^<>]*>>[^<>]*)*>>))"
)  # a font that stands in the resources themselves
_TO_UNICODE = re.compile(rb"/ToUnicode\s+(\d{1,10})\s+\d{1,5}\s+R\b")
_MOST_FONTS = 500


@dataclass(frozen=True, slots=True)
class Font:
    """What the codes of one font mean, each way it says it; none at all: nobody knows."""

    maps: tuple[Map, ...] = ()
    encodings: tuple[str, ...] = ()

    @property
    def is_blind(self) -> bool:
        """Whether it says of no code what it shows."""
        return not self.maps and not self.encodings


PLAIN = Font((), ("latin-1",))


@dataclass(frozen=True, slots=True)
class Fonts:
    """The fonts of a file by their names in resources, and all that a string may be in."""

    named: Mapping[bytes, tuple[Font, ...]]
    any: tuple[Font, ...]


def fonts_of(objects: Objects, maps: Mapping[int, tuple[Map, ...]]) -> Fonts:
    """The fonts that the objects of a file are, with its maps to Unicode by their numbers."""
    file = _File(objects, maps)
    numbered: dict[int, list[Font]] = {}
    for number, text in _texts(objects):
        top = top_of(text) if _FONT.search(text) else b""
        if _FONT.search(top):
            numbered.setdefault(number, []).append(file.font(top, text))
    named: dict[bytes, dict[int, Font]] = {}
    for _, text in _texts(objects):
        for name, number in _CALLED.findall(text):
            for font in numbered.get(int(number), ()):
                named.setdefault(name, {})[id(font)] = font
        for name, inner in _WITHIN.findall(text) if _FONT.search(text) else ():
            top = top_of(inner)
            if _FONT.search(top):
                font = file.font(top, inner)
                named.setdefault(name, {})[id(font)] = font
    every = {name: tuple(found.values()) for name, found in named.items()}
    return Fonts(every, (*file.fonts, *file.without_font(), PLAIN))


def _texts(objects: Objects) -> Iterator[tuple[int, bytes]]:
    for number, versions in objects.items():
        for text in versions:
            yield number, text


@dataclass(slots=True)
class _File:
    """Builds the fonts of one file, each map once for each size of codes."""

    objects: Objects
    maps: Mapping[int, tuple[Map, ...]]
    fonts: list[Font] = field(default_factory=list)
    _sized: dict[tuple[int, int], Map] = field(default_factory=dict)

    def font(self, top: bytes, text: bytes) -> Font:
        """What one font says its codes mean."""
        found = _TO_UNICODE.search(top)
        own = [one for one in self.maps.get(int(found[1]), ()) if one] if found else []
        kind = _FONT.search(top)
        if kind is not None and kind[1] == b"Type0":
            encoding = ENCODING.search(top)
            name = encoding["name"] or b"" if encoding else b""
            named = tuple(charset for charset, sign in _NAMED.items() if sign.match(name))
            font = Font(tuple(self._of_size(one, 2) for one in own), named)
        else:
            signs = signs_of(top, text, self.objects)
            many = [(signs or {}) | self._of_size(one, 1) for one in own]
            font = Font((*many, *([signs] if signs and signs not in many else ())))
        self.fonts.append(font)
        if len(self.fonts) > _MOST_FONTS:
            raise UnreadableError
        return font

    def without_font(self) -> list[Font]:
        """The maps of which no font says that they are its own."""
        used = {
            int(number) for _, text in _texts(self.objects) for number in _TO_UNICODE.findall(text)
        }
        loose = {
            id(one): one for number, many in self.maps.items() if number not in used for one in many
        }
        return [Font((one,)) for one in loose.values() if one]

    def _of_size(self, codes: Map, size: int) -> Map:
        """The map with codes of its font's size; some write 0041 for one byte, or 41 for two."""
        key = (id(codes), size)
        if key not in self._sized:
            sizes = {len(one) for one in codes}
            is_odd = sizes != {size} and (size == 1 or sizes == {1})
            self._sized[key] = (
                {
                    one[-size:].rjust(size, b"\0"): text
                    for one, text in codes.items()
                    if not one[:-size].strip(b"\0")
                }
                if is_odd
                else codes
            )
        return self._sized[key]
