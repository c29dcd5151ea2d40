"""Which font draws which letter of a PDF: the fonts are shipped, none is looked for.

A PDF without its fonts looks otherwise, or not at all, wherever it is opened; a printed record must
not. `schemas/fonts/` (scripts/make_fonts.py): DejaVu Sans for letters and signs, Droid Sans
Fallback for hanzi, a part of Noto Sans CJK for the rare ones of names. What none of them has, and
what is written from right to left, stands as its number, [U+0626], so that nothing is lost unseen.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from itertools import groupby
from typing import Final
from xml.sax.saxutils import escape

from reportlab.pdfbase import pdfmetrics, ttfonts

from hie.schemas import schema

LATIN: Final = "hie-latin"
_FILES: Final = {
    LATIN: "DejaVuSans.ttf",
    "hie-hanzi": "DroidSansFallbackFull.ttf",
    "hie-rare": "NotoSansCJKsc-rare.ttf",
}
_BACKWARDS: Final = frozenset({"R", "AL"})


@cache
def _known() -> tuple[tuple[str, frozenset[int]], ...]:
    """The fonts, registered with reportlab, and the characters each has; read once."""
    # reportlab writes a number of five digits for what lies beyond U+FFFF; UTF-16 needs two.
    ttfonts.makeToUnicodeCMap = _to_unicode
    found = []
    for name, file in _FILES.items():
        font = ttfonts.TTFont(name, str(schema("fonts", file)))
        pdfmetrics.registerFont(font)
        found.append((name, frozenset(font.face.charToGlyph)))
    return tuple(found)


def marked(text: str) -> str:
    """The text as reportlab's markup, each run in its font; line breaks are `<br/>`."""
    return "<br/>".join("".join(_runs(line)) for line in text.split("\n"))


def _runs(line: str) -> Iterator[str]:
    for font, letters in groupby(_shown(line), key=lambda pair: pair[0]):
        run = escape("".join(letter for _, letter in letters))
        yield f'<font name="{font}">{run}</font>'


def _shown(line: str) -> Iterator[tuple[str, str]]:
    for letter in line.replace("\t", "    "):
        font = _font_of(letter)
        yield (font, letter) if font else (LATIN, f"[U+{ord(letter):04X}]")


@lru_cache(maxsize=65_536)
def _font_of(letter: str) -> str | None:
    if unicodedata.bidirectional(letter) in _BACKWARDS:
        return None
    return next((name for name, known in _known() if ord(letter) in known), None)


def _to_unicode(fontname: str, subset: Sequence[int]) -> str:
    """The map from drawn letters to Unicode (ISO 32000-1, 9.10.3): what search and copy find."""
    named = (f"<{at:02X}> <{chr(point).encode('utf-16-be').hex().upper()}>"
             for at, point in enumerate(subset))  # fmt: skip
    return "\n".join(
        (
            "/CIDInit /ProcSet findresource begin",
            "12 dict begin",
            "begincmap",
            f"/CIDSystemInfo << /Registry ({fontname}) /Ordering ({fontname}) /Supplement 0 >> def",
            f"/CMapName /{fontname} def",
            "/CMapType 2 def",
            "1 begincodespacerange",
            f"<00> <{len(subset) - 1:02X}>",
            "endcodespacerange",
            f"{len(subset)} beginbfchar",
            *named,
            "endbfchar",
            "endcmap",
            "CMapName currentdict /CMap defineresource pop",
            "end",
            "end",
        )
    )


def register() -> None:
    """Have the fonts ready; the first call reads them."""
    _known()
