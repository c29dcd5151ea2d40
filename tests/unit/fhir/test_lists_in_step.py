"""A list of primitives and that of their extensions are kept in step by nulls (R4 json.html)."""

from datetime import date
from typing import Any

import pytest

from hie.errors import InvalidRequest
from hie.fhir.profile import check
from hie.fhir.search.is_named import is_named
from hie.fhir.structure import check as check_structure
from hie.fhir.wire import read_object, write
from hie.identity.traits import read_traits

NOTED = '{"extension":[{"url":"urn:x","valueString":"y"}]}'
BAD = '{"extension":[{"url":"urn:x"}]}'


def patient(given: str, extensions: str) -> str:
    return (
        '{"resourceType":"Patient","name":[{"family":"示例",'
        f'"given":{given},"_given":{extensions}}}]}}'
    )


@pytest.mark.parametrize(
    ("given", "extensions"),
    [
        ('["a","b"]', f"[null,{NOTED}]"),
        ('["a",null]', f"[null,{NOTED}]"),
        ('[null,"b"]', f"[{NOTED},null]"),
        ("[null]", f"[{NOTED}]"),
        ('["a","b"]', f'[{{"id":"one"}},{NOTED}]'),
    ],
)
def test_nulls_that_keep_lists_in_step_are_taken_and_given_back(
    given: str, extensions: str
) -> None:
    text = patient(given, extensions)
    tree = read_object(text.encode())
    assert write(tree).decode() == text
    assert check(tree) == []
    assert check_structure(tree) == []


@pytest.mark.parametrize(
    ("given", "extensions"),
    [
        ('["a",null]', f"[{NOTED},null]"),
        ("[null]", "[null]"),
        ('["a","b",null]', f"[null,{NOTED}]"),
        ('["a"]', "null"),
        ("null", f"[{NOTED}]"),
    ],
)
def test_any_other_null_is_none_of_fhir_s(given: str, extensions: str) -> None:
    with pytest.raises(InvalidRequest):
        read_object(patient(given, extensions).encode())


@pytest.mark.parametrize("text", ['{"a":[null]}', '{"a":[1,null],"_b":[null,{}]}', '{"a":null}'])
def test_a_list_without_another_has_no_nulls(text: str) -> None:
    with pytest.raises(InvalidRequest):
        read_object(text.encode())


def test_what_stands_beside_a_null_is_looked_at() -> None:
    def codes(extensions: str) -> set[str]:
        tree = read_object(patient('["a","b"]', extensions).encode())
        return {fault.code for fault in check(tree)}

    assert codes(f"[null,{BAD}]") == {"ext-1"}
    assert codes(f"[{BAD},null]") == {"ext-1"}
    assert codes('[null,{"bogus":1}]') == {"structure"}
    assert codes(f"[{NOTED},1]") == {"structure"}


def test_names_with_a_part_that_is_not_known_are_read_without_it() -> None:
    tree: dict[str, Any] = read_object(patient('[null,"b"]', f"[{NOTED},null]").encode())
    assert is_named(tree["name"][0], "b", "exact")
    assert not is_named(tree["name"][0], "none", "")
    assert read_traits(tree, date(2026, 6, 1)).names
