"""Coded elements (CE, CWE, CNE, CF, IS) as sent: code, name, system, and an alternate.

HL7 v2.5.1 chapter 2A. Codes are made narrow (full-width digits are typing, not meaning); names
stay exactly as they were written.
"""

import unicodedata

from adapters.hl7v2.reading import BLANKS, Reading
from hie.records import Coded


def narrow_code(text: str) -> str:
    """A code with full-width letters and digits made plain."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text).strip(BLANKS)


def coded(reading: Reading, raw: str, path: str) -> Coded | None:
    """The first repetition as a coded element; None if nothing is in it.

    `^白细胞` has a name and no code. CWE.9 is the original text. An alternate code without an
    alternate name or system (`0102009^白细胞^^^LEU`) is kept where it stands.
    """
    if reading.delimiters.repetition in raw:
        raw = raw.split(reading.delimiters.repetition, 1)[0]
    if reading.delimiters.component not in raw:
        code = narrow_code(reading.whole(raw))
        return Coded(code, None, None, path) if code else None
    parts = reading.parts(raw)
    if not any(parts):
        return None
    size = len(parts)
    if size == 2:
        return Coded(narrow_code(parts[0]) or None, parts[1] or None, None, path)
    if size == 3:
        return Coded(narrow_code(parts[0]) or None, parts[1] or None, parts[2] or None, path)
    parts.extend([""] * (9 - size))
    return Coded(
        narrow_code(parts[0]) or None,
        parts[1] or None,
        parts[2] or None,
        path,
        narrow_code(parts[3]) or None,
        parts[4] or None,
        parts[5] or None,
        parts[8] or None,
    )


def source_text(reading: Reading, raw: str, path: str) -> Coded | None:
    """A specimen of OBR-15 (SPS): `血浆&17`, `2&尿液`, `SER&Serum&HL70070`, `血清`.

    Of two subcomponents without a system the one with hanzi is the name, the other the code.
    """
    first = raw.split(reading.delimiters.repetition, 1)[0].split(reading.delimiters.component)
    parts = [reading.whole(p) for p in first[0].split(reading.delimiters.subcomponent)]
    if not any(parts):
        parts = [reading.whole(p) for p in first[1:2]]
        if not any(parts):
            return None
    if len(parts) == 1 and len(first) >= 2 and (name := reading.whole(first[1])) and _wide(name):
        parts.append(name)  # a CE where an SPS belongs: 2^尿液
    parts.extend([""] * (3 - len(parts)))
    code, name = parts[0], parts[1]
    if _wide(code) and not _wide(name):
        code, name = name, code
    return Coded(narrow_code(code) or None, name or None, parts[2] or None, path)


def _wide(text: str) -> bool:
    """Whether the text holds hanzi."""
    return any("\u3400" <= c <= "\u9fff" or c >= "\U00020000" for c in text)
