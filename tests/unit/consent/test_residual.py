"""What a token says is not to be seen: too much of it at times, never too little."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hie.access.pcf import EVERYTHING, MOST_RULES
from hie.consent.compiling import compile_all
from hie.consent.reading import read
from hie.consent.residual import Holder, consents_of, held_to, residual
from hie.consent.rule import DENY, OPEN, PERMIT, Rule
from hie.consent.terms import Terms
from hie.consent.words import BITS, LEVELS, UNMAPPED, topic_coding, topics
from tests.unit.consent.consents import ADULT, KNOWN, NOW, RESULT, A, B, C, a_consent, rule
from tests.unit.consent.evaluator import Question, Record, decide
from tests.unit.consent.test_compiling_property import TREES

_LIFE = 330_000_000
BY_B = Holder(B, "TREAT", frozenset(), NOW, NOW + _LIFE, permitted=True, clearance=0)
HIV, PSY = 1, 4
DAY = 86_400_000_000


def _rules(*roots: dict[str, Any]) -> list[Rule]:
    return compile_all([read(a_consent(one), KNOWN, NOW) for one in roots], Terms(), ADULT).rules


def _said(*roots: dict[str, Any], holder: Holder = BY_B) -> list[str]:
    """The codes that are forbidden; `everything` for what has no label."""
    return _codes(residual(held_to(_rules(*roots), holder), holder))


def _codes(found: Any) -> list[str]:
    assert all(one["type"] == "forbid" for one in found)
    labels = [one.get("securityLabel", [{"code": "everything"}]) for one in found]
    assert all(len(one) == 1 for one in labels)
    return [one[0]["code"] for one in labels]


CASES: dict[str, tuple[list[dict[str, Any]], list[str]]] = {
    "nothing said": ([], ["R", "V"]),
    "sharing": ([rule("permit")], ["R", "V"]),
    "restricted too": ([rule("permit", labels="R")], ["V"]),
    "very restricted too, which no Consent opens": ([rule("permit", labels="V")], ["V"]),
    "a topic not": ([rule("deny", labels="HIV")], ["R", "V", "HIV", "UNMAPPED"]),
    "two topics not": ([rule("deny", labels="HIV PSY")], ["R", "V", "HIV", "PSY", "UNMAPPED"]),
    "a topic not, for another": ([rule("deny", who="Organization/c", labels="HIV")], ["R", "V"]),
    "a topic not, for another purpose": (
        [rule("deny", purpose="PUBHLTH", labels="HIV")], ["R", "V"],
    ),
    "not at all": ([rule("deny")], ["everything"]),
    "not for this one": ([rule("deny", who="Organization/b")], ["everything"]),
    "only for another": ([rule("permit", who="Organization/c")], ["everything"]),
    "only a topic": ([rule("permit", labels="HIV")], ["everything"]),
    "some days not": ([rule("deny", days="2026-01-01/2026-02-01")], ["everything"]),
    "not of one house": ([rule("deny", data="authoredby:Organization/a")], ["everything"]),
    "over already": ([rule("deny", period="2026-01-01/2026-02-01")], ["R", "V"]),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_a_consent_denies_is_said_by_its_labels(case: str) -> None:
    roots, expected = CASES[case]
    assert sorted(_said(*roots)) == sorted(expected)


@pytest.mark.parametrize(("clearance", "expected"), [(0, ["R", "V"]), (1, ["V"]), (2, [])])
def test_what_the_holder_is_not_cleared_for_is_said(clearance: int, expected: list[str]) -> None:
    assert _said(holder=replace(BY_B, clearance=clearance)) == expected


def test_the_policy_of_the_region_is_said_where_no_consent_speaks() -> None:
    assert _said(holder=replace(BY_B, permitted=False)) == ["everything"]
    assert _said(rule("permit"), holder=replace(BY_B, permitted=False)) == ["R", "V"]


@pytest.mark.parametrize("seconds", [0, 1, 329, 330])
def test_a_denial_that_begins_in_the_life_of_a_token_is_in_it(seconds: int) -> None:
    begins = Rule(DENY, "c", any_topics=HIV, from_us=NOW + seconds * 1_000_000)
    found = residual(held_to([begins], BY_B), BY_B)
    assert ("HIV" in _codes(found)) == (seconds < 330)


@pytest.mark.parametrize("seconds", [329, 330])
def test_a_permission_that_ends_in_the_life_of_a_token_is_not_in_it(seconds: int) -> None:
    ends = Rule(OPEN, "c", until_us=NOW + seconds * 1_000_000)
    found = residual(held_to([ends], BY_B), BY_B)
    assert ("R" not in _codes(found)) == (seconds == 330)


def test_the_consents_that_may_speak_to_the_holder_are_named() -> None:
    rules = [
        Rule(DENY, "for-all", any_topics=HIV),
        Rule(DENY, "for-c", institution=C),
        Rule(DENY, "for-all", any_topics=PSY),
        Rule(PERMIT, "for-b", institution=B, purposes=BITS["TREAT"]),
        Rule(PERMIT, "for-health", purposes=BITS["PUBHLTH"]),
        Rule(DENY, "of-last-year", until_us=NOW - DAY),
        Rule(DENY, "for-somebody", party="user/p"),
    ]
    assert consents_of(held_to(rules, BY_B)) == ("for-all", "for-b")
    somebody = replace(BY_B, parties=frozenset({"user/p"}))
    assert consents_of(held_to(rules, somebody)) == ("for-all", "for-b", "for-somebody")


def test_of_more_rules_than_anybody_reads_the_safest_is_said() -> None:
    many = [Rule(DENY, f"c{n}", resource=f"Observation/{n}", kind="Patient") for n in range(300)]
    assert residual(many, BY_B) == EVERYTHING
    plain = [Rule(PERMIT, f"c{n}", kind="Specimen") for n in range(250)]
    assert _codes(residual(plain, BY_B)) == ["R", "V"]  # the permitted twin


def test_a_topic_that_only_goes_together_with_none_is_forbidden_with_all() -> None:
    """Two permissions of one topic each are none of what is about both."""
    apart = [Rule(OPEN, "c", most=0), Rule(OPEN, "c", within_topics=HIV),
             Rule(OPEN, "c", within_topics=PSY), Rule(OPEN, "c", no_topics=HIV | PSY),
             Rule(DENY, "c", least=1)]  # fmt: skip
    found = _codes(residual(apart, BY_B))
    assert {"HIV", "PSY"} <= set(found)


_LABELS = [
    None,
    *(level + 4 * bits for level in (0, 1, 2) for bits in (0, HIV, PSY, HIV | PSY, 128, UNMAPPED)),
]
_TREATED = st.builds(
    lambda kind, label: replace(RESULT, kind=kind, label=label),
    st.sampled_from(["Observation", "Patient", "DiagnosticReport"]),
    st.sampled_from(_LABELS),
)


def _forbids(found: Any, label: int | None) -> bool:
    """Whether a reader who knows nothing but the token shows a record of this label."""
    level, bits = (1, UNMAPPED) if label is None else (label & 3, label >> 2)
    names = {name for name, value in LEVELS.items() if value == level}
    names |= {str(topic_coding(name)["code"]) for name, bit in topics().items() if bits & bit}  # type: ignore[index]
    names |= {"UNMAPPED"} if bits & UNMAPPED else set()
    return any(code == "everything" or code in names for code in _codes(found))


@given(
    st.lists(TREES, max_size=3), st.sampled_from([A, B, C]),
    st.sampled_from(["TREAT", "ETREAT", "PUBHLTH"]), st.integers(0, 2), st.booleans(), _TREATED,
)  # fmt: skip
def test_whoever_goes_by_the_token_shows_nothing_that_is_denied(
    trees: list[dict[str, Any]],
    institution: str,
    purpose: str,
    clearance: int,
    permitted: bool,
    record: Record,
) -> None:
    rules = _rules(*trees)
    holder = Holder(
        institution, purpose, frozenset(), NOW, NOW + _LIFE, permitted, clearance
    )  # fmt: skip
    found = residual(held_to(rules, holder), holder)
    assert len(found) <= MOST_RULES
    assert len(json.dumps(found)) < 2_000
    if _forbids(found, record.label):
        return
    question = Question(institution, BITS[purpose], NOW, frozenset())
    decided = decide(rules, question, record)
    permits = permitted if decided is None else decided.decision != DENY
    opens = decided is not None and decided.decision == OPEN
    level = 1 if record.label is None else record.label & 3
    assert permits
    assert level <= clearance or (opens and level <= 1)
