"""A data set, or an item of a sequence, asked by tag: texts, numbers, times, items.

What cannot be read is told as an issue and taken as absent. Texts are decoded in the charset that
was told for their scope, and cleaned of padding and control characters.
"""

import struct
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final

from adapters.dicom import times
from adapters.dicom.reader import Buffer, Element, Elements, read_items
from adapters.dicom.tags import (
    ANATOMIC_REGION_SEQUENCE,
    CONCEPT_NAME_CODE_SEQUENCE,
    CONTRAST_AGENT_SEQUENCE,
    FRAME_ANATOMY_SEQUENCE,
    INSTITUTION_CODE_SEQUENCE,
    ISSUER_OF_ACCESSION_NUMBER_SEQUENCE,
    ISSUER_OF_PATIENT_ID_QUALIFIERS,
    OTHER_PATIENT_IDS_SEQUENCE,
    PROCEDURE_CODE_SEQUENCE,
    RADIONUCLIDE_CODE_SEQUENCE,
    RADIOPHARMACEUTICAL_CODE_SEQUENCE,
    RADIOPHARMACEUTICAL_INFORMATION_SEQUENCE,
    REASON_FOR_PROCEDURE_CODE_SEQUENCE,
    REQUEST_ATTRIBUTES_SEQUENCE,
    REQUESTED_PROCEDURE_CODE_SEQUENCE,
    SCHEDULED_PROTOCOL_CODE_SEQUENCE,
    SHARED_GROUPS_SEQUENCE,
    SPECIFIC_CHARACTER_SET,
    TEXTS,
    VIEW_CODE_SEQUENCE,
    place,
)
from adapters.dicom.text import Decode, clean
from hie import charset
from hie.adapter import Severity
from hie.errors import MalformedMessage
from hie.records import Time, Val

if TYPE_CHECKING:
    from adapters.dicom.reading import Reading

# Sequences whose texts are read.
_WITH_TEXTS: Final = frozenset({
    ANATOMIC_REGION_SEQUENCE, CONCEPT_NAME_CODE_SEQUENCE, CONTRAST_AGENT_SEQUENCE,
    FRAME_ANATOMY_SEQUENCE, INSTITUTION_CODE_SEQUENCE, ISSUER_OF_ACCESSION_NUMBER_SEQUENCE,
    ISSUER_OF_PATIENT_ID_QUALIFIERS, OTHER_PATIENT_IDS_SEQUENCE, PROCEDURE_CODE_SEQUENCE,
    RADIONUCLIDE_CODE_SEQUENCE, RADIOPHARMACEUTICAL_CODE_SEQUENCE,
    RADIOPHARMACEUTICAL_INFORMATION_SEQUENCE, REASON_FOR_PROCEDURE_CODE_SEQUENCE,
    REQUEST_ATTRIBUTES_SEQUENCE, REQUESTED_PROCEDURE_CODE_SEQUENCE,
    SCHEDULED_PROTOCOL_CODE_SEQUENCE, SHARED_GROUPS_SEQUENCE, VIEW_CODE_SEQUENCE,
})  # fmt: skip
_LONGEST: Final = 1 << 16  # bytes of a value that is read: the longest is a list of words
_MOST_DIGITS: Final = 32
_WORDS: Final = {2: "H", 4: "L"}


class Scope:
    """A data set's texts and their charset; an item with a charset of its own is another scope."""

    __slots__ = ("declared", "decode", "values")

    def __init__(self, declared: bytes) -> None:
        self.declared = declared
        self.values: list[bytes] = []
        self.decode: Decode = lambda raw: raw.decode("ascii")


class View:
    """A data set, or one item of a sequence, asked by tag."""

    __slots__ = ("_items", "depth", "elements", "prefix", "reading", "scope")

    def __init__(
        self, reading: "Reading", elements: Elements, scope: Scope, depth: int, prefix: str
    ) -> None:
        self.reading, self.elements, self.scope = reading, elements, scope
        self.depth, self.prefix = depth, prefix
        self._items: dict[int, tuple[View, ...]] = {}

    def path(self, tag: int) -> str:
        """Where a tag stands: `(0010,0020)`, `(0040,0275)[1]>(0040,2016)`."""
        return self.prefix + place(tag) if self.prefix else place(tag)

    def gather(self, scopes: list[Scope]) -> None:
        """Collect the texts, here and in the sequences whose texts are read."""
        data = self.reading.buffer.data
        values = self.scope.values
        for tag in self.elements.keys() & TEXTS:
            _, start, stop = self.elements[tag]
            if 0 < stop - start <= _LONGEST:
                raw = data[start:stop].strip(b" \0")
                values.append(raw.translate(_NO_BREAKS) if not raw.isascii() else raw)
        for tag in self.elements.keys() & _WITH_TEXTS:
            for item in self.items(tag):
                own = item.elements.get(SPECIFIC_CHARACTER_SET)
                if own is not None:
                    declared = raw_bytes(self.reading.buffer, own)
                    if declared != self.scope.declared:
                        item.scope = Scope(declared)
                        scopes.append(item.scope)
                item.gather(scopes)

    def items(self, tag: int) -> tuple["View", ...]:
        """The items of a sequence; () if there is none. Raises Broken."""
        if tag not in self.elements:
            return ()
        found = self._items.get(tag)
        if found is None:
            reading = self.reading
            explicit = reading.explicit
            items = read_items(reading.buffer, explicit, self.elements[tag], self.depth + 1)
            path = self.path(tag)
            found = tuple(
                View(reading, item, self.scope, self.depth + 1, f"{path}[{n}]>")
                for n, item in enumerate(items, start=1)
            )
            self._items[tag] = found
        return found

    def raw(self, tag: int) -> bytes:
        """The bytes of a value without padding; b"" if absent."""
        found = self.elements.get(tag)
        if found is None or found.stop <= found.start:
            return b""
        if found.stop - found.start > _LONGEST:
            self.reading.issue("value-too-long", self.path(tag))
            return b""
        return self.reading.buffer.data[found.start : found.stop].strip(b" \0")

    def word(self, tag: int) -> str:
        """A text of ASCII (CS, UI, DA, TM ...), upper and lower case as sent; "" if absent."""
        raw = self.raw(tag)
        if not raw:
            return ""
        text, odd = clean(raw.decode("latin-1"))
        if odd:
            self.reading.issue("control-character", self.path(tag))
        return text

    def words(self, tag: int) -> tuple[str, ...]:
        """The values of such a text, empty ones left out."""
        text = self.word(tag)
        return tuple(w for one in text.split("\\") if (w := one.strip(" \0"))) if text else ()

    def text(self, tag: int, *, is_number: bool = False) -> str:
        """A text in the data set's charset; in a number a control character holds the message."""
        raw = self.raw(tag)
        if not raw:
            return ""
        text = raw.decode("ascii") if raw.isascii() and b"\x1b" not in raw else self._decoded(raw)
        plain, odd = clean(text)
        if odd:
            severity = Severity.HOLD if is_number else None
            self.reading.issue("control-character", self.path(tag), severity=severity)
        if not plain.isascii():
            plain = self._checked(plain, tag)
        if is_number and charset.has_lost_characters(plain):
            self.reading.issue("characters-lost", self.path(tag), plain, severity=Severity.HOLD)
        return plain

    def _decoded(self, raw: bytes) -> str:
        try:
            return self.scope.decode(raw)
        except (ValueError, MalformedMessage):  # what no scope took into account
            return raw.decode("ascii", "ignore")

    def _checked(self, text: str, tag: int) -> str:
        if "\ufffd" in text:
            self.reading.issue("characters-lost", self.path(tag), text)
        elif charset.mojibake(text) is not None:
            if self.reading.profile.charset.repair_mojibake:
                self.reading.issue("mojibake-repaired", self.path(tag))
                return charset.repair(text)
            self.reading.issue("mojibake", self.path(tag), text)
        return text

    def val(self, tag: int) -> Val | None:
        """A text as a record's value."""
        text = self.text(tag)
        return Val(text, self.path(tag)) if text else None

    def integer(self, tag: int) -> int | None:
        """An IS; also US and UL, which are binary."""
        element = self.elements.get(tag)
        if element is None or element.stop == element.start:
            return None
        raw = self.reading.buffer.data[element.start : element.stop]
        if element.vr in (b"US", b"UL") or (not element.vr and tag in _BINARY):
            kind = _WORDS.get(len(raw))
            if kind is None:
                self.reading.issue("number-invalid", self.path(tag), expected="2 or 4 bytes")
                return None
            order = "<" if self.reading.buffer.little else ">"
            return int(struct.unpack(order + kind, raw)[0])
        return self._integer(tag)

    def _integer(self, tag: int) -> int | None:
        words = self.words(tag)
        if not words:
            return None
        text = words[0]
        if len(text) <= 12 and text.isascii():
            try:
                found = int(text) if not text.endswith(".0") else int(text[:-2])
            except ValueError:
                pass
            else:
                if -(2**31) <= found < 2**31 and "_" not in text:
                    return found
        self.reading.issue("number-invalid", self.path(tag), text, expected="an IS number")
        return None

    def decimals(self, tag: int) -> tuple[Decimal, ...]:
        """The numbers of a DS (or FD, FL); () if absent or any of them is none."""
        element = self.elements.get(tag)
        if element is None or element.stop == element.start:
            return ()
        if element.vr in (b"FD", b"FL") or (not element.vr and tag in _DOUBLES):
            return self._doubles(tag, element)
        texts = self.words(tag)
        found = []
        for text in texts:
            number = decimal(text)
            if number is None:
                self.reading.issue("number-invalid", self.path(tag), text, expected="a DS number")
                return ()
            found.append(number)
        return tuple(found)

    def decimal(self, tag: int) -> Decimal | None:
        """The first number of a DS."""
        found = self.decimals(tag)
        return found[0] if found else None

    def _doubles(self, tag: int, element: Element) -> tuple[Decimal, ...]:
        raw = self.reading.buffer.data[element.start : element.stop]
        size, kind = (4, "f") if element.vr == b"FL" else (8, "d")
        if len(raw) % size or len(raw) > 64:
            self.reading.issue("number-invalid", self.path(tag), expected=f"{size} bytes each")
            return ()
        order = "<" if self.reading.buffer.little else ">"
        found = []
        for value in struct.unpack(f"{order}{len(raw) // size}{kind}", raw):
            number = decimal(f"{value:.9g}" if size == 4 else repr(value))
            if number is None:
                self.reading.issue("number-invalid", self.path(tag), expected="a finite number")
                return ()
            found.append(number)
        return tuple(found)

    def day(self, tag: int) -> times.Moment | None:
        """A DA; a placeholder or an impossible date is none."""
        text = self.word(tag)
        if not text:
            return None
        try:
            return times.day(text.split("\\")[0].strip())
        except times.Placeholder:
            self.reading.issue("time-placeholder", self.path(tag), text)
        except ValueError:
            self.reading.issue("time-invalid", self.path(tag), text)
        return None

    def moment(self, day_tag: int, time_tag: int) -> Time | None:
        """A date with its time of day; without the date there is no time."""
        at = self.day(day_tag)
        if at is None:
            return None
        text = self.word(time_tag)
        if text:
            try:
                clock = times.clock(text.split("\\")[0].strip())
            except ValueError:
                self.reading.issue("time-invalid", self.path(time_tag), text)
            else:
                whole = times.together(at, clock, self.reading.offset)
                return Time(whole.text, whole.precision, self.path(day_tag), self._assumed())
        return Time(at.text, at.precision, self.path(day_tag))

    def date_time(self, tag: int) -> Time | None:
        """A DT."""
        text = self.word(tag)
        if not text:
            return None
        try:
            found, assumed = times.whole(text.split("\\")[0].strip(), self.reading.offset)
        except times.Placeholder:
            self.reading.issue("time-placeholder", self.path(tag), text)
            return None
        except ValueError:
            self.reading.issue("time-invalid", self.path(tag), text)
            return None
        return Time(found.text, found.precision, self.path(tag), assumed and self._assumed())

    def _assumed(self) -> bool:
        return ("zone-assumed", "(0008,0201)") in self.reading.told


def decimal(text: str) -> Decimal | None:
    """The finite number a DS is, digits kept; None if it is none."""
    if len(text) > _MOST_DIGITS or not text.isascii() or "_" in text:
        return None
    try:
        found = Decimal(text)
    except InvalidOperation:
        return None
    return found if found.is_finite() and -40 < found.adjusted() < 40 else None


def raw_bytes(buffer: Buffer, element: Element | None) -> bytes:
    """The bytes of a value as they are; none of an absent one."""
    return b"" if element is None else buffer.data[element.start : element.stop]


_NO_BREAKS: Final = bytes(0x1E if byte in b"\r\n" else byte for byte in range(256))
# Binary elements of the implicit syntax that are read: US, and FD.
_BINARY: Final = frozenset({0x00280010, 0x00280011, 0x00280101})
_DOUBLES: Final = frozenset({0x00189345})
