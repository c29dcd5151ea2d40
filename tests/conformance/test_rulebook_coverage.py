"""Every rule has its sentences: it fires, it does not, and it is unknown where it can be.

Counted is what the cases of rulebook/*.yaml state, not what happens beside it: a rule named under
`fired`, `fired_of`, `notices`, `unknown` or `silent`. So are the numbered examples of the rules,
and the edges of days in Shanghai.
"""

from collections import Counter
from typing import Any

import pytest

from hie.schemas import read_yaml
from tests.conformance.test_rulebook_cases import CASES

RULES: dict[str, dict[str, Any]] = {
    rule["id"]: rule
    for gate in range(7)
    for rule in read_yaml("rulebook", f"gate{gate}.yaml")["rules"]
}
# The conclusion of an earlier report is no fact of any rule: it can only be silent.
NEVER_FIRES = ("R-610",)
EXAMPLES = range(1, 19)


def stated(*keys: str) -> Counter[str]:
    """How many cases name each rule under one of the keys."""
    found: Counter[str] = Counter()
    for case in CASES.values():
        named = {rule for key in keys if key != "fired_of" for rule in case.get(key, ())}
        if "fired_of" in keys:
            named |= {rule for rules in case.get("fired_of", {}).values() for rule in rules}
        found.update(named)
    return found


FIRES = stated("fired", "notices", "fired_of")
UNKNOWN = stated("unknown")
SILENT = stated("silent")


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_has_three_cases_at_least_and_one_of_each_answer_it_can_give(rule: str) -> None:
    can_be_unknown = RULES[rule]["unknown"] != "never"
    assert SILENT[rule], "no case in which it does not fire"
    assert FIRES[rule] or rule in NEVER_FIRES, "no case in which it fires"
    assert bool(UNKNOWN[rule]) == can_be_unknown, (
        "a case of unknown where it can be, and only there"
    )
    assert FIRES[rule] + UNKNOWN[rule] + SILENT[rule] >= 3


def test_a_case_names_only_rules_there_are() -> None:
    named = {*FIRES, *UNKNOWN, *SILENT}
    named |= {
        rule
        for case in CASES.values()
        for key in ("data", "zh", "en")
        for rule in case.get(key, {})
    }
    assert named <= set(RULES)


@pytest.mark.parametrize("number", EXAMPLES)
def test_a_numbered_example_is_a_case(number: int) -> None:
    names = [name.partition(": ")[2] for name in CASES]
    assert any(name.startswith((f"example {number},", f"example {number} ")) for name in names)


@pytest.mark.parametrize(
    "edge", ["T23:59:59+08:00", "T00:00:00+08:00", "-02-29", "Z", "-08:00", "+14:00"]
)
def test_the_edges_of_days_are_cases(edge: str) -> None:
    asked = [str(case["on"]) for case in CASES.values() if "on" in case]
    collected = [
        str(record.get("collected"))
        for case in CASES.values()
        for record in case.get("candidates", [case.get("candidate", {})])
    ]
    assert any(edge in time for time in (*asked, *collected))
