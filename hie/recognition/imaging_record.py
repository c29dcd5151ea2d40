"""Reads a candidate's facts out of FHIR: an ImagingStudy with its report, or either alone.

A study and its report are one record, named by the study. Of a study only the report's status
counts (R-004), and a study that nobody reported on has none. The class is what DICOM says, which
needs no confirmation; the report's own code speaks only where the images do not.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from hie.fhir import ITEM, LOINC, Resource, extension
from hie.fhir.elements import code_in, find_extension
from hie.recognition.candidate import Candidate, Identity
from hie.recognition.catalogue import Catalogue
from hie.recognition.record import (
    NO_ISSUERS,
    Issuer,
    Mapped,
    extension_value,
    find_institution,
    first_moment,
    identifier_of,
    released,
    versioned,
)
from hie.recognition.study import read_study
from hie.recognition.value import ReadValue


def read_imaging_candidate(
    study: Resource | None,
    report: Resource | None,
    patient: Resource | None,
    *,
    identity: Identity,
    catalogue: Catalogue,
    issuers: Mapping[str, Issuer] = NO_ISSUERS,
    site: Issuer | None = None,
    current: bool = True,
    withheld: bool | None = False,
) -> Candidate:
    """The facts of one imaging record, from current versions as the store holds them.

    Raises ValueError when there is neither study nor report. The other arguments are those of
    `read_candidate`.
    """
    named = study if study is not None else report
    if named is None:
        raise ValueError("an imaging record is a study, a report, or both")
    facts = read_study(study, report, catalogue.class_of_modality)
    told = report or {}
    item, mapping = _class(facts.klass, told, catalogue)
    performers = (*_performers(study), *told.get("performer", ()))
    issuer = find_institution(performers, issuers) or site
    reviewers = told.get("resultsInterpreter", ())
    known = patient or {}
    return Candidate(
        resource=versioned(named),
        identity=identity,
        item=item,
        mapping=mapping,
        code=_code(told) or _modality(study),
        status=None if study is None else study.get("status"),
        report_status=told.get("status"),
        collected=_taken(study, told),
        received=None,
        issued=first_moment(*released(told)),
        reviewed=bool(reviewers),
        reviewer=next((r["display"] for r in reviewers if r.get("display")), None),
        institution=None if issuer is None else issuer.code or "",
        institution_name=None if issuer is None else issuer.name,
        value=ReadValue(),
        control=None,
        birth_date=known.get("birthDate"),
        sex=known.get("gender"),
        report=identifier_of(told),
        result="" if study is None else identifier_of(study),
        current=current,
        withheld=withheld,
        study=facts,
    )


def _class(
    read: str | None, report: Resource, catalogue: Catalogue
) -> tuple[str | None, Mapped | None]:
    """The class, and whether it needs no person any more: what DICOM says does not."""
    if read in catalogue.classes:
        return read, "confirmed"
    for coding in report.get("code", {}).get("coding", ()):
        if coding.get("system") == ITEM and coding.get("code") in catalogue.classes:
            sure = extension_value(coding, "mapping", "valueCode") == "confirmed"
            return coding["code"], "confirmed" if sure else "unconfirmed"
    return None, None


def _performers(study: Resource | None) -> Iterable[Mapping[str, Any]]:
    """The institution the images were made at."""
    found = find_extension(study or {}, extension("performing-institution"))
    reference = found.get("valueReference") if found else None
    return [reference] if isinstance(reference, dict) else []


def _taken(study: Resource | None, report: Resource) -> Any:
    """When the images were made; the report's word counts only without a study."""
    if study is not None:
        return first_moment(study.get("started"))
    return first_moment(
        report.get("effectiveDateTime"),
        report.get("effectivePeriod", {}).get("start"),
        report.get("effectiveInstant"),
    )


def _code(report: Resource) -> str | None:
    codings = report.get("code", {}).get("coding", ())
    own = next((c.get("code") for c in codings if c.get("system") != ITEM and c.get("code")), None)
    return code_in(report.get("code"), LOINC) or own


def _modality(study: Resource | None) -> str | None:
    codes = [one.get("code") for one in (study or {}).get("modality", ()) if one.get("code")]
    return "/".join(codes) or None
