"""What the typed columns say about a resource: read once, when it is written.

Hand-written for each type, because thousands of results a second pass here. Columns come in the
order of `COLUMNS`; a type that is not listed has none of its own.
"""

from collections.abc import Callable
from typing import Any

from hie.fhir import CANONICAL, ITEM, LOINC
from hie.store.instants import OPEN_END, OPEN_START, bounds
from hie.store.systems import short

_MAPPING = f"{CANONICAL}/StructureDefinition/mapping"
_FACTS = f"{CANONICAL}/StructureDefinition/study-facts"
DICOM_UID = "urn:dicom:uid"
_CODE = ("code_system", "code", "local_system", "local_code")

COLUMNS: dict[str, tuple[str, ...]] = {
    "Observation": (
        *_CODE,
        "item",
        "mapping",
        "category",
        "effective_us",
        "effective_end_us",
        "issued_us",
        "report",
    ),
    "DiagnosticReport": (
        *_CODE,
        "category",
        "effective_us",
        "effective_end_us",
        "issued_us",
        "item",
        "mapping",
    ),
    "ImagingStudy": (
        "klass",
        "modality",
        "effective_us",
        "effective_end_us",
        "uid_hash",
        "accession_hash",
        "accession_system",
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


def status(resource: dict[str, Any]) -> str | None:
    """The element `status` of the types that have one."""
    found = resource.get("status")
    return found if isinstance(found, str) else None


def _observation(
    resource: dict[str, Any], report: str | None, known: Mapped | None = None
) -> Values:
    system = code = local_system = local_code = item = mapping = None
    for coding in resource.get("code", _NOTHING).get("coding", ()):
        its = coding.get("system", "")
        if its == ITEM:
            item = coding.get("code")
            mapping = _mapping(coding)
        elif its == LOINC and code is None:
            system, code = "LN", coding.get("code")
        elif local_code is None and coding.get("code"):
            local_system, local_code = short(its), coding["code"]
    if item is None and known is not None:
        item, mapping = known
    start, end = _effective(resource)
    return (
        system,
        code,
        local_system,
        _clean(local_code),
        item,
        mapping,
        _category(resource),
        start,
        end,
        _issued(resource),
        report,
    )


def _report(resource: dict[str, Any], _report: str | None) -> Values:
    system = code = local_system = local_code = item = mapping = None
    for coding in resource.get("code", _NOTHING).get("coding", ()):
        its = coding.get("system", "")
        if its == ITEM:
            item = coding.get("code")
            mapping = _mapping(coding)
        elif its == LOINC and code is None:
            system, code = "LN", coding.get("code")
        elif local_code is None and coding.get("code"):
            local_system, local_code = short(its), coding["code"]
    start, end = _effective(resource)
    return (
        system,
        code,
        local_system,
        _clean(local_code),
        _category(resource),
        start,
        end,
        _issued(resource),
        item,
        mapping,
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
    codes = [one["code"] for one in resource.get("modality", ()) if one.get("code")]
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


def _category(resource: dict[str, Any]) -> str | None:
    for concept in resource.get("category", ()):
        for coding in concept.get("coding", ()):
            code: str | None = coding.get("code")
            if code:
                return _clean(code)
    return None


def _clean(text: str | None) -> str | None:
    # PostgreSQL holds no NUL in text; the resource itself keeps what was sent.
    return text.replace("\0", "") if text is not None and "\0" in text else text


_NOTHING: dict[str, Any] = {}
_READERS: dict[str, Callable[[dict[str, Any], str | None], Values]] = {
    "DiagnosticReport": _report,
}
