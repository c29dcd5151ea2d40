"""OBX that make no result of their own: further lines of a text, printed reports, addresses."""

from typing import Final

from adapters.hl7v2.attachment import Piece, read_address
from adapters.hl7v2.group import Group, Lines
from adapters.hl7v2.reader import Segment
from adapters.hl7v2.reading import Reading
from hie.records import Attachment, Result

SAMPLED: Final = frozenset({"NA", "MA"})
FORMS: Final = frozenset({"ED", "RP", "NA", "MA"})


def add_line(reading: Reading, group: Group, segment: Segment) -> bool:
    """Take a line whose OBX-3 and OBX-4 are those of the text before it; False if it is none.

    Another status is another result.
    """
    if not group.results:
        return False
    index = len(group.results) - 1
    before = group.results[index]
    letter = before.status_code.text if before.status_code else ""
    f = segment.fields
    if f[11] and letter and f[11] != letter:
        return False
    lines = group.joined.get(index)
    if lines is None:
        lines = group.joined[index] = Lines(before.path, _first_line(before))
    lines.texts.append("\n".join(reading.whole(one) for one in reading.repeats(f[5])))
    return True


def _first_line(result: Result) -> str:
    value = result.value
    if value is None:
        return ""
    return str(getattr(value, "text", None) or getattr(value, "value", "") or "")


def add_form(reading: Reading, group: Group, segment: Segment, kind: str) -> None:
    """A printed report or an address: beside the results, never among them."""
    if kind in SAMPLED:
        text = reading.whole(segment.fields[5])
        if text:
            group.forms.append(Attachment("text/plain", segment.row[5], data=text.encode()))
    elif kind == "RP":
        found = read_address(reading, segment)
        if isinstance(found, Attachment):
            group.forms.append(found)
        elif found is not None:
            group.extra.append(found)
    elif segment.fields[5]:
        piece = Piece(reading, segment)
        if group.pieces and piece.continues(group.pieces[-1]):
            group.pieces[-1].chunks += piece.chunks
        else:
            group.pieces.append(piece)
