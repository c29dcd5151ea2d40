"""What a scope says, what covers what, and what an actor may do with it."""

from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hie.access.actor import Actor, ActorKind, Purpose
from hie.access.policy import (
    ROLE_SCOPES,
    Restriction,
    Role,
    permit,
    permit_institution,
    permit_type,
    restriction,
)
from hie.access.scopes import Door, Interaction, check_client_scopes, covered, find_scope
from hie.errors import NotPermitted
from tests.unit.access.tokens import INSTITUTION

LETTERS = ["".join(some) for n in range(1, 6) for some in combinations("cruds", n)]
TYPES = ["Observation", "Patient", "DiagnosticReport", "*"]
smart = st.builds(
    "{}/{}.{}".format,
    st.sampled_from(["system", "user"]),
    st.sampled_from(TYPES),
    st.sampled_from(LETTERS),
)
scopes = smart | st.sampled_from([door.value for door in Door])


def an_actor(*given: str, **changes: Any) -> Actor:
    actor = Actor(
        kind=ActorKind.CLIENT,
        client="lis-1",
        subject="lis-1",
        institution=INSTITUTION,
        purpose=Purpose.TREATMENT,
        scopes=frozenset(given),
    )
    return replace(actor, **changes)


def reason(call: Any, *arguments: Any) -> str:
    with pytest.raises(NotPermitted) as caught:
        call(*arguments)
    return caught.value.faults[0].code


@given(scopes)
def test_a_scope_is_written_as_it_was_read(text: str) -> None:
    assert str(find_scope(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "system",
        "system/",
        "system/Observation",
        "system/Observation.",
        "system/Observation.sr",
        "system/Observation.rr",
        "system/Observation.dus",
        "system/Observation.read",
        "system/Observation.*",
        "system/*.*",
        "system/observation.r",
        "System/Observation.r",
        "system/Observation.rs ",
        "system/Observation.rs\n",
        "system/Observation.rs?",
        "system/Observation.rs?category",
        "system/Observation.rs?category=",
        "system/Observation.rs?category=a,,b",
        "system/Observation.rs?category=a&category=b",
        "system/Observation.rs?category=|",
        "system/Observation.rs?category=|a",
        "system/Observation.rs?category=a|b|c",
        "system/Observation.rs?category=urn:x|",
        "system/Observation.rs?category:not=laboratory",
        "system/Observation.rs?code:in=http://evil.example/vs",
        "system/Observation.rs?patinet=x",
        "system/Observation.rs?category=a b",
        "system/Observation.?category=laboratory",
        "system/*.rs?category=laboratory",
        "system/Patient.rs?status=active",
        "hie/intake?status=final",
        "system/Observation.r.s",
        "system/Observation/x.r",
        "system//.r",
        "patient/observation.r",
        "launch/patient",
        "openid",
        "hie/",
        "hie/x",
        "hie/intake.r",
        "hie/INTAKE",
        "system/Обсервация.r",
        "system/" + "A" * 65 + ".r",
    ],
)
def test_what_is_outside_the_grammar_is_no_scope(text: str) -> None:
    assert find_scope(text) is None
    assert not covered([text], ["system/*.cruds", text])


@given(st.lists(scopes, min_size=1, max_size=5))
def test_what_one_has_covers_itself(held: list[str]) -> None:
    assert covered(held, held)


@given(scopes, scopes)
def test_a_scope_covers_no_more_than_it_says(one: str, other: str) -> None:
    mine, theirs = find_scope(one), find_scope(other)
    assert mine is not None
    assert theirs is not None
    if covered([other], [one]):
        assert mine.context == theirs.context
        assert set(theirs.letters) <= set(mine.letters)
        assert mine.type in {"*", theirs.type}
        assert theirs.type != "*" or mine.type == "*"


def test_two_scopes_do_not_add_up_to_a_third() -> None:
    assert not covered(["system/Patient.rs"], ["system/Patient.r", "system/Patient.s"])
    assert covered(["system/Patient.r", "system/Patient.s"], ["system/Patient.rs"])


@given(st.lists(scopes, max_size=5), st.lists(scopes, max_size=5))
def test_covering_is_transitive(asked: list[str], held: list[str]) -> None:
    if covered(asked, held):
        assert covered(asked, [*held, "system/Practitioner.r"])


def test_a_client_is_registered_with_scopes_for_itself_and_its_people() -> None:
    types = frozenset({"Observation"})
    assert check_client_scopes(["system/Observation.rs", "system/*.r", "hie/intake"], types) == []
    assert check_client_scopes(["user/Observation.rs", "user/*.rs"], types) == []
    codes = [
        fault.code
        for fault in check_client_scopes(["patient/Patient.r", "user/Patient.r", "x"], types)
    ]
    assert codes == ["scope-context", "scope-type", "scope-format"]
    assert [fault.code for fault in check_client_scopes([], types)] == ["scope-count"]
    assert check_client_scopes(["hie/intake"] * 65, types)[0].code == "scope-count"


@pytest.mark.parametrize("door", list(Door))
def test_a_door_opens_by_its_own_scope_and_by_no_other(door: Door) -> None:
    permit(an_actor(door.value), door)
    others = [other.value for other in Door if other is not door]
    assert reason(permit, an_actor(*others, "system/*.cruds"), door) == "scope"
    permit(an_actor(kind=ActorKind.OPERATOR), door)


@pytest.mark.parametrize("purpose", list(Purpose))
def test_patients_are_looked_at_for_treatment_only(purpose: Purpose) -> None:
    actor = an_actor("system/*.rs", *(door.value for door in Door), purpose=purpose)
    clinical = purpose in {Purpose.TREATMENT, Purpose.EMERGENCY}
    if clinical:
        permit(actor, Door.ORDER_CHECK)
        restriction(actor, Interaction.READ)
    else:
        assert reason(permit, actor, Door.ORDER_CHECK) == "purpose"
        assert reason(permit, actor, Door.DECIDE) == "purpose"
        assert reason(restriction, actor, Interaction.READ) == "purpose"
    permit(actor, Door.INTAKE)


def test_reading_and_searching_are_two_permissions() -> None:
    actor = an_actor("system/Observation.r", "system/Patient.s")
    assert restriction(actor, Interaction.READ).types == {"Observation"}
    assert restriction(actor, Interaction.SEARCH).types == {"Patient"}
    assert reason(permit_type, actor, "Patient", Interaction.READ) == "scope"
    assert reason(permit_type, actor, "Observation", Interaction.SEARCH) == "scope"
    permit_type(actor, "Observation", Interaction.READ)


def test_every_type_is_permitted_by_the_star_alone() -> None:
    assert restriction(an_actor("system/*.rs"), Interaction.SEARCH).types is None
    assert reason(restriction, an_actor("hie/order-check"), Interaction.READ) == "scope"
    assert reason(restriction, an_actor("system/*.s"), Interaction.READ) == "scope"


def test_scopes_of_people_do_not_serve_systems_and_the_reverse() -> None:
    assert reason(restriction, an_actor("user/*.rs"), Interaction.READ) == "scope"
    person = an_actor("system/*.rs", kind=ActorKind.USER)
    assert reason(restriction, person, Interaction.READ) == "role"


def test_the_operator_sees_what_the_machine_holds() -> None:
    assert restriction(an_actor(kind=ActorKind.OPERATOR), Interaction.READ) == Restriction()


def test_nobody_acts_for_another_institution() -> None:
    permit_institution(an_actor(), INSTITUTION)
    assert reason(permit_institution, an_actor(), "12100000400686060U") == "org-spoof"
    permit_institution(an_actor(kind=ActorKind.OPERATOR), "12100000400686060U")


def test_only_clinicians_see_patients() -> None:
    for role, held in ROLE_SCOPES.items():
        actor = an_actor(*held, kind=ActorKind.USER, role=role.value)
        if role is Role.CLINICIAN:
            assert restriction(actor, Interaction.SEARCH).types is None
            permit(actor, Door.ORDER_CHECK)
        else:
            assert reason(permit, actor, Door.ORDER_CHECK) == "role"
            purposeful = replace(actor, purpose=Purpose.TREATMENT)
            assert reason(restriction, purposeful, Interaction.READ) == "role"
    assert set(ROLE_SCOPES) == set(Role)


def test_an_empty_restriction_permits_nothing() -> None:
    assert not Restriction(types=frozenset()).permits_type("Patient")
    assert Restriction().permits_type("Patient")


CATEGORIES = st.lists(
    st.sampled_from(["laboratory", "imaging", "urn:x|vital"]), min_size=1, max_size=3, unique=True
)


@given(CATEGORIES, CATEGORIES, st.sampled_from(["r", "rs", "crus"]))
def test_a_constrained_scope_covers_what_is_within_its_constraints(
    some: list[str], others: list[str], letters: str
) -> None:
    narrow = f"system/Observation.{letters}?category={','.join(some)}&status=final"
    wide = f"system/Observation.{letters}?category={','.join(others)}"
    whole = f"system/Observation.{letters}"
    assert str(find_scope(narrow)) == narrow
    assert covered([narrow], [wide]) == (set(some) <= set(others))
    assert covered([narrow, wide], [whole])
    assert not covered([whole], [wide])
    assert not covered([wide], [narrow])


def test_constraints_become_filters_and_a_scope_without_any_lifts_them() -> None:
    narrow = "system/Observation.rs?category=laboratory"
    found = permit_type(an_actor(narrow), "Observation", Interaction.READ)
    assert found.filters_of("Observation") == ((("category", ("laboratory",)),),)
    assert found.filters_of("DiagnosticReport") == ()
    both = restriction(an_actor(narrow, "system/Observation.r"), Interaction.READ)
    assert both.filters_of("Observation") == ()
    search = restriction(an_actor(narrow, "system/Observation.r"), Interaction.SEARCH)
    assert search.filters_of("Observation")
