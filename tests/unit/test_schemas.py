"""Shipped data is found, and YAML is read without surprises."""

from decimal import Decimal

import pytest

from hie.errors import RulebookInvalid, SchemaMissing
from hie.schemas import load_yaml, read_shaped, read_yaml, schema, shape_faults, yaml_files


def test_the_key_on_stays_a_text() -> None:
    assert load_yaml("on: off\nyes: no", "x.yaml") == {"on": "off", "yes": "no"}


def test_a_clock_time_and_a_day_stay_texts() -> None:
    read = load_yaml("at: 12:30\n2022-03-01: 2022-03-01", "x.yaml")
    assert read == {"at": "12:30", "2022-03-01": "2022-03-01"}


def test_a_number_keeps_its_digits() -> None:
    read = load_yaml("[5.10, 7, -0.5, 1e3, 123456789012345678901]", "x.yaml")
    assert read == [
        Decimal("5.10"),
        7,
        Decimal("-0.5"),
        Decimal("1e3"),
        Decimal("123456789012345678901"),
    ]
    assert str(read[0]) == "5.10"


def test_what_json_has_no_word_for_is_text() -> None:
    text = "[012, 0x1F, 1_000, .5, .inf, .nan, ~, True, NULL]"
    assert load_yaml(text, "x.yaml") == [
        "012", "0x1F", "1_000", ".5", ".inf", ".nan", "~", "True", "NULL",
    ]  # fmt: skip


def test_quoted_numbers_are_text_and_nothing_is_null() -> None:
    assert load_yaml('a: "5"\nb:\nc: null\nd: ""', "x.yaml") == {
        "a": "5", "b": None, "c": None, "d": "",
    }  # fmt: skip


def test_an_empty_file_is_null() -> None:
    assert load_yaml("# nothing\n", "x.yaml") is None


def test_a_byte_order_mark_is_no_key() -> None:
    assert load_yaml("\ufeffa: 1", "x.yaml") == {"a": 1}


@pytest.mark.parametrize(
    ("text", "place", "code"),
    [
        ("a: 1\nb: 2\na: 3", "x.yaml:3", "duplicate-key"),
        ("a: {b: 1,\n b: 2}", "x.yaml:2", "duplicate-key"),
        ("2022-03-01: 1\n'2022-03-01': 2", "x.yaml:2", "duplicate-key"),
        ("a: &x 1", "x.yaml:1", "alias"),
        ("a: *x", "x.yaml:1", "alias"),
        ("a: !!python/name:os.system x", "x.yaml:1", "tag"),
        ("a: !!str 1", "x.yaml:1", "tag"),
        ("--- 1\n--- 2", "x.yaml:2", "second-document"),
        ("[a]: 1", "x.yaml:1", "key-not-text"),
        ("[" * 40 + "]" * 40, "x.yaml:1", "depth"),
        ("[" * 50_000, "x.yaml:1", "malformed-yaml"),
        ("a: [1", "x.yaml:2", "malformed-yaml"),
        ("a: 'x", "x.yaml:1", "malformed-yaml"),
        ("a: 1\n\tb: 2", "x.yaml:2", "malformed-yaml"),
        ("a: \x07", "x.yaml:1", "malformed-yaml"),
    ],
)
def test_what_could_mislead_is_refused_with_file_and_line(text: str, place: str, code: str) -> None:
    with pytest.raises(RulebookInvalid) as refused:
        load_yaml(text, "x.yaml")
    assert refused.value.faults[0].path == place
    assert refused.value.faults[0].code == code
    assert place in refused.value.text


def test_a_shipped_folder_and_file_are_found() -> None:
    assert schema("catalogue", "lab").is_dir()
    assert read_yaml("catalogue", "lab", "K.yaml")["key"] == "K"
    first, _ = next(yaml_files("catalogue", "imaging"))
    assert first == "catalogue/imaging/CT.yaml"


def test_shipped_data_that_is_missing_is_named() -> None:
    with pytest.raises(SchemaMissing, match="catalogue/none"):
        schema("catalogue", "none")


def test_a_wrong_shape_names_each_place() -> None:
    faults = shape_faults({"policies": [{"scope": "nation", "from": "2022-03-01"}]}, "policy", "p")
    assert [(fault.path, fault.code) for fault in faults] == [("p:policies[0].scope", "pattern")]
    with pytest.raises(RulebookInvalid, match=r"p:policies\[0\]\.scope"):
        read_shaped({"policies": [{"scope": "nation", "from": "2022-03-01"}]}, "policy", "p")
