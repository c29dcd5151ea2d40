"""The form of a check read as the body of POST /v1/decisions, and what was wrong led back to it."""

from typing import Any

import pytest

from hie.errors import Fault
from hie.web.pages.decision_form import kept, said, wrong_of

# As the page gives it out: two orders with an offer, one with a result that may not be used.
GIVEN = {
    "key": "k1",
    "ref-1": "a",
    "offer-1": "c-1",
    "ref-2": "b",
    "offer-2": "c-2",
    "replaces-2": "d9",
    "ref-10": "z",
    "seen-10": "c-3",
}


def decisions(**chosen: str) -> list[dict[str, Any]]:
    form = GIVEN | {key.replace("_", "-"): value for key, value in chosen.items()}
    made = said("c", "doctor", form).body["decisions"]
    return [{key: value for key, value in one.items() if value is not None} for one in made]


def test_what_is_ticked_is_used_and_what_has_a_reason_is_repeated_in_the_order_of_the_lines() -> (
    None
):
    form = {"use-2": "yes", "reason-10": "N1", "text-10": " worse ", "explained": "yes"}
    found = said("c", "doctor", GIVEN | form)
    assert found.places == (2, 10)
    assert found.wrong == {}
    assert {key: found.body[key] for key in ("check", "key", "practitioner")} == {
        "check": "c",
        "key": "k1",
        "practitioner": "doctor",
    }
    assert decisions(**{key.replace("-", "_"): value for key, value in form.items()}) == [
        {"ref": "b", "decision": "use", "assessment": "c-2", "replaces": "d9"},
        {
            "ref": "z",
            "decision": "repeat",
            "assessment": "c-3",
            "reason": "N1",
            "text": "worse",
            "explained_to_patient": True,
        },
    ]


def test_that_it_was_not_explained_is_said_where_the_tick_is_left_empty() -> None:
    (one,) = decisions(reason_1="N1")
    assert one["explained_to_patient"] is False


def test_words_without_a_reason_are_no_decision() -> None:
    found = said("c", "doctor", GIVEN | {"text-1": "words", "explained": "yes"})
    assert found.wrong == {0: ["nothing"]}


def test_a_use_with_a_reason_to_repeat_is_a_contradiction() -> None:
    assert said("c", "d", GIVEN | {"use-1": "yes", "reason-1": "N1"}).wrong == {1: ["both"]}


def test_all_as_usual_repeats_what_is_offered_for_one_reason_or_its_own() -> None:
    chosen = {"do": "all", "use_1": "yes", "reason_2": "N2", "reason_all": "N3", "text_all": "so"}
    found = decisions(**chosen)
    assert [(one["ref"], one["decision"], one["reason"]) for one in found] == [
        ("a", "repeat", "N3"),
        ("b", "repeat", "N2"),
    ]
    assert [one.get("text") for one in found] == ["so", None]


def test_what_is_refused_is_told_at_its_line_and_what_is_of_all_at_the_end() -> None:
    form = GIVEN | {"do": "all", "reason-10": "N6"}
    faults = [
        Fault("decisions[0].reason", "unknown-reason", ""),
        Fault("decisions[1].reason", "unknown-reason", ""),
        Fault("decisions[2].text", "required", ""),
        Fault("decisions[2].explained_to_patient", "required", ""),
        Fault("check", "required", ""),
    ]
    of = said("c", "d", form)
    assert wrong_of(of, faults) == {0: ["reason", "other"], 10: ["text", "other"]}


@pytest.mark.parametrize("name", ["ref-0", "ref-01", "ref-1000", "ref--1", "ref-1a", "xref-1"])
def test_a_field_that_is_none_of_the_form_is_no_line(name: str) -> None:
    assert said("c", "d", {name: "a", "use-1": "yes"}).wrong == {0: ["nothing"]}


def test_what_was_filled_in_is_kept_without_the_token() -> None:
    assert kept([("csrf", "secret"), ("text-1", "x" * 2000)]) == {"text-1": "x" * 2000}
    # as a browser sends lines: each end is one character of what may be said
    assert kept([("text-1", "x\r\n" * 1000)]) == {"text-1": "x\n" * 1000}
    # what is too long is kept as too long, to be refused, and not cut to what was not meant
    assert kept([("text-1", "x" * 3000)]) == {"text-1": "x" * 2001}
