"""Who may break the glass, and what counts as a reason."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hie.access.actor import Actor, ActorKind, Purpose
from hie.access.glass import (
    ELIGIBLE,
    FEWEST,
    LONGEST,
    GlassReason,
    check_eligible,
    check_reason,
)
from hie.access.policy import Role
from hie.access.reason import ALERTS, Reason
from hie.errors import NotPermitted

DOCTOR = Actor(
    kind=ActorKind.USER,
    client="pages",
    subject="u1",
    institution="91110000MA0000001L",
    purpose=Purpose.TREATMENT,
    scopes=frozenset(),
    role=Role.CLINICIAN,
)
WHY = "昏迷入院，无亲属陪同，需要结果"


def test_a_clinician_may_and_nobody_else() -> None:
    check_eligible(DOCTOR)
    assert frozenset({Role.CLINICIAN}) == ELIGIBLE
    others = [
        replace(DOCTOR, role=role) for role in [*Role, None, "nurse-aide"] if role != "clinician"
    ]
    others += [replace(DOCTOR, kind=kind) for kind in ActorKind if kind is not ActorKind.USER]
    for actor in others:
        with pytest.raises(NotPermitted) as told:
            check_eligible(actor)
        assert {fault.code for fault in told.value.faults} == {Reason.BREAK_GLASS}
    assert Reason.BREAK_GLASS in ALERTS


@pytest.mark.parametrize("reason", list(GlassReason))
def test_every_reason_with_words_is_one(reason: GlassReason) -> None:
    assert check_reason(reason.value, f"  {WHY}\n\t{WHY} ") == (reason, f"{WHY} {WHY}")


@pytest.mark.parametrize(
    "reason", [None, "", "UNCONSCIOUS", "emergency", 1, True, ["unconscious"], {}]
)
def test_what_is_no_reason_is_refused(reason: object) -> None:
    with pytest.raises(NotPermitted) as told:
        check_reason(reason, WHY)
    assert [fault.path for fault in told.value.faults] == ["reason"]


@pytest.mark.parametrize(
    "words",
    [
        None,
        7,
        [WHY],
        "",
        "123456789",
        "1 2 3 4 5 6 7 8 9",
        "　" * 40,
        "a" * (LONGEST + 1),
        "see the note\x00 of today",
        "see the note \u202eyadot fo",
        "see the note \x1b[2J of today",
    ],
)
def test_what_says_too_little_or_cannot_be_read_is_refused(words: object) -> None:
    with pytest.raises(NotPermitted) as told:
        check_reason("unconscious", words)
    assert [fault.path for fault in told.value.faults] == ["text"]


def test_both_mistakes_are_named_at_once() -> None:
    with pytest.raises(NotPermitted) as told:
        check_reason(None, None)
    assert [fault.path for fault in told.value.faults] == ["reason", "text"]


@given(st.text(max_size=LONGEST + 50))
def test_whatever_is_kept_is_long_enough_short_enough_and_printable(words: str) -> None:
    try:
        _, said = check_reason("unconscious", words)
    except NotPermitted:
        return
    assert said.isprintable()
    assert FEWEST <= len(said.replace(" ", "")) <= len(said) <= LONGEST
