"""What the codes of a font of one byte show, by its encoding (ISO 32000-1, 9.6.6 and annex D).

A font that is shipped in the file and names no encoding has an order of its own: nobody knows it.
"""

import re
from collections.abc import Mapping

from hie.access.labels.pdf_maps import Map
from hie.access.labels.pdf_signs import text_of_sign

ENCODING = re.compile(rb"/Encoding\s*(?:/(?P<name>[\w-]+)|(?P<number>\d{1,10})\s+\d{1,5}\s+R\b|<<)")
_BASES = {b"WinAnsiEncoding": "cp1252", b"MacRomanEncoding": "mac_roman"} | dict.fromkeys(
    (b"StandardEncoding", b"PDFDocEncoding"), "latin-1"
)
_BASE = re.compile(rb"/BaseEncoding\s*/(\w+)")
_BARE = re.compile(rb"\s*/(\w+)")
_DIFFERENCES = re.compile(rb"/Differences\s*(?:\[([^\[\]]*)\]|(\d{1,10})\s+\d{1,5}\s+R\b)")
_PLACE = re.compile(rb"(?<![^\s\]/])(\d{1,5})(?![^\s/])|/([^\s/\[\]]+)")

Objects = Mapping[int, list[bytes]]


def signs_of(top: bytes, text: bytes, objects: Objects) -> Map | None:
    """The text of each code; None: the font has its own order.

    `top` are the entries of the font's dictionary itself, `text` all that stands in it.
    """
    found = ENCODING.search(text)
    if found is None or b"/Encoding" not in top:
        is_standard = b"Type1" in top and b"/FontDescriptor" not in top
        return _base("latin-1") if is_standard else None
    name, said = found["name"], text
    if found["number"]:
        said = b" ".join(objects.get(int(found["number"]), ()))
        bare = _BARE.match(said)
        name = bare[1] if bare else None
    if name:
        return _base(_BASES[name]) if name in _BASES else None
    codes = _before(top, said)
    changed = _DIFFERENCES.search(said)
    if changed is None:
        return codes or None
    listed = changed[1]
    if listed is None:
        listed = b" ".join(objects.get(int(changed[2]), ()))
    return _changed(codes, listed)


def _before(top: bytes, said: bytes) -> Map:
    """The codes that an encoding begins with, before its differences."""
    base = _BASE.search(said)
    if base and base[1] in _BASES:
        return _base(_BASES[base[1]])
    if base or b"/FontDescriptor" in top or b"Type3" in top:
        return {}
    return _base("latin-1")


def _changed(codes: Map, differences: bytes) -> Map:
    place = 0
    for number, sign in _PLACE.findall(differences):
        if number:
            place = int(number)
            continue
        code = bytes([place & 0xFF])
        meant = text_of_sign(sign)
        codes.pop(code, None)
        if meant is not None:
            codes[code] = meant
        place += 1
    return codes


def _base(charset: str) -> Map:
    """The codes of an encoding of one byte that show a sign."""
    signs = ((bytes([n]), bytes([n]).decode(charset, "ignore")) for n in range(32, 256))
    return {code: sign for code, sign in signs if sign and sign.isprintable()}
