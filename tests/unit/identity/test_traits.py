from datetime import date
from typing import Any

import pytest

from hie.identity.traits import (
    Trait,
    Traits,
    are_two_people,
    asked_traits,
    compare,
    is_deceased,
    read_identifiers,
    read_traits,
)

ON = date(2026, 6, 15)
NUMBER = "11010519491231002X"  # a woman's, born 1949-12-31; printed in GB 11643
KEY = ("resident-id", NUMBER)


def stated(**facts: Any) -> Traits:
    return Traits(**{"names": ("张三",), "sex": "female", "birth_date": "1949-12-31", **facts})


def test_a_patient_is_read_with_the_numbers_that_may_say_who_it_is() -> None:
    patient = {
        "resourceType": "Patient",
        "identifier": [
            {"system": "https://hie.example/fhir/sid/site/lis-1/patient", "value": "P1"},
            {"system": "urn:oid:2.16.156.10011.1.3", "value": "11010519491231002x"},
            {"system": "https://hie.example/fhir/sid/passport", "value": "E00"},
            {"system": "https://hie.example/fhir/sid/inpatient-no", "value": "ZY00012345"},
            {"system": "https://hie.example/fhir/sid/institution", "value": "91110000MA0000001L"},
        ],
        "name": [{"family": "张", "given": ["三"]}, {"text": "Zhang San"}, {"use": "old"}],
        "gender": "other",
        "birthDate": "1949-12",
    }
    assert read_traits(patient, ON) == Traits(
        ("张三", "Zhang San"), "", "1949-12", frozenset({KEY})
    )
    assert [kind for kind, _ in read_identifiers(patient)] == [
        "resident-id",
        "passport",
        "inpatient-no",
    ]


def test_a_request_is_read_alike() -> None:
    asked = asked_traits(
        [("resident-id", "11010519491231002x"), ("outpatient-no", "M0001234")],
        "张三",
        "unknown",
        "1949",
        ON,
    )
    assert asked == Traits(("张三",), "", "1949", frozenset({KEY}))


def test_who_is_stated_to_be_dead_is_dead() -> None:
    assert is_deceased({"deceasedBoolean": True})
    assert is_deceased({"deceasedDateTime": "2025-01-01"})
    assert not is_deceased({"deceasedBoolean": False})
    assert not is_deceased({})


@pytest.mark.parametrize(
    ("other", "conflicts"),
    [
        ({}, set()),
        ({"names": ("Zhang San",)}, set()),
        ({"names": ("李四",)}, {Trait.NAME}),
        ({"names": ()}, set()),
        ({"names": ("李四", "張三")}, set()),
        ({"sex": "male"}, {Trait.SEX}),
        ({"sex": ""}, set()),
        ({"birth_date": "1949"}, set()),
        ({"birth_date": "1949-12"}, set()),
        ({"birth_date": "1949-11"}, {Trait.BIRTH_DATE}),
        ({"birth_date": "1950"}, {Trait.BIRTH_DATE}),
        ({"birth_date": ""}, set()),
        (
            {"names": ("李四",), "sex": "male", "birth_date": "1949-12-30"},
            {Trait.NAME, Trait.SEX, Trait.BIRTH_DATE},
        ),
    ],
)
def test_only_what_is_stated_contradicts(other: dict[str, Any], conflicts: set[Trait]) -> None:
    found = compare(stated(), stated(**other))
    assert found.conflicts == conflicts
    assert found == compare(stated(**other), stated())
    assert found.comparable


def test_a_number_that_both_hold_speaks_for_itself() -> None:
    man = stated(sex="male", birth_date="", usable=frozenset({KEY}))
    assert compare(man, man).conflicts == {Trait.SEX}
    older = stated(birth_date="1939-12-31", usable=frozenset({KEY}))
    assert compare(older, older).conflicts == {Trait.BIRTH_DATE}
    assert not compare(man, stated(sex="male")).conflicts


def test_without_two_values_of_a_kind_nothing_could_be_compared() -> None:
    name, sex = Traits(names=("张三",)), Traits(sex="male")
    assert not compare(name, sex).comparable
    assert not compare(Traits(), stated()).comparable
    assert compare(name, stated()).comparable


def test_the_encoded_facts_of_a_common_number_are_compared_with_what_is_stated() -> None:
    bare = Traits(usable=frozenset({KEY}))
    assert not compare(bare, bare).comparable
    assert compare(bare, Traits(sex="female", usable=frozenset({KEY}))).comparable


def test_two_people_have_other_names_and_other_birth_dates() -> None:
    assert are_two_people(stated(), stated(names=("李四",), birth_date="1960"))
    assert not are_two_people(stated(), stated(names=("李四",)))
    assert not are_two_people(stated(), stated(birth_date="1960"))
    assert not are_two_people(stated(names=()), stated(names=("李四",), birth_date="1960"))
    assert compare(stated(), stated(names=("李四",), birth_date="1960")).is_two_people
