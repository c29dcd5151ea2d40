"""A used result as a FHIR document: sound by R4, closed in itself, the same for the same decision."""

from copy import deepcopy
from typing import Any

import msgspec
import pytest

from hie.canonical.document import write_document
from hie.canonical.recognised import (
    Change,
    Party,
    Recognised,
    patient_of_record,
    withheld,
)
from hie.fhir import Resource, structure
from hie.fhir.document import check_document, document_bytes
from tests.unit.canonical.recording import HEAD, OBR, SPM, a_record
from tests.unit.canonical.test_oru_file import CT, laboratory


def held(document: Resource, kind: str) -> list[Resource]:
    return [
        entry["resource"]
        for entry in document["entry"]
        if entry["resource"]["resourceType"] == kind
    ]


def record(**other: Any) -> Recognised:
    return msgspec.structs.replace(laboratory(), **other)


WITHDRAWN = Change("withdrawn", 1_781_500_000_000_000, "entered-in-error", 2)
GONE: Resource = {"resourceType": "Observation", "id": "x", "meta": {"versionId": "1"}}
CASES = {
    "laboratory": laboratory(),
    "comparator": laboratory("SN", "<^0.50"),
    "coded": laboratory("CWE", "P^阳性^99LAB"),
    "imaging": a_record(HEAD + CT),
    "corrected": record(change=Change("corrected", 1_781_500_000_000_000, "corrected", 2)),
    "withdrawn": record(used=withheld(laboratory().used, "entered-in-error"), change=WITHDRAWN),
    "gone": record(
        used=withheld(GONE, "entered-in-error"),
        report=None,
        patient=None,
        others=(),
        change=Change("withdrawn"),
    ),
    "images gone": record(
        used=withheld({**GONE, "resourceType": "ImagingStudy"}, "entered-in-error"),
        report=None,
        patient=None,
        asked_name=None,
        others=(),
        change=Change("withdrawn"),
    ),
    "parted": record(
        used=withheld(GONE, "entered-in-error"),
        report=None,
        patient=None,
        others=(),
        change=Change("parted"),
    ),
    "unregistered source": record(source=Party("", "?")),
    "bare": record(report=None, others=(), patient=None, asked=(), asked_name=None),
    "a control character": record(
        source=Party("91110000802100433B", "医院\x0b<b>&"),
        decision=msgspec.structs.replace(
            laboratory().decision, practitioner="\x01", practitioner_name="\x1f", department=" \x7f"
        ),
        patient=None,
        asked_name="\x02",
    ),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_document_is_sound(name: str, lang: Any) -> None:
    document = write_document(CASES[name], lang)
    assert check_document(document) == []
    assert structure.check(document) == []
    for entry in document["entry"]:
        assert structure.check(entry["resource"]) == []
    assert document_bytes(document) == document_bytes(write_document(CASES[name], lang))


def test_it_begins_with_a_composition_of_the_clinician_and_holds_who_did_what() -> None:
    document = write_document(laboratory(), "en")
    composition = document["entry"][0]["resource"]
    assert composition["resourceType"] == "Composition"
    assert composition["title"] == "Recognised result: Potassium"
    (guidance,) = held(document, "GuidanceResponse")
    (issue,) = held(document, "DetectedIssue")
    (provenance,) = held(document, "Provenance")
    assert guidance["identifier"][0]["value"] == "A123456789012345"
    assert guidance["requestIdentifier"]["value"] == "C123456789012345"
    assert guidance["note"] == [{"text": "R-104 fired: The mark holds here"}]
    assert issue["mitigation"][0]["action"]["coding"][0]["code"] == "use"
    roles = [agent["type"]["coding"][0]["code"] for agent in provenance["agent"]]
    assert roles == ["author", "verifier", "assembler"]
    names = {one["name"] for one in held(document, "Organization")}
    assert "示例接收医院" in names


def test_the_result_stands_as_it_was_stored() -> None:
    found = laboratory()
    (used,) = held(write_document(found), "Observation")
    assert used == found.used


def test_what_else_the_report_lists_is_not_given_away() -> None:
    two = SPM + "".join(
        f"OBX|{n}|NM|{code}^钾^99LAB||{value}|mmol/L||||||F\r".replace("||||||F", "|||||F")
        for n, code, value in ((1, "K", "4.10"), (2, "NA", "140"))
    )
    found = a_record(HEAD + OBR + two)
    assert found.report is not None
    assert len(found.report["result"]) == 2
    (report,) = held(write_document(found), "DiagnosticReport")
    assert report["result"] == [{"reference": f"Observation/{found.used['id']}"}]
    assert report["meta"]["tag"][-1]["code"] == "SUBSETTED"


def test_a_withdrawn_document_tells_no_value() -> None:
    text = document_bytes(write_document(CASES["withdrawn"]))
    assert b"4.10" not in text
    (used,) = held(write_document(CASES["withdrawn"]), "Observation")
    assert used["status"] == "entered-in-error"
    assert used["dataAbsentReason"]["coding"][0]["code"] == "masked"


def test_addresses_and_telephones_stay_behind() -> None:
    patient = {
        "resourceType": "Patient",
        "id": "p",
        "name": [{"text": "测试甲"}],
        "telecom": [{"value": "1"}],
        "address": [{"text": "x"}],
        "identifier": [
            {"system": "s", "value": "1"},
            {
                "system": "s",
                "value": "2",
                "extension": [
                    {
                        "url": "https://hie.example/fhir/StructureDefinition/identifier-defect",
                        "valueCode": "placeholder",
                    }
                ],
            },
        ],
    }
    kept = patient_of_record(patient)
    assert set(kept) == {"resourceType", "id", "name", "identifier"}
    assert [one["value"] for one in kept["identifier"]] == ["1"]


FAULTS = [
    (lambda b: b.pop("identifier"), "bdl-9"),
    (lambda b: b["identifier"].pop("system"), "bdl-9"),
    (lambda b: b.pop("timestamp"), "bdl-10"),
    (lambda b: b["entry"].pop(0), "bdl-11"),
    (lambda b: b.update(total=1), "bdl-1"),
    (lambda b: b["entry"][1].update(search={"mode": "match"}), "bdl-2"),
    (lambda b: b["entry"][1].update(request={"method": "GET", "url": "x"}), "bdl-3"),
    (lambda b: b["entry"][2].update(fullUrl=b["entry"][1]["fullUrl"]), "bdl-7"),
    (lambda b: b["entry"][1].pop("fullUrl"), "bdl-7"),
    (lambda b: b["entry"][-1].update(fullUrl="http://x/Patient/1/_history/2"), "bdl-8"),
    (lambda b: b["entry"].pop(1), "reference-outside"),
    (lambda b: b["entry"][-1].update(fullUrl="http://x/fhir/Other/y"), "full-url"),
    (lambda b: b["entry"][0]["resource"].pop("title"), "required"),
    (lambda b: b.update(type="collection"), "value"),
]


@pytest.mark.parametrize(("harm", "code"), FAULTS)
def test_a_document_with_a_fault_is_named(harm: Any, code: str) -> None:
    document = deepcopy(write_document(laboratory()))
    harm(document)
    assert code in {fault.code for fault in check_document(document)}
    with pytest.raises(ValueError, match=":"):
        document_bytes(document)
