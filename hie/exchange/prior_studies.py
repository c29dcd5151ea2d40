"""Which examinations with images are known of one person, and how the engine is asked about them.

A study and its report are one examination; either may come alone. Each kind of examination (class,
body parts, side, contrast) is asked once, like an order placed now for the same examination.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlsplit

from hie.access.policy import Restriction
from hie.canonical.study_said import forms_text
from hie.exchange.imaging_candidates import speaks
from hie.exchange.person_records import every
from hie.fhir import ITEM, Resource, extension
from hie.fhir.elements import find_extension, referenced
from hie.recognition.catalogue import Catalogue
from hie.recognition.study import Study, read_study
from hie.store.session import Reader
from hie.store.versions import read_many

MOST: Final = 1_000  # studies, and reports, of one person
MOST_ORDERS: Final = 60  # of the 100 of one order-check; the laboratory has the rest
# HL7 table 0074, diagnostic service sections that look at images.
_SECTIONS: Final = frozenset(
    ("RAD", "CT", "NMR", "NMS", "RUS", "OUS", "VUS", "CUS", "XRC", "RX", "MG")
)


@dataclass(frozen=True, slots=True)
class Examination:
    """A study, its report, or both; `facts` is what the two say together."""

    study: Resource | None
    report: Resource | None
    facts: Study
    klass: str | None
    images: str = ""  # where its images are asked for: a path of this hub; "" where there are none

    @property
    def key(self) -> str:
        """The id it is shown under: the study's, else the report's."""
        named = self.study or self.report or {}
        return str(named.get("id", ""))

    @property
    def taken(self) -> str:
        """When the images were made, as stated; "" when nobody says."""
        study, report = self.study or {}, self.report or {}
        return str(study.get("started") or report.get("effectiveDateTime") or "")


async def find_examinations(
    reader: Reader,
    homes: Sequence[str],
    sight: Restriction,
    catalogue: Catalogue,
    known: Sequence[Resource] | None = None,
) -> list[Examination]:
    """Every examination of a person's homes that this reader may see, newest first.

    `known` are the reports of these homes, where they were read already.
    """
    studies = await every(reader, "ImagingStudy", homes, sight, most=MOST)
    if known is None:
        known = await every(reader, "DiagnosticReport", homes, sight, most=MOST)
    reports = [one for one in known if _is_imaging(one, catalogue)]
    keys = {key for study in studies for key in _endpoints(study)}
    endpoints = {
        key: one.resource()
        for key, one in (await read_many(reader, "Endpoint", keys, sight)).items()
    }
    return joined(studies, reports, catalogue, endpoints)


def joined(
    studies: Sequence[Resource],
    reports: Sequence[Resource],
    catalogue: Catalogue,
    endpoints: Mapping[str, Resource] = MappingProxyType({}),
) -> list[Examination]:
    """Studies with their reports, and reports without a study, newest first.

    `endpoints` by id are those the studies name: without one, a study's images are not to be had.
    """
    first_speaks = sorted(reports, key=speaks, reverse=True)
    reported = {one["id"]: _studies_of(one) for one in first_speaks}
    known = {one["id"] for one in studies}
    found = [
        _examination(
            study,
            next((one for one in first_speaks if study["id"] in reported[one["id"]]), None),
            catalogue,
            _images(study, endpoints),
        )
        for study in studies
    ]
    found += [
        _examination(None, one, catalogue)
        for one in first_speaks
        if not reported[one["id"]] & known
    ]
    return sorted(found, key=lambda one: one.taken, reverse=True)


def ask_about(examinations: Iterable[Examination]) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """The order lines for an order-check, and which line each examination's key belongs to.

    An examination without a class cannot be ordered and has no line. Nothing special is ordered:
    a low-dose or screening study is asked about like the full examination it would replace.
    """
    orders: dict[tuple[Any, ...], dict[str, Any]] = {}
    lines: dict[str, str] = {}
    for one in examinations:
        if one.klass is None:
            continue
        facts = one.facts
        contrast = None if facts.contrast is None else facts.contrast != "none"
        parts = ",".join(sorted(facts.parts.codes)) or None
        kind = (one.klass, parts, facts.laterality, contrast)
        if kind not in orders and len(orders) >= MOST_ORDERS:
            continue
        line = orders.setdefault(
            kind,
            {
                "ref": f"image-{len(orders) + 1}",
                "item": one.klass,
                "body_part": parts,
                "laterality": facts.laterality,
                "contrast": contrast,
            },
        )
        lines[one.key] = line["ref"]
    return list(orders.values()), lines


def told(
    one: Examination, candidate: Mapping[str, Any] | None, place: Callable[[Mapping[str, Any]], str]
) -> dict[str, Any]:
    """An examination as plain values for a page.

    `candidate` is the answer's entry for it; `place` names the institution of a Reference.
    """
    study, report, facts = one.study or {}, one.report or {}, one.facts
    return {
        "key": one.key,
        "study": study.get("id"),
        "images": one.images,
        "status": study.get("status"),
        "class": one.klass,
        "parts": sorted(facts.parts.codes),
        "laterality": facts.laterality,
        "contrast": facts.contrast,
        "protocols": sorted(facts.protocols or ()),
        "expected": facts.expected,
        "received": facts.received,
        "retrievable": facts.retrievable,
        "description": study.get("description") or report.get("code", {}).get("text", ""),
        "taken": one.taken,
        "institution": place(_institution(study, report)),
        "series": [_series(part) for part in study.get("series", ())],
        "report": _report(report) if one.report is not None else None,
        "candidate": candidate,
    }


def _is_imaging(report: Resource, catalogue: Catalogue) -> bool:
    if report.get("imagingStudy"):
        return True
    codes = {
        coding.get("code") for one in report.get("category", ()) for coding in one.get("coding", ())
    }
    return bool(codes & _SECTIONS) or _class(report, catalogue) is not None


def _examination(
    study: Resource | None, report: Resource | None, catalogue: Catalogue, images: str = ""
) -> Examination:
    facts = read_study(study, report, catalogue.class_of_modality)
    klass = facts.klass if facts.klass in catalogue.classes else None
    return Examination(study, report, facts, klass or _class(report or {}, catalogue), images)


def _class(report: Resource, catalogue: Catalogue) -> str | None:
    for coding in report.get("code", {}).get("coding", ()):
        if coding.get("system") == ITEM and coding.get("code") in catalogue.classes:
            return str(coding["code"])
    return None


def _studies_of(report: Resource) -> set[str]:
    found = (referenced(one) for one in report.get("imagingStudy", ()))
    return {one[1] for one in found if one is not None}


def _endpoints(study: Resource) -> Iterator[str]:
    found = (referenced(one) for one in study.get("endpoint", ()))
    return (one[1] for one in found if one is not None and one[0] == "Endpoint")


def _images(study: Resource, endpoints: Mapping[str, Resource]) -> str:
    """The path of the study at this hub's DICOMweb door, as its Endpoint names the door."""
    uid = _uid(study)
    for key in _endpoints(study):
        base = urlsplit(endpoints.get(key, {}).get("address", "")).path.rstrip("/")
        if uid and base.startswith("/dicom-web"):
            return f"{base}/studies/{uid}"
    return ""


def _uid(study: Resource) -> str | None:
    for one in study.get("identifier", ()):
        if one.get("system") == "urn:dicom:uid":
            return str(one["value"]).removeprefix("urn:oid:")
    return None


def _series(part: Resource) -> dict[str, Any]:
    return {
        "uid": part["uid"],
        "number": part.get("number"),
        "modality": part.get("modality", {}).get("code", ""),
        "description": part.get("description", ""),
        "count": part.get("numberOfInstances", len(part.get("instance", ()))),
        "instances": [one["uid"] for one in part.get("instance", ())],
    }


def _institution(study: Resource, report: Resource) -> Mapping[str, Any]:
    """The Reference to where the images were made; of a report alone, its first performer."""
    found = find_extension(study, extension("performing-institution"))
    performers: list[Mapping[str, Any]] = report.get("performer", [])
    reference: Mapping[str, Any] | None = found.get("valueReference") if found else None
    return reference or next(iter(performers), {})


def _report(report: Resource) -> dict[str, Any]:
    findings = find_extension(report, extension("findings")) or {}
    return {
        "id": report.get("id", ""),
        "status": report.get("status", ""),
        "issued": report.get("issued", ""),
        "findings": findings.get("valueString")
        or findings.get("valueMarkdown")
        or forms_text(report),
        "conclusion": report.get("conclusion", ""),
        "reviewers": [
            one["display"] for one in report.get("resultsInterpreter", ()) if one.get("display")
        ],
    }
