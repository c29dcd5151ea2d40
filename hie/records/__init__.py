"""What a message said, as plain values, before anybody decides what it means.

Every leaf carries the path it came from ("PID-3[2].1", "OBX[3]-5"), so that an issue, a coverage
report and a Provenance can point at the source. Texts are as sent after decoding and trimming;
numbers stay decimal text ("5.10"). Times are FHIR dateTime text with the precision that was sent.
"""

from hie.records.imaging import (
    ImagingReportRecord,
    InstancePart,
    InstanceRecord,
    SeriesPart,
    StudyPart,
)
from hie.records.laboratory import LabReportRecord, Result, SpecimenRecord
from hie.records.leaves import Coded, Identifier, Institution, Name, Staff, Time, Val
from hie.records.patient import PatientRecord, Visit, VisitRecord
from hie.records.values import (
    Attachment,
    Interpretation,
    Interval,
    Quantity,
    Ratio,
    ReferenceRange,
    ResultValue,
    Samples,
    Text,
    TimeValue,
)

Record = LabReportRecord | ImagingReportRecord | InstanceRecord | VisitRecord

__all__ = [
    "Attachment",
    "Coded",
    "Identifier",
    "ImagingReportRecord",
    "InstancePart",
    "InstanceRecord",
    "Institution",
    "Interpretation",
    "Interval",
    "LabReportRecord",
    "Name",
    "PatientRecord",
    "Quantity",
    "Ratio",
    "Record",
    "ReferenceRange",
    "Result",
    "ResultValue",
    "Samples",
    "SeriesPart",
    "SpecimenRecord",
    "Staff",
    "StudyPart",
    "Text",
    "Time",
    "TimeValue",
    "Val",
    "Visit",
    "VisitRecord",
]
