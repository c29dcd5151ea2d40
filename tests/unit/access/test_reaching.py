"""Whose records an actor sees, and how restricted, is said in one way at every door."""

from dataclasses import replace

import pytest

from hie.access.actor import Actor, ActorKind, Purpose
from hie.access.policy import ROLE_SCOPES, Role, restriction
from hie.access.reaching import sight_of_call, within_reach
from hie.access.restriction import RESTRICTED, VERY_RESTRICTED, Restriction
from hie.access.scopes import Interaction

HOSPITAL = "12100000400000000X"
PERSON = Actor(
    kind=ActorKind.USER,
    client="pages",
    subject="u-1",
    institution=HOSPITAL,
    purpose=Purpose.TREATMENT,
    scopes=ROLE_SCOPES[Role.CLINICIAN],
    role=Role.CLINICIAN,
)
SYSTEM = replace(
    PERSON, kind=ActorKind.CLIENT, client="his", scopes=frozenset({"system/*.rs"}), role=None
)


@pytest.mark.parametrize("actor", [PERSON, SYSTEM], ids=["person", "system"])
@pytest.mark.parametrize("glass", [frozenset(), frozenset({"home-1"})], ids=["closed", "broken"])
def test_a_call_looks_no_further_than_a_read(actor: Actor, glass: frozenset[str]) -> None:
    asking = replace(actor, glass=glass, patient="p-1")
    read, call = restriction(asking, Interaction.READ), sight_of_call(asking)
    assert replace(call, declared=frozenset()) == read


def test_of_the_own_house_a_person_sees_nothing_very_restricted_and_a_system_all() -> None:
    assert within_reach(PERSON, Restriction()).own_clearance == RESTRICTED
    assert within_reach(SYSTEM, Restriction()).own_clearance == VERY_RESTRICTED


def test_what_scopes_permit_stays_as_it_is() -> None:
    found = Restriction(types=frozenset({"Observation"}), filters=(("Observation", ((),)),))
    seen = within_reach(PERSON, found)
    assert (seen.types, seen.filters) == (found.types, found.filters)


def test_the_operator_reaches_everybody() -> None:
    operator = replace(PERSON, kind=ActorKind.OPERATOR)
    assert within_reach(operator, Restriction()) == sight_of_call(operator) == Restriction()
