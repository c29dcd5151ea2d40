"""Message text to segments and fields: lexing only, nothing is interpreted.

HL7 v2.5.1 chapter 2.5. Real senders end segments with CR, LF or CRLF, indent them, wrap long
fields over several lines and shorten MSH-2; all of that is read here. Fields are numbered as the
standard numbers them: `fields[5]` of an OBX is OBX-5; `fields[0]` is kept empty. Escapes are not
touched: they are decoded after splitting, where a value is read.
"""

import re
from typing import Final

import msgspec

# Fields a reader may ask for without looking at the length; shorter segments are padded.
WIDTH: Final = {"OBX": 30, "OBR": 51, "PID": 40, "MSH": 26, "PV1": 53}
_WIDTH = 34
_SINGLE: Final = frozenset({"MSH", "PID", "PV1", "PV2", "PD1", "EVN", "DSC", "FHS", "BHS"})
_KNOWN: Final = frozenset(
    {
        "MSH", "SFT", "UAC", "EVN", "PID", "PD1", "NK1", "PV1", "PV2", "ORC", "OBR", "TQ1", "TQ2",
        "CTD", "OBX", "NTE", "SPM", "SAC", "INV", "SID", "TCD", "CTI", "FT1", "DG1", "AL1", "DSC",
        "ROL", "PRT", "MSA", "ERR", "IPC", "ARV", "FHS", "BHS", "BTS", "FTS", "QRD", "QRF", "GT1",
        "IN1", "DSP",
    }
)  # fmt: skip
_SEGMENT: Final = re.compile(r"[A-Z][A-Z0-9]{2}")
_INDENT: Final = " \t\v\f\x00\x1c\ufeff\u200b\u3000\xa0"
_LONGEST_ROW_KEPT = 256


class Delimiters(msgspec.Struct, frozen=True, gc=False):
    """The five characters of MSH-1 and MSH-2."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"


STANDARD: Final = Delimiters()


class Segment(msgspec.Struct, gc=False):
    """One segment: its fields as sent, and the path of each ("OBX[3]-5") for who must name it."""

    name: str
    number: int
    fields: list[str]
    row: list[str]
    size: int  # fields sent, padding not counted

    def path(self, index: int) -> str:
        """Where field `index` stands."""
        return self.row[index] if index < len(self.row) else f"{self.row[0]}-{index}"

    def text(self, delimiters: Delimiters) -> str:
        """The segment as sent."""
        return delimiters.field.join([self.name, *self.fields[1 : self.size]])


_rows: dict[str, list[list[str]]] = {}
_NO_ROWS: Final[list[list[str]]] = []


def row(name: str, number: int) -> list[str]:
    """The paths of one segment, made once and kept for the numbers that come often."""
    kept = _rows.setdefault(name, [])
    if number <= len(kept):
        return kept[number - 1]
    label = name if number == 1 and name in _SINGLE else f"{name}[{number}]"
    paths = [label, *(f"{label}-{i}" for i in range(1, WIDTH.get(name, _WIDTH)))]
    if number == len(kept) + 1 <= _LONGEST_ROW_KEPT and name in _KNOWN:
        kept.append(paths)
    return paths


class Lines(msgspec.Struct, frozen=True):
    """The logical lines of a message, and the numbers of those that were wrapped."""

    lines: list[str]
    wrapped: frozenset[int]
    indented: bool


def logical_lines(text: str, field: str) -> Lines:
    """One line per segment. A line that starts no segment continues the one before it.

    Where CR ends segments, a bare LF is data and no continuation.
    """
    if "\n" in text:
        text = text.replace("\r\n", "\r").replace("\n\r", "\r")
    feed_is_data = "\r" in text
    lines: list[str] = []
    more: dict[int, list[str]] = {}
    wrapped: set[int] = set()
    indented = False
    for outer in text.split("\r") if feed_is_data else (text,):
        for position, line in enumerate(outer.split("\n") if "\n" in outer else (outer,)):
            if line[3:4] == field and line[:3] in _KNOWN:
                lines.append(line)
                continue
            bare = line.lstrip(_INDENT)
            if _starts_segment(bare, field):
                lines.append(bare)
                indented = indented or bare is not line
            elif lines and (bare or (position and feed_is_data)):
                more.setdefault(len(lines) - 1, []).append(line)
                if not (position and feed_is_data):
                    wrapped.add(len(lines) - 1)
            elif bare:
                lines.append(bare)
    for index, rest in more.items():
        lines[index] = "\n".join((lines[index], *rest))
    return Lines(lines, frozenset(wrapped), indented)


def _starts_segment(line: str, field: str) -> bool:
    if len(line) == 3:
        return line in _KNOWN
    return line[3:4] == field and _SEGMENT.match(line) is not None


def cut(text: str, field: str, counts: dict[str, int]) -> tuple[list[Segment], Lines]:
    """The segments of a message, and what was odd about its lines.

    Nearly every message has a segment that is known on each line and a CR between them: then the
    lines need no look of their own.
    """
    if "\n" not in text:
        lines = text.split("\r")
        if not lines[-1]:
            lines.pop()
        own = counts.copy()
        found = segments(lines, field, own, known_only=True)
        if len(found) == len(lines):
            counts.update(own)
            return found, _PLAIN
    odd = logical_lines(text, field)
    return segments(odd.lines, field, counts), odd


_PLAIN: Final = Lines([], frozenset(), indented=False)


def segments(
    lines: list[str], field: str, counts: dict[str, int], *, known_only: bool = False
) -> list[Segment]:
    """Split lines into fields; `counts` numbers the segments of each name from one.

    With `known_only` it stops at the first line that begins with no segment that is known.
    """
    out: list[Segment] = []
    add, shape_of, padding = out.append, _shapes.get, _PADDING
    for line in lines:
        fields = line.split(field)
        name = fields[0]
        fields[0] = ""
        shape = shape_of(name)
        if shape is None:
            if known_only and name not in _KNOWN:
                return out
            if name in _HEADERS:
                fields.insert(1, field)
            width, kept = WIDTH.get(name, _WIDTH), _rows.get(name, _NO_ROWS)
        else:
            width, kept = shape
        size = len(fields)
        if size < width:
            fields += padding[width - size]
        counts[name] = number = counts.get(name, 0) + 1
        paths = kept[number - 1] if number <= len(kept) else row(name, number)
        add(Segment(name, number, fields, paths, size))
    return out


# Segments that need no look of their own: how many fields are padded, and their kept paths.
_shapes: dict[str, tuple[int, list[list[str]]]] = {
    name: (WIDTH.get(name, _WIDTH), _rows.setdefault(name, []))
    for name in _KNOWN - {"MSH", "FHS", "BHS"}
}
_HEADERS: Final = frozenset({"MSH", "FHS", "BHS"})
_PADDING: Final = tuple(("",) * n for n in range(64))


def delimiters(header: str) -> tuple[Delimiters, bool]:
    """The delimiters of a header line, and whether MSH-2 was as the standard wants it.

    A short MSH-2 is filled up with the standard's characters, a longer one than five (2.7 has a
    truncation character) is cut. Raises ValueError if MSH-1 or MSH-2 cannot separate anything.
    """
    if header.startswith("MSH|^~\\&|"):
        return STANDARD, True
    field = header[3:4]
    if not field or field.isalnum() or field.isspace():
        raise ValueError("MSH-1")
    sent = header[4:].split(field, 1)[0].strip()
    chars = [sent[i] if i < len(sent) else standard for i, standard in enumerate("^~\\&")]
    if len({field, *chars}) != 5 or any(c.isalnum() for c in chars):
        raise ValueError("MSH-2")
    return Delimiters(field, *chars), 4 <= len(sent) <= 5
