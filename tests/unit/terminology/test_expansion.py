"""A value set becomes the codes that are in it."""

from typing import Any

import pytest

from hie.errors import NotSupported, ResourceNotFound, TooCostly
from hie.fhir import ITEM, LOINC
from hie.terminology.code_system import read_code_system
from hie.terminology.expansion import Expansion, Library, expand, find_value_set
from hie.terminology.shipped import own_terminology, shipped, with_items

ANIMALS = {
    "resourceType": "CodeSystem",
    "url": "urn:animals",
    "content": "complete",
    "property": [{"code": "legs", "type": "integer"}],
    "concept": [
        {
            "code": "mammal",
            "concept": [
                {
                    "code": "cat",
                    "display": "Cat",
                    "property": [{"code": "legs", "valueInteger": 4}],
                },
                {"code": "bat", "property": [{"code": "legs", "valueInteger": 2}]},
            ],
        },
        {"code": "group", "property": [{"code": "notSelectable", "valueBoolean": True}]},
        {"code": "chimera", "property": [{"code": "subsumedBy", "valueCode": "cat"}]},
    ],
}
CATS = {
    "resourceType": "ValueSet",
    "url": "urn:cats",
    "version": "2",
    "compose": {
        "include": [
            {
                "system": "urn:animals",
                "filter": [{"property": "concept", "op": "is-a", "value": "cat"}],
            }
        ]
    },
}
LIBRARY = Library({"urn:animals": read_code_system(ANIMALS)}, {"urn:cats": CATS})


def codes(**compose: Any) -> set[str]:
    return of({"resourceType": "ValueSet", "compose": compose})


def of(value_set: dict[str, Any]) -> set[str]:
    return {code for _, code in expand(value_set, LIBRARY).members}


def filtered(name: str, op: str, value: str) -> set[str]:
    rule = {"property": name, "op": op, "value": value}
    return codes(include=[{"system": "urn:animals", "filter": [rule]}])


def test_a_whole_system_is_every_code_that_may_be_chosen() -> None:
    assert codes(include=[{"system": "urn:animals"}]) == {"mammal", "cat", "bat", "chimera"}


def test_codes_written_out_need_no_known_system() -> None:
    listed = [{"code": "x", "display": "X"}, {"code": "y"}]
    assert codes(include=[{"system": "urn:unknown", "concept": listed}]) == {"x", "y"}


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        (("concept", "is-a", "mammal"), {"mammal", "cat", "bat", "chimera"}),
        (("concept", "is-a", "cat"), {"cat", "chimera"}),
        (("concept", "descendent-of", "mammal"), {"cat", "bat", "chimera"}),
        (("concept", "is-not-a", "cat"), {"mammal", "bat"}),
        (("parent", "=", "mammal"), {"cat", "bat"}),
        (("legs", "=", "4"), {"cat"}),
        (("legs", "in", "2,4"), {"cat", "bat"}),
        (("legs", "not-in", "4"), {"mammal", "bat", "chimera"}),
        (("legs", "exists", "true"), {"cat", "bat"}),
        (("display", "=", "Cat"), {"cat"}),
    ],
)
def test_a_filter_leaves_what_meets_it(rule: tuple[str, str, str], found: set[str]) -> None:
    assert filtered(*rule) == found


@pytest.mark.parametrize("rule", [("legs", "regex", ".*"), ("wings", "=", "2")])
def test_a_filter_nobody_knows_is_refused(rule: tuple[str, str, str]) -> None:
    with pytest.raises(NotSupported):
        filtered(*rule)


def test_system_and_value_set_of_one_include_must_agree() -> None:
    both = {"system": "urn:animals", "valueSet": ["urn:cats"]}
    assert codes(include=[both]) == {"cat", "chimera"}


def test_several_includes_are_together_and_an_exclude_takes_away() -> None:
    listed = {"system": "urn:animals", "concept": [{"code": "bat"}]}
    assert codes(include=[listed, {"valueSet": ["urn:cats"]}]) == {"bat", "cat", "chimera"}
    assert codes(include=[{"system": "urn:animals"}], exclude=[{"valueSet": ["urn:cats"]}]) == {
        "mammal",
        "bat",
    }


def test_a_value_set_that_names_itself_or_nobody_is_refused() -> None:
    circle = {"url": "urn:circle", "compose": {"include": [{"valueSet": ["urn:circle"]}]}}
    with pytest.raises(TooCostly):
        expand(circle, Library({}, {"urn:circle": circle}))
    with pytest.raises(ResourceNotFound):
        codes(include=[{"valueSet": ["urn:nobody"]}])


def test_a_system_whose_content_is_elsewhere_is_in_it_as_a_whole() -> None:
    found = expand({"compose": {"include": [{"system": LOINC}]}}, LIBRARY)
    assert found == Expansion({}, frozenset({LOINC}))
    assert found.has(LOINC, "2823-3")
    assert not found.has("urn:animals", "cat")
    with pytest.raises(NotSupported):
        codes(
            include=[{"system": LOINC}], exclude=[{"system": LOINC, "concept": [{"code": "1-8"}]}]
        )


def test_an_expansion_that_was_sent_along_stands_for_a_definition() -> None:
    stated = {"expansion": {"contains": [{"abstract": True, "code": "g", "contains": [
        {"system": "urn:animals", "code": "cat"}]}]}}  # fmt: skip
    assert of(stated) == {"cat"}


def test_an_address_with_a_version_is_that_version() -> None:
    assert find_value_set("urn:cats", LIBRARY) is CATS
    assert find_value_set("urn:cats|2", LIBRARY) is CATS
    assert find_value_set("urn:cats|1", LIBRARY) is None


def test_every_value_set_that_ships_can_be_expanded() -> None:
    library = with_items({"K": ("钾", "Potassium")})
    for url, value_set in library.value_sets.items():
        found = expand(value_set, library)
        assert found.members, url
    items = expand(library.value_sets["https://hie.example/fhir/ValueSet/item"], library)
    assert items.has(ITEM, "K")
    assert items.members[ITEM, "K"].concept.shown("en-GB") == "Potassium"


def test_what_ships_names_each_address_once() -> None:
    own = [one["url"] for one in own_terminology()]
    assert len(set(own)) == len(own)
    assert {one["url"] for one in own_terminology() if one["resourceType"] == "ValueSet"} <= set(
        shipped().value_sets
    )


def test_a_long_chain_of_codes_is_followed_once() -> None:
    chain = [
        {"code": str(n), "property": [{"code": "subsumedBy", "valueCode": str(n - 1)}]}
        for n in range(9_000)
    ]
    system = read_code_system({"url": "urn:c", "content": "complete", "concept": chain})
    rule = {"property": "concept", "op": "is-a", "value": "1"}
    rules = [{"system": "urn:c", "filter": [rule] * 20}]
    found = expand({"compose": {"include": rules}}, Library({"urn:c": system}, {}))
    assert len(found.members) == 8_999
    assert len(system.above("8999")) == 8_999
    circle = [
        {"code": a, "property": [{"code": "parent", "valueCode": b}]} for a, b in ("ab", "ba")
    ]
    turning = read_code_system({"url": "urn:r", "content": "complete", "concept": circle})
    assert turning.above("a") == turning.below("a") == {"b"}


def test_more_work_than_anybody_needs_is_refused() -> None:
    many = {"compose": {"include": [{"system": "urn:animals", "filter": [
        {"property": "concept", "op": "is-a", "value": "cat"}] * 60_000}] * 4}}  # fmt: skip
    with pytest.raises(TooCostly):
        expand(many, LIBRARY)
    inner = {"url": "urn:0", "compose": {"include": [{"system": "urn:animals"}]}}
    sets: dict[str, Any] = {"urn:0": inner}
    for depth in range(1, 7):
        parts = [{"valueSet": [f"urn:{depth - 1}"]}] * 500
        sets[f"urn:{depth}"] = {"url": f"urn:{depth}", "compose": {"include": parts}}
    library = Library(LIBRARY.systems, sets)
    assert len(expand(sets["urn:6"], library).members) == 4  # each is expanded once
