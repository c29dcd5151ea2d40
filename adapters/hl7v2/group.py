"""One order group on its way to a report: what was met since its OBR.

The walk fills it segment by segment; `report.py` turns it into a record.
"""

import msgspec

from adapters.hl7v2.attachment import Piece
from adapters.hl7v2.imaging_words import Class
from adapters.hl7v2.reader import Segment
from hie.records import Attachment, Coded, PatientRecord, Result, SpecimenRecord, Time, Val, Visit


class Lines:
    """Text that came in several segments: NTE of one owner, or TX lines of one result."""

    __slots__ = ("path", "texts")

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.texts = [text]

    def val(self) -> Val:
        """The lines as one value, at the place of the first."""
        return Val("\n".join(self.texts), self.path)


class Imaging(msgspec.Struct, frozen=True, gc=False):
    """That an order is imaging, and of which class."""

    kind: Class | None
    is_stated: bool  # by the profile or the section, not by the name alone


class Statement(msgspec.Struct, gc=False):
    """One OBX of an imaging report, its lines put together."""

    path: str
    code: Coded | None
    sub_id: str
    lines: list[str]
    unit: str
    letter: str
    status: str | None


class Group:
    """An OBR with everything that belongs to it."""

    __slots__ = (
        "collected",
        "extra",
        "fallback",
        "forms",
        "imaging",
        "joined",
        "key_dates",
        "notes",
        "obr",
        "obr_time",
        "orc",
        "patient",
        "pieces",
        "priority",
        "received",
        "result_notes",
        "results",
        "specimen",
        "specimen_notes",
        "specimens",
        "statements",
        "studies",
        "visit",
    )  # fmt: skip

    def __init__(self, obr: Segment, patient: PatientRecord, visit: Visit | None) -> None:
        self.obr = obr
        self.orc: Segment | None = None
        self.patient = patient
        self.visit = visit
        self.collected: Time | None = None
        self.obr_time: Time | None = None  # OBR-7
        self.fallback: Time | None = None  # collection time of an OBX that names none
        self.received: Time | None = None
        self.priority = ""
        self.results: list[Result] = []
        self.specimens: list[SpecimenRecord] = []
        self.specimen: int | None = None  # that of the next OBX
        self.forms: list[Attachment] = []
        self.pieces: list[Piece] = []
        self.notes: list[Lines] = []
        self.result_notes: dict[int, Lines] = {}
        self.specimen_notes: dict[int, Lines] = {}
        self.joined: dict[int, Lines] = {}  # TX lines by result
        self.extra: list[Val] = []
        self.imaging: Imaging | None = None  # what it is a report of, if of images
        self.statements: list[Statement] = []  # the OBX of an imaging report
        self.studies: list[Segment] = []  # ZDS, IPC
        self.key_dates: dict[str, str] = {}  # raw collection times and their paths


def add_lines(notes: list[Lines], path: str, text: str) -> None:
    """One more line of what came in several segments of one owner."""
    if notes:
        notes[-1].texts.append(text)
    else:
        notes.append(Lines(path, text))


def add_note(notes: dict[int, Lines], index: int, path: str, text: str) -> None:
    """One more line of the note on number `index`."""
    if index in notes:
        notes[index].texts.append(text)
    else:
        notes[index] = Lines(path, text)
