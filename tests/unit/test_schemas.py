"""Shipped data is found, and YAML is read without surprises."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hie.errors import HubMisconfigured, RulebookInvalid, SchemaMissing
from hie.schemas import (
    load_yaml,
    own_folder,
    read_once,
    read_shaped,
    read_yaml,
    schema,
    shape_faults,
    use_folder,
    using,
    yaml_files,
)


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


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Path]:
    with using(tmp_path):
        yield tmp_path


def put(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def test_a_file_of_the_regions_own_folder_replaces_the_shipped_one(own: Path) -> None:
    put(own, "policy/shipped.yaml", "version: own")
    assert read_yaml("policy", "shipped.yaml") == {"version": "own"}
    assert dict(yaml_files("policy")) == {"policy/shipped.yaml": {"version": "own"}}


def test_a_new_file_of_the_regions_own_folder_is_added_in_order(own: Path) -> None:
    put(own, "catalogue/lab/ZZ.yaml", "key: ZZ")
    names = [name for name, _ in yaml_files("catalogue", "lab")]
    assert names == sorted(names)
    assert "catalogue/lab/ZZ.yaml" in names
    assert "catalogue/lab/K.yaml" in names


@pytest.mark.parametrize(
    "name", ["texts/record.yaml", "rulebook/other.yaml", "json-schema/policy.json", "policy/x.yaml"]
)
def test_what_is_not_a_regions_own_is_never_read_from_its_folder(own: Path, name: str) -> None:
    put(own, name, "own: true")
    folder, _, file = name.rpartition("/")
    if file.endswith(".yaml"):
        assert {"own": True} not in dict(yaml_files(folder)).values()


def test_what_is_read_once_is_read_once_for_each_folder(tmp_path: Path) -> None:
    put(tmp_path, "policy/shipped.yaml", "version: own")
    reads: list[Any] = []

    @read_once
    def version() -> str:
        reads.append(None)
        return str(read_yaml("policy", "shipped.yaml")["version"])

    shipped = version()
    with using(tmp_path):
        assert version() == "own"
        assert version() == "own"
    assert version() == shipped
    assert len(reads) == 2
    assert own_folder() is None


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HubMisconfigured, match="expected a folder"):
        use_folder(tmp_path / "nowhere")
    assert own_folder() is None


def test_bytes_that_are_no_text_are_refused_with_their_line(own: Path) -> None:
    own.joinpath("policy").mkdir()
    own.joinpath("policy/shipped.yaml").write_bytes("version: x\n# 互认项目\n".encode("gb18030"))
    with pytest.raises(RulebookInvalid, match=r"policy/shipped.yaml:2: not-utf-8"):
        read_yaml("policy", "shipped.yaml")
