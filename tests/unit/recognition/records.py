"""Results, registers and questions for tests of the engine, saying only what a test is about.

What is not said is as good as it can be: an adult man's final, reviewed result of an active 3A
laboratory in Beijing with 京津冀HR, qualified and precise, of a specimen without a defect, with the
receiver's own interval printed; a receiver of 3A in Shijiazhuang that asks for an outpatient's
treatment with nothing happened since. All institutions and people are invented.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, cast

from hie.fhir import CATEGORY, INSTITUTION, INTERPRETATION, ITEM, LOINC, Resource, extension
from hie.recognition.candidate import Candidate, Identity, Relation
from hie.recognition.catalogue import load_catalogue
from hie.recognition.eligibility import Registers
from hie.recognition.imaging_record import read_imaging_candidate
from hie.recognition.moment import find_moment
from hie.recognition.policy import build_policy
from hie.recognition.question import Question
from hie.recognition.record import read_candidate, read_issuer
from hie.recognition.register import (
    InstitutionRow,
    MarkRow,
    PolicyEntry,
    PrecisionRow,
    QualificationRow,
    RegisterRows,
    SuccessorRow,
)
from hie.recognition.request import Encounter
from hie.recognition.request_order import Order
from hie.recognition.rulebook import Kind, Rulebook, load_rulebook
from hie.terminology.units import read_unit

SOURCE, RECEIVER = "12110102400000101U", "121301024000001027"
ON = "2026-06-15T10:00:00+08:00"
COLLECTED = "2026-06-12T08:10:00+08:00"
GATES = frozenset(range(6))
IMAGING_GATES = frozenset({0, 1, 2, 4, 5, 6})
IMAGING = ("XRAY", "CT", "MRI", "US", "NM", "MG")
_SINCE = "2022-03-01"

STRONG = Identity(Relation.STRONG)
NOTHING_SPECIAL = Encounter("outpatient", "treatment", events=())


def day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def institution(
    code: str = SOURCE,
    *,
    name: str = "示例第一医院",
    region: str = "110102",
    level: str = "3A",
    consortium: str = "",
    status: str = "active",
    start: str = _SINCE,
    end: str | None = None,
) -> InstitutionRow:
    return InstitutionRow(
        code, name, region, level, "hospital", consortium, cast(Any, status),
        date.fromisoformat(start), day(end),
    )  # fmt: skip


def receiver(**other: Any) -> InstitutionRow:
    return institution(**{"code": RECEIVER, "name": "示例接收医院", "region": "130102", **other})


def eqa(
    start: str,
    end: str | None = None,
    *,
    acceptable: bool = True,
    scheme: str = "NCCL",
    name: str | None = None,
    item: str = "K",
    code: str = SOURCE,
    score: str = "",
) -> QualificationRow:
    return QualificationRow(
        code, item, scheme, start if name is None else name, date.fromisoformat(start), day(end),
        score or ("100" if acceptable else "60"), acceptable,
    )  # fmt: skip


def mark(
    text: str, *, item: str = "K", start: str = _SINCE, end: str | None = None, code: str = SOURCE
) -> MarkRow:
    return MarkRow(code, item, text, date.fromisoformat(start), day(end))


def successor(code: str, to: str, start: str) -> SuccessorRow:
    return SuccessorRow(code, to, date.fromisoformat(start))


def registers(
    *,
    institutions: Iterable[InstitutionRow] | None = None,
    qualifications: Iterable[QualificationRow] | None = None,
    precision: Mapping[str, str] | None = None,
    marks: Iterable[MarkRow] | None = None,
    successors: Iterable[SuccessorRow] = (),
    cvs_of: Iterable[PrecisionRow] = (),
    item: str = "K",
) -> Registers:
    """Registers of one item; what is left out is as good as it can be over 2025 and 2026."""
    months = [f"{year}-{month:02d}" for year in (2025, 2026) for month in range(1, 13)]
    cvs = dict.fromkeys(months, "0.1") if precision is None else precision
    return Registers(
        RegisterRows(
            1,
            (institution(), receiver()) if institutions is None else tuple(institutions),
            (eqa("2025-01-01", "2026-12-31", item=item),)
            if qualifications is None
            else tuple(qualifications),
            (
                *(PrecisionRow(SOURCE, item, month, Decimal(cv)) for month, cv in cvs.items()),
                *cvs_of,
            ),
            (mark("京津冀HR", item=item),) if marks is None else tuple(marks),
            successors=tuple(successors),
        )
    )


def question(
    *,
    on: str = ON,
    books: Registers | None = None,
    policies: Iterable[PolicyEntry] = (),
    asks: str = RECEIVER,
    rulebook: Rulebook | None = None,
    encounter: Encounter = NOTHING_SPECIAL,
    pregnant: bool | None = None,
    **other: Any,
) -> Question:
    at = find_moment(on)
    assert at is not None
    books = books or registers()
    row = books.institution(asks, at.day)
    assert row is not None
    return Question(
        at, row, load_catalogue(), books, build_policy(policies), rulebook or load_rulebook(),
        encounter=replace(encounter, pregnant=pregnant), **other,
    )  # fmt: skip


def policy(scope: str, start: str = _SINCE, end: str | None = None, **values: Any) -> PolicyEntry:
    return PolicyEntry(scope, date.fromisoformat(start), day(end), values, order=1)


def an_observation(
    *,
    item: str | None = "K",
    mapping: str | None = "confirmed",
    code: str | None = None,
    status: str | None = "final",
    collected: str | None = COLLECTED,
    issued: str | None = None,
    value: str | int | None = "4.1",
    comparator: str | None = None,
    unit: str | None = "mmol/L",
    words: str | None = None,
    flag: str | None = None,
    control: str | None = "in",
    low: str | None = "",
    high: str | None = "",
    ranges: list[Resource] | None = None,
    name: str | None = None,
    method: str | None = None,
    notes: Iterable[str] = (),
    setting: str | None = None,
    category: str | None = "laboratory",
    key: str = "o1",
    result: str = "F1/K/",
    performer: str | None = "Organization/source",
) -> Resource:
    """A result in the shape the hub builds; None leaves an element out.

    `low` and `high` are the receiver's own interval of a man unless said otherwise; `ranges` is
    `referenceRange` as it stands. `setting` is the extension of that name.
    """
    low, high = _usual(item, unit, low, high)
    codings: list[dict[str, Any]] = []
    if item is not None:
        coding: dict[str, Any] = {"system": ITEM, "code": item}
        if mapping:
            coding["extension"] = [{"url": extension("mapping"), "valueCode": mapping}]
        codings.append(coding)
    if code is not None:
        codings.append({"system": LOINC, "code": code})
    codings.append({"system": "urn:site:local", "code": "LOCAL-1", "userSelected": True})
    found: Resource = {
        "resourceType": "Observation",
        "id": key,
        "meta": {"versionId": "1"},
        "identifier": [{"system": "urn:site:result", "value": result}] if result else [],
        "status": status,
        "code": {"coding": codings},
        "effectiveDateTime": collected,
        "issued": issued,
        "performer": [{"reference": performer}] if performer else [],
        "extension": [
            {"url": extension(url), "valueCode": said}
            for url, said in (("control", control), ("setting", setting))
            if said
        ],
        "category": [{"coding": [{"system": CATEGORY, "code": category}]}] if category else [],
        "method": {"text": method} if method else None,
        "note": [{"text": one} for one in notes],
    }
    if name is not None:
        found["code"]["text"] = name
    if words is not None:
        found["valueCodeableConcept"] = {"text": words}
    elif value is not None:
        found["valueQuantity"] = {"value": Decimal(value), "comparator": comparator, "unit": unit}
    if flag is not None:
        found["interpretation"] = [{"coding": [{"system": INTERPRETATION, "code": flag}]}]
    if ranges is not None:
        found["referenceRange"] = ranges
    elif low or high:
        ends = {"low": low, "high": high}
        found["referenceRange"] = [{k: {"value": Decimal(v)} for k, v in ends.items() if v}]
    return _stated(found)


def _usual(
    item: str | None, unit: str | None, low: str | None, high: str | None
) -> tuple[str | None, str | None]:
    """The receiver's own interval of a grown man where none is said, in the unit reported."""
    test = load_catalogue().items.get(item or "")
    own = next(
        (one for one in (test.reference_intervals if test else ()) if one.sex in (None, "male")),
        None,
    )
    reading = read_unit(unit, test.units) if test and unit else None

    def printed(end: Decimal | None) -> str | None:
        if end is None or reading is None:
            return None
        return format((end - reading.offset) / reading.factor, "f")

    return (
        printed(own.low if own else None) if low == "" else low,
        printed(own.high if own else None) if high == "" else high,
    )


def a_specimen(
    *,
    kind: str | None = "静脉血",
    conditions: Iterable[str] | None = ("无溶血",),
    notes: Iterable[str] = (),
    collected: str | None = None,
    received: str | None = None,
) -> Resource:
    """A specimen without a defect; None leaves its kind or its state out."""
    return _stated(
        {
            "resourceType": "Specimen",
            "id": "sp1",
            "type": {"text": kind} if kind else None,
            "condition": [{"text": one} for one in conditions or ()],
            "note": [{"text": one} for one in notes],
            "collection": {"collectedDateTime": collected} if collected else None,
            "receivedTime": received,
        }
    )


def a_report(
    *,
    status: str | None = "final",
    issued: str | None = COLLECTED,
    received: str | None = None,
    reviewed: bool = True,
    identifier: str = "F1",
    clinical: str | None = None,
    notes: Iterable[str] = (),
) -> Resource:
    return _stated(
        {
            "resourceType": "DiagnosticReport",
            "id": "r1",
            "identifier": [{"system": "urn:site:filler", "value": identifier}],
            "status": status,
            "issued": issued,
            "resultsInterpreter": [{"reference": "Practitioner/p1"}] if reviewed else [],
            "extension": [
                *([{"url": extension("received-by-laboratory"), "valueDateTime": received}]
                  if received else []),
                *([{"url": extension("clinical"), "valueString": clinical}] if clinical else []),
                *({"url": extension("note"), "valueString": one} for one in notes),
            ],
        }
    )  # fmt: skip


def _stated(resource: Resource) -> Resource:
    """Without what is not stated: FHIR has no null and no empty list."""
    if isinstance(resource, dict):
        return {k: _stated(v) for k, v in resource.items() if v is not None and v != []}
    return resource


def an_organization(code: str | None = SOURCE, name: str = "示例第一医院") -> Resource:
    identifiers = [{"system": INSTITUTION, "value": code}] if code else []
    return _stated(
        {"resourceType": "Organization", "id": "source", "identifier": identifiers, "name": name}
    )


def a_candidate(
    *,
    report_status: str | None = "final",
    issued: str | None = "",
    received: str | None = None,
    reviewed: bool = True,
    report: str = "F1",
    identity: Identity = STRONG,
    birth_date: str | None = "1980-05-01",
    sex: str | None = "male",
    performer_code: str | None = SOURCE,
    specimen: Resource | None = None,
    clinical: str | None = None,
    report_notes: Iterable[str] = (),
    current: bool = True,
    withheld: bool | None = False,
    **observation: Any,
) -> Candidate:
    """A candidate; `issued` is the collection time unless said otherwise, None for none.

    `specimen` is one without a defect unless said otherwise; {} for none.
    """
    released = observation.get("collected", COLLECTED) if issued == "" else issued
    return read_candidate(
        an_observation(**observation),
        a_report(
            status=report_status, issued=released, received=received, reviewed=reviewed,
            identifier=report, clinical=clinical, notes=report_notes,
        ),
        a_specimen() if specimen is None else specimen,
        _stated({"resourceType": "Patient", "id": "p", "birthDate": birth_date, "gender": sex}),
        identity=identity,
        catalogue=load_catalogue(),
        issuers={"Organization/source": read_issuer(an_organization(performer_code))},
        current=current,
        withheld=withheld,
    )  # fmt: skip


def an_order(item: str = "CT", **stated: Any) -> Order:
    """An imaging order of the chest, plain, with the tracer of `a_study`; None leaves it out."""
    said: dict[str, Any] = {"body_part": "CHEST"}
    if item in ("CT", "MRI"):
        said["contrast"] = False
    if item == "NM":
        said["tracer"] = "18F-FDG"
    return Order("1", item, Kind.IMAGING, **{**said, **stated})


def study_facts(**stated: Any) -> list[dict[str, Any]]:
    """The extension `study-facts` in the shape the hub builds; None leaves a fact out."""
    kinds: dict[type, str] = {bool: "valueBoolean", int: "valueUnsignedInt", str: "valueCode"}
    facts = [
        {"url": name.replace("_", "-"), kinds[type(one)]: one}
        for name, value in stated.items()
        for one in (value if isinstance(value, list | tuple) else [value])
        if one is not None
    ]
    for fact in facts:
        if fact["url"] == "tracer":
            fact["valueString"] = fact.pop("valueCode")
    return [{"url": extension("study-facts"), "extension": facts}]


def a_study(
    *,
    item: str | None = "CT",
    started: str | None = COLLECTED,
    status: str | None = "available",
    key: str = "s1",
    performer: str | None = "Organization/source",
    facts: Mapping[str, Any] | None = None,
) -> Resource:
    """A complete, plain, original study of the chest; `facts` says what is otherwise."""
    good: dict[str, Any] = {
        "class": item, "body_part": "CHEST", "laterality": None, "contrast": "none",
        "protocol": [], "texts": True, "tracer": "18F-FDG" if item == "NM" else None,
        "expected": 3, "received": 3, "retrievable": True, "original": True, "complete": True,
        "identity": "same",
    }  # fmt: skip
    made_at = {"url": extension("performing-institution"),
               "valueReference": {"reference": performer}}  # fmt: skip
    return _stated(
        {
            "resourceType": "ImagingStudy",
            "id": key,
            "meta": {"versionId": "1"},
            "identifier": [{"system": "urn:dicom:uid", "value": f"urn:oid:2.25.{key}"}],
            "status": status,
            "started": started,
            "extension": [*study_facts(**{**good, **(facts or {})}),
                          *([made_at] if performer else [])],
        }
    )  # fmt: skip


def an_imaging_report(
    *,
    item: str | None = "CT",
    mapping: str | None = "confirmed",
    code: str | None = "CT-01",
    effective: str | None = COLLECTED,
    performer: str | None = "Organization/source",
    facts: Mapping[str, Any] | None = None,
    **other: Any,
) -> Resource:
    codings: list[dict[str, Any]] = []
    if item is not None:
        coding: dict[str, Any] = {"system": ITEM, "code": item}
        if mapping:
            coding["extension"] = [{"url": extension("mapping"), "valueCode": mapping}]
        codings.append(coding)
    if code is not None:
        codings.append({"system": "urn:site:local", "code": code, "userSelected": True})
    return _stated(
        {
            **a_report(**other),
            "meta": {"versionId": "1"},
            "code": {"coding": codings},
            "effectiveDateTime": effective,
            "performer": [{"reference": performer}] if performer else [],
            "extension": study_facts(**facts) if facts else [],
        }
    )


def an_imaging_candidate(
    *,
    item: str | None = "CT",
    mapping: str | None = "confirmed",
    code: str | None = "CT-01",
    study: bool = True,
    reported: bool = True,
    study_class: str | None = "",
    study_status: str | None = "available",
    report_status: str | None = "final",
    collected: str | None = COLLECTED,
    issued: str | None = "",
    reviewed: bool = True,
    report: str = "F1",
    key: str = "s1",
    identity: Identity = STRONG,
    birth_date: str | None = "1980-05-01",
    sex: str | None = "male",
    performer_code: str | None = SOURCE,
    performer: str | None = "Organization/source",
    current: bool = True,
    withheld: bool | None = False,
    images: str | None = "same",
    report_facts: Mapping[str, Any] | None = None,
    **facts: Any,
) -> Candidate:
    """An imaging candidate; `study` and `reported` False leave one out.

    `issued` is the time of the images unless said otherwise, None for none. `study_class` None is
    a class that DICOM does not tell, `images` how what they say of the patient compares with the
    report; other names are those of the extension `study-facts`.
    """
    released = collected if issued == "" else issued
    klass = item if study_class == "" else study_class
    made = a_study(
        item=klass, started=collected, status=study_status, key=key, performer=performer,
        facts={"identity": images, **facts},
    )  # fmt: skip
    words = an_imaging_report(
        item=item, mapping=mapping, code=code, effective=collected, performer=performer,
        facts=report_facts, status=report_status, issued=released, reviewed=reviewed,
        identifier=report,
    )  # fmt: skip
    return read_imaging_candidate(
        made if study else None,
        {**words, "id": f"r-{key}"} if reported else None,
        _stated({"resourceType": "Patient", "id": "p", "birthDate": birth_date, "gender": sex}),
        identity=identity,
        catalogue=load_catalogue(),
        issuers={"Organization/source": read_issuer(an_organization(performer_code))},
        current=current,
        withheld=withheld,
    )
