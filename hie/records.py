"""What a message said, as plain values, before anybody decides what it means.

Every leaf carries the path it came from ("PID-3[2].1", "OBX[3]-5"), so that an issue, a coverage
report and a Provenance can point at the source. Texts are as sent after decoding and trimming;
numbers stay decimal text ("5.10"). Times are FHIR dateTime text with the precision that was sent.
"""

from decimal import Decimal
from typing import Literal

import msgspec


class Val(msgspec.Struct, frozen=True, gc=False):
    """One text and where it stood."""

    text: str
    path: str


class Coded(msgspec.Struct, frozen=True, gc=False):
    """A coded element (HL7 CWE): local code first, an alternate coding if sent, original text."""

    code: str | None
    display: str | None
    system: str | None  # the sender's name of the coding system, e.g. "LN", "99LAB"
    path: str
    alt_code: str | None = None
    alt_display: str | None = None
    alt_system: str | None = None
    text: str | None = None


class Time(msgspec.Struct, frozen=True, gc=False):
    """A point in time as FHIR dateTime text: "2026", "2026-06-15", or with time and zone."""

    text: str
    precision: Literal["year", "month", "day", "hour", "minute", "second"]
    path: str
    zone_assumed: bool = False


class Identifier(msgspec.Struct, frozen=True, gc=False):
    """A number given to somebody or something by somebody."""

    value: str
    type: str | None  # hub type (docs/order-check.md lists them: "resident-id", "passport",
    # "outpatient-no" ...) or the sender's code when it is none of them
    authority: str | None  # assigning authority as sent: OID, URI or local name; None = site
    path: str


class Name(msgspec.Struct, frozen=True, gc=False):
    """A human name as sent; `text` is the whole in reading order."""

    text: str
    path: str
    family: str | None = None
    given: str | None = None


class Staff(msgspec.Struct, frozen=True, gc=False):
    """A person who ordered, performed, verified or interpreted."""

    path: str
    id: str | None = None
    name: str | None = None
    department: Coded | None = None  # where they work, when the message says so


class Institution(msgspec.Struct, frozen=True, gc=False):
    """An organisation as the sender names it; `code` is a unified social credit code."""

    path: str
    code: str | None = None
    name: str | None = None


class PatientRecord(msgspec.Struct, frozen=True):
    """The patient as this site knows them."""

    identifiers: tuple[Identifier, ...]  # the site's primary number first
    names: tuple[Name, ...]
    sex: Literal["male", "female", "other", "unknown"] | None
    birth_date: Time | None
    deceased: bool | None = None
    phones: tuple[Val, ...] = ()
    addresses: tuple[Val, ...] = ()


class Quantity(msgspec.Struct, frozen=True, gc=False):
    """A number as text, digits kept ("5.10"), with a comparator when one was sent."""

    value: str
    comparator: Literal["<", "<=", ">=", ">"] | None = None


class Text(msgspec.Struct, frozen=True, gc=False):
    """A result in words."""

    text: str


class Ratio(msgspec.Struct, frozen=True, gc=False):
    """A titre or ratio, e.g. 1:128."""

    numerator: str
    denominator: str
    text: str
    comparator: Literal["<", "<=", ">=", ">"] | None = None


class Interval(msgspec.Struct, frozen=True, gc=False):
    """A result that is itself a range, e.g. 0.01-0.05."""

    low: str | None
    high: str | None
    text: str


class TimeValue(msgspec.Struct, frozen=True, gc=False):
    """A result that is a time ("2026-06-15", "08:30:00") or a period."""

    kind: Literal["dateTime", "time", "period"]
    start: str | None
    end: str | None = None


class Samples(msgspec.Struct, frozen=True, gc=False):
    """A result that is a row of samples: decimals separated by blanks, `E` where one is missing."""

    data: str
    dimensions: int  # channels; the samples of one moment stand together
    period: str  # milliseconds between two moments
    origin: str  # what a sample of zero stands for


class Attachment(msgspec.Struct, frozen=True, gc=False):
    """Bytes or an address sent with the result; an address is never opened."""

    media: str
    path: str
    data: bytes | None = None
    url: str | None = None
    title: str | None = None


ResultValue = Quantity | Coded | Text | Ratio | Interval | TimeValue | Samples


class ReferenceRange(msgspec.Struct, frozen=True, gc=False):
    """A printed interval; `text` is always what was printed."""

    text: str
    path: str
    low: str | None = None
    high: str | None = None
    low_exclusive: bool = False  # ">3.5"
    high_exclusive: bool = False  # "<1.0"
    sex: Literal["male", "female"] | None = None
    age_low: int | None = None  # whole years, both ends included
    age_high: int | None = None
    pregnant: bool = False


class Interpretation(msgspec.Struct, frozen=True, gc=False):
    """A flag sent with the result, in codes of v3-ObservationInterpretation (H, L, HH, POS ...)."""

    code: str | None  # None: the sender's text is no known flag
    text: str
    path: str


class Result(msgspec.Struct, frozen=True):
    """One result of a report (an OBX)."""

    code: Coded
    path: str  # "OBX[3]"
    status: str | None  # FHIR Observation.status; None: the site's default is missing
    sub_id: str | None = None
    value: ResultValue | None = None
    unit: Val | None = None  # as sent, unescaped, e.g. "10^9/L"
    absent_reason: str | None = None  # code of data-absent-reason when there is no value
    components: tuple[ResultValue, ...] = ()  # repeated OBX-5
    ranges: tuple[ReferenceRange, ...] = ()
    interpretations: tuple[Interpretation, ...] = ()
    effective: Time | None = None  # specimen taken: OBX-14, else OBR-7, else SPM-17
    status_code: Val | None = None  # the code as sent (OBX-11), for the alternate-codes extension
    specimen: int | None = None  # index into LabReportRecord.specimens
    analysed: Time | None = None
    performer: Institution | None = None
    staff: tuple[Staff, ...] = ()
    method: Coded | None = None
    device: Val | None = None
    control: Literal["in", "out"] | None = None
    category: str | None = None
    notes: tuple[Val, ...] = ()
    identifier: Val | None = None  # the sender's own number of this result (OBX-21)
    wrong_patient: bool = False  # OBX-11 W: retract everywhere
    delete: bool = False  # OBX-11 D


class SpecimenRecord(msgspec.Struct, frozen=True):
    """A specimen (SPM, or OBR-15 of older messages)."""

    path: str
    ids: tuple[Identifier, ...] = ()
    type: Coded | None = None
    collected: Time | None = None
    received: Time | None = None
    conditions: tuple[Coded, ...] = ()
    rejected: Coded | None = None
    notes: tuple[Val, ...] = ()


class Visit(msgspec.Struct, frozen=True, gc=False):
    """The encounter a report belongs to."""

    path: str
    number: Val | None = None
    class_code: str | None = None  # HL7 table 0004: O, I, E ...
    department: Val | None = None


class LabReportRecord(msgspec.Struct, frozen=True):
    """One laboratory report: an order group with its results."""

    patient: PatientRecord
    path: str  # "OBR[1]"
    code: Coded
    status: str | None  # FHIR DiagnosticReport.status
    placer: Identifier | None
    filler: Identifier | None
    results: tuple[Result, ...]
    specimens: tuple[SpecimenRecord, ...] = ()
    collected: Time | None = None  # OBR-7
    received: Time | None = None  # OBR-14: arrival at the laboratory
    issued: Time | None = None  # OBR-22
    performer: Institution | None = None
    reviewers: tuple[Staff, ...] = ()  # OBR-32, ORC-11
    authors: tuple[Staff, ...] = ()  # OBR-34, OBR-33
    requester: Staff | None = None
    requested_by: Institution | None = None
    priority: str | None = None  # FHIR request-priority
    category: str | None = None  # OBR-24, table 0074
    order_status: str | None = None  # FHIR request-status
    order_control: str | None = None  # ORC-1
    clinical: Val | None = None  # OBR-13
    visit: Visit | None = None
    notes: tuple[Val, ...] = ()
    forms: tuple[Attachment, ...] = ()  # printed reports (PDF ...)
    extra: tuple[Val, ...] = ()  # Z-segments and bound leftovers, verbatim
    status_code: Val | None = None  # OBR-25 as sent


class StudyPart(msgspec.Struct, frozen=True):
    """The study an instance belongs to, as the instance itself states it (PS3.3 C.7.2)."""

    uid: str  # StudyInstanceUID (0020,000D)
    accession: Identifier | None = None  # (0008,0050); authority from (0008,0051)
    study_id: Val | None = None  # (0020,0010)
    orders: tuple[Identifier, ...] = ()  # type "placer" (0040,2016), "filler" (0040,2017) or
    # "procedure" (0040,1001), at the top and within RequestAttributesSequence (0040,0275)
    started: Time | None = None  # (0008,0020) and (0008,0030), zone (0008,0201) or the site's
    description: Val | None = None  # (0008,1030)
    procedures: tuple[Coded, ...] = ()  # (0008,1032), (0032,1064); their words (0032,1060)
    reasons: tuple[Coded, ...] = ()  # (0040,1002), (0040,100A)
    referrer: Staff | None = None  # (0008,0090)
    reader: Staff | None = None  # (0008,1060)
    institution: Institution | None = None  # (0008,0080), (0008,0082)
    department: Val | None = None  # (0008,1040)
    stated_instances: int | None = None  # (0020,1208): what the sender says, never a count of ours
    stated_series: int | None = None  # (0020,1206)


class SeriesPart(msgspec.Struct, frozen=True):
    """The series an instance belongs to, as the instance itself states it (PS3.3 C.7.3)."""

    uid: str  # SeriesInstanceUID (0020,000E)
    number: int | None = None  # (0020,0011)
    modality: str | None = None  # (0008,0060)
    description: Val | None = None  # (0008,103E)
    protocol: Val | None = None  # (0018,1030)
    body_parts: tuple[str, ...] = ()  # (0018,0015) and (0008,2218), as sent
    laterality: str | None = None  # (0020,0060)
    started: Time | None = None  # (0008,0021) and (0008,0031)
    performer: Staff | None = None  # (0008,1050), else operator (0008,1070)
    manufacturer: Val | None = None  # (0008,0070)
    model: Val | None = None  # (0008,1090)
    software: Val | None = None  # (0018,1020)
    stated_instances: int | None = None  # (0020,1209)


class InstancePart(msgspec.Struct, frozen=True):
    """One instance: what may bear on recognition. None or empty: the tag was absent or unusable."""

    uid: str  # SOPInstanceUID (0008,0018)
    sop_class: str  # SOPClassUID (0008,0016)
    transfer_syntax: str | None = None  # (0002,0010); None: no file meta information
    number: int | None = None  # (0020,0013)
    title: Val | None = None  # (0070,0080), (0040,A043), (0042,0010)
    image_type: tuple[str, ...] = ()  # (0008,0008)
    rows: int | None = None  # (0028,0010)
    columns: int | None = None  # (0028,0011)
    frames: int | None = None  # (0028,0008), else 1 when there are rows and columns
    bits: int | None = None  # (0028,0101) BitsStored
    lossy: bool | None = None  # (0028,2110), the transfer syntax, or both; None: not stated
    lossy_ratio: tuple[Decimal, ...] = ()  # (0028,2112)
    lossy_method: tuple[str, ...] = ()  # (0028,2114)
    contrast_agent: Val | None = None  # (0018,0010), (0018,0012)
    slice_thickness: Decimal | None = None  # (0018,0050), mm
    spacing: Decimal | None = None  # (0018,0088) between slice centres, mm
    pixel_spacing: tuple[Decimal, Decimal] | None = (
        None  # (0028,0030), else (0018,1164): row, column
    )
    position: tuple[Decimal, Decimal, Decimal] | None = None  # (0020,0032), mm
    orientation: tuple[Decimal, ...] = ()  # (0020,0037): six cosines
    frame_positions: tuple[tuple[Decimal, Decimal, Decimal], ...] = ()  # enhanced multi-frame
    view: str | None = None  # (0018,5101), else (0054,0220): CC, MLO, PA, AP, LL ...
    laterality: str | None = None  # (0020,0062), else (0020,0060) or (0020,9072)
    body_parts: tuple[str, ...] = ()  # this instance's own (0018,0015), (0008,2218)
    kernel: Val | None = None  # (0018,1210)
    sequences: tuple[str, ...] = ()  # (0018,0024), (0018,9005); (0018,0020) and (0018,0021) joined
    repetition_time: Decimal | None = None  # (0018,0080), ms
    echo_time: Decimal | None = None  # (0018,0081), ms
    field_strength: Decimal | None = None  # (0018,0087), tesla
    kvp: Decimal | None = None  # (0018,0060)
    exposure: Decimal | None = None  # (0018,1152), mAs
    dose: Decimal | None = None  # (0018,9345) CTDIvol, mGy
    calibrated: Time | None = None  # (0018,1200)
    tracer: Val | None = None  # (0018,0031), else (0054,0304) within (0054,0016)
    activity: Decimal | None = None  # (0018,1074) within (0054,0016), as sent: Bq (PET), MBq (NM)
    burned_in: str | None = None  # (0028,0301): YES, NO
    quality_control: str | None = None  # (0028,0300): YES, NO, BOTH
    identity_removed: str | None = None  # (0012,0062)
    conversion: str | None = None  # (0008,0064): how a secondary capture was made
    acquired: Time | None = None  # (0008,002A), else (0008,0022)/(0008,0032): image taken
    rejects: tuple[str, ...] = ()  # a key object rejection note: SOP instance UIDs it rejects
    reject_code: str | None = None  # its title: 113001, 113037, 113038, 113039 (DCM)


class InstanceRecord(msgspec.Struct, frozen=True):
    """One DICOM instance: an image, or an object that speaks about images."""

    patient: PatientRecord
    path: str  # "(0008,0018)"
    study: StudyPart
    series: SeriesPart
    instance: InstancePart


class ImagingReportRecord(msgspec.Struct, frozen=True):
    """One imaging report: what was examined, and what the reader saw and concluded.

    What the words mean (body part, contrast, protocol) is decided where FHIR is built; here they
    stand as sent. `study_uid`, `accession`, `placer` and `filler` find the images.
    """

    patient: PatientRecord
    path: str  # "OBR[1]"
    code: Coded  # the examination
    status: str | None  # FHIR DiagnosticReport.status
    placer: Identifier | None
    filler: Identifier | None
    accession: Identifier | None = None
    study_uid: Val | None = None
    performed: Time | None = None  # image taken: OBR-7; never OBR-22
    issued: Time | None = None  # OBR-22
    class_hint: Literal["XRAY", "CT", "MRI", "US", "NM", "MG"] | None = None
    class_stated: bool = False  # by the profile or the section, not by the name alone
    body_parts: tuple[Val, ...] = ()  # codes or words
    laterality: Val | None = None
    technique: Val | None = None  # how it was done: plain, enhanced, low-dose ...
    tracer: Val | None = None
    stated_instances: int | None = None  # number of images, where the report states it
    findings: Val | None = None
    conclusion: Val | None = None
    performer: Institution | None = None
    reviewers: tuple[Staff, ...] = ()
    authors: tuple[Staff, ...] = ()
    requester: Staff | None = None
    requested_by: Institution | None = None
    priority: str | None = None
    category: str | None = None  # OBR-24, table 0074
    order_status: str | None = None
    clinical: Val | None = None
    visit: Visit | None = None
    notes: tuple[Val, ...] = ()
    forms: tuple[Attachment, ...] = ()
    extra: tuple[Val, ...] = ()
    status_code: Val | None = None  # OBR-25 as sent
    wrong_patient: bool = False  # OBX-11 W: retract everywhere
    withdrawn: tuple[Literal["findings", "conclusion"], ...] = ()  # these statements (OBX-11 D)


Record = LabReportRecord | ImagingReportRecord | InstanceRecord
