"""Every shipped data file of the recognition room has its published shape."""

import re
from typing import Any

import jsonschema_rs
import msgspec
import pytest

from hie.recognition.rulebook import load_rulebook
from hie.schemas import read_yaml, schema, shape_faults, yaml_files

SHAPES = (
    ("catalogue/lab/", "lab-item"),
    ("catalogue/imaging/", "imaging-class"),
    ("catalogue/lists/", "item-list"),
    ("catalogue/sources.yaml", "sources"),
    ("consent/forms.yaml", "consent-forms"),
    ("consent/minors.yaml", "consent-minors"),
    ("indicators/", "indicator"),
    ("labels/topics.yaml", "label-topics"),
    ("labels/", "label-table"),
    ("policy/", "policy"),
    ("rulebook/gate", "gate"),
    ("rulebook/basis.yaml", "basis"),
    ("rulebook/reasons.yaml", "reasons"),
    ("texts/gate", "rule-texts"),
    ("texts/words.yaml", "words"),
)
FOLDERS = (
    "catalogue", "catalogue/lab", "catalogue/imaging", "catalogue/lists", "consent", "indicators", "labels",
    "policy", "rulebook", "texts",
)  # fmt: skip
FILES: dict[str, Any] = {
    name: data for folder in FOLDERS for name, data in yaml_files(*folder.split("/"))
}


def shape_of(name: str) -> str | None:
    return next((shape for start, shape in SHAPES if name.startswith(start)), None)


@pytest.mark.parametrize("name", sorted(name for name in FILES if shape_of(name)))
def test_a_data_file_has_its_published_shape(name: str) -> None:
    shape = shape_of(name)
    assert shape is not None
    assert shape_faults(FILES[name], shape, name) == ()


@pytest.mark.parametrize("shape", sorted({shape for _, shape in SHAPES}))
def test_a_shape_is_itself_a_json_schema(shape: str) -> None:
    text = schema("json-schema", f"{shape}.json").read_bytes()
    jsonschema_rs.meta.validate(msgspec.json.decode(text))


def test_an_item_is_named_like_its_file() -> None:
    for name, data in FILES.items():
        if name.startswith(("catalogue/lab/", "catalogue/imaging/", "catalogue/lists/")):
            assert name.endswith(f"/{data['key']}.yaml")


def test_a_source_is_an_address_or_listed() -> None:
    listed = set(read_yaml("catalogue", "sources.yaml"))
    for name, data in FILES.items():
        if not name.startswith(("catalogue/lab/", "catalogue/imaging/")):
            continue
        dated = [
            entry
            for value in data.values()
            if isinstance(value, dict)
            for day, entry in value.items()
            if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", day)
        ]
        sources = {*data["sources"], *(entry.get("source") for entry in dated)} - {None}
        unknown = {source for source in sources if not source.startswith("http")} - listed
        assert not unknown, name


def test_the_shape_of_a_gate_lists_the_conditions_that_are_asked() -> None:
    text = schema("json-schema", "gate.json").read_bytes()
    rule = msgspec.json.decode(text)["properties"]["rules"]["items"]["properties"]
    asked = {found.condition for found in load_rulebook().rules.values()}
    assert set(rule["condition"]["enum"]) == asked


def test_chinese_sentences_use_full_width_punctuation() -> None:
    for name, data in FILES.items():
        if name.startswith("texts/gate"):
            for rule, entry in data.items():
                for said in (*entry.values(), *entry.get("cases", {}).values()):
                    for sentence in said.get("zh", ()):
                        assert not re.search(r"[,;:?!()]", sentence), (rule, sentence)
