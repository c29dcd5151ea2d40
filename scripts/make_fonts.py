"""Make `schemas/fonts/`: the letters that printed pages are written in.

    apt-get download fonts-droid-fallback fonts-dejavu-core fonts-noto-cjk    (then dpkg-deb -x)
    pip install fonttools
    python scripts/make_fonts.py DroidSansFallbackFull.ttf DejaVuSans.ttf NotoSansCJK-Regular.ttc \
        schemas/fonts

Droid Sans Fallback holds 28,000 hanzi in 4 MB, DejaVu Sans letters and signs; both are copied as
they are. Names hold rarer hanzi than Droid has (the third level of the Table of General Standard
Chinese Characters, GB 18030-2022): of Noto Sans CJK those alone are taken, their outlines turned
from cubic to quadratic curves, which is what a TrueType font in a PDF is made of.
"""

import shutil
import sys
from pathlib import Path

from fontTools import subset
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTCollection, TTFont

_HANZI = ((0x2E80, 0x2FDF), (0x3000, 0x30FF), (0x3400, 0x9FFF), (0xF900, 0xFAFF), (0xFF00, 0xFFEF))
_BEYOND = (0x20000, 0x323AF)
_SIMPLIFIED = "Noto Sans CJK SC"
_MOST_OFF = 1.0  # units of 1,000 that a curve may be off


def main(droid: str, dejavu: str, noto: str, target: str) -> None:
    """Copy the two, make the third."""
    folder = Path(target)
    shutil.copyfile(droid, folder / "DroidSansFallbackFull.ttf")
    shutil.copyfile(dejavu, folder / "DejaVuSans.ttf")
    known = TTFont(droid).getBestCmap().keys()
    font = next(
        one for one in TTCollection(noto).fonts if one["name"].getDebugName(1) == _SIMPLIFIED
    )
    wanted = sorted(point for point in font.getBestCmap() if point not in known and _rare(point))
    options = subset.Options(layout_features=[], notdef_outline=True, hinting=False)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=wanted)
    subsetter.subset(font)
    _true_type(font, folder / "NotoSansCJKsc-rare.ttf")


def _rare(point: int) -> bool:
    spans = (*_HANZI, _BEYOND)
    return any(first <= point <= last for first, last in spans)


def _true_type(font: TTFont, file: Path) -> None:
    order = font.getGlyphOrder()
    drawn, glyphs = font.getGlyphSet(), {}
    for name in order:
        pen = TTGlyphPen(None)
        drawn[name].draw(Cu2QuPen(pen, _MOST_OFF, reverse_direction=True))
        glyphs[name] = pen.glyph()
    builder = FontBuilder(font["head"].unitsPerEm, isTTF=True)
    builder.setupGlyphOrder(order)
    builder.setupCharacterMap(font.getBestCmap())
    builder.setupGlyf(glyphs)
    widths = font["hmtx"].metrics
    bearings = {name: (widths[name][0], glyphs[name].xMin if glyphs[name].numberOfContours else 0)
                for name in order}  # fmt: skip
    builder.setupHorizontalMetrics(bearings)
    builder.setupHorizontalHeader(ascent=font["hhea"].ascent, descent=font["hhea"].descent)
    names = {"familyName": "Noto Sans CJK SC rare", "styleName": "Regular",
             "copyright": font["name"].getDebugName(0), "licenseDescription": "SIL OFL 1.1",
             "psName": "NotoSansCJKsc-rare"}  # fmt: skip
    builder.setupNameTable(names)
    builder.setupOS2(sTypoAscender=880, sTypoDescender=-120, usWinAscent=1160, usWinDescent=288)
    builder.setupPost()
    builder.font["head"].created = builder.font["head"].modified = 0
    builder.save(file)


if __name__ == "__main__":
    main(*sys.argv[1:])
