"""docs/profiles.md says what is checked, and nothing else."""

import re
from pathlib import Path

import msgspec

from hie.fhir.shipped_profiles import SUPPORTED, shipped_definitions
from hie.schemas import schema
from hie.terminology.shipped import own_terminology
from tests.unit.fhir.invariant_cases import CASES

TEXT = (Path(__file__).parents[2] / "docs" / "profiles.md").read_text("utf-8")
ROOT = Path(__file__).parents[2]
R4 = msgspec.json.decode(schema("fhir", "r4.invariants.json").read_bytes())
PLACES = {
    "every element": "hie/fhir/invariants.py",
    "narrative": "hie/fhir/narrative.py",
    "its type": "hie/fhir/*_invariants.py",
    "schema": "schemas/fhir/r4.schema.json",
}


def _section(name: str) -> str:
    return TEXT.split(f"## {name}\n", 1)[1].split("\n## ", 1)[0]


def _rows(name: str) -> list[list[str]]:
    lines = re.findall(r"^\| .* \|$", _section(name), re.M)
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[1:]]


def test_every_invariant_of_severity_error_is_named_with_who_checks_it() -> None:
    rows = {row[0].strip("` "): row[2] for row in _rows("Invariants")}
    assert set(rows) == {key for key, one in R4.items() if one["severity"] == "error"}
    for key, place in rows.items():
        if place == "as written, always met":
            assert key not in CASES
            continue
        files = sorted(ROOT.glob(PLACES[place]))
        assert any(f'"{key}"' in file.read_text("utf-8") for file in files), key


def test_every_warning_is_named_as_not_asked() -> None:
    named = set(re.findall(r"`([a-z]+-[0-9]+)`", _section("Invariants").split("|", 1)[0]))
    assert named == {key for key, one in R4.items() if one["severity"] != "error"}


def test_every_profile_and_extension_is_named() -> None:
    profiles = {re.findall(r"`([a-z-]+)`", row[0])[0]: row[1] for row in _rows("Profiles")}
    assert profiles == {url.rsplit("/", 1)[1]: kind for kind, url in SUPPORTED.items()}
    listed = {
        one["id"]
        for one in shipped_definitions()
        if one["resourceType"] == "StructureDefinition" and one["type"] == "Extension"
    }
    assert {row[0].strip("` ") for row in _rows("Extensions")} == listed


def test_every_code_of_a_code_system_is_named() -> None:
    rows = {row[0].strip("` "): re.findall(r"`([^`]+)`", row[1]) for row in
            _rows("Code systems and value sets")}  # fmt: skip
    own = {
        one["id"]: [concept["code"] for concept in one["concept"]]
        for one in own_terminology()
        if one["resourceType"] == "CodeSystem"
    }
    assert rows == own
