"""fhirclient (Python, SMART) as its users write it, with a token it did not fetch itself."""

from collections.abc import Callable

import pytest
import requests
from fhirclient import client
from fhirclient.models import bundle, fhirreference, observation, patient
from fhirclient.models.diagnosticreport import DiagnosticReport
from fhirclient.server import FHIRNotFoundException, FHIRUnauthorizedException

from tests.integration.clients.support import NAME, NUMBERS, RESULTS, Connected

Smart = client.FHIRClient


@pytest.fixture
def smart(hub: Connected) -> Smart:
    """A client that was handed its token."""
    return _with_token(client.FHIRClient({"app_id": "app", "api_base": hub.base}), hub.token)


def _with_token(smart: Smart, token: str) -> Smart:
    assert not smart.prepare()  # it knows where to ask for a token, and has none
    smart.server.auth.access_token = token
    assert smart.ready
    return smart


def _patient(number: str) -> patient.Patient:
    return patient.Patient(
        {
            "identifier": [{"system": NUMBERS, "value": number}],
            "name": [{"text": "诸葛示例"}],
            "birthDate": "1960-02-29",
        }
    )


def _refused(call: Callable[[], object]) -> requests.Response:
    """The answer that a call raised."""
    with pytest.raises(requests.HTTPError) as refused:
        call()
    return refused.value.response


def test_what_the_hub_can_do_is_read_first(smart: Smart) -> None:
    statement = smart.server.capabilityStatement
    assert statement.fhirVersion == "4.0.1"
    served = {one.type: one for one in statement.rest[0].resource}
    assert "Observation" in served
    assert {one.code for one in served["Observation"].interaction} >= {"read", "create", "delete"}


def test_the_patient_of_its_settings_is_read(hub: Connected) -> None:
    settings = {"app_id": "app", "api_base": hub.base + "/", "patient_id": hub.patient}
    smart = _with_token(client.FHIRClient(settings), hub.token)
    assert smart.patient.name[0].text == NAME
    assert smart.patient.birthDate.isostring == "1949-12-31"


def test_it_asks_for_a_token_itself_when_it_has_an_assertion(hub: Connected) -> None:
    settings = {"app_id": "app", "api_base": hub.base, "scope": "system/Patient.rs"}
    smart = client.FHIRClient({**settings, "jwt_token": hub.assertion()})
    smart.wants_patient = False  # no launch: it would ask for the scope launch/patient
    smart.prepare()
    smart.authorize()
    assert smart.ready
    assert patient.Patient.read(hub.patient, smart.server).name[0].text == NAME


def test_a_resource_lives_from_create_to_delete(smart: Smart) -> None:
    made = patient.Patient(_patient("F-1").create(smart.server))
    assert made.meta.versionId == "1"
    made.gender = "male"
    assert made.update(smart.server)["meta"]["versionId"] == "2"
    read = patient.Patient.read(made.id, smart.server)
    assert (read.gender, read.name[0].text) == ("male", "诸葛示例")
    first = patient.Patient.read_from(f"Patient/{made.id}/_history/1", smart.server)
    assert first.gender is None
    versions = bundle.Bundle.read_from(f"Patient/{made.id}/_history", smart.server)
    assert [one.request.method for one in versions.entry] == ["PUT", "POST"]
    assert read.delete() is None
    assert _refused(lambda: patient.Patient.read(made.id, smart.server)).status_code == 410


def test_searches_are_followed_over_pages(smart: Smart, hub: Connected) -> None:
    search = observation.Observation.where({"patient": hub.patient, "_count": "10"})
    pages = list(search.perform_iter(smart.server))
    assert [len(page.entry) for page in pages] == [10, 10, 5]
    results = list(search.perform_resources_iter(smart.server))
    assert len({one.id for one in results}) == RESULTS
    with pytest.warns(DeprecationWarning, match="perform_resources"):
        assert len(search.perform_resources(smart.server)) == RESULTS
    some = observation.Observation.where(
        {"patient": hub.patient, "code": {"$or": ["2823-3", "0000-0"]}, "date": "ge2026-05-20"}
    )
    assert {one.code.text for one in some.perform_resources_iter(smart.server)} == {"钾"}
    found = patient.Patient.where({"_id": hub.patient}).include("subject", DiagnosticReport, True)
    kinds = [one.resource_type for one in found.perform_resources_iter(smart.server)]
    assert kinds == ["Patient", "DiagnosticReport"]
    with_subject = observation.Observation.where({"patient": hub.patient, "_count": "1"})
    with_subject.include("subject")
    page = next(with_subject.perform_iter(smart.server))
    assert [one.search.mode for one in page.entry] == ["match", "include"]
    reference = page.entry[0].resource.subject
    assert isinstance(reference, fhirreference.FHIRReference)


def test_bundles_and_operations_go_through_its_server(smart: Smart, hub: Connected) -> None:
    entry = {"resource": _patient("F-2").as_json(), "request": {"method": "POST", "url": "Patient"}}
    both = bundle.Bundle({"type": "transaction", "entry": [entry]})
    answer = bundle.Bundle(both.create(smart.server))
    assert answer.entry[0].response.status.startswith("201")
    newest = bundle.Bundle.read_from(f"Observation/$lastn?patient={hub.patient}", smart.server)
    assert len(newest.entry) == 2
    everything = bundle.Bundle.read_from(f"Patient/{hub.patient}/$everything", smart.server)
    assert len(everything.entry) > RESULTS
    checked = smart.server.post_json("Patient/$validate", _patient("F-3").as_json()).json()
    assert checked["resourceType"] == "OperationOutcome"


def test_refusals_are_its_own_exceptions_with_our_words(smart: Smart, hub: Connected) -> None:
    with pytest.raises(FHIRNotFoundException) as nobody:
        patient.Patient.read("nobody", smart.server)
    assert nobody.value.response.json()["resourceType"] == "OperationOutcome"
    unknown = patient.Patient.where({"nonsense": "1"})
    refused = _refused(lambda: list(unknown.perform_iter(smart.server)))
    assert (refused.status_code, refused.json()["issue"][0]["expression"]) == (400, ["nonsense"])
    assert _refused(lambda: _patient("C-1").create(smart.server)).status_code == 409
    bad = observation.Observation({"status": "nonsense", "code": {"text": "x"}})
    refused = _refused(lambda: bad.create(smart.server))
    assert refused.status_code == 422
    assert "Observation.status" in refused.text
    stranger = client.FHIRClient({"app_id": "app", "api_base": hub.base})
    stranger.prepare()  # the capability statement is for everybody
    with pytest.raises(FHIRUnauthorizedException):
        patient.Patient.read(hub.patient, stranger.server)
    older = observation.Observation.where({"patient": hub.patient, "date": {"$gt": "2026"}})
    refused = _refused(lambda: list(older.perform_iter(smart.server)))  # DSTU1's `date=>2026`
    assert refused.status_code == 400
