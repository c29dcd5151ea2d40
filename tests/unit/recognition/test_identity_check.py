"""Who is asked about: matched, none or ambiguous, and which Patients are that person.

Names agree here when they are equal: how names are compared is another room's business.
"""

from itertools import permutations
from typing import Any

import pytest

from hie.recognition.candidate import Identity, Relation
from hie.recognition.identity_check import (
    AskedPerson,
    IdentityAnswer,
    IdentityState,
    KnownHome,
    Traits,
    check_identity,
    is_shared,
    read_asked,
    read_home,
    relate,
)
from hie.recognition.request import Asked

NUMBER = ("resident-id", "11010519491231002X")  # the sample number of GB 11643: a woman of 1949
PASS = ("passport", "E12345678")
ZHANG = Traits(("张三",), "female", "1949-12-31")


def agree(one: str, other: str) -> bool:
    return one == other


def person(*usable: tuple[str, str], traits: Traits = ZHANG, **other: Any) -> AskedPerson:
    return AskedPerson(traits, frozenset(usable or (NUMBER,)), **other)


def home(
    key: str = "h1",
    of: str = "p1",
    *identifiers: tuple[str, str],
    traits: Traits = ZHANG,
    deceased: bool = False,
) -> KnownHome:
    return KnownHome(key, of, traits, frozenset(identifiers or (NUMBER,)), deceased)


def check(asked: AskedPerson, *homes: KnownHome) -> IdentityAnswer:
    found = check_identity(asked, homes, agree)
    for order in permutations(homes):
        assert check_identity(asked, order, agree) == found
    return found


def test_an_equal_usable_number_identifies() -> None:
    found = check(person(), home())
    assert found.state is IdentityState.MATCHED
    assert found.person == "p1"
    assert found.homes == {"h1": Identity(Relation.STRONG, birth_date="1949-12-31", sex="female")}


def test_nobody_holds_the_number() -> None:
    assert check(person()) == IdentityAnswer(IdentityState.NONE)


def test_homes_joined_by_the_register_are_linked() -> None:
    joined = home("h2", "p1", PASS)
    assert check(person(), home(), joined).homes["h2"] == Identity(Relation.LINKED)


@pytest.mark.parametrize(
    ("traits", "conflicts"),
    [
        (Traits(("李四",), "female", "1949-12-31"), ("name",)),
        (Traits(("张三",), "male", "1949-12-31"), ("sex",)),
        (Traits(("张三",), "female", "1950-12-31"), ("birth_date",)),
        (Traits(("李四",), "male", "1949-12-31"), ("name", "sex")),
        (Traits(("张三",), "unknown", "1949"), ()),
        (Traits(("张三",), "other", "1949-12"), ()),
        (Traits(("张三",), "", "1950"), ("birth_date",)),
        (Traits(("李四", "张三"), "", ""), ()),
    ],
)
def test_what_disagrees_beside_an_equal_number_is_named(
    traits: Traits, conflicts: tuple[str, ...]
) -> None:
    found = check(person(), home(traits=traits))
    assert found.state is IdentityState.MATCHED
    assert found.homes["h1"].conflicts == conflicts


def test_what_the_number_encodes_is_compared_with_either_side() -> None:
    bare = person(traits=Traits())
    assert check(bare, home(traits=Traits((), "male", ""))).homes["h1"].conflicts == ("sex",)
    wrong = person(traits=Traits((), "", "1950"))
    assert check(wrong, home(traits=Traits())).homes["h1"].conflicts == ("birth_date",)


def test_nothing_to_compare_is_said() -> None:
    bare = person(PASS, traits=Traits())
    assert check(bare, home("h1", "p1", PASS)).homes["h1"] == Identity(
        Relation.STRONG, compared=False
    )
    # a resident number says birth date and sex, but alone it compares with nothing
    assert not check(person(traits=Traits()), home(traits=Traits())).homes["h1"].compared
    named = person(PASS)
    assert check(named, home("h1", "p1", PASS)).homes["h1"].compared


def test_a_name_and_birth_date_that_both_conflict_are_another_person() -> None:
    other = home(traits=Traits(("李四",), "female", "1950-01-01"))
    assert check(person(), other) == IdentityAnswer(IdentityState.NONE)


def test_one_home_of_the_person_that_does_not_conflict_is_enough() -> None:
    other = home("h2", "p1", traits=Traits(("李四",), "", "1950-01-01"), deceased=True)
    found = check(person(), home(), other)
    assert found.state is IdentityState.MATCHED
    assert set(found.homes) == {"h1"}


def test_a_number_of_two_living_people_leads_to_nobody() -> None:
    other = home("h2", "p2", traits=Traits(("李四",), "male", "1980-01-01"))
    assert check(person(), home(), other) == IdentityAnswer(IdentityState.AMBIGUOUS)
    assert is_shared(NUMBER, [home(), other], agree)


def test_a_number_is_not_shared_with_the_dead_or_by_one_difference() -> None:
    dead = home("h2", "p2", traits=Traits(("李四",), "male", "1980-01-01"), deceased=True)
    assert not is_shared(NUMBER, [home(), dead], agree)
    found = check(person(), home(), dead)
    assert (found.state, found.person, set(found.homes)) == (IdentityState.MATCHED, "p1", {"h1"})
    renamed = home("h2", "p1", traits=Traits(("李四",), "female", "1949-12-31"))
    assert not is_shared(NUMBER, [home(), renamed], agree)


def test_identifiers_that_lead_to_different_persons_lead_to_nobody() -> None:
    found = check(person(NUMBER, PASS), home(), home("h2", "p2", PASS))
    assert found == IdentityAnswer(IdentityState.AMBIGUOUS)
    one_person = check(person(NUMBER, PASS), home(), home("h2", "p1", PASS))
    assert one_person.state is IdentityState.MATCHED
    assert {one.relation for one in one_person.homes.values()} == {Relation.STRONG}


def test_a_reference_links_all_homes_of_its_person() -> None:
    asked = AskedPerson(home="h1")
    found = check(asked, home(), home("h2", "p1", PASS))
    assert found.state is IdentityState.MATCHED
    assert found.homes == {"h1": Identity(Relation.LINKED), "h2": Identity(Relation.LINKED)}


def test_a_reference_that_is_not_there_leads_to_nobody() -> None:
    assert check(AskedPerson(home="h9")).state is IdentityState.NONE


def test_a_reference_whose_patient_is_somebody_else_leads_to_nobody() -> None:
    asked = AskedPerson(Traits(("李四",), "", "1980-01-01"), home="h1")
    assert check(asked, home()).state is IdentityState.NONE


def test_unusable_identifiers_match_nobody_and_are_told_of_a_single_record() -> None:
    placeholder = ("passport", "000000000")
    asked = AskedPerson(ZHANG, unusable=frozenset({placeholder}))
    record = home("h1", "p1", placeholder)
    assert check(asked, record).state is IdentityState.NONE
    assert relate(asked, record, agree, linked=False) == Identity(
        Relation.NONE, shares_unusable=True
    )
    assert relate(asked, record, agree, linked=True).relation is Relation.LINKED


def test_a_shared_identifier_is_unusable_for_a_single_record() -> None:
    found = relate(person(), home(), agree, linked=False, shared=frozenset({NUMBER}))
    assert found == Identity(Relation.NONE, shares_unusable=True)


def normalise(_: str, value: str) -> str:
    return value.replace(" ", "").upper()


def test_a_home_is_read_from_its_patient() -> None:
    patient = {
        "resourceType": "Patient",
        "id": "h1",
        "identifier": [
            {"system": "urn:oid:2.16.156.10011.1.3", "value": "110105 19491231 002x"},
            {"system": "https://hie.example/fhir/sid/passport", "value": "e12345678"},
            {"system": "https://hie.example/fhir/sid/household-book", "value": "1"},
            {"system": "https://hie.example/fhir/sid/site/s/patient", "value": "2"},
            {"value": "3"},
        ],
        "name": [{"text": "张三"}, {"family": "Zhang", "given": ["San"]}, {"use": "old"}],
        "gender": "female",
        "birthDate": "1949-12-31",
        "deceasedDateTime": "2020",
    }
    assert read_home(patient, "p1", normalise) == KnownHome(
        "h1",
        "p1",
        Traits(("张三", "ZhangSan"), "female", "1949-12-31"),
        frozenset({NUMBER, PASS}),
        deceased=True,
    )
    assert read_home({"id": "h2"}, "p1", normalise) == KnownHome("h2", "p1")
    assert not read_home({"id": "h2", "deceasedBoolean": False}, "p1", normalise).deceased


def test_the_person_is_read_from_the_request() -> None:
    asked = Asked(
        (NUMBER, ("passport", "e12345678"), ("outpatient-no", "7"), ("insurance", "1")),
        None, "张三", "female", "1949",
    )  # fmt: skip
    found = read_asked(asked, normalise, lambda _, value: len(value) >= 5)
    assert found == AskedPerson(
        Traits(("张三",), "female", "1949"),
        frozenset({NUMBER, PASS}),
        frozenset({("insurance", "1")}),
    )
    assert read_asked(Asked(reference="Patient/h1"), normalise, lambda *_: True).home == "h1"
