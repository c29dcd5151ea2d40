"""One register file as it was read: good rows, where each stood, and the file's faults."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from hie.errors import Fault
from hie.recognition.register import (
    InstitutionRow,
    MarkRow,
    PolicyEntry,
    PrecisionRow,
    QualificationRow,
    SuccessorRow,
)

RegisterKind = Literal[
    "institutions", "successors", "qualifications", "precision", "marks", "policies"
]
RegisterRow = (
    InstitutionRow | SuccessorRow | QualificationRow | PrecisionRow | MarkRow | PolicyEntry
)


class Named(NamedTuple):
    """A cell that names something which must exist: an item or a region."""

    what: Literal["item", "region"]
    place: str
    value: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """One file's good rows and its faults; `places` says where each row stood.

    `kind` is None for a file that is no register. Rows of a file with faults are never imported.
    `named` are the cells to look up, those of bad rows too, so that one run finds every fault.
    """

    filename: str
    kind: RegisterKind | None
    rows: tuple[RegisterRow, ...] = ()
    places: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
    named: tuple[Named, ...] = ()
