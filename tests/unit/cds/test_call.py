"""A call is read as CDS Hooks 2.0 has it: each fault is named, what it does not know is passed over."""

import json
from typing import Any

import pytest

from hie.cds import ORDER_SIGN, PATIENT_VIEW, Service
from hie.cds.call import Call, read_call
from hie.errors import InvalidRequest, ResourceNotFound
from tests.integration.cds.support import POTASSIUM, call_of, encounter, patient, sign

INSTANCE = "D1577C69-DFBE-44AD-BA6D-3E05E953B2EA"
SERVER = {
    "fhirServer": "https://his.example/fhir",
    "fhirAuthorization": {"access_token": "a-living-secret", "token_type": "Bearer"},
}


def read(body: Any, service: Service = ORDER_SIGN) -> Call:
    return read_call(service, json.dumps(body).encode())


def faults(body: Any, service: Service = ORDER_SIGN) -> dict[str, str]:
    with pytest.raises(InvalidRequest) as caught:
        read(body, service)
    return {one.path: one.code for one in caught.value.faults}


def test_a_call_says_who_asks_about_whom() -> None:
    call = read(sign(POTASSIUM, hookInstance=INSTANCE))
    assert (call.user, call.patient, call.encounter) == ("D0117", "his-pat-4711", "his-enc-1")
    assert call.hook_instance == INSTANCE.lower()
    assert call.prefetch == {"patient": patient(), "encounter": encounter()}


def test_what_the_specification_does_not_name_is_passed_over() -> None:
    body = sign(
        POTASSIUM, extension={"example.timestamp": "2026-06-15T10:00:00Z"}, fhirVersion="R4"
    )
    body["context"]["isRenewal"] = False
    body["prefetch"]["practitioner"] = {"resourceType": "Practitioner"}
    assert read(body).prefetch.keys() == {"patient", "encounter"}


def test_a_token_for_the_callers_server_is_not_kept() -> None:
    call = read(sign(POTASSIUM, **SERVER))
    assert b"a-living-secret" not in call.kept
    assert b"https://his.example/fhir" in call.kept


def test_data_that_was_asked_for_and_is_not_there_is_null() -> None:
    body = call_of("patient-view", prefetch={"patient": None})
    assert read(body, PATIENT_VIEW).prefetch == {"patient": None}
    assert read(call_of("patient-view", prefetch={}), PATIENT_VIEW).prefetch == {}


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"hook": None}, {"hook": "required"}),
        ({"hook": "order-select"}, {"hook": "another-hook"}),
        ({"hookInstance": None}, {"hookInstance": "required"}),
        ({"hookInstance": "42"}, {"hookInstance": "not-a-uuid"}),
        ({"hookInstance": 42}, {"hookInstance": "wrong-type"}),
        ({"context": []}, {"context": "required", "context.userId": "required"}
         | {"context.patientId": "required"}),
        ({"context": {"patientId": "", "userId": "x" * 201}},
         {"context.patientId": "wrong-type", "context.userId": "wrong-type"}),
        ({"context": {"patientId": "a", "userId": "b", "encounterId": 7}, "prefetch": {}},
         {"context.encounterId": "wrong-type"}),
        ({"fhirAuthorization": SERVER["fhirAuthorization"]}, {"fhirServer": "required"}),
        ({"fhirServer": "ftp://x", "fhirAuthorization": "x"},
         {"fhirServer": "wrong-type", "fhirAuthorization": "wrong-type"}),
        ({"prefetch": "x"}, {"prefetch": "wrong-type"}),
        ({"prefetch": {"patient": []}}, {"prefetch.patient": "wrong-type"}),
        ({"prefetch": {"patient": encounter()}}, {"prefetch.patient": "wrong-type"}),
        ({"prefetch": {"patient": patient(id="another")}}, {"prefetch.patient.id": "another-resource"}),
        ({"prefetch": {"encounter": encounter(id="another")}},
         {"prefetch.encounter.id": "another-resource"}),
    ],
)  # fmt: skip
def test_each_fault_is_named(changes: dict[str, Any], named: dict[str, str]) -> None:
    assert faults(sign(POTASSIUM) | changes) == named


def test_a_hook_that_nothing_here_serves_is_not_found() -> None:
    with pytest.raises(ResourceNotFound):
        read(sign(POTASSIUM) | {"hook": "medication-prescribe"})


@pytest.mark.parametrize("data", [b"", b"[]", b'{"hook":"order-sign","hook":"x"}', b"{", b'"x"'])
def test_what_is_no_json_object_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidRequest):
        read_call(ORDER_SIGN, data)
