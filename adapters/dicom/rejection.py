"""Rejection notes: key object selections that take images back.

IHE RAD TF-3, Imaging Object Change Management: the note's title says why (poor quality, patient
safety, wrong worklist entry, retention expired), its evidence names the instances.
"""

from typing import Final

from adapters.dicom.frames import within
from adapters.dicom.syntaxes import KEY_OBJECT_SELECTION, REJECTIONS
from adapters.dicom.tags import (
    CODE_VALUE,
    CONCEPT_NAME_CODE_SEQUENCE,
    CONTENT_SEQUENCE,
    EVIDENCE_SEQUENCE,
    REFERENCED_SERIES_SEQUENCE,
    REFERENCED_SOP_INSTANCE_UID,
    REFERENCED_SOP_SEQUENCE,
)
from adapters.dicom.view import View

_MOST_REJECTED: Final = 20_000


def read_rejection(view: View, sop_class: str) -> tuple[str | None, tuple[str, ...]]:
    """Of a rejection note: its title's code and the instances it names (IHE RAD, IOCM)."""
    if sop_class != KEY_OBJECT_SELECTION:
        return None, ()
    titles = [item.word(CODE_VALUE) for item in view.items(CONCEPT_NAME_CODE_SEQUENCE)]
    code = next((one for one in titles if one in REJECTIONS), None)
    if code is None:
        return None, ()
    path = view.path(CONCEPT_NAME_CODE_SEQUENCE)
    view.reading.issue("rejection-note", path, code)
    named: dict[str, None] = {}
    series = within(view.items(EVIDENCE_SEQUENCE), REFERENCED_SERIES_SEQUENCE)
    for item in (*series, *view.items(CONTENT_SEQUENCE)):
        for one in item.items(REFERENCED_SOP_SEQUENCE):
            uid = one.word(REFERENCED_SOP_INSTANCE_UID)
            if uid and len(named) < _MOST_REJECTED:
                named[uid] = None
    if not named:
        view.reading.issue("rejection-empty", path)
    return code, tuple(named)
