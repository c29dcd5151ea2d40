"""The rulebook: what follows from each condition, and what it rests on."""

from copy import deepcopy
from typing import Any

import pytest

from hie.errors import RulebookInvalid
from hie.recognition.rulebook import Effect, Kind, build_rulebook, load_rulebook
from hie.schemas import read_yaml

PASS, REVIEW, REFUSE = Effect.PASS, Effect.REVIEW, Effect.REFUSE
NEVER = None


def gate(number: int = 4) -> dict[str, Any]:
    data: dict[str, Any] = deepcopy(read_yaml("rulebook", f"gate{number}.yaml"))
    return data


def built(*gates: dict[str, Any]) -> Any:
    basis = read_yaml("rulebook", "basis.yaml")
    return build_rulebook(((f"{n}.yaml", data) for n, data in enumerate(gates)), basis)


@pytest.mark.parametrize(
    ("rule", "fired", "unknown"),
    [
        ("R-001", REFUSE, NEVER),
        ("R-002", REVIEW, REVIEW),
        ("R-003", REFUSE, NEVER),
        ("R-004", REFUSE, REFUSE),
        ("R-005", REFUSE, NEVER),
        ("R-006", REVIEW, NEVER),
        ("R-007", REFUSE, REFUSE),
        ("R-008", REFUSE, REFUSE),
        ("R-009", REFUSE, NEVER),
        ("R-010", REFUSE, REFUSE),
        ("R-101", REFUSE, NEVER),
        ("R-102", REVIEW, NEVER),
        ("R-103", REFUSE, NEVER),
        ("R-104", PASS, NEVER),
        ("R-105", REFUSE, REVIEW),
        ("R-106", PASS, REVIEW),
        ("R-107", REFUSE, REFUSE),
        ("R-108", REVIEW, NEVER),
        ("R-109", REVIEW, PASS),
        ("R-110", PASS, NEVER),
        ("R-201", REFUSE, REFUSE),
        ("R-202", REVIEW, PASS),
        ("R-203", REFUSE, PASS),
        ("R-204", REFUSE, REVIEW),
        ("R-205", REFUSE, PASS),
        ("R-206", REFUSE, NEVER),
        ("R-207", REFUSE, REVIEW),
        ("R-208", PASS, NEVER),
        ("R-401", REFUSE, REFUSE),
        ("R-402", REVIEW, REVIEW),
        ("R-403", REFUSE, NEVER),
        ("R-404", PASS, NEVER),
        ("R-405", REVIEW, NEVER),
        ("R-601", REFUSE, REFUSE),
        ("R-602", REVIEW, REVIEW),
        ("R-603", REFUSE, REVIEW),
        ("R-604", REFUSE, REVIEW),
        ("R-605", REVIEW, REVIEW),
        ("R-606", REVIEW, REVIEW),
        ("R-607", REVIEW, NEVER),
        ("R-608", REFUSE, REVIEW),
        ("R-609", PASS, NEVER),
        ("R-610", PASS, NEVER),
        ("R-611", PASS, NEVER),
    ],
)
def test_each_rule_has_its_outcome_and_its_outcome_if_unknown(
    rule: str, fired: Effect, unknown: Effect | None
) -> None:
    found = load_rulebook().rules[rule]
    assert (found.outcome, found.unknown) == (fired, unknown)


def test_voluntary_recognition_makes_a_review_of_a_refusal() -> None:
    for rule in ("R-105", "R-107"):
        found = load_rulebook().rules[rule]
        assert found.effect(fired=True, unknown=False, case="voluntary") is REVIEW
        assert found.effect(fired=True, unknown=False) is REFUSE
        assert found.effect(fired=True, unknown=False, case="something else") is REFUSE


def test_fired_goes_before_unknown_and_neither_has_no_effect() -> None:
    rule = load_rulebook().rules["R-204"]
    assert rule.effect(fired=True, unknown=True) is REFUSE
    assert rule.effect(fired=False, unknown=True) is REVIEW
    assert rule.effect(fired=False, unknown=False) is PASS
    assert max(PASS, REVIEW, REFUSE, key=lambda effect: effect.severity) is REFUSE


def test_all_seven_gates_are_asked_in_order() -> None:
    book = load_rulebook()
    assert [gate.number for gate in book.gates] == [0, 1, 2, 3, 4, 5, 6]
    assert book.gate(7) is None
    assert [rule.id for gate in book.gates for rule in gate.rules] == sorted(book.rules)


def test_rules_for_quantities_and_rounds_speak_of_laboratories_only() -> None:
    rules = load_rulebook().rules
    laboratory = {rule.id for rule in rules.values() if rule.kinds == {Kind.LABORATORY}}
    assert laboratory == LABORATORY


def test_rules_for_images_speak_of_images_only() -> None:
    rules = load_rulebook().rules
    imaging = {rule.id for rule in rules.values() if rule.kinds == {Kind.IMAGING}}
    assert imaging == {"R-207", *(f"R-6{n:02}" for n in range(1, 12))}


def test_only_the_dose_notice_is_not_given_when_its_gate_refuses() -> None:
    rules = load_rulebook().rules.values()
    assert [rule.id for rule in rules if rule.unless_refused] == ["R-609"]


def test_what_is_not_shown_is_marked_hidden() -> None:
    hidden = {rule.id for rule in load_rulebook().rules.values() if rule.hidden}
    assert hidden == {"R-001", "R-003", "R-005", "R-010"}


def test_every_basis_is_a_text_with_a_title_in_both_languages() -> None:
    book = load_rulebook()
    for rule in book.rules.values():
        for code in (rule.basis, *rule.basis_also):
            assert book.basis[code].title.zh
            assert book.basis[code].title.en
    assert book.rules["R-401"].basis == "OPN24"
    assert "国卫医发〔2022〕6号" in book.basis["LAW22"].title.zh
    assert book.basis["LAW22"].address.startswith("https://www.nhc.gov.cn/")


def test_conditions_and_rules_answer_each_other() -> None:
    book = load_rulebook()
    names = {rule.condition for rule in book.rules.values()}
    book.check_conditions(names)
    with pytest.raises(RulebookInvalid, match="older_than_limit"):
        book.check_conditions(names - {"older_than_limit"})
    with pytest.raises(RulebookInvalid, match="moonlight"):
        book.check_conditions(names | {"moonlight"})


def test_a_gate_twice_is_refused() -> None:
    with pytest.raises(RulebookInvalid, match="gate 4"):
        built(gate(), gate())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"id": "R-301"}, "another gate"),
        ({"id": "R-405"}, "rising id"),
        ({"basis": ["NOWHERE"]}, "NOWHERE"),
        ({"basis": ["TECH", "NOWHERE"]}, "NOWHERE"),
        ({"basis": []}, "basis"),
        ({"condition": "moonlight"}, "condition"),
        ({"condition": "exactly_at_limit"}, "exactly_at_limit"),
        ({"outcome": "recognise"}, "outcome"),
        ({"unknown": "perhaps"}, "unknown"),
        ({"kinds": ["ultrasound"]}, "kinds"),
        ({"title": {"zh": "只有中文"}}, "title"),
        ({"colour": "red"}, "colour"),
        ({"cases": {"voluntary": "recognise"}}, "cases"),
    ],
)
def test_a_rule_that_does_not_hold_together_is_refused(change: dict[str, Any], said: str) -> None:
    data = gate()
    data["rules"][0].update(change)
    with pytest.raises(RulebookInvalid, match=said):
        built(data)


def test_changing_what_follows_from_a_condition_needs_no_code() -> None:
    data = gate()
    data["rules"][0]["outcome"] = "clinician_review"
    assert built(data).rules["R-401"].outcome is REVIEW
    assert load_rulebook().rules["R-401"].outcome is REFUSE


# What is asked of laboratory results alone, and of images alone; every other rule is for both.
LABORATORY = {"R-009", *(f"R-{n}" for n in (*range(201, 206), *range(301, 310), 405))}
LABORATORY |= {"R-501", "R-507", "R-508"}
IMAGING = {"R-207", *(f"R-{n}" for n in range(601, 612))}


def test_each_rule_is_asked_of_the_kinds_it_is_for() -> None:
    both = {Kind.LABORATORY, Kind.IMAGING}
    for name, rule in load_rulebook().rules.items():
        expected = both
        if name in LABORATORY:
            expected = {Kind.LABORATORY}
        elif name in IMAGING:
            expected = {Kind.IMAGING}
        assert set(rule.kinds) == expected, name
