"""One instance: bytes to a record, issues and coverage.

Order of work: file, data set, zone, charset, UIDs, then patient, study, series, instance. What
stops early still gives an issue that says where and why; nothing here raises for any bytes.
"""

import re
from typing import Final, Literal

from adapters.dicom import times
from adapters.dicom.instance import read_instance
from adapters.dicom.part10 import Opened, Refused, open_file, uid_text
from adapters.dicom.patient import read_patient
from adapters.dicom.profile import Compiled
from adapters.dicom.reader import UNDEFINED, Broken, Buffer, Elements, Pixels, Top, read_top
from adapters.dicom.reading import Reading
from adapters.dicom.study import read_series, read_study
from adapters.dicom.syntaxes import DICOMS_OWN, MEDIA_STORAGE_DIRECTORY
from adapters.dicom.tags import (
    DIRECTORY_RECORD_SEQUENCE,
    INSTANCE_CREATION_DATE,
    INSTANCE_CREATION_TIME,
    ITEM,
    MEDIA_STORAGE_SOP_CLASS_UID,
    MEDIA_STORAGE_SOP_INSTANCE_UID,
    READ,
    SEQUENCE_END,
    SERIES_INSTANCE_UID,
    SOP_CLASS_UID,
    SOP_INSTANCE_UID,
    STUDY_INSTANCE_UID,
    TIMEZONE_OFFSET,
    place,
)
from adapters.dicom.view import View
from hie.adapter import Coverage, Decoded, Severity
from hie.errors import MalformedMessage
from hie.records import InstanceRecord

LARGEST: Final = 1 << 30  # bytes of one content; a door that streams passes the header alone
_UID: Final = re.compile(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))*")
_UID_CHARACTERS: Final = re.compile(r"[A-Za-z0-9.\-]{1,64}")
_EARLY: Final = 1024  # bytes in which SOPInstanceUID stands in any but the oddest file
_MISSING: Final = (
    (SOP_INSTANCE_UID, "sop-uid-missing"),
    (STUDY_INSTANCE_UID, "study-uid-missing"),
    (SERIES_INSTANCE_UID, "series-uid-missing"),
    (SOP_CLASS_UID, "sop-class-missing"),
)


def decode_one(content: bytes, compiled: Compiled) -> Decoded:
    """What the instance says. Never raises for any bytes."""
    reading = Reading(compiled)
    try:
        return _decode(content, reading)
    except (MemoryError, RecursionError):
        reading.issue("out-of-memory", "file")
        return Decoded(None, "DICOM", None, (), tuple(reading.issues), Coverage())


def native_id(content: bytes) -> str | None:
    """SOPInstanceUID (0008,0018), else (0002,0003); None if unreadable."""
    for part in (content[:_EARLY], content):
        try:
            opened = open_file(part, is_prefix=True)
        except (Refused, MemoryError):
            continue
        buffer = Buffer(opened.data, opened.syntax.little)
        found = read_top(buffer, opened.syntax.explicit, opened.start).elements.get(
            SOP_INSTANCE_UID
        )
        raw = opened.data[found.start : found.stop] if found else b""
        uid = uid_text(raw)
        if uid:
            return uid if _UID_CHARACTERS.fullmatch(uid) else None
    return None


def pixels_are_whole(opened: Opened, pixels: Pixels, little: bool) -> bool:
    """Whether the pixel data ends inside the bytes: by its length, or by its last fragment."""
    if pixels.length != UNDEFINED:
        return pixels.value + pixels.length <= opened.size
    if opened.deflated:
        return True
    data, at = opened.data, pixels.value
    order: Literal["little", "big"] = "little" if little else "big"
    while len(data) - at >= 8:
        group = int.from_bytes(data[at : at + 2], order)
        number = int.from_bytes(data[at + 2 : at + 4], order)
        tag = group << 16 | number
        if tag == SEQUENCE_END:
            return True
        if tag != ITEM:
            return False
        at += 8 + int.from_bytes(data[at + 4 : at + 8], order)
    return False


def _decode(content: bytes, reading: Reading) -> Decoded:
    if len(content) > LARGEST:
        reading.issue("too-large", "file", expected=f"at most {LARGEST} bytes")
        return _nothing(reading)
    try:
        opened = open_file(content)
    except Refused as refusal:
        reading.issue(refusal.code, refusal.path, expected=refusal.expected)
        return _nothing(reading)
    for finding in opened.findings:
        reading.issue(finding, "(0002,0010)" if "syntax" in finding else "(0002,0000)")
    reading.buffer = Buffer(opened.data, opened.syntax.little)
    reading.explicit = opened.syntax.explicit
    top = read_top(reading.buffer, opened.syntax.explicit, opened.start)
    _check_end(reading, opened, top)
    _check_repeated(reading, top)
    native = _uid(reading.buffer.data, top.elements, SOP_INSTANCE_UID)
    if _is_directory(opened, top.elements):
        reading.issue("dicomdir", place(DIRECTORY_RECORD_SEQUENCE))
        return _nothing(reading, native)
    coverage = _coverage(top.elements)
    records: tuple[InstanceRecord, ...] = ()
    sent: str | None = None
    kind = "DICOM"
    try:
        record, sent = _record(reading, opened, top.elements)
    except MalformedMessage:
        reading.issue("charset-undecodable", "(0008,0005)", expected="UTF-8, GB18030 or as stated")
    except Broken as fault:
        reading.issue(fault.code, place(fault.tag), expected=fault.expected)
    else:
        if record is not None:
            records = (record,)
            kind = f"DICOM {record.series.modality or record.instance.sop_class}"
    return Decoded(native or None, kind, sent, records, tuple(reading.issues), coverage)


def _record(
    reading: Reading, opened: Opened, elements: Elements
) -> tuple[InstanceRecord | None, str | None]:
    """The record, and when the instance was made; no record without its UIDs."""
    uids = _uids(reading, opened, elements)
    if uids is None:
        return None, None
    sop, study_uid, series_uid, sop_class = uids
    view = reading.views(elements)
    _zone(reading, view)
    study = read_study(view, study_uid)
    series = read_series(view, series_uid)
    patient = read_patient(view, study.started)
    instance = read_instance(view, sop, sop_class, opened.transfer_syntax)
    made = view.moment(INSTANCE_CREATION_DATE, INSTANCE_CREATION_TIME)
    sent = next((t.text for t in (made, study.started) if t is not None and "T" in t.text), None)
    return InstanceRecord(patient, place(SOP_INSTANCE_UID), study, series, instance), sent


def _uids(reading: Reading, opened: Opened, elements: Elements) -> tuple[str, str, str, str] | None:
    """SOP instance, study, series, SOP class; None when the instance cannot be told apart."""
    data = reading.buffer.data
    found = {}
    for tag, code in _MISSING:
        uid = _uid(data, elements, tag)
        in_meta = {
            SOP_CLASS_UID: MEDIA_STORAGE_SOP_CLASS_UID,
            SOP_INSTANCE_UID: MEDIA_STORAGE_SOP_INSTANCE_UID,
        }.get(tag)
        if in_meta is not None:
            stated = uid_text(opened.meta.get(in_meta, b""))
            if uid and stated and stated != uid:
                reading.issue("uid-differs", place(in_meta), stated)
            if tag == SOP_CLASS_UID:
                uid = uid or stated
        if not uid:
            reading.issue(code, place(tag))
        elif not _UID_CHARACTERS.fullmatch(uid):
            reading.issue("uid-unusable", place(tag), uid)
            uid = ""
        elif not _UID.fullmatch(uid):
            reading.issue("uid-invalid", place(tag), uid)
        found[tag] = uid
    if not all(found.values()):
        return None
    sop_class = found[SOP_CLASS_UID]
    if not sop_class.startswith(DICOMS_OWN):
        is_allowed = reading.profile.dicom.private_sop_classes
        code = "sop-class-private" if is_allowed else "sop-class-refused"
        reading.issue(code, place(SOP_CLASS_UID), sop_class)
    return (
        found[SOP_INSTANCE_UID], found[STUDY_INSTANCE_UID], found[SERIES_INSTANCE_UID], sop_class
    )  # fmt: skip


def _uid(data: bytes, elements: Elements, tag: int) -> str:
    element = elements.get(tag)
    return uid_text(data[element.start : element.stop]) if element is not None else ""


def _zone(reading: Reading, view: View) -> None:
    """(0008,0201), else the site's zone: told once."""
    text = view.word(TIMEZONE_OFFSET)
    if text:
        try:
            reading.offset = times.zone_minutes(text)
        except ValueError:
            reading.issue("zone-invalid", place(TIMEZONE_OFFSET), text)
        else:
            return
    reading.issue(
        "zone-assumed", place(TIMEZONE_OFFSET), expected=times.offset_text(reading.offset)
    )


def _check_end(reading: Reading, opened: Opened, top: Top) -> None:
    """Whether the data set ends where it may: after a whole element, and with whole pixels."""
    if top.fault is not None:
        tag = place(top.fault.tag) if top.fault.tag else "file"
        reading.issue(top.fault.code, tag, expected=top.fault.expected)
    elif top.pixels is not None and not pixels_are_whole(opened, top.pixels, opened.syntax.little):
        reading.issue("truncated", place(top.pixels.tag), expected="the whole pixel data")


def _check_repeated(reading: Reading, top: Top) -> None:
    """An element that comes twice: two readers would read two instances."""
    for tag in top.repeated:
        severity = Severity.HOLD if tag in READ else None
        reading.issue("element-repeated", place(tag), severity=severity)


def _is_directory(opened: Opened, elements: Elements) -> bool:
    stated = uid_text(opened.meta.get(MEDIA_STORAGE_SOP_CLASS_UID, b""))
    return stated == MEDIA_STORAGE_DIRECTORY or DIRECTORY_RECORD_SEQUENCE in elements


def _coverage(elements: Elements) -> Coverage:
    """What became of each filled element at the top: read, left aside, or nobody's but theirs."""
    used, ignored, unknown = [], [], []
    for tag, element in elements.items():
        if element.stop <= element.start:
            continue
        if tag in READ:
            used.append(place(tag))
        elif tag >> 16 & 1:
            unknown.append(place(tag))
        else:
            ignored.append(place(tag))
    return Coverage(tuple(used), tuple(ignored), tuple(unknown))


def _nothing(reading: Reading, native: str = "") -> Decoded:
    return Decoded(native or None, "DICOM", None, (), tuple(reading.issues), Coverage())
