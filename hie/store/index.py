"""What the typed columns say about a resource: read once, when it is written.

Hand-written for each type, because thousands of results a second pass here. Columns come in the
order of `COLUMNS`; a type that is not listed has none of its own.
"""

from collections.abc import Callable, Mapping
from typing import Any

from hie.fhir import CANONICAL, CATEGORY, ITEM, LOINC, SECTION
from hie.fhir.search.is_when import interval
from hie.store.instants import OPEN_END, OPEN_START, bounds
from hie.store.other_codes import Other, Place, written
from hie.store.systems import short

_MAPPING = f"{CANONICAL}/StructureDefinition/mapping"
_FACTS = f"{CANONICAL}/StructureDefinition/study-facts"
DICOM_UID = "urn:dicom:uid"
_DCM = "http://dicom.nema.org/resources/ontology/DCM"
_CODE = ("code_system", "code", "local_system", "local_code")

COLUMNS: dict[str, tuple[str, ...]] = {
    "Observation": (
        *_CODE,
        "item",
        "category",
        "effective_us",
        "effective_end_us",
        "issued_us",
        "report",
        "codes",
    ),
    "DiagnosticReport": (
        *_CODE,
        "category",
        "effective_us",
        "effective_end_us",
        "issued_us",
        "item",
        "mapping",
        "codes",
    ),
    "ImagingStudy": (
        "klass",
        "modality",
        "effective_us",
        "effective_end_us",
        "uid_hash",
        "accession_hash",
        "accession_system",
        "codes",
    ),
}

Values = tuple[Any, ...]
Mapped = tuple[str, str]  # item, and "confirmed" or "unconfirmed"
Blind = Callable[[str], str]  # the keyed hash an identifier is searched by


def columns(kind: str) -> tuple[str, ...]:
    """The typed columns of a resource type beyond the common ones."""
    return COLUMNS.get(kind, ())


def values(
    kind: str,
    resource: dict[str, Any],
    report: str | None = None,
    blind: Blind | None = None,
    item: Mapped | None = None,
) -> Values:
    """Their values for one resource; `report` is the id of the report an Observation belongs to.

    `item` is what an Observation is of when its codings do not say so themselves; `blind` is the
    keyed hash for the types that are found by an identifier of their own.
    """
    if kind == "ImagingStudy":
        return _study(resource, blind)
    if kind == "Observation":
        return _observation(resource, report, item)
    reader = _READERS.get(kind)
    return () if reader is None else reader(resource, report)


def item_of(
    kind: str, resource: Mapping[str, Any], message: str | None, loinc: Mapping[str, Mapped]
) -> Mapped | None:
    """What an Observation an institution wrote is of by its LOINC code; None for any other.

    What came as a message says so in a coding of its own. `loinc` is the catalogue's.
    """
    if kind != "Observation" or not (message or "").startswith("institution:"):
        return None
    for coding in resource.get("code", _NOTHING).get("coding", ()):
        if coding.get("system") == LOINC and coding.get("code") in loinc:
            return loinc[coding["code"]]
    return None


def status(resource: dict[str, Any]) -> str | None:
    """The element `status` of the types that have one."""
    found = resource.get("status")
    return found if isinstance(found, str) else None


def _observation(
    resource: dict[str, Any], report: str | None, known: Mapped | None = None
) -> Values:
    system = code = local_system = local_code = item = None
    others: list[Other] = []
    for coding in resource.get("code", _NOTHING).get("coding", ()):
        its = coding.get("system", "")
        if its == ITEM and item is None:
            item = coding.get("code")
        elif its == LOINC and code is None:
            system, code = "LN", coding.get("code")
        elif not coding.get("code"):
            continue
        elif local_code is None:
            local_system, local_code = short(its), coding["code"]
        else:
            others.append((Place.CODE, its, coding["code"]))
    if item is None and known is not None:
        item = known[0]
    start, end = _effective(resource)
    category, foreign = _category(resource, CATEGORY, others)
    return (
        system,
        code,
        local_system,
        _clean(local_code),
        item,
        category,
        start,
        end,
        _issued(resource),
        report,
        written(others, foreign) if others or foreign else None,
    )


def _report(resource: dict[str, Any], _report: str | None) -> Values:
    system = code = local_system = local_code = item = mapping = None
    others: list[Other] = []
    for coding in resource.get("code", _NOTHING).get("coding", ()):
        its = coding.get("system", "")
        if its == ITEM and item is None:
            item = coding.get("code")
            mapping = _mapping(coding)
        elif its == LOINC and code is None:
            system, code = "LN", coding.get("code")
        elif not coding.get("code"):
            continue
        elif local_code is None:
            local_system, local_code = short(its), coding["code"]
        else:
            others.append((Place.CODE, its, coding["code"]))
    start, end = _effective(resource)
    category, foreign = _category(resource, SECTION, others)
    return (
        system,
        code,
        local_system,
        _clean(local_code),
        category,
        start,
        end,
        _issued(resource),
        item,
        mapping,
        written(others, foreign) if others or foreign else None,
    )


def _study(resource: dict[str, Any], blind: Blind | None) -> Values:
    uid = accession = accession_system = None
    for one in resource.get("identifier", ()):
        system, value = one.get("system", ""), one.get("value")
        if not value:
            continue
        if system == DICOM_UID:
            uid = value
        elif accession is None:
            accession, accession_system = value, short(system)
    series = [one["modality"] for one in resource.get("series", ()) if "modality" in one]
    modalities = [one for one in (*resource.get("modality", ()), *series) if one.get("code")]
    # Codes stand between blanks in the column: one with a blank of its own does not.
    codes = list(dict.fromkeys(one["code"] for one in modalities if " " not in one["code"]))
    foreign = any(one.get("system", "") != _DCM for one in modalities)
    others = [
        (Place.MODALITY, one.get("system", ""), one["code"])
        for one in modalities
        if foreign or " " in one["code"]
    ]
    started = resource.get("started")
    start, end = (bounds(started) if started else None) or (None, None)
    return (
        _class(resource),
        f" {_clean(' '.join(codes))} " if codes else None,
        start,
        end,
        blind(uid) if blind and uid else None,
        blind(accession) if blind and accession else None,
        _clean(accession_system),
        written(others, [Place.MODALITY] if foreign else ()) if others else None,
    )


def _class(resource: dict[str, Any]) -> str | None:
    for extension in resource.get("extension", ()):
        if extension.get("url") == _FACTS:
            for fact in extension.get("extension", ()):
                if fact.get("url") == "class":
                    code: str | None = fact.get("valueCode")
                    return code
    return None


def _mapping(coding: dict[str, Any]) -> str | None:
    for extension in coding.get("extension", ()):
        if extension.get("url") == _MAPPING:
            code: str | None = extension.get("valueCode")
            return code
    return None


def _effective(resource: dict[str, Any]) -> tuple[int | None, int | None]:
    text = resource.get("effectiveDateTime") or resource.get("effectiveInstant")
    if text is not None:
        return bounds(text) or (None, None)
    if "effectiveTiming" in resource:
        return interval("Timing", resource["effectiveTiming"]) or (None, None)
    period = resource.get("effectivePeriod")
    if not period:
        return None, None
    first = bounds(period["start"]) if "start" in period else (OPEN_START, OPEN_START)
    last = bounds(period["end"]) if "end" in period else (OPEN_END, OPEN_END)
    return (first[0], last[1]) if first and last else (None, None)


def _issued(resource: dict[str, Any]) -> int | None:
    text = resource.get("issued")
    found = bounds(text) if text else None
    return found[0] if found else None


def _category(
    resource: dict[str, Any], system: str, others: list[Other]
) -> tuple[str | None, tuple[Place, ...]]:
    """The first category of a system, else the first of any, which is then told; the rest added."""
    found = [
        (coding.get("system", ""), coding["code"])
        for concept in resource.get("category", ())
        for coding in concept.get("coding", ())
        if coding.get("code")
    ]
    if not found:
        return None, ()
    first = next((one for one in found if one[0] == system), found[0])
    is_foreign = first[0] != system
    if len(found) > 1 or is_foreign:
        others += [(Place.CATEGORY, *one) for one in found if is_foreign or one is not first]
    return _clean(first[1]), (Place.CATEGORY,) if is_foreign else ()


def _clean(text: str | None) -> str | None:
    # PostgreSQL holds no NUL in text; the resource itself keeps what was sent.
    return text.replace("\0", "") if text is not None and "\0" in text else text


_NOTHING: dict[str, Any] = {}
_READERS: dict[str, Callable[[dict[str, Any], str | None], Values]] = {
    "DiagnosticReport": _report,
}
