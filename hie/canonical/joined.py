"""Several reports of one number in one message are one report.

Laboratories send one OBR for each panel of a tube, all with the tube's filler number. What they
list together is what the report lists: a second OBR must not push the first one's results out.
"""

from collections.abc import Iterable, Sequence

import msgspec

from hie.adapter import Issue, Severity
from hie.canonical.keys import Report
from hie.records import (
    ImagingReportRecord,
    LabReportRecord,
    PatientRecord,
    Record,
    Result,
    Time,
    Val,
)

# Table 0123 as FHIR; of several panels the one that is least complete speaks for the report.
_OPEN = ("registered", "preliminary", "partial")
_RANK = {
    "registered": 0,
    "preliminary": 1,
    "partial": 2,
    "final": 3,
    "amended": 4,
    "corrected": 4,
    "cancelled": 5,
    "entered-in-error": 5,
}


def join(records: Iterable[Record]) -> tuple[list[Record], list[Issue]]:
    """The records, laboratory reports of one number and patient joined, in their order.

    The same number for two patients is an issue that holds the message: nobody may guess whose
    report it is.
    """
    found: list[Record] = []
    places: dict[str, int] = {}
    issues: list[Issue] = []
    for record in records:
        number = _number(record)
        place = places.get(number) if number is not None else None
        first = found[place] if place is not None else None
        if number is None or place is None or first is None:
            if number is not None:
                places[number] = len(found)
            found.append(record)
        elif _who(first.patient) != _who(record.patient):
            issues.append(
                Issue(
                    "build",
                    "report-of-another-patient",
                    Severity.HOLD,
                    record.path,
                    "one patient for one report number",
                )
            )
        elif isinstance(first, LabReportRecord) and isinstance(record, LabReportRecord):
            found[place] = _joined(first, record)
        elif isinstance(first, ImagingReportRecord) and isinstance(record, ImagingReportRecord):
            found[place] = _joined_imaging(first, record)
        else:
            issues.append(
                Issue(
                    "build",
                    "report-number-twice",
                    Severity.HOLD,
                    record.path,
                    "a number of its own for each laboratory and imaging report",
                )
            )
    return found, issues


def _number(record: Record) -> str | None:
    if not isinstance(record, LabReportRecord | ImagingReportRecord):
        return None
    if record.filler is not None and record.filler.value:
        return record.filler.value
    return f"placer:{record.placer.value}" if record.placer is not None else None


def _who(patient: PatientRecord) -> object:
    numbers = {(one.type, one.authority, one.value) for one in patient.identifiers}
    return numbers or (patient.names, patient.birth_date)


def _joined(one: LabReportRecord, other: LabReportRecord) -> LabReportRecord:
    """Both as the first, with the results, specimens, notes and forms of the second."""
    shift = len(one.specimens)
    known = {specimen.ids: place for place, specimen in enumerate(one.specimens) if specimen.ids}
    places: dict[int, int] = {}
    specimens = list(one.specimens)
    for place, specimen in enumerate(other.specimens):
        if specimen.ids and specimen.ids in known:
            places[place] = known[specimen.ids]
        else:
            places[place] = len(specimens)
            specimens.append(specimen)
    alone = 0 if shift or len(other.specimens) != 1 else None
    results = [_placed(result, places, alone) for result in other.results]
    return msgspec.structs.replace(
        one,
        status=_status([one.status, other.status]),
        results=_once((*one.results, *results)),
        specimens=tuple(specimens),
        collected=one.collected or other.collected,
        received=one.received or other.received,
        issued=_later(one, other),
        reviewers=tuple(dict.fromkeys((*one.reviewers, *other.reviewers))),
        authors=tuple(dict.fromkeys((*one.authors, *other.authors))),
        notes=(*one.notes, *(n for n in other.notes if n not in one.notes)),
        forms=(*one.forms, *other.forms),
        extra=(*one.extra, *(e for e in other.extra if e not in one.extra)),
    )


def _joined_imaging(one: ImagingReportRecord, other: ImagingReportRecord) -> ImagingReportRecord:
    """Both as the first: several parts examined, one text over all or a text for each."""
    return msgspec.structs.replace(
        one,
        status=_status([one.status, other.status]),
        accession=one.accession or other.accession,
        study_uid=one.study_uid or other.study_uid,
        performed=one.performed or other.performed,
        issued=_later(one, other),
        class_hint=one.class_hint if one.class_hint == other.class_hint else None,
        class_stated=one.class_stated and one.class_hint == other.class_hint,
        body_parts=(*one.body_parts, *(p for p in other.body_parts if p not in one.body_parts)),
        technique=_both(one.technique, other.technique, "; "),
        findings=_both(one.findings, other.findings, "\n"),
        conclusion=_both(one.conclusion, other.conclusion, "\n"),
        reviewers=tuple(dict.fromkeys((*one.reviewers, *other.reviewers))),
        authors=tuple(dict.fromkeys((*one.authors, *other.authors))),
        notes=(*one.notes, *(n for n in other.notes if n not in one.notes)),
        forms=(*one.forms, *other.forms),
        extra=(*one.extra, *(e for e in other.extra if e not in one.extra)),
        wrong_patient=one.wrong_patient or other.wrong_patient,
        withdrawn=tuple(part for part in one.withdrawn if part in other.withdrawn),
    )


def _both(one: Val | None, other: Val | None, between: str) -> Val | None:
    if one is None or other is None or one.text == other.text:
        return one or other
    return Val(f"{one.text}{between}{other.text}", one.path)


def _placed(result: Result, places: dict[int, int], alone: int | None) -> Result:
    place = result.specimen if result.specimen is not None else alone
    if place is None or place not in places:
        return result
    return msgspec.structs.replace(result, specimen=places[place])


def _status(statuses: Sequence[str | None]) -> str | None:
    if None in statuses:
        return None
    said = [status for status in statuses if status is not None]
    if len(set(said)) == 1:
        return said[0]
    if any(status in _OPEN for status in said):
        return "partial"
    standing = [status for status in said if status not in {"cancelled", "entered-in-error"}]
    return max(standing, key=lambda status: _RANK.get(status, 3)) if standing else "cancelled"


def _later(one: Report, other: Report) -> Time | None:
    if one.issued is None or other.issued is None:
        return one.issued or other.issued
    return max(one.issued, other.issued, key=lambda time: time.text)


def _once(results: tuple[Result, ...]) -> tuple[Result, ...]:
    """The same result in both panels once; of two statuses of one result the higher stands."""
    kept: dict[tuple[object, ...], Result] = {}
    for place, result in enumerate(results):
        key: tuple[object, ...] = (result.code.code or result.code.display, result.sub_id)
        stands = kept.get(key)
        if stands is None:
            kept[key] = result
        elif _said(stands) == _said(result):
            continue
        elif _RANK.get(result.status or "", 3) > _RANK.get(stands.status or "", 3):
            kept[key] = result
        elif _RANK.get(result.status or "", 3) == _RANK.get(stands.status or "", 3):
            kept[*key, place] = result
    return tuple(kept.values())


def _said(result: Result) -> tuple[object, ...]:
    unit = result.unit.text if result.unit else None
    return (result.status, result.value, result.components, unit)
