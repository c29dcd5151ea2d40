"""Bundles carry the stored bytes as they are; errors become outcomes."""

import inspect

import pytest

from hie import errors
from hie.errors import Fault, HubError, InvalidRequest, ResourceNotFound
from hie.fhir import outcome, profile, wire
from hie.fhir.bundle import Entry, Versioned, history, searchset

BODY = b'{"resourceType":"Basic","value":5.10}'


def test_a_searchset_carries_the_stored_bytes_untouched() -> None:
    text = searchset([Entry("u/1", BODY), Entry("u/2", BODY, "include")], {"self": "s"}, 2)
    assert text.count(BODY) == 2
    bundle = wire.read_object(text)
    assert bundle["total"] == 2
    assert [entry["search"]["mode"] for entry in bundle["entry"]] == ["match", "include"]


def test_an_empty_searchset_has_no_empty_lists() -> None:
    assert wire.read_object(searchset([], {}, 0)) == {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": 0,
    }


def test_a_history_tells_deletions_without_a_body() -> None:
    gone = Versioned("u/1", None, "DELETE", "Patient/1", "204", 'W/"2"', "2026-06-15T00:00:00Z")
    made = Versioned("u/1", BODY, "PUT", "Patient/1", "201", 'W/"1"', "2026-06-14T00:00:00Z")
    bundle = wire.read_object(history([gone, made], {"self": "s"}, 2))
    assert ["resource" in entry for entry in bundle["entry"]] == [False, True]
    assert bundle["entry"][0]["request"] == {"method": "DELETE", "url": "Patient/1"}


def test_bundles_are_valid_r4() -> None:
    body = wire.write({"resourceType": "Patient", "id": "a"})
    text = searchset([Entry("https://hub.example/fhir/Patient/a", body)], {"self": "s"}, 1)
    assert profile.check(wire.read_object(text)) == []
    one = Versioned("u", body, "PUT", "Patient/a", "200", 'W/"1"', "2026-06-14T00:00:00Z")
    assert profile.check(wire.read_object(history([one], {"self": "s"}, 1))) == []


def test_every_fault_of_an_error_is_an_issue() -> None:
    error = InvalidRequest("no", (Fault("a", "x", "y"), Fault("b", "z", "")))
    found = outcome.outcome_of(error)
    assert profile.check(found) == []
    assert [(i["expression"], i["diagnostics"]) for i in found["issue"]] == [
        (["a"], "x: expected y"),
        (["b"], "z"),
    ]


def _kinds() -> list[type[HubError]]:
    return [
        kind
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, HubError)
    ]


@pytest.mark.parametrize("kind", _kinds())
def test_every_class_of_error_has_an_outcome_that_r4_takes(kind: type[HubError]) -> None:
    assert profile.check(outcome.outcome_of(kind("words"))) == []


def test_an_error_without_faults_is_one_issue_in_its_own_words() -> None:
    (issue,) = outcome.outcome_of(ResourceNotFound("nothing here"))["issue"]
    assert issue == {
        "severity": "error",
        "code": "not-found",
        "details": {"text": "nothing here"},
        "diagnostics": "nothing here",
    }


@pytest.mark.parametrize(
    ("code", "kind"),
    [("obs-6", "invariant"), ("sdf-15a", "invariant"), ("hie-1", "invariant"),
     ("required", "required"), ("binding", "code-invalid"), ("structure", "structure"),
     ("reference-target", "value"), ("taken", "invalid"), ("not-a-1", "invalid")],
)  # fmt: skip
def test_the_kind_of_a_fault_is_told_by_fhir_s_word_for_it(code: str, kind: str) -> None:
    (issue,) = outcome.outcome_of(InvalidRequest("no", (Fault("a", code, "b"),)))["issue"]
    assert issue["code"] == kind


def test_no_issue_is_still_an_outcome() -> None:
    assert profile.check(outcome.outcome([])) == []
