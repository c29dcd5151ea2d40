"""Segments to reports: one linear walk, no message grammar.

ORU^R01 has ORC OBR OBX NTE SPM; OUL^R22 and R23 put SPM first and ORC after OBR; products mix
both, leave ORC out, or name the wrong structure in MSH-9.3. So each segment is attached to what
stands open when it comes, and the few places where that is not enough look ahead to the next OBR.
"""

from adapters.hl7v2.beside import FORMS, SAMPLED, add_form, add_line
from adapters.hl7v2.bindings import Neighbours, bound
from adapters.hl7v2.control import read_control
from adapters.hl7v2.coverage import ASIDE
from adapters.hl7v2.group import Group, Lines, add_lines, add_note
from adapters.hl7v2.imaging import as_imaging, read_statement
from adapters.hl7v2.imaging_order import decide
from adapters.hl7v2.patient import read_patient, read_visit
from adapters.hl7v2.reader import Segment
from adapters.hl7v2.reading import Reading
from adapters.hl7v2.report import close_order, open_order
from adapters.hl7v2.result import read_result
from adapters.hl7v2.specimen import read_specimen
from adapters.hl7v2.values import WHOLE, sampling_of
from hie.records import (
    ImagingReportRecord,
    LabReportRecord,
    PatientRecord,
    SpecimenRecord,
    Val,
    Visit,
)


class Walk:
    """Where the walk stands: the open patient, order group and owner of the next note."""

    def __init__(
        self, reading: Reading, segments: list[Segment], *, has_specimens: bool = True
    ) -> None:
        self.reading = reading
        self.segments = segments
        self.records: list[LabReportRecord | ImagingReportRecord] = []
        self._has_specimens = has_specimens  # False: no SPM is looked for
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
        self._control = reading.compiled.control

    def run(self) -> tuple[LabReportRecord | ImagingReportRecord, ...]:
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
        group.imaging = decide(self.reading, segment, self.segments, at)
        open_order(self.reading, group, specimens)
        if self._is_leading and group.specimens:
            group.specimen = len(group.specimens) - 1
        self._group = group
        self._owner = "OBR"
        self._last = _NO_LINE

    def _ahead(self, at: int) -> list[SpecimenRecord]:
        """The SPM that follow in this order group, read now: results lean on their times."""
        found: list[SpecimenRecord] = []
        if not self._has_specimens:
            return found
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
        group, near = self._group, self._near
        if group is None:
            self.reading.issue("segment-misplaced", segment.row[0])
            self.reading.tally.leave(segment)
            self._pending.append(Val(segment.text(self.reading.delimiters), segment.row[0]))
            return
        f = segment.fields
        kind = f[2]
        if group.imaging is not None and kind not in FORMS:
            self._owner = "OBR"
            read_statement(self.reading, group, segment)
            return
        is_text = False
        if kind in _NOT_ONE_BY_ONE:
            if kind in FORMS and not self._is_sampled(segment):
                self._owner, self._last = "", _NO_LINE
                add_form(self.reading, group, segment, kind)
                return
            is_text = kind in WHOLE
            if self._last == (f[3], f[4]) and f[3] and add_line(self.reading, group, segment):
                return
        if f[14]:
            group.key_dates.setdefault(f[14], segment.row[14])
        result = read_result(self.reading, segment, group.fallback, group.specimen)
        if is_text or self._last is not _NO_LINE:
            self._last = (f[3], f[4]) if is_text and result is not None else _NO_LINE
        if result is None:
            self._owner = ""
            self.reading.tally.leave(segment)
            return
        group.results.append(result)
        self._owner = "OBX"
        if near is not None and self._control is not None:
            read_control(self.reading, self._control, near, result, at)

    def _is_sampled(self, segment: Segment) -> bool:
        """Whether an array is a result of its own, because the profile says how it was sampled."""
        kind, samples = segment.fields[2], self.reading.profile.samples
        if kind not in SAMPLED or not samples:
            return False
        return sampling_of(self.reading, self.reading.component(segment.fields[3], 1)) is not None

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
            add_lines(self._pending_notes, path, text)
        elif self._owner == "OBX":
            add_note(group.result_notes, len(group.results) - 1, path, text)
        elif self._owner == "SPM" and group.specimen is not None:
            add_note(group.specimen_notes, group.specimen, path, text)
        else:
            add_lines(group.notes, path, text)

    def _other(self, segment: Segment) -> None:
        """Z-segments and unknown ones are kept verbatim; known ones that are not read are not."""
        group = self._group
        if group is not None and segment.name in ("ZDS", "IPC"):
            group.studies.append(segment)
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
        order = close_order(self.reading, group)
        imaging = group.imaging
        record = as_imaging(self.reading, group, imaging, order) if imaging else order
        if record.filler is not None:
            if record.filler.value in self._fillers:
                self.reading.issue("filler-repeated", record.filler.path)
            self._fillers.add(record.filler.value)
        self.records.append(record)


_NO_LINE = ("", "")
_NOT_ONE_BY_ONE = FORMS | WHOLE
