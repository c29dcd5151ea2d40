"""A version's head is put before the text of what the hub mapped: the bytes are those of one tree."""

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hie.fhir.wire import parse, write
from hie.store import version_rows
from hie.store.resources import Put

STAMP = "2026-06-12T08:10:00.000001Z"
VALUES = st.recursive(
    st.text(max_size=8) | st.booleans() | st.decimals(allow_nan=False, allow_infinity=False),
    lambda part: (
        st.lists(part, max_size=3) | st.dictionaries(st.text(max_size=5), part, max_size=3)
    ),
    max_leaves=8,
)
ELEMENTS = st.dictionaries(
    st.text(max_size=6).filter(lambda name: name not in {"id", "meta", "resourceType"}),
    VALUES,
    max_size=5,
)


def _body(
    tree: dict[str, Any], message: str | None = "Oul6ttSen40b13Tq", label: int | None = 5
) -> bytes:
    put = Put(tree.get("resourceType", "Observation"), "home1", "obs1", tree, message)
    return version_rows.body_of(put, 3, STAMP, label)


@given(ELEMENTS)
def test_a_head_before_the_text_and_a_head_within_the_tree_are_the_same_bytes(
    elements: dict[str, Any],
) -> None:
    tree = {"resourceType": "Observation", **elements}
    assert _body(tree) == _body({**tree, "id": "obs1"})


def test_a_tree_that_begins_otherwise_has_its_head_first_too() -> None:
    tree = {"valueQuantity": {"value": Decimal("5.10")}, "resourceType": "Observation"}
    body = _body(tree)
    assert body.startswith(b'{"resourceType":"Observation","id":"obs1","meta":{"versionId":"3"')
    assert body.endswith(b'"valueQuantity":{"value":5.10}}')


def test_the_label_stands_in_the_head() -> None:
    security = parse(_body({"resourceType": "Observation"}))["meta"]["security"]
    assert [one["code"] for one in security] == ["R", "HIV"]
    assert "security" not in parse(_body({"resourceType": "Device"}, label=None))["meta"]


def test_whoever_wrote_it_is_named_as_they_are_called() -> None:
    tree = {"resourceType": "Basic"}
    by_message = parse(_body(tree))["meta"]["source"]
    assert by_message == "urn:hie:message:Oul6ttSen40b13Tq"
    assert parse(_body(tree, 'institution:9"1'))["meta"]["source"] == 'urn:hie:institution:9"1'
    assert "source" not in parse(_body(tree, None))["meta"]
    assert write(parse(_body(tree))) == _body(tree)
