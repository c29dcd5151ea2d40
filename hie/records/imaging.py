"""An imaging report, and one instance of a study, as they said it themselves."""

from decimal import Decimal
from typing import Literal

import msgspec

from hie.records.leaves import Coded, Identifier, Institution, Staff, Time, Val
from hie.records.patient import PatientRecord, Visit
from hie.records.values import Attachment


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
