"""The answer's JSON: its keys, their order, and what each says."""

from collections.abc import Sequence
from itertools import count
from typing import Any

from hie.fhir.wire import write
from hie.recognition.answer import write_answer
from hie.recognition.candidate import Candidate
from hie.recognition.catalogue import load_catalogue
from hie.recognition.engine import Judged, assess_order
from hie.recognition.identity_check import IdentityState
from hie.recognition.policy import build_policy
from hie.recognition.question import Question
from hie.recognition.reasons import load_reasons
from hie.recognition.request import parse_request
from tests.unit.recognition import records
from tests.unit.recognition.records import a_candidate, policy, question

KEYS = ["check", "policy", "on", "identity", "orders"]
ORDER = ["ref", "item", "outcome", "candidates", "saves", "reasons"]
CANDIDATE = [
    "assessment", "resource", "outcome", "value", "unit", "reported", "institution", "mark",
    "effective", "age_days", "limit_days", "findings",
]  # fmt: skip
FINDING = ["rule", "fired", "unknown", "basis", "data", "text"]


def answer(
    *known: Candidate,
    items: tuple[str, ...] = ("K",),
    state: IdentityState = IdentityState.MATCHED,
    asked: Question | None = None,
    orders: Sequence[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    asked = asked or question()
    lines = [{"item": item} for item in items] if orders is None else orders
    request = parse_request(
        {
            "patient": {"identifiers": [{"type": "resident-id", "value": "11010519491231002X"}]},
            "receiver": {"institution": records.RECEIVER},
            "orders": [{"ref": str(n), **line} for n, line in enumerate(lines, 1)],
            "on": records.ON,
        },
        catalogue=load_catalogue(),
        registers=asked.registers,
        policy=build_policy(),
        caller=records.RECEIVER,
        now_us=0,
    )
    judged: list[Judged] = [
        assess_order(order.item, known, asked, order=order, gates=records.IMAGING_GATES)
        for order in request.orders
    ]
    numbers = count(1)
    return write_answer(
        request, state, judged, asked, check="c-1", new_id=lambda: f"a-{next(numbers)}"
    )


def test_keys_stand_in_one_order() -> None:
    found = answer(a_candidate())
    assert list(found) == KEYS
    assert list(found["orders"][0]) == ORDER
    candidate = found["orders"][0]["candidates"][0]
    assert list(candidate) == CANDIDATE
    assert list(candidate["findings"][0]) == FINDING
    assert list(candidate["reported"]) == ["value", "unit", "low", "high"]


def test_an_answer_says_what_was_asked_and_by_which_policy() -> None:
    found = answer(a_candidate())
    assert found["check"] == "c-1"
    assert found["policy"] == "2026.2"
    assert found["on"] == records.ON
    assert found["identity"] == "matched"


def test_a_candidate_shows_its_value_source_and_age() -> None:
    candidate = answer(a_candidate(low="3.5", high="5.3"))["orders"][0]["candidates"][0]
    del candidate["findings"]
    assert candidate == {
        "assessment": "a-1",
        "resource": "Observation/o1/_history/1",
        "outcome": "recognise",
        "value": "4.1",
        "unit": "mmol/L",
        "reported": {"value": "4.1", "unit": "mmol/L", "low": "3.5", "high": "5.3"},
        "institution": {"code": records.SOURCE, "name": "示例第一医院"},
        "mark": "京津冀HR",
        "effective": "2026-06-12T08:10:00+08:00",
        "age_days": 3,
        "limit_days": 7,
    }


def test_a_study_shows_no_value_and_its_sentences_speak_of_images() -> None:
    order = {"item": "CT", "body_part": "胸部", "contrast": False}
    books = records.registers(item="CT")
    found = answer(records.an_imaging_candidate(), asked=question(books=books), orders=[order])
    candidate = found["orders"][0]["candidates"][0]
    findings = {finding["rule"]: finding for finding in candidate.pop("findings")}
    assert candidate == {
        "assessment": "a-1",
        "resource": "ImagingStudy/s1/_history/1",
        "outcome": "recognise",
        "value": None,
        "unit": None,
        "reported": {"value": None, "unit": None, "low": None, "high": None},
        "institution": {"code": records.SOURCE, "name": "示例第一医院"},
        "mark": "京津冀HR",
        "effective": "2026-06-12T08:10:00+08:00",
        "age_days": 3,
        "limit_days": 30,
    }
    assert findings["R-401"]["text"]["zh"] == "检查 3 天 / 上限 30 天"
    assert findings["R-601"]["data"] == {
        "instances_expected": 3, "instances_received": 3, "images": "retrievable",
    }  # fmt: skip
    assert found["orders"][0]["saves"]["amount"] == "135.00"


def test_a_finding_says_its_rule_answer_basis_facts_and_sentence() -> None:
    findings = answer(a_candidate())["orders"][0]["candidates"][0]["findings"]
    age = next(finding for finding in findings if finding["rule"] == "R-401")
    assert age == {
        "rule": "R-401",
        "fired": False,
        "unknown": False,
        "basis": "OPN24",
        "data": {"age_days": 3, "limit_days": 7},
        "text": {"zh": "采集 3 天 / 上限 7 天", "en": "3 of 7 days"},
    }


def test_every_sentence_is_said_in_both_languages() -> None:
    for candidate in (
        a_candidate(),
        a_candidate(value=None, status=None, report_status="preliminary", issued=None),
        a_candidate(collected=None, issued="2026-06-01"),
    ):
        for finding in answer(candidate)["orders"][0]["candidates"][0]["findings"]:
            assert finding["text"]["zh"]
            assert finding["text"]["en"]


def test_an_estimated_collection_is_not_shown_as_a_time() -> None:
    found = answer(a_candidate(collected=None, issued="2026-06-12T10:00:00+08:00"))
    candidate = found["orders"][0]["candidates"][0]
    assert candidate["effective"] is None
    assert candidate["age_days"] == 4


def test_an_order_without_a_result_says_none_and_nothing_more() -> None:
    assert answer()["orders"] == [
        {"ref": "1", "item": "K", "outcome": "none", "candidates": [], "saves": None, "reasons": []}
    ]


def test_what_is_saved_is_told_with_its_tariff() -> None:
    saves = answer(a_candidate())["orders"][0]["saves"]
    assert saves["amount"] == "8.50"
    assert saves["currency"] == "CNY"
    assert saves["billable"] == "250304001"
    assert saves["basis"]


def test_reasons_begin_with_what_lowered_the_leading_result() -> None:
    found = answer(a_candidate(collected="2026-06-01T08:00:00+08:00", reviewed=False))
    assert found["orders"][0]["reasons"] == [
        "D2_DATA_UNUSABLE", "L3_TOO_OLD", *load_reasons().always
    ]  # fmt: skip


def test_reasons_end_with_the_policys_own() -> None:
    asked = question(policies=[policy("region:13", local_reasons=["L1_PATIENT_REQUEST"])])
    reasons = answer(a_candidate(), asked=asked)["orders"][0]["reasons"]
    assert reasons == [*load_reasons().always, "L1_PATIENT_REQUEST"]


def test_without_a_leading_result_the_first_ones_reasons_are_offered() -> None:
    reasons = answer(a_candidate(value=None))["orders"][0]["reasons"]
    assert reasons[0] == "D2_DATA_UNUSABLE"


def test_two_lines_for_one_item_are_judged_alike() -> None:
    first, second = answer(a_candidate(), items=("K", "K"))["orders"]
    for line in (first, second):
        for candidate in line["candidates"]:
            del candidate["assessment"]
    assert first["candidates"] == second["candidates"]
    assert (first["saves"]["amount"], second["saves"]["amount"]) == ("8.50", "0.00")


def test_orders_stand_as_asked_and_ids_are_given_in_that_order() -> None:
    known = [a_candidate(key="k"), a_candidate(item="NA", value="140", key="n")]
    found = answer(*known, items=("NA", "HBSAG", "K"))
    assert [order["item"] for order in found["orders"]] == ["NA", "HBSAG", "K"]
    ids = [c["assessment"] for order in found["orders"] for c in order["candidates"]]
    assert ids == ["a-1", "a-2"]


def test_the_same_question_gives_the_same_bytes() -> None:
    known = [a_candidate(key=key) for key in "abc"]
    assert write(answer(*known)) == write(answer(*known[::-1]))


def test_numbers_of_an_answer_are_whole_and_amounts_text() -> None:
    def leaves(value: Any) -> Any:
        if isinstance(value, dict):
            for part in value.values():
                yield from leaves(part)
        elif isinstance(value, list):
            for part in value:
                yield from leaves(part)
        else:
            yield value

    found = answer(a_candidate(), a_candidate(item="CRE", unit="mg/dL"), items=("K", "CRE"))
    assert {type(leaf) for leaf in leaves(found)} <= {str, int, bool, type(None)}
