"""The text of a held message in segments, with the fields marked that its issues name.

Paths are those of issues: `OBX[3]-5` is the fifth field of the third OBX, `PID-7` of the one PID,
`OBX[3]` the whole segment. What is no segment of HL7 v2 is shown as it is.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

LONGEST = 100_000  # characters that are shown
_PATH = re.compile(r"([A-Z][A-Z0-9]{2})(?:\[([0-9]{1,6})\])?(?:-([0-9]{1,4}))?")
# Control characters, and those that turn the direction of what follows: seen as a dot.
_UNSEEN = re.compile(r"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_HEADERS = frozenset({"MSH", "FHS", "BHS"})  # whose first field is the separator itself


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a segment, and whether an issue names it."""

    text: str
    is_marked: bool = False


def marked(text: str, paths: Iterable[str]) -> list[list[Part]]:
    """The segments of a message, each in parts."""
    wanted: dict[tuple[str, int], set[int | None]] = {}
    for path in paths:
        found = _PATH.match(path)
        if found is not None:
            name, number, field = found.groups()
            places = wanted.setdefault((name, int(number or 1)), set())
            places.add(int(field) if field else None)
    met: Counter[str] = Counter()
    shown = []
    for line in re.split(r"\r\n|\n\r|\r|\n", _UNSEEN.sub("\u00b7", text[:LONGEST])):
        if not line:
            continue
        name = line[:3]
        met[name] += 1
        shown.append(_parts(line, wanted.get((name, met[name]), set())))
    return shown


def _parts(line: str, fields: set[int | None]) -> list[Part]:
    if not fields:
        return [Part(line)]
    if None in fields:
        return [Part(line, is_marked=True)]
    separator = line[3:4] or "|"
    pieces = line.split(separator)
    first = 1 if pieces[0] in _HEADERS else 0
    parts = []
    for n, piece in enumerate(pieces):
        before = separator if n else ""
        if n and n + first in fields:
            parts += [Part(before), Part(piece, is_marked=True)]
        else:
            parts.append(Part(before + piece))
    return parts
