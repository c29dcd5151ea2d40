"""What is kept with an answer loses nothing: every record of the rulebook's cases, there and back,
and the engine says the same of what came back."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from hie.fhir.wire import parse, write
from hie.recognition.answer import write_assessment
from hie.recognition.candidate import Candidate
from hie.recognition.engine import Judged, assess, assess_order
from hie.recognition.identity_check import IdentityAnswer, IdentityState
from hie.recognition.kept_facts import read_facts, write_facts
from hie.recognition.policy_file import shipped_policies
from hie.recognition.question import Question
from hie.recognition.register import PolicyEntry
from hie.recognition.snapshot import freeze, freeze_registers, thaw
from hie.recognition.sources import Part, read_files, shipped_files
from tests.conformance.test_rulebook_cases import CASES, a_question, a_record, an_order

SHIPPED = freeze(read_files(shipped_files()))


@pytest.mark.parametrize("name", CASES)
def test_the_facts_of_a_case_come_back_as_they_were_and_are_judged_the_same(name: str) -> None:
    case = CASES[name]
    stated = case.get("candidates", [case.get("candidate", {})])
    order = an_order(case, stated[0].get("item", "K") if stated else "K")
    known = [a_record(order.item, one) for one in stated]
    identity = IdentityAnswer(IdentityState.MATCHED)
    body = write(write_facts(identity, (), known))
    state, back = read_facts(parse(body))
    assert state is IdentityState.MATCHED
    assert list(back) == known
    for one, other in zip(back, known, strict=True):
        assert _digits(one) == _digits(other)
    assert write(write_facts(identity, (), back)) == body
    question = a_question(case, order.item)
    if case.get("by_name"):
        said = [assess(one, question, order=order) for one in (known[0], back[0])]
        assert write(write_assessment(said[0], "")) == write(write_assessment(said[1], ""))
    else:
        judged = [assess_order(order.item, one, question, order=order) for one in (known, back)]
        assert _written(judged[0]) == _written(judged[1])


@pytest.mark.parametrize("name", CASES)
def test_the_books_of_a_case_come_back_by_their_hash_and_answer_the_same(name: str) -> None:
    case = CASES[name]
    stated = case.get("candidates", [case.get("candidate", {})])
    order = an_order(case, stated[0].get("item", "K") if stated else "K")
    known = [a_record(order.item, one) for one in stated]
    question = a_question(case, order.item)
    rows = replace(question.registers.rows, policies=tuple(_policies(question)))
    books = thaw({**SHIPPED, Part.REGISTERS: freeze_registers(rows)})
    again = replace(
        question,
        catalogue=books.catalogue,
        registers=books.registers,
        policy=books.policy,
        rulebook=books.rulebook,
    )
    judged = [assess_order(order.item, known, one, order=order) for one in (question, again)]
    assert _written(judged[0]) == _written(judged[1])


def _policies(question: Question) -> Iterator[PolicyEntry]:
    """The policies a case adds to the shipped ones."""
    _, shipped = shipped_policies()
    for entries in question.policy._by_scope.values():
        yield from (one for one in entries if one not in shipped)


def _digits(candidate: Candidate) -> list[Any]:
    """5.10 equals 5.1: that the digits came back too is seen in their text."""
    value = candidate.value
    return [str(value.number), str(value.exact), msgspec.json.encode(candidate.collected)]


def _written(judged: Judged) -> bytes:
    return write([write_assessment(one, "") for one in judged.assessments])
