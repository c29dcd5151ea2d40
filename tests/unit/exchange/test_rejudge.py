"""A stored check answered again from other books: the same, or which verdicts turn and why."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from hie.errors import UnprocessableRequest
from hie.exchange.rejudge import Turn, rejudge, rejudged, turns, turns_between
from hie.fhir.wire import parse, write
from hie.recognition.answer import write_answer
from hie.recognition.assessment import Effect, Outcome
from hie.recognition.books import Books
from hie.recognition.candidate import Candidate
from hie.recognition.catalogue import load_catalogue
from hie.recognition.check import judge
from hie.recognition.eligibility import Registers
from hie.recognition.identity_check import IdentityAnswer, IdentityState
from hie.recognition.kept_facts import write_facts
from hie.recognition.policy import build_policy
from hie.recognition.reasons import load_reasons
from hie.recognition.register import PolicyEntry
from hie.recognition.request import parse_request
from hie.recognition.rulebook import Rule, Rulebook, load_rulebook
from hie.recognition.texts import load_texts
from tests.unit.recognition import records

NEW, OLD = "Observation/new/_history/1", "Observation/old/_history/1"


def books(
    *policies: PolicyEntry, registers: Registers | None = None, rulebook: Rulebook | None = None
) -> Books:
    return Books(
        load_catalogue(),
        registers or records.registers(),
        build_policy(policies),
        rulebook or load_rulebook(),
        load_reasons(),
        load_texts(),
    )


def two_results() -> list[Candidate]:
    return [
        records.a_candidate(key="new", collected="2026-06-12T08:10:00+08:00", value="4.10"),
        records.a_candidate(key="old", collected="2026-06-09T08:10:00+08:00", value="4.0"),
    ]


def stored(
    made: Books, candidates: list[Candidate], state: str = "matched", **changed: Any
) -> dict[str, Any]:
    """A check as it is kept, and read again."""
    request = {
        "patient": {"identifiers": [{"type": "resident-id", "value": "11010519491231002X"}]},
        "receiver": {"institution": records.RECEIVER},
        "encounter": {"class": "outpatient", "purpose": "treatment", "events": []},
        "orders": [{"ref": "1", "item": "K"}],
        "on": records.ON,
        **changed,
    }
    asked = parse_request(
        request,
        catalogue=made.catalogue,
        registers=made.registers,
        policy=made.policy,
        caller=None,
        now_us=1_781_488_800_000_001,
    )
    identity = IdentityState(state)
    question = made.question(asked)
    judged = judge(asked, candidates if identity is IdentityState.MATCHED else (), question)
    answer = write_answer(asked, identity, judged, question, check="c", new_id=lambda: "a")
    facts = write_facts(IdentityAnswer(identity), (), candidates)
    return parse(write({"request": request, "answer": answer, "facts": facts}))


def again(body: dict[str, Any], made: Books) -> bytes:
    found = rejudged(body, made)
    answer = write_answer(
        found.request, found.identity, found.judged, found.question, check="c", new_id=lambda: "a"
    )
    return write(answer)


def with_rule(rule: str, **changed: Any) -> Rulebook:
    """The shipped rulebook with one rule changed."""
    book = load_rulebook()

    def one(old: Rule) -> Rule:
        return replace(old, **changed) if old.id == rule else old

    gates = tuple(replace(g, rules=tuple(map(one, g.rules))) for g in book.gates)
    return replace(book, gates=gates, rules={r.id: r for g in gates for r in g.rules})


def test_the_same_books_give_the_same_bytes() -> None:
    made = books()
    body = stored(made, two_results())
    assert again(body, made) == write(body["answer"])
    assert turns(body["answer"], rejudge(body, made)) == []


def test_a_request_without_an_instant_is_answered_for_the_one_its_answer_names() -> None:
    made = books()
    body = stored(made, two_results(), on=None)
    assert "on" not in {key for key, value in body["request"].items() if value}
    assert again(body, made) == write(body["answer"])


def test_nobody_matched_is_nobody_again() -> None:
    made = books()
    body = stored(made, two_results(), state="ambiguous")
    assert [one.outcome for one in rejudge(body, made)] == [Outcome.NONE]
    assert again(body, made) == write(body["answer"])


def test_a_tighter_limit_turns_the_verdict_by_the_rule_of_age() -> None:
    body = stored(books(), two_results())
    tighter = books(records.policy("default", time_limits={"K": 1}))
    assert turns(body["answer"], rejudge(body, tighter)) == [
        Turn("1", "K", NEW, "recognise", "do_not_recognise", ("R-401",))
    ]


def test_a_longer_limit_turns_it_back() -> None:
    tight = books(records.policy("default", time_limits={"K": 1}))
    body = stored(tight, two_results())
    assert turns(body["answer"], rejudge(body, books())) == [
        Turn("1", "K", NEW, "do_not_recognise", "recognise", ("R-401",))
    ]


def test_a_lost_mark_turns_it_by_scope_alone() -> None:
    body = stored(books(), two_results())
    narrower = books(registers=records.registers(marks=[records.mark("北京市西城区HR")]))
    (turn,) = turns(body["answer"], rejudge(body, narrower))
    assert (turn.resource, turn.now) == (NEW, "clinician_review")
    # R-104 is a notice: it stopped speaking, but moved nothing
    assert turn.rules == ("R-105",)


def test_a_result_that_is_no_candidate_any_more_is_offered_no_longer() -> None:
    body = stored(books(), two_results())
    shorter = books(records.policy("default", lookback_days=4))
    found = turns(body["answer"], rejudge(body, shorter))
    assert [(one.resource, one.was, one.now) for one in found] == [
        (OLD, "do_not_recognise", "none")
    ]


def test_what_follows_from_a_rule_turns_verdicts_although_its_answer_is_the_same() -> None:
    made = books()
    body = stored(made, two_results(), encounter={"class": "emergency", "purpose": "treatment"})
    stricter = books(rulebook=with_rule("R-502", outcome=Effect.REFUSE))
    expected = [Turn("1", "K", NEW, "clinician_review", "do_not_recognise", ("R-502",))]
    assert turns(body["answer"], rejudge(body, stricter)) == expected
    lines = [("1", "K")]
    assert turns_between(lines, rejudge(body, made), rejudge(body, stricter)) == expected


def test_the_case_of_a_rule_does_not_look_like_a_change_of_it() -> None:
    """R-105 refuses or asks for a review by policy; a stored answer does not say which."""
    narrow = records.registers(marks=[records.mark("北京市西城区HR")])
    body = stored(books(registers=narrow), two_results())
    older = books(records.policy("default", time_limits={"K": 1}), registers=narrow)
    (turn,) = turns(body["answer"], rejudge(body, older))
    assert (turn.was, turn.now, turn.rules) == ("clinician_review", "do_not_recognise", ("R-401",))


def test_a_check_kept_by_an_earlier_version_with_numbers_as_numbers_is_read() -> None:
    made = books()
    body = stored(made, two_results())
    for one in body["facts"]["candidates"]:
        for name in ("number", "exact"):
            one["value"][name] = Decimal(one["value"][name])
    assert again(parse(write(body)), made) == write(body["answer"])


@pytest.mark.parametrize("member", ["request", "answer", "facts"])
def test_a_check_that_lacks_a_member_says_which(member: str) -> None:
    made = books()
    body = stored(made, two_results())
    del body[member]
    with pytest.raises(UnprocessableRequest) as refused:
        rejudge(body, made)
    assert [fault.path for fault in refused.value.faults] == [member]


def test_facts_of_another_shape_are_named_by_place_and_never_by_value() -> None:
    made = books()
    body = stored(made, two_results())
    body["facts"]["candidates"][1]["birth_date"] = 19800501
    body["facts"]["identity"]["state"] = "perhaps"
    with pytest.raises(UnprocessableRequest) as refused:
        rejudge(body, made)
    faults = refused.value.faults
    assert [one.path for one in faults] == ["facts.identity.state", "facts.candidates[1]"]
    assert "19800501" not in str(faults)


def test_books_that_do_not_know_the_receiver_refuse_by_name() -> None:
    body = stored(books(), two_results())
    nobody = books(registers=records.registers(institutions=[records.institution()]))
    with pytest.raises(UnprocessableRequest) as refused:
        rejudge(body, nobody)
    assert [fault.path for fault in refused.value.faults] == ["receiver.institution"]
