"""The page names every issue code and profile key as they are declared, and no other."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pytest

from adapters.dicom import adapter
from adapters.dicom.issues import TABLE
from adapters.dicom.profile import compile_profile
from hie.exchange.plugins import load_adapters
from tests.unit.adapters.dicom.made import codes, instance, is_held, read, record

ROOT = Path(__file__).parents[4]
PAGE = (ROOT / "docs/dicom.md").read_text(encoding="utf-8")
ISSUES, PROFILE = PAGE.split("## Issues")[1].split("## Site profile")
SHIPPED = ROOT / "schemas/json-schema/site-profile-dicom.json"
SCHEMA: dict[str, Any] = dict(adapter.profile_schema)


def keys(node: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every key of the profile as a dotted name, with its schema."""
    for name, part in node.get("properties", {}).items():
        yield f"{prefix}{name}", part
        for choice in (part, *part.get("anyOf", ())):
            if "$ref" in choice:
                target = SCHEMA["$defs"][choice["$ref"].rsplit("/", 1)[1]]
                yield from keys(target, f"{prefix}{name}.")


def test_every_issue_code_is_documented_as_it_is_declared() -> None:
    rows = re.findall(r"^\| `([a-z0-9-]+)` \| (\w+) \| (.*) \|$", ISSUES, re.MULTILINE)
    assert rows == [(code, severity.value, text) for code, (severity, text) in TABLE.items()]
    assert adapter.issue_codes == {code: text for code, _, text in rows}


def test_every_declared_code_is_used_somewhere() -> None:
    text = "".join(
        p.read_text(encoding="utf-8")
        for p in [*(ROOT / "adapters/dicom").glob("*.py"), *(ROOT / "hie").glob("charset*/*.py"),
                  *(ROOT / "hie").glob("charset*.py")]
        if p.name != "issues.py"
    )  # fmt: skip
    assert [code for code in TABLE if f'"{code}"' not in text] == []


def test_the_shipped_schema_is_the_adapter_s() -> None:
    assert msgspec.json.decode(SHIPPED.read_bytes()) == SCHEMA


def test_every_key_is_described_documented_and_no_other_is_taken() -> None:
    known = dict(keys(SCHEMA))
    assert all(part.get("description") for part in known.values())
    for node in (SCHEMA, *SCHEMA["$defs"].values()):
        assert node["additionalProperties"] is False
    rows = re.findall(r"^\| `([a-z_.]+)` \| .* \| (.*) \|$", PROFILE, re.MULTILINE)
    assert rows == [(name, part["description"]) for name, part in known.items()]


def test_the_example_of_the_page_is_a_valid_profile() -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    profile = tomllib.loads(example)
    assert jsonschema_rs.validator_for(SCHEMA).is_valid(profile)
    compile_profile(profile)


def test_the_hub_finds_the_adapter_by_its_entry_point() -> None:
    assert load_adapters()["dicom"].name == "dicom"


@pytest.mark.parametrize(
    "profile",
    [{"zone": "Beijing"}, {"dicom": {"keep": "both"}}, {"unknown": 1},
     {"study": {"quiet_seconds": -1}}, {"institutions": {"A": "123"}}],
)  # fmt: skip
def test_a_wrong_profile_is_refused_and_holds_messages(profile: dict[str, Any]) -> None:
    assert not jsonschema_rs.validator_for(SCHEMA).is_valid(profile)
    decoded = read(instance(), **profile)
    assert codes(decoded) == {"profile-invalid"}
    assert decoded.native_id == "1.2.3.4.5"
    assert is_held(decoded)


def test_each_key_that_changes_reading_has_its_effect() -> None:
    bare = instance({0x00080201: None, 0x00080080: ("LO", "一院"), 0x00100040: ("CS", "W")})
    found = record(
        bare,
        zone="+09:00",
        patient={"type": "inpatient-no", "issuer": "1.2.9"},
        accession={"issuer": "RIS"},
        orders={"placer": ["(0040,2016)", "(0008,0050)"], "filler": ["(0020,0010)"]},
        sex={"W": "female"},
        institutions={"一院": "91110000802100433B"},
    )
    assert found.study.started is not None
    assert found.study.started.text == "2026-06-12T08:00:00+09:00"
    assert found.study.started.zone_assumed
    number = found.patient.identifiers[0]
    assert (number.type, number.authority) == ("inpatient-no", "1.2.9")
    assert found.study.accession is not None
    assert found.study.accession.authority == "RIS"
    assert [(o.type, o.value) for o in found.study.orders] == [("placer", "A1")]
    assert found.patient.sex == "female"
    assert found.study.institution is not None
    assert found.study.institution.code == "91110000802100433B"
    private = instance({0x00080016: ("UI", "1.3.12.2.1107.5.9.1")})
    assert not is_held(read(private))
    assert "sop-class-private" in codes(read(private))
    assert is_held(read(private, dicom={"private_sop_classes": False}))
