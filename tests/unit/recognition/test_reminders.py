"""Nobody is reminded twice of one line, of what was decided, or in an emergency (R-907)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hie.recognition.reminders import OFFERED, Silent, ordered, reminders

OUTCOMES = ("recognise", "clinician_review", "do_not_recognise", "none")


def order(ref: str, item: str = "K", outcome: str = "recognise") -> dict[str, Any]:
    return {"ref": ref, "item": item, "outcome": outcome}


def silent(*orders: dict[str, Any], **more: Any) -> list[Silent | None]:
    lines = {one["ref"]: one["item"] for one in orders}
    return [one.silent for one in reminders(orders, lines, **({"encounter": None} | more))]


@pytest.mark.parametrize(
    ("outcome", "why"),
    [
        ("recognise", None),
        ("clinician_review", None),
        ("do_not_recognise", Silent.NOTHING),
        ("none", Silent.NOTHING),
    ],
)
def test_only_what_may_stand_in_is_put_forward(outcome: str, why: Silent | None) -> None:
    assert silent(order("1", outcome=outcome)) == [why]


@pytest.mark.parametrize("encounter", ["emergency", "intensive-care"])
def test_in_an_emergency_nobody_is_reminded(encounter: str) -> None:
    assert silent(order("1"), encounter=encounter) == [Silent.EMERGENCY]
    assert silent(order("1"), encounter="inpatient") == [None]


def test_each_line_once() -> None:
    both = (order("1", "K"), order("2", "NA"))
    assert silent(*both, reminded={"1"}) == [Silent.REMINDED, None]


def test_what_was_decided_on_in_this_encounter_is_not_put_forward_again() -> None:
    assert silent(order("1", "K"), order("2", "NA"), decided={"K"}) == [Silent.DECIDED, None]


def test_a_ct_of_the_head_is_no_ct_of_the_chest() -> None:
    head = ordered("CT", {"item": "CT", "body_part": "HEAD", "contrast": False})
    chest = ordered("CT", {"item": "CT", "body_part": "胸部", "contrast": False})
    assert head != chest
    assert chest == ordered("CT", {"item": "CT", "body_part": "CHEST", "contrast": False})
    assert chest != ordered("CT", {"item": "CT", "body_part": "CHEST", "contrast": True})
    assert ordered("K", {"item": "K"}) == "K"
    code = {"system": "http://loinc.org", "code": "2823-3"}
    assert ordered("K", {"code": code}) == "K"


@given(
    st.lists(st.sampled_from(OUTCOMES), max_size=6),
    st.sampled_from([None, "outpatient", "emergency"]),
    st.sets(st.sampled_from(["0", "1", "2"])),
    st.sets(st.sampled_from(["K0", "K1", "K2"])),
)
def test_there_is_one_entry_for_each_line_and_no_reminder_without_an_offer(
    outcomes: list[str], encounter: str | None, reminded: set[str], decided: set[str]
) -> None:
    orders = [order(str(n), f"K{n}", outcome) for n, outcome in enumerate(outcomes)]
    lines = {one["ref"]: one["item"] for one in orders}
    found = reminders(orders, lines, encounter, decided=decided, reminded=reminded)
    assert [one.ref for one in found] == [one["ref"] for one in orders]
    for one in found:
        if one.silent is None:
            assert one.outcome in OFFERED
            assert encounter != "emergency"
            assert one.ref not in reminded
            assert one.item not in decided
