"""Segments to reports: one linear walk, no message grammar.

ORU^R01 has ORC OBR OBX NTE SPM; OUL^R22 and R23 put SPM first and ORC after OBR; products mix
both, leave ORC out, or name the wrong structure in MSH-9.3. So each segment is attached to what
stands open when it comes, and the few places where that is not enough look ahead to the next OBR.
"""

import msgspec

from adapters.hl7v2.attachment import Piece, read_address
from adapters.hl7v2.bindings import Neighbours, bound, value_at
from adapters.hl7v2.coverage import ASIDE
from adapters.hl7v2.group import Group, Lines
from adapters.hl7v2.patient import read_patient, read_visit
from adapters.hl7v2.reader import Segment
from adapters.hl7v2.reading import Reading
from adapters.hl7v2.report import close_order, open_order
from adapters.hl7v2.result import read_result
from adapters.hl7v2.specimen import read_specimen
from adapters.hl7v2.values import WHOLE
from hie.records import (
    Attachment,
    LabReportRecord,
    PatientRecord,
    Result,
    SpecimenRecord,
    Val,
    Visit,
)


class Walk:
    """Where the walk stands: the open patient, order group and owner of the next note."""

    def __init__(self, reading: Reading, segments: list[Segment]) -> None:
        self.reading = reading
        self.segments = segments
        self.records: list[LabReportRecord] = []
        self._near = Neighbours(segments) if reading.compiled.needs_neighbours else None
        self._patient: PatientRecord | None = None
        self._visit: Visit | None = None
        self._orc: Segment | None = None
        self._group: Group | None = None
        self._leading: list[SpecimenRecord] = []  # SPM before their OBR (OUL^R22)
        self._is_leading = False
        self._is_used = False  # an OBR came after the leading SPM
        self._read_ahead: dict[int, int] = {}  # index of an SPM read at its OBR -> its number
        self._pending: list[Val] = []  # verbatim segments before the first OBR
        self._pending_notes: list[Lines] = []
        self._owner = ""  # what the next NTE belongs to
        self._last = _NO_LINE  # OBX-3 and OBX-4 of the TX line before
        self._fillers: set[str] = set()
        self._has_control = reading.compiled.control is not None

    def run(self) -> tuple[LabReportRecord, ...]:
        """Read every segment after MSH; the reports in the order of the message."""
        near = self._near
        handlers = {
            "OBX": self._obx, "NTE": self._nte, "OBR": self._obr, "ORC": self._orc_,
            "SPM": self._spm, "PID": self._pid, "PV1": self._pv1, "TQ1": self._tq1,
        }  # fmt: skip
        bindings = self.reading.compiled.bindings
        for at, segment in enumerate(self.segments):
            handler = handlers.get(segment.name)
            if handler is None:
                self._other(segment)
            else:
                if near is not None and segment.name in bindings:
                    handler(bound(self.reading, self.segments, at, near), at)
                else:
                    handler(segment, at)
            if near is not None:
                near.passed(segment)
        self._close()
        return tuple(self.records)

    # patient --------------------------------------------------------------------------------

    def _pid(self, segment: Segment, at: int) -> None:
        self._close()
        self._patient = read_patient(self.reading, segment)
        self._visit, self._orc = None, None
        self._leading, self._is_leading, self._is_used = [], False, False
        self._owner = "PID"

    def _pv1(self, segment: Segment, at: int) -> None:
        self._visit = read_visit(self.reading, segment)
        self._owner = "PID"

    # orders ---------------------------------------------------------------------------------

    def _orc_(self, segment: Segment, at: int) -> None:
        """An ORC opens the next order, or completes the OBR before it (OUL^R22)."""
        group = self._group
        if (
            group is not None
            and group.orc is None
            and not group.results
            and self._next_of(at, ("OBX", "OBR", "ORC")) == "OBX"
        ):
            group.orc = segment
        else:
            self._close()
            self._orc = segment
        self._owner = "OBR"

    def _obr(self, segment: Segment, at: int) -> None:
        self._close()
        if self._patient is None:
            self.reading.once("patient-missing", segment.row[0])
            self._patient = PatientRecord((), (), None, None)
        group = Group(segment, self._patient, self._visit)
        group.orc, self._orc = self._orc, None
        group.extra, self._pending = self._pending, []
        group.notes, self._pending_notes = self._pending_notes, []
        specimens = self._leading if self._is_leading else [*self._leading, *self._ahead(at)]
        if not self._is_leading:
            self._leading = []
        self._is_used = True
        open_order(self.reading, group, specimens)
        if self._is_leading and group.specimens:
            group.specimen = len(group.specimens) - 1
        self._group = group
        self._owner = "OBR"
        self._last = _NO_LINE

    def _ahead(self, at: int) -> list[SpecimenRecord]:
        """The SPM that follow in this order group, read now: results lean on their times."""
        found: list[SpecimenRecord] = []
        has_results = False
        for index in range(at + 1, len(self.segments)):
            name = self.segments[index].name
            if name == "OBX":
                has_results = True
            elif name == "SPM":
                segment = self._bound(index)
                self._read_ahead[index] = len(found)
                found.append(read_specimen(self.reading, segment))
            elif name in ("OBR", "PID") or (name == "ORC" and (has_results or found)):
                break
        return found

    def _bound(self, index: int) -> Segment:
        if self._near is None:
            return self.segments[index]
        return bound(self.reading, self.segments, index, self._near)

    def _tq1(self, segment: Segment, at: int) -> None:
        if self._group is not None:
            self._group.priority = self._group.priority or segment.fields[9]

    def _spm(self, segment: Segment, at: int) -> None:
        number = self._read_ahead.get(at)
        if number is not None and self._group is not None:
            self._group.specimen = number
            if self._group.obr_time is None:
                self._group.fallback = self._group.specimens[number].collected
            self._owner = "SPM"
            return
        if self._group is None and self._orc is None and not self._is_used:
            self._is_leading = True
        if self._is_leading:
            self._close()
            if self._is_used:
                self._leading, self._is_used = [], False
        self._leading = [*self._leading, read_specimen(self.reading, segment)]
        self._owner = "PID"

    # results --------------------------------------------------------------------------------

    def _obx(self, segment: Segment, at: int) -> None:
        group = self._group
        if group is None:
            self.reading.issue("segment-misplaced", segment.row[0])
            self.reading.tally.leave(segment)
            self._pending.append(Val(segment.text(self.reading.delimiters), segment.row[0]))
            return
        f = segment.fields
        kind = f[2]
        is_text = False
        if kind in _NOT_ONE_BY_ONE:
            if kind in _FORMS:
                self._form(group, segment, kind)
                return
            is_text = True
            if self._continues(group, segment):
                return
        if f[14]:
            group.key_dates.setdefault(f[14], segment.row[14])
        result = read_result(self.reading, segment, group.fallback, group.specimen)
        self._last = (f[3], f[4]) if is_text and result is not None else _NO_LINE
        if result is None:
            self._owner = ""
            self.reading.tally.leave(segment)
            return
        group.results.append(result)
        self._owner = "OBX"
        if self._has_control:
            self._control(group, result, at)

    def _continues(self, group: Group, segment: Segment) -> bool:
        """A further line of the text before it: same OBX-3 and OBX-4, one after another."""
        f = segment.fields
        if self._last != (f[3], f[4]) or not f[3] or not group.results:
            return False
        index = len(group.results) - 1
        before = group.results[index]
        letter = before.status_code.text if before.status_code else ""
        if f[11] and letter and f[11] != letter:
            return False
        lines = group.joined.get(index)
        if lines is None:
            first = self._first_line(group, before)
            lines = group.joined[index] = Lines(before.path, first)
        reading = self.reading
        lines.texts.append("\n".join(reading.whole(one) for one in reading.repeats(f[5])))
        return True

    def _first_line(self, group: Group, result: Result) -> str:
        value = result.value
        if value is None:
            return ""
        return str(getattr(value, "text", None) or getattr(value, "value", "") or "")

    def _form(self, group: Group, segment: Segment, kind: str) -> None:
        """A printed report or an address: beside the results, never among them."""
        self._owner, self._last = "", _NO_LINE
        reading = self.reading
        if kind in ("NA", "MA"):
            text = reading.whole(segment.fields[5])
            if text:
                data = text.encode()
                group.forms.append(Attachment("text/plain", segment.row[5], data=data))
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

    def _control(self, group: Group, result: Result, at: int) -> None:
        """The quality control state that the profile binds.

        The result was made a moment ago and nobody else holds it yet.
        """
        place, profile = self.reading.compiled.control, self.reading.profile.control
        if place is None or profile is None or self._near is None:
            return
        segment = self._near.nearest(place.segment, at)
        if segment is None:
            return
        raw, path = value_at(self.reading, place, segment)
        text = self.reading.whole(raw)
        if text in profile.within:
            msgspec.structs.force_setattr(result, "control", "in")
        elif text in profile.out:
            msgspec.structs.force_setattr(result, "control", "out")
        elif text:
            self.reading.issue("control-unknown", path, text)

    # notes and the rest ---------------------------------------------------------------------

    def _nte(self, segment: Segment, at: int) -> None:
        """A note of what came before it; several NTE of one owner are one note."""
        reading = self.reading
        text = "\n".join(reading.whole(one) for one in reading.repeats(segment.fields[3]))
        if not text:
            return
        path = segment.row[3]
        group = self._group
        if group is None:
            _add(self._pending_notes, path, text)
        elif self._owner == "OBX":
            _note(group.result_notes, len(group.results) - 1, path, text)
        elif self._owner == "SPM" and group.specimen is not None:
            _note(group.specimen_notes, group.specimen, path, text)
        else:
            _add(group.notes, path, text)

    def _other(self, segment: Segment) -> None:
        """Z-segments and unknown ones are kept verbatim; known ones that are not read are not."""
        if segment.name not in ASIDE:
            kept = Val(segment.text(self.reading.delimiters), segment.row[0])
            (self._group.extra if self._group else self._pending).append(kept)

    def _next_of(self, at: int, names: tuple[str, ...]) -> str:
        for segment in self.segments[at + 1 : at + 12]:
            if segment.name in names:
                return segment.name
        return ""

    def _close(self) -> None:
        group, self._group = self._group, None
        if group is None:
            return
        record = close_order(self.reading, group)
        if record.filler is not None:
            if record.filler.value in self._fillers:
                self.reading.issue("filler-repeated", record.filler.path)
            self._fillers.add(record.filler.value)
        self.records.append(record)


_NO_LINE = ("", "")
_FORMS = frozenset({"ED", "RP", "NA", "MA"})
_NOT_ONE_BY_ONE = _FORMS | WHOLE


def _add(notes: list[Lines], path: str, text: str) -> None:
    if notes:
        notes[-1].texts.append(text)
    else:
        notes.append(Lines(path, text))


def _note(notes: dict[int, Lines], index: int, path: str, text: str) -> None:
    if index in notes:
        notes[index].texts.append(text)
    else:
        notes[index] = Lines(path, text)
