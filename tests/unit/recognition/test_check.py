"""A whole order-check: each item judged once, and nothing found is an answer."""

from dataclasses import replace
from typing import Any

from hie.recognition.assessment import Outcome
from hie.recognition.catalogue import load_catalogue
from hie.recognition.check import ask, judge
from hie.recognition.eligibility import Registers
from hie.recognition.policy import build_policy
from hie.recognition.request import CheckRequest, parse_request
from hie.recognition.rulebook import load_rulebook
from tests.unit.recognition import records
from tests.unit.recognition.records import a_candidate

# K's registers, and as good ones of the chest's CT
BOOKS = Registers(
    replace(
        records.registers().rows,
        qualifications=tuple(records.eqa("2025-01-01", "2026-12-31", item=i) for i in ("K", "CT")),
        marks=tuple(records.mark("京津冀HR", item=i) for i in ("K", "CT")),
    )
)


def asked(*orders: dict[str, Any], **patient: Any) -> CheckRequest:
    return parse_request(
        {
            "patient": {"reference": "Patient/p", **patient},
            "receiver": {"institution": records.RECEIVER},
            "orders": [{"ref": str(n), **order} for n, order in enumerate(orders)],
            "on": records.ON,
        },
        catalogue=load_catalogue(),
        registers=records.registers(),
        policy=build_policy(),
        caller=records.RECEIVER,
        now_us=0,
    )


def question(request: CheckRequest) -> Any:
    return ask(
        request,
        catalogue=load_catalogue(),
        registers=BOOKS,
        policy=build_policy(),
        rulebook=load_rulebook(),
    )


def test_every_order_gets_its_outcome_in_its_place() -> None:
    request = asked({"item": "NA"}, {"item": "K"}, {"item": "K"})
    judged = judge(request, [a_candidate(), a_candidate(item=None)], question(request))
    assert judged[0].outcome is Outcome.NONE
    assert judged[1] is judged[2]
    assert len(judged[1].assessments) == 1


def test_images_are_judged_by_what_the_line_says_and_what_is_ordered_alike_once() -> None:
    chest = {"item": "CT", "body_part": "CHEST", "contrast": False}
    request = asked(chest, {**chest, "contrast": True}, chest, {"item": "K"}, {"item": "US"})
    known = [records.an_imaging_candidate(), a_candidate()]
    judged = judge(request, known, question(request))
    assert judged[0] is judged[2]
    fired = [{f.rule for f in one.assessments[0].findings if f.fired} for one in judged[:2]]
    assert ["R-604" in rules for rules in fired] == [False, True]
    assert [len(one.assessments) for one in judged] == [1, 1, 1, 1, 0]
    assert judged[4].outcome is Outcome.NONE


def test_without_records_every_order_has_none() -> None:
    request = asked({"item": "K"}, {"item": "HBSAG"})
    assert {one.outcome for one in judge(request, [], question(request))} == {Outcome.NONE}


def test_what_the_request_states_of_the_patient_goes_into_the_question() -> None:
    request = asked({"item": "K"}, birth_date="2026-06-13", sex="female")
    found = question(request)
    assert (found.birth_date, found.sex, found.emergency_access) == ("2026-06-13", "female", False)
    assert found.pregnant is None
    judged = judge(request, [a_candidate()], found)[0]
    assert judged.outcome is Outcome.REFUSE
    assert [f.rule for f in judged.assessments[0].findings if f.fired] == ["R-008"]


def test_a_result_that_passes_every_gate_is_recognised() -> None:
    request = asked({"item": "K"})
    assert judge(request, [a_candidate()], question(request))[0].outcome is Outcome.RECOGNISE
