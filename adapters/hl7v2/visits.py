"""ADT: a patient came, moved, left, or did not come after all.

HL7 v2 chapter 3. Of all that an ADT says the hub asks who is here, since when and until when: it
is what says which hospital treats whom. The event is that of MSH-9; PV1-45 says that one who is
told of otherwise has left. What was changed (A08) stays planned, here, left or cancelled as it was.
"""

from collections.abc import Sequence
from typing import Final, Literal

from adapters.hl7v2.patient import read_patient, read_visit
from adapters.hl7v2.reader import Segment
from adapters.hl7v2.reading import Reading
from hie.records import VisitRecord

Event = Literal["planned", "here", "left", "cancelled", "changed"]

EVENTS: Final[dict[str, Event]] = {
    "A01": "here",  # admitted
    "A02": "here",  # moved
    "A03": "left",
    "A04": "here",  # registered as an outpatient
    "A05": "planned",
    "A06": "here",  # outpatient to inpatient
    "A07": "here",  # inpatient to outpatient
    "A08": "changed",  # something about it; that somebody is here it does not say
    "A11": "cancelled",  # the admission
    "A12": "here",  # the move was cancelled
    "A13": "here",  # the discharge was cancelled
    "A38": "cancelled",  # what was planned
}


def read_visits(
    reading: Reading, segments: Sequence[Segment], event: str
) -> tuple[VisitRecord, ...]:
    """The visit an ADT is about; nothing, with an issue, where it does not say which."""
    pid = next((one for one in segments if one.name == "PID"), None)
    pv1 = next((one for one in segments if one.name == "PV1"), None)
    if pid is None:
        reading.issue("patient-missing", "PID")
        return ()
    visit = None if pv1 is None else read_visit(reading, pv1)
    if pv1 is None or visit is None or visit.number is None:
        reading.issue("visit-number-missing", "PV1-19" if pv1 is None else pv1.row[19])
        return ()
    told = EVENTS[event]
    if told in ("here", "changed") and visit.discharged is not None and event != "A13":
        told = "left"
    return (VisitRecord(read_patient(reading, pid), pv1.row[0], visit, told),)
