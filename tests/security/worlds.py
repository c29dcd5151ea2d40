"""Generated databases, as plain values: people, their records at three hospitals, who treats whom.

Everything that may be hidden has words of its own, and shares codes, days and values with what may
be seen: whoever could learn of it by a search has something to search by.
"""

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from hie.fhir import identifier_system
from hie.synthetic.institutions import BEIJING, SHIJIAZHUANG, TIANJIN
from hie.synthetic.people import resident_number

HOSPITALS = {"a": BEIJING.code, "b": TIANJIN.code, "c": SHIJIAZHUANG.code}
LOINC = "http://loinc.org"
# Potassium, sodium, creatinine; an antibody of HIV, TPPA; hepatitis B; one nobody maps.
CODES = ("2823-3", "2951-2", "2160-0", "75622-1", "24312-1", "5195-3", "99999-9")
NAMES = ("欧阳示例", "李示例", "张小明", "Wang Example", "示例")
VALUES = ("4.1", "4.10", "140", "88", "0.5")
DAYS = tuple(f"2026-05-{day:02}" for day in (1, 9, 10, 11, 28))
SECRET = "V"
_CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
_ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
CATEGORIES = ("laboratory", "imaging", "vital-signs")


@dataclass(frozen=True)
class Record:
    """One result, and what stands around it: its report, specimen, request, images, document."""

    code: str
    category: str
    value: str
    day: str
    label: str | None
    around: frozenset[str]


@dataclass(frozen=True)
class Person:
    """Somebody: where they have records, who treats them now, what they permit."""

    name: str
    homes: tuple[str, ...]
    treated: frozenset[str]
    denies: frozenset[str]  # hospitals
    denies_topics: bool
    records: tuple[tuple[str, Record], ...]  # by hospital


@dataclass(frozen=True)
class World:
    """A region as it is drawn."""

    people: tuple[Person, ...]


AROUND = ("report", "specimen", "request", "study", "document", "provenance", "task")


def records() -> st.SearchStrategy[Record]:
    """One result."""
    return st.builds(
        Record,
        st.sampled_from(CODES),
        st.sampled_from(CATEGORIES),
        st.sampled_from(VALUES),
        st.sampled_from(DAYS),
        st.sampled_from((None, None, None, "R", SECRET)),
        st.frozensets(st.sampled_from(AROUND), max_size=4),
    )


@st.composite
def people(draw: st.DrawFn) -> Person:
    """One person; half of the hospitals they are known at treat them."""
    homes = tuple(sorted(draw(st.frozensets(st.sampled_from("abc"), min_size=1))))
    placed = st.tuples(st.sampled_from(homes), records())
    return Person(
        draw(st.sampled_from(NAMES)),
        homes,
        draw(st.frozensets(st.sampled_from(homes))),
        draw(st.one_of(st.just(frozenset()), st.frozensets(st.sampled_from("abc"), max_size=1))),
        draw(st.booleans()) and draw(st.booleans()),
        tuple(draw(st.lists(placed, min_size=1, max_size=5))),
    )


def worlds() -> st.SearchStrategy[World]:
    """A few people: enough that some are seen and some are not."""
    return st.builds(World, st.lists(people(), min_size=3, max_size=6).map(tuple))


def canary(person: int, number: int) -> str:
    """The words that stand in one record alone."""
    return f"canary-{person}-{number}-"


def patient_tree(world: World, number: int, home: str) -> dict[str, Any]:
    """A person's record at one hospital; one resident number at all of them."""
    born = f"19{60 + number}-03-04"
    return {
        "resourceType": "Patient",
        "identifier": [
            {"system": "urn:his", "value": f"{home}-{number}"},
            {"system": identifier_system("resident-id"), "value": resident_of(number)},
        ],
        "name": [{"text": world.people[number].name}],
        "gender": ("male", "female")[number % 2],
        "birthDate": born,
    }


def resident_of(number: int) -> str:
    """The number of the n-th person."""
    from datetime import date

    return resident_number("110199", date(1960 + number, 3, 4), 2 * number + 1)


def visit_tree(about: dict[str, str]) -> dict[str, Any]:
    """A stay that has not ended."""
    return {
        "resourceType": "Encounter",
        "status": "in-progress",
        "class": {"system": _ACT, "code": "IMP"},
        "subject": about,
        "period": {"start": "2026-05-01T08:00:00+08:00"},
    }


def denial_tree(about: dict[str, str], hospital: str | None) -> dict[str, Any]:
    """The patient denies one hospital, or restricted records to everybody."""
    provision: dict[str, Any] = {"type": "deny"}
    if hospital is None:
        provision = {
            "type": "permit",
            "provision": [
                {"type": "deny", "securityLabel": [{"system": _CONFIDENTIALITY, "code": "R"}]}
            ],
        }
    else:
        role = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
        who = {"system": "https://hie.example/fhir/sid/institution", "value": HOSPITALS[hospital]}
        provision["actor"] = [
            {
                "role": {"coding": [{"system": role, "code": "IRCP"}]},
                "reference": {"identifier": who},
            }
        ]
    scope = "http://terminology.hl7.org/CodeSystem/consentscope"
    return {
        "resourceType": "Consent",
        "status": "active",
        "scope": {"coding": [{"system": scope, "code": "patient-privacy"}]},
        "category": [{"coding": [{"system": LOINC, "code": "59284-0"}]}],
        "patient": about,
        "dateTime": "2026-05-20T09:00:00+08:00",
        "performer": [about],
        "policy": [{"uri": "https://hie.example/fhir/policy/sharing"}],
        "provision": provision,
    }


def record_trees(
    record: Record, about: dict[str, str], words: str, number: str
) -> list[tuple[str, dict[str, Any]]]:
    """A record's resources by the urn each is called by, in the order in which they are made."""
    label = [{"system": _CONFIDENTIALITY, "code": record.label}] if record.label else []
    meta = {"meta": {"security": label}} if label else {}
    code = {"coding": [{"system": LOINC, "code": record.code}], "text": f"项目 {words}"}
    times = {"effectiveDateTime": f"{record.day}T08:00:00+08:00"}
    named = {"identifier": [{"system": "urn:lab", "value": number}]}

    def urn(kind: str) -> dict[str, str]:
        return {"reference": f"urn:uuid:{kind}-{number}"}

    result: dict[str, Any] = {
        "resourceType": "Observation", "status": "final", **meta, **named, **times,
        "category": [{"coding": [{"system": _CATEGORY, "code": record.category}]}],
        "code": code, "subject": about, "note": [{"text": words}],
        "valueQuantity": {"value": float(record.value), "unit": "mmol/L",
                          "system": "http://unitsofmeasure.org", "code": "mmol/L"},
    }  # fmt: skip
    every: dict[str, dict[str, Any]] = {
        "specimen": {"resourceType": "Specimen", **named, "subject": about},
        "request": {"resourceType": "ServiceRequest", **named, "status": "active", "intent": "order",
                    "code": code, "subject": about},
        "study": {"resourceType": "ImagingStudy", **named, "status": "available", "subject": about,
                  "started": f"{record.day}T09:00:00+08:00"},
        "document": {"resourceType": "DocumentReference", **named, "status": "current",
                     "subject": about, "description": words,
                     "content": [{"attachment": {"contentType": "text/plain", "data": "QUJD"}}]},
        "task": {"resourceType": "Task", **named, "status": "requested", "intent": "order",
                 "description": words, "for": about},
    }  # fmt: skip
    found = [(kind, every[kind]) for kind in sorted(record.around & every.keys())]
    if "specimen" in record.around:
        result["specimen"] = urn("specimen")
    if "request" in record.around:
        result["basedOn"] = [urn("request")]
    found.append(("result", result))
    if "report" in record.around:
        report = {"resourceType": "DiagnosticReport", **named, "status": "final", **times,
                  "code": code, "subject": about, "result": [urn("result")], "conclusion": words}  # fmt: skip
        found.append(("report", report))
    if "provenance" in record.around:
        target = {"resourceType": "Provenance", "target": [urn("result")],
                  "recorded": f"{record.day}T10:00:00+08:00", "agent": [{"who": {"display": words}}]}  # fmt: skip
        found.append(("provenance", target))
    return [(f"urn:uuid:{kind}-{number}", tree) for kind, tree in found]
