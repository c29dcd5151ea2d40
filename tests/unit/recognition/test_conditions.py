"""What every condition promises, whatever it asks; what each asks is in the rulebook's cases."""

import msgspec
from hypothesis import given, settings

from hie.recognition.candidate import Candidate
from hie.recognition.conditions import CONDITIONS, Answer
from hie.recognition.conditions.condition import answer
from hie.recognition.eligibility import Registers
from hie.recognition.facts import Facts
from hie.recognition.register import PolicyEntry
from hie.recognition.request import Encounter
from hie.recognition.request_order import Order
from hie.recognition.rulebook import load_rulebook
from hie.schemas import read_yaml
from tests.unit.recognition.records import a_candidate, question
from tests.unit.recognition.test_engine import books, candidates, encounters, orders, policies


def test_fired_goes_before_unknown() -> None:
    assert answer(True, True) == Answer(True, False, {})
    assert answer(False, True) == Answer(False, True, {})


def test_a_fact_that_is_not_known_is_left_out_and_a_case_needs_a_rule_that_fired() -> None:
    assert answer(False, False, "voluntary", mark=None, marks=[], limit_days=0) == Answer(
        False, False, {"marks": [], "limit_days": 0}
    )


@given(candidates(), books(), policies(), orders(), encounters())
@settings(max_examples=60)
def test_a_condition_answers_once_with_facts_json_can_say(
    one: Candidate,
    registers: Registers,
    entries: list[PolicyEntry],
    order: Order,
    encounter: Encounter,
) -> None:
    rules = {rule.condition: rule for rule in load_rulebook().rules.values()}
    asked = question(books=registers, policies=entries, encounter=encounter)
    facts = Facts(one, asked, None, order)
    for name, condition in CONDITIONS.items():
        said, rule = condition(facts), rules[name]
        assert not (said.fired and said.unknown)
        assert said == condition(facts)
        assert msgspec.json.decode(msgspec.json.encode(said.data)) == said.data
        assert rule.unknown is not None or not said.unknown, "the rulebook has it never unknown"
        assert said.case is None or said.case in rule.cases


def test_no_fact_of_the_patient_stands_in_a_finding() -> None:
    candidate = a_candidate(birth_date="1980-05-01", sex="male")
    facts = Facts(candidate, question(birth_date="1980-05-01", sex="male"))
    for name, condition in CONDITIONS.items():
        assert "1980" not in str(condition(facts).data), name


def test_every_case_a_rule_may_name_has_its_outcome() -> None:
    for rule in load_rulebook().rules.values():
        for case in rule.cases:
            assert rule.effect(fired=True, unknown=False, case=case) is rule.cases[case]


def test_the_published_shape_of_a_gate_names_every_condition() -> None:
    shape = read_yaml("json-schema", "gate.json")
    listed = shape["properties"]["rules"]["items"]["properties"]["condition"]["enum"]
    assert set(CONDITIONS) <= set(listed)
