"""Query strings: separators and escapes, empty, unknown and repeated parameters, dates."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hie.access.actor import Actor, ActorKind, Purpose
from hie.api.search import _check_user
from hie.errors import InvalidRequest, NotSupported, TooCostly
from hie.fhir.elements import bounds
from hie.fhir.search.separators import split, unescape
from hie.fhir.search.values import Token, When
from hie.store.search.query import parse_query
from hie.store.search.registry import MOST_ALL_VALUES


def tokens(value: str, name: str = "code") -> tuple[Token, ...]:
    (condition,) = parse_query("Observation", [(name, value)]).conditions
    return condition.tokens


def when(value: str) -> When:
    (condition,) = parse_query("Observation", [("date", value)]).conditions
    (found,) = condition.dates
    return found


def refused(*pairs: tuple[str, str]) -> tuple[str, str]:
    with pytest.raises(InvalidRequest) as caught:
        parse_query("Observation", list(pairs))
    (fault,) = caught.value.faults
    assert fault.expected
    return fault.path, fault.code


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("K", (Token(None, "K"),)),
        ("http://loinc.org|2823-3", (Token("http://loinc.org", "2823-3"),)),
        ("|K", (Token("", "K"),)),
        ("http://loinc.org|", (Token("http://loinc.org", None),)),
        ("a,b", (Token(None, "a"), Token(None, "b"))),
        (r"a\,b", (Token(None, "a,b"),)),
        (r"a\|b", (Token(None, "a|b"),)),
        (r"s|a\|b", (Token("s", "a|b"),)),
        (r"s\|t|a", (Token("s|t", "a"),)),
        (r"a\$b", (Token(None, "a$b"),)),
        (r"a\\b", (Token(None, r"a\b"),)),
        (r"a\\,b", (Token(None, "a\\"), Token(None, "b"))),
        (r"a\\\,b", (Token(None, r"a\,b"),)),
        (r"s\\|c", (Token("s\\", "c"),)),
        ("a$b", (Token(None, "a$b"),)),
    ],
)
def test_a_token_value_is_cut_where_it_is_not_escaped(
    value: str, expected: tuple[Token, ...]
) -> None:
    assert tokens(value) == expected


@pytest.mark.parametrize("value", [r"a\b", "a\\", r"\x|a", "a|b|c", "|", "\\|"[:1]])
def test_a_value_that_cannot_be_cut_is_refused(value: str) -> None:
    assert refused(("code", value))[0] == "code"


@given(st.lists(st.text(st.sampled_from(",|$\\ab"), min_size=1), min_size=1, max_size=5))
def test_values_written_with_escapes_are_read_back(values: list[str]) -> None:
    written = ["".join(f"\\{c}" if c in ",|$\\" else c for c in value) for value in values]
    assert [unescape(part) for part in split(",".join(written), ",")] == values


@pytest.mark.parametrize(
    ("pairs", "fault"),
    [
        ([("code", "")], ("code", "empty")),
        ([("code", "a,")], ("code", "empty")),
        ([("code", ",a")], ("code", "empty")),
        ([("code:not", "")], ("code:not", "empty")),
        ([("cod", "a")], ("cod", "unknown-parameter")),
        ([("", "a")], ("", "unknown-parameter")),
        ([("patient", "a"), ("patient", "a")], ("patient", "repeated")),
        ([("_count", "1"), ("_count", "1")], ("_count", "repeated")),
        ([("_sort", "date"), ("_sort", "-date")], ("_sort", "repeated")),
        ([("page", "a"), ("page", "b")], ("page", "repeated")),
        ([("_count", "-1")], ("_count", "invalid-value")),
        ([("_count", "1.5")], ("_count", "invalid-value")),
        ([("_count", "0" * 5000)], ("_count", "invalid-value")),
        ([("_count", "１")], ("_count", "invalid-value")),
        ([("_count:not", "1")], ("_count:not", "unknown-modifier")),
        ([("patient", "a/b/c")], ("patient", "wrong-reference")),
        ([("code:below", "http://a.example")], ("code", "no-system")),
        ([("code", "a" * 2001)], ("code", "too-long")),
        ([("code", "a\0b")], ("code", "control-character")),
    ],
)
def test_a_wrong_parameter_is_refused_by_name(
    pairs: list[tuple[str, str]], fault: tuple[str, str]
) -> None:
    assert refused(*pairs) == fault


@pytest.mark.parametrize(
    ("pairs", "name"),
    [
        ([("code", ",".join("a" * 51))], "code"),
        ([("code", ",".join("a" * 50))] * (MOST_ALL_VALUES // 50 + 1), ""),
    ],
)
def test_more_values_than_are_answered_cost_too_much(
    pairs: list[tuple[str, str]], name: str
) -> None:
    with pytest.raises(TooCostly) as caught:
        parse_query("Observation", pairs)
    assert [(one.path, one.code) for one in caught.value.faults] == [(name, "too-many-values")]


@pytest.mark.parametrize(("asked", "given"), [("201", 200), ("9" * 18, 200), ("007", 7), ("0", 0)])
def test_a_page_has_no_more_than_it_may_and_the_link_says_how_many(asked: str, given: int) -> None:
    query = parse_query("Observation", [("_count", asked)])
    assert query.count == given
    assert query.count_only is (given == 0)
    assert query.used == (("_count", str(given)),)


@pytest.mark.parametrize(
    "name",
    ["_text", "_content", "_filter", "_query", "_list", "_type", "_contained", "_containedType"],
)
def test_what_is_not_answered_at_all_says_what_to_do(name: str) -> None:
    with pytest.raises(NotSupported) as caught:
        parse_query("Observation", [("patient", "a"), (name, "x")])
    (fault,) = caught.value.faults
    assert fault.path == name
    assert fault.expected
    query = parse_query("Observation", [("patient", "a"), (name, "x")], lenient=True)
    assert query.ignored == (name,)


@pytest.mark.parametrize(
    "name",
    [
        "code:exact", "patient:exact", "date:not", "_id:missing", "status:text", "status:of-type",
        "_profile:in", "value-quantity:not", "code-value-quantity:missing", "patient:Group",
    ],
)  # fmt: skip
def test_a_modifier_that_is_not_answered_is_named(name: str) -> None:
    with pytest.raises(NotSupported):
        parse_query("Observation", [(name, "a")])


def test_asked_leniently_what_is_wrong_is_left_out_and_told() -> None:
    pairs = [("patient", "a"), ("cod", "x"), ("code", ""), ("patient", "b")]
    query = parse_query("Observation", pairs, lenient=True)
    assert query.ids("patient") == ("a",)
    assert query.used == (("patient", "a"),)
    assert query.ignored == ("cod", "code", "patient")


def test_other_repeats_are_and() -> None:
    query = parse_query("Observation", [("code", "a"), ("code", "b"), ("date", "ge2026")])
    assert [one.name for one in query.conditions] == ["code", "code", "date"]


@pytest.mark.parametrize("prefix", ["eq", "ne", "gt", "lt", "ge", "le", "sa", "eb"])
@pytest.mark.parametrize(
    "text", ["2026", "2026-06", "2026-06-15", "2026-06-15T08:10Z", "2026-06-15T08:10:00.5+08:00"]
)
def test_a_date_is_a_prefix_and_the_interval_of_what_is_written(prefix: str, text: str) -> None:
    expected = bounds(text)
    assert expected is not None
    assert when(prefix + text) == When(prefix, *expected)
    assert when(text) == When("eq", *expected)


def test_a_time_without_a_zone_is_a_time_here() -> None:
    assert when("ge2026-06-15T08:10") == when("ge2026-06-15T08:10+08:00")
    assert when("2026-06-15T08:10:00 08:00") == when("2026-06-15T08:10:00+08:00")


@pytest.mark.parametrize(
    "text", ["x", "20260615", "2026-13", "2026-02-30", "2026-06-15T08", "xx2026", "ge", "2026-6-1"]
)
def test_what_is_no_date_is_refused(text: str) -> None:
    assert refused(("date", text)) == ("date", "not-a-date")


@pytest.mark.parametrize(
    ("kind", "pairs", "named"),
    [
        ("Observation", [("patient", "a")], True),
        ("Observation", [("subject", "Patient/a")], True),
        ("Observation", [("patient.identifier", "x")], True),
        ("Observation", [("_id", "a")], True),
        ("Observation", [("identifier", "a|b")], True),
        ("Observation", [("identifier:not", "a|b")], False),
        ("Observation", [("_lastUpdated", "ge2026")], False),
        ("Observation", [("patinet", "a")], False),
        ("Patient", [("name", "a")], False),
        ("Patient", [], False),
    ],
)
def test_whether_a_search_asks_about_somebody(
    kind: str, pairs: list[tuple[str, str]], named: bool
) -> None:
    assert parse_query(kind, pairs, lenient=True).names_somebody is named


def test_a_persons_token_asks_about_somebody_whatever_is_left_out() -> None:
    client = Actor(ActorKind.CLIENT, "c", "c", "i", Purpose.TREATMENT, frozenset())
    person = replace(client, kind=ActorKind.USER)
    everybody = parse_query("Observation", [("patinet", "a")], lenient=True)
    _check_user(client, everybody)
    _check_user(person, parse_query("Observation", [("patient", "a")]))
    _check_user(person, parse_query("Organization", []))
    with pytest.raises(InvalidRequest) as caught:
        _check_user(person, everybody)
    assert [one.code for one in caught.value.faults] == ["required"]


def test_an_unknown_parameter_is_told_which_was_perhaps_meant() -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_query("Observation", [("valeu-quantity:missing", "true")])
    (fault,) = caught.value.faults
    assert fault.path == "valeu-quantity:missing"
    assert fault.expected.startswith("perhaps value-quantity; one of _count, ")
