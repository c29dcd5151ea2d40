"""Study and series of an instance: PS3.3 sections C.7.2 and C.7.3, and the request behind them."""

import re
from collections.abc import Iterator
from typing import Final

from adapters.dicom.patient import authority, number, staff
from adapters.dicom.tags import (
    ACCESSION_NUMBER,
    ANATOMIC_REGION_SEQUENCE,
    BODY_PART,
    CODE_MEANING,
    CODE_VALUE,
    CODING_SCHEME,
    DEPARTMENT_NAME,
    INSTITUTION_CODE_SEQUENCE,
    INSTITUTION_NAME,
    ISSUER_OF_ACCESSION_NUMBER_SEQUENCE,
    LATERALITY,
    LOCAL_NAMESPACE,
    LONG_CODE_VALUE,
    MANUFACTURER,
    MODALITY,
    MODEL_NAME,
    OPERATORS_NAME,
    PERFORMED_STEP_DESCRIPTION,
    PERFORMING_PHYSICIAN,
    PROCEDURE_CODE_SEQUENCE,
    PROTOCOL_NAME,
    READING_PHYSICIAN,
    REASON_FOR_PROCEDURE,
    REASON_FOR_PROCEDURE_CODE_SEQUENCE,
    REFERRING_PHYSICIAN,
    REQUEST_ATTRIBUTES_SEQUENCE,
    REQUESTED_PROCEDURE_CODE_SEQUENCE,
    REQUESTED_PROCEDURE_DESCRIPTION,
    REQUESTED_PROCEDURE_ID,
    SCHEDULED_PROTOCOL_CODE_SEQUENCE,
    SCHEDULED_STEP_DESCRIPTION,
    SERIES_DATE,
    SERIES_DESCRIPTION,
    SERIES_NUMBER,
    SERIES_RELATED_INSTANCES,
    SERIES_TIME,
    SOFTWARE_VERSIONS,
    STUDY_DATE,
    STUDY_DESCRIPTION,
    STUDY_ID,
    STUDY_RELATED_INSTANCES,
    STUDY_RELATED_SERIES,
    STUDY_TIME,
    URN_CODE_VALUE,
    place,
)
from adapters.dicom.view import View
from hie.records import Coded, Identifier, Institution, SeriesPart, StudyPart

_CREDIT_CODE: Final = re.compile(r"[0-9A-HJ-NPQRTUWXY]{18}")


def read_study(view: View, uid: str) -> StudyPart:
    """The study as this instance states it."""
    started = view.moment(STUDY_DATE, STUDY_TIME)
    if started is None:
        view.reading.issue("study-date-missing", view.path(STUDY_DATE))
    requests = (view, *view.items(REQUEST_ATTRIBUTES_SEQUENCE))
    return StudyPart(
        uid=uid,
        accession=_accession(requests),
        study_id=view.val(STUDY_ID),
        orders=_orders(requests),
        started=started,
        description=view.val(STUDY_DESCRIPTION),
        procedures=tuple(dict.fromkeys(_procedures(requests))),
        reasons=tuple(dict.fromkeys(_reasons(requests))),
        referrer=staff(view, REFERRING_PHYSICIAN),
        reader=staff(view, READING_PHYSICIAN),
        institution=_institution(view),
        department=view.val(DEPARTMENT_NAME),
        stated_instances=_count(view, STUDY_RELATED_INSTANCES),
        stated_series=_count(view, STUDY_RELATED_SERIES),
    )


def read_series(view: View, uid: str) -> SeriesPart:
    """The series as this instance states it."""
    modalities = view.words(MODALITY)
    if not modalities:
        view.reading.issue("modality-missing", view.path(MODALITY))
    elif len(modalities) > 1:
        view.reading.issue("modality-several", view.path(MODALITY), view.word(MODALITY))
    return SeriesPart(
        uid=uid,
        number=view.integer(SERIES_NUMBER),
        modality="\\".join(modalities).upper() or None,
        description=view.val(SERIES_DESCRIPTION),
        protocol=view.val(PROTOCOL_NAME),
        body_parts=body_parts(view),
        laterality=view.word(LATERALITY).upper() or None,
        started=view.moment(SERIES_DATE, SERIES_TIME),
        performer=staff(view, PERFORMING_PHYSICIAN) or staff(view, OPERATORS_NAME),
        manufacturer=view.val(MANUFACTURER),
        model=view.val(MODEL_NAME),
        software=view.val(SOFTWARE_VERSIONS),
        stated_instances=_count(view, SERIES_RELATED_INSTANCES),
    )


def body_parts(view: View) -> tuple[str, ...]:
    """BodyPartExamined and the meanings of the anatomic region, as sent, each once."""
    found = [part for one in view.text(BODY_PART).split("\\") if (part := one.strip())]
    found += [
        meaning
        for item in view.items(ANATOMIC_REGION_SEQUENCE)
        if (meaning := item.text(CODE_MEANING))
    ]
    return tuple(dict.fromkeys(found))


def coded(view: View, tag: int) -> Iterator[Coded]:
    """The codes of a code sequence (PS3.3 section 8.8)."""
    for item in view.items(tag):
        code = item.text(CODE_VALUE) or item.text(LONG_CODE_VALUE) or item.word(URN_CODE_VALUE)
        meaning = item.text(CODE_MEANING)
        if code or meaning:
            yield Coded(
                code or None, meaning or None, item.word(CODING_SCHEME) or None, item.path(tag)
            )


def _count(view: View, tag: int) -> int | None:
    found = view.integer(tag)
    return found if found is not None and found > 0 else None


def _accession(requests: tuple[View, ...]) -> Identifier | None:
    for view in requests:
        value = number(view, ACCESSION_NUMBER)
        if value:
            own = view.reading.profile.accession.issuer
            issuer = authority(view, LOCAL_NAMESPACE, ISSUER_OF_ACCESSION_NUMBER_SEQUENCE)
            if issuer is None:
                named = (
                    item.text(LOCAL_NAMESPACE)
                    for item in view.items(ISSUER_OF_ACCESSION_NUMBER_SEQUENCE)
                )
                issuer = next((one for one in named if one), own)
            return Identifier(value, "accession", issuer, view.path(ACCESSION_NUMBER))
    return None


def _orders(requests: tuple[View, ...]) -> tuple[Identifier, ...]:
    """Placer and filler numbers where the profile says, then the requested procedure's number."""
    own = requests[0].reading.profile.orders
    found: dict[tuple[str, str], Identifier] = {}
    for kind, fields in (("placer", own.placer), ("filler", own.filler)):
        for field in fields:
            tag = _TAGS[field]
            values = [(view, value) for view in requests if (value := number(view, tag))]
            for view, value in values:
                found.setdefault((kind, value), Identifier(value, kind, None, view.path(tag)))
            if values:
                break
    for view in requests:
        value = number(view, REQUESTED_PROCEDURE_ID)
        if value:
            path = view.path(REQUESTED_PROCEDURE_ID)
            found.setdefault(("procedure", value), Identifier(value, "procedure", None, path))
    return tuple(found.values())


def _procedures(requests: tuple[View, ...]) -> Iterator[Coded]:
    """Codes of what was asked for and done, then the words beside them."""
    for view in requests:
        for tag in (
            PROCEDURE_CODE_SEQUENCE,
            REQUESTED_PROCEDURE_CODE_SEQUENCE,
            SCHEDULED_PROTOCOL_CODE_SEQUENCE,
        ):
            yield from coded(view, tag)
        for tag in (
            REQUESTED_PROCEDURE_DESCRIPTION,
            SCHEDULED_STEP_DESCRIPTION,
            PERFORMED_STEP_DESCRIPTION,
        ):
            text = view.text(tag)
            if text:
                yield Coded(None, None, None, view.path(tag), text=text)


def _reasons(requests: tuple[View, ...]) -> Iterator[Coded]:
    for view in requests:
        yield from coded(view, REASON_FOR_PROCEDURE_CODE_SEQUENCE)
        text = view.text(REASON_FOR_PROCEDURE)
        if text:
            yield Coded(None, None, None, view.path(REASON_FOR_PROCEDURE), text=text)


def _institution(view: View) -> Institution | None:
    """The institution by credit code: sent as a code, in the name, or known to the profile."""
    table = view.reading.profile.institutions
    name = view.text(INSTITUTION_NAME)
    words = [name] if name else []
    for item in view.items(INSTITUTION_CODE_SEQUENCE):
        words += [w for w in (item.text(CODE_VALUE), item.text(CODE_MEANING)) if w]
    if not words:
        return None
    code = next((w for w in words if _CREDIT_CODE.fullmatch(w)), None)
    if code is None:
        code = next((table[w] for w in words if w in table), None)
    if code is None:
        view.reading.issue("institution-unmapped", view.path(INSTITUTION_NAME), words[0])
    return Institution(view.path(INSTITUTION_NAME), code, name or words[-1])


_TAGS: Final = {
    place(tag): tag
    for tag in (
        ACCESSION_NUMBER,
        0x00402016,
        0x00402017,
        REQUESTED_PROCEDURE_ID,
        STUDY_ID,
        0x00100020,
    )
}
