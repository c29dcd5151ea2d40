"""What permits more than before is told from what permits less, and what differs is read as words."""

from typing import Any

import pytest

from hie.access.widening import difference, is_wider
from tests.unit.access.tokens import ec_key, jwk_of

K1, K2 = jwk_of(ec_key(), kid="k1"), jwk_of(ec_key("P-384", 4), kid="k2")
K1, K2 = ({**key, "alg": "ES384", "use": "sig"} for key in (K1, K2))

LESS_AND_MORE: list[tuple[str, Any, Any]] = [
    ("scopes", ["system/Observation.r"], ["system/Observation.rs"]),
    ("scopes", ["system/Observation.rs"], ["system/Observation.rs", "hie/intake"]),
    ("scopes", ["system/Observation.rs?category=laboratory"], ["system/Observation.rs"]),
    ("scopes", ["system/Observation.rs"], ["system/*.rs"]),
    ("scopes", ["system/Observation.rs"], None),
    ("purposes", ["TREAT"], ["TREAT", "PUBHLTH"]),
    ("purposes", ["TREAT"], None),
    ("networks", ["10.0.0.0/8"], []),
    ("networks", ["10.0.0.0/16"], ["10.0.0.0/8"]),
    ("networks", ["10.1.0.0/16"], ["10.0.0.0/8", "192.168.0.0/24"]),
    ("keys", [K1], [K1, K2]),
    ("aud_policy", "issuer", "either"),
    ("aud_policy", "token-url", "either"),
    ("status", "suspended", "active"),
    ("declares", False, True),
    ("people_declare", False, True),
    ("encounter", True, False),
    ("clearance", "N", "R"),
    ("clearance", "R", "V"),
]
# Neither is less than the other: the way from each to the other permits what was not.
UNLIKE: list[tuple[str, Any, Any]] = [
    ("scopes", ["system/Observation.r"], ["system/Observation.s"]),
    ("purposes", ["TREAT"], ["PUBHLTH"]),
    ("networks", ["10.0.0.0/8"], ["fd00::/8"]),
    ("networks", ["10.0.0.0/8"], ["10.1.0.0/16", "192.168.0.0/24"]),
    ("keys", [K1], [K2]),
    ("keys", [K1], [{**K2, "kid": "k1"}]),
    ("jwks_uri", None, "https://keys.example.org/a"),
    ("jwks_uri", "https://keys.example.org/a", "https://keys.example.org/b"),
    ("aud_policy", "issuer", "token-url"),
    ("institution", "a", "b"),
    ("something-new", 1, 2),
]


@pytest.mark.parametrize(("item", "less", "more"), LESS_AND_MORE)
def test_more_is_wider_and_the_way_back_is_not(item: str, less: Any, more: Any) -> None:
    assert is_wider({"name": "x", item: less}, {"name": "x", item: more})
    assert not is_wider({"name": "x", item: more}, {"name": "x", item: less})
    assert difference({item: less}, {item: more}) != []


@pytest.mark.parametrize(("item", "one", "other"), UNLIKE)
def test_what_is_unlike_is_wider_both_ways(item: str, one: Any, other: Any) -> None:
    assert is_wider({item: one}, {item: other})
    assert is_wider({item: other}, {item: one})
    assert difference({item: one}, {item: other}) != []


def test_what_stays_is_not_wider_and_no_difference() -> None:
    same = {"scopes": ["system/*.rs"], "networks": [], "keys": [K1], "clearance": "N"}
    assert not is_wider(same, dict(same))
    assert difference(same, dict(same)) == []


def test_what_is_new_is_wider_and_shown_whole() -> None:
    new = {"scopes": ["hie/intake"], "networks": [], "keys": [K1], "sender": None}
    assert is_wider(None, new)
    found = {one["item"]: one for one in difference(None, new)}
    assert set(found) == {"scopes", "networks", "keys"}
    assert found["networks"] == {"item": "networks", "now": [], "then": ["any"]}
    assert found["keys"]["then"][0].startswith("k1 (ES384, SHA-256 ")


def test_a_mixture_is_wider() -> None:
    before = {"scopes": ["system/*.rs"], "purposes": ["TREAT"]}
    assert is_wider(before, {"scopes": ["system/Patient.r"], "purposes": ["TREAT", "HOPERAT"]})


def test_a_list_shows_what_goes_and_what_comes_alone() -> None:
    before, after = {"scopes": ["a", "b"]}, {"scopes": ["b", "c"]}
    assert difference(before, after) == [{"item": "scopes", "now": ["a"], "then": ["c"]}]


def test_a_key_of_the_same_name_is_seen_to_be_another() -> None:
    (found,) = difference({"keys": [K1]}, {"keys": [{**K2, "kid": "k1"}]})
    assert found["now"] != found["then"]


def test_an_agreement_without_scopes_is_none_and_without_a_list_is_all() -> None:
    (found,) = difference({"scopes": []}, {"scopes": None})
    assert (found["now"], found["then"]) == ([], ["all"])
    assert is_wider({"scopes": []}, {"scopes": None})
