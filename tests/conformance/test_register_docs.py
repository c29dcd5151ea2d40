"""docs/registers.md and docs/catalogue.md name every column, key and refusal there is."""

import json
import re
from pathlib import Path

import pytest

from hie.recognition.catalogue import load_catalogue
from hie.recognition.register_csv import COLUMNS, LEVELS, STATUSES
from hie.schemas import schema

ROOT = Path(__file__).parents[2]
REGISTERS = (ROOT / "docs" / "registers.md").read_text("utf-8")
CATALOGUE = (ROOT / "docs" / "catalogue.md").read_text("utf-8")
SOURCES = (
    "hie/schemas.py",
    "hie/recognition/register_csv.py",
    "hie/recognition/register_check.py",
    "hie/recognition/successor_check.py",
    "hie/recognition/register_files.py",
    "hie/recognition/policy_check.py",
)


@pytest.mark.parametrize("kind", COLUMNS)
def test_every_column_is_documented_with_whether_it_is_needed(kind: str) -> None:
    section = REGISTERS.split(f"## {kind}.csv", 1)[1].split("\n## ", 1)[0]
    named = dict(re.findall(r"^\| `([a-z_]+)` \| (yes|no) \|", section, re.M))
    assert named == {c: "yes" if needed else "no" for c, needed in COLUMNS[kind].items()}


def test_every_level_and_status_is_documented() -> None:
    for word in (*LEVELS, *STATUSES):
        assert not word or f"`{word}`" in REGISTERS


def test_every_policy_key_is_documented() -> None:
    shape = json.loads(schema("json-schema", "policy.json").read_text("utf-8"))
    for key in shape["$defs"]["entry"]["properties"]:
        assert f"`{key}`" in REGISTERS or f"{key}:" in REGISTERS, key


def test_every_refusal_is_documented() -> None:
    text = "".join((ROOT / source).read_text("utf-8") for source in SOURCES)
    codes = {
        match
        for pattern in (
            r'Fault\(\s*[^,]+,\s*"([a-z-]+)"',
            r'(?:fault|_refused)\([^,]+,(?:[^,"]+,)? "([a-z-]+)"',
        )
        for match in re.findall(pattern, text)
    }
    assert len(codes) > 25
    for code in codes - {"unknown-"}:
        assert f"`{code}`" in REGISTERS, code


def test_every_bad_sample_shows_a_documented_refusal() -> None:
    faults = json.loads(
        (ROOT / "tests" / "samples" / "registers" / "bad" / "faults.json").read_text("utf-8")
    )
    for places in faults.values():
        for code in places.values():
            assert f"`{code}`" in REGISTERS, code


def test_every_catalogue_key_and_field_is_documented() -> None:
    for key in load_catalogue().keys:
        assert f"`{key}`" in CATALOGUE, key
    for shape in ("lab-item", "imaging-class"):
        fields = json.loads(schema("json-schema", f"{shape}.json").read_text("utf-8"))
        for name in set(fields["properties"]) - {"certainty"}:
            assert f"`{name}`" in CATALOGUE, name
