"""The site profile: every key optional, described, documented, and of effect."""

import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pytest

from adapters.hl7v2 import adapter
from adapters.hl7v2.compiled import compile_profile
from adapters.hl7v2.profile_words import BINDABLE
from adapters.hl7v2.shipped import SHIPPED
from hie.adapter import Decoded, Site
from hie.records import Quantity

Read = Callable[..., Decoded]
ROOT = Path(__file__).parents[4]
PAGE = (ROOT / "docs/site-profile.md").read_text(encoding="utf-8")
SCHEMA_FILE = ROOT / "schemas/json-schema/site-profile-hl7v2.json"
HEAD = (
    "MSH|^~\\&|L|L|H|H|20260612120000||ORU^R01|1|P|2.5",
    "PID|1||P1||张三||19800101|F",
    "OBR|1|A|B|C|||20260612080000|||||||||||||||20260612110000|||F",
)


def keys(
    schema: dict[str, Any], node: dict[str, Any], prefix: str = ""
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every key of the profile as a dotted name, with its schema."""
    for name, part in node.get("properties", {}).items():
        yield f"{prefix}{name}", part
        for choice in (part, *part.get("anyOf", ())):
            if "$ref" in choice:
                target = schema["$defs"][choice["$ref"].rsplit("/", 1)[1]]
                yield from keys(schema, target, f"{prefix}{name}.")


SCHEMA: dict[str, Any] = dict(adapter.profile_schema)
KEYS = dict(keys(SCHEMA, SCHEMA))


def test_the_shipped_schema_is_the_adapter_s() -> None:
    assert msgspec.json.decode(SCHEMA_FILE.read_bytes()) == SCHEMA


def test_every_key_is_described_and_no_other_is_taken() -> None:
    assert all(part.get("description") for part in KEYS.values())
    for node in (SCHEMA, *SCHEMA["$defs"].values()):
        assert node["additionalProperties"] is False


def test_every_key_is_documented_and_every_documented_key_exists() -> None:
    documented = set(re.findall(r"^\| `([a-z_.]+)` \|", PAGE, re.MULTILINE))
    assert documented == set(KEYS) | {f"bindings.{name}" for name in BINDABLE}


def test_every_bindable_field_says_where_it_is_read_by_default() -> None:
    for name, (segment, index) in BINDABLE.items():
        assert f"| `bindings.{name}` | `{segment}-{index}` |" in PAGE


@pytest.mark.parametrize("example", re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL))
def test_an_example_of_the_page_is_a_valid_profile(example: str) -> None:
    profile = tomllib.loads(example)
    assert jsonschema_rs.validator_for(SCHEMA).is_valid(profile)
    compile_profile(profile)
    assert set(profile) <= {k.split(".")[0] for k in KEYS}


@pytest.mark.parametrize(
    "profile",
    [
        {},
        {"zone": "+09:00"},
        {"zone": "Asia/Urumqi"},
        {"control": {"path": "OBX-20", "in": ["在控"], "out": ["失控"]}},
        {"bindings": {"status": ["OBX-11", "OBX-10"], "sub_id": [], "filler": "SPM-2.1.2"}},
        {"institutions": {"L1": "91110000802100433B"}},
    ],
)
def test_schema_and_adapter_accept_the_same(profile: dict[str, Any]) -> None:
    assert jsonschema_rs.validator_for(SCHEMA).is_valid(profile)
    compile_profile(profile)


@pytest.mark.parametrize(
    "profile",
    [
        {"unknown": 1},
        {"zone": "Mars/Base"},
        {"zone": 8},
        {"charset": {"force": 3}},
        {"charset": {"forced": "gbk"}},
        {"bindings": {"nothing": "OBX-1"}},
        {"bindings": {"status": "OBX11"}},
        {"bindings": {"status": "obx-11"}},
        {"control": {"in": ["a"]}},
        {"default_status": "F"},
        {"institutions": {"L1": "123"}},
        {"values": {"阴": "阴性"}},
        {"numbers": {"thousands": "."}},
        {"attachments": {"max_bytes": -1}},
        {"identifiers": {"fields": {"PV1-19": "x"}}},
        {"future_hours": "24"},
    ],
)
def test_schema_and_adapter_refuse_the_same_and_the_message_is_held(
    read: Read, held: Any, codes: Any, profile: dict[str, Any]
) -> None:
    assert not jsonschema_rs.validator_for(SCHEMA).is_valid(profile)
    with pytest.raises((msgspec.ValidationError, ValueError)):
        compile_profile(profile)
    decoded = read(*HEAD, "OBX|1|NM|K||4.1||||||F", **profile)
    assert held(decoded)
    assert codes(decoded) == {"profile-invalid"}
    assert decoded.native_id == "1"


@pytest.mark.parametrize(
    ("word", "control", "code"),
    [
        ("在控", "in", None),
        ("失控", "out", None),
        ("不明", None, "control-unknown"),
        ("", None, None),
    ],
)
def test_quality_control_is_read_from_the_bound_field(
    read: Read, codes: Any, word: str, control: str | None, code: str | None
) -> None:
    decoded = read(
        *HEAD,
        f"OBX|1|NM|K||4.1||||||F|||||||||{word}",
        control={"path": "OBX-20", "in": ["在控"], "out": ["失控"]},
    )
    assert decoded.records[0].results[0].control == control
    assert (code is None) or code in codes(decoded)
    if word:
        assert "OBX[1]-20" in decoded.coverage.used


def test_without_a_binding_the_field_is_left_aside(read: Read) -> None:
    decoded = read(*HEAD, "OBX|1|NM|K||4.1||||||F|||||||||在控")
    assert decoded.records[0].results[0].control is None
    assert "OBX[1]-20" in decoded.coverage.ignored


def test_control_may_stand_in_a_segment_after_its_result(read: Read) -> None:
    decoded = read(
        *HEAD,
        "OBX|1|NM|K||4.1||||||F",
        "ZQC|失控",
        "OBX|2|NM|NA||140||||||F",
        "ZQC|在控",
        control={"path": "ZQC-1", "in": ["在控"], "out": ["失控"]},
    )
    assert [r.control for r in decoded.records[0].results] == ["out", "in"]


def test_a_field_bound_to_nothing_is_left_aside(read: Read) -> None:
    decoded = read(*HEAD, "OBX|1|NM|K|7712|4.1||||||F", bindings={"sub_id": []})
    assert decoded.records[0].results[0].sub_id is None
    assert "OBX[1]-4" in decoded.coverage.ignored


def test_a_field_bound_to_a_component_says_where_it_stood(read: Read) -> None:
    decoded = read(
        *HEAD,
        "OBX|1|NM|K^钾^L^X9||4.1||||||F||1^2^AAA^3.50^5.30",
        bindings={"code": "OBX-3.4", "range": ["OBX-7", "OBX-13.4"]},
    )
    (result,) = decoded.records[0].results
    assert (result.code.code, result.code.path) == ("X9", "OBX[1]-3.4")
    assert result.ranges[0].path == "OBX[1]-13.4"


def test_fields_of_other_segments_can_be_bound_group_by_group(read: Read) -> None:
    decoded = read(
        *HEAD,
        "ZDS|F1^x",
        "OBX|1|NM|K||4.1||||||F",
        HEAD[2],
        "OBX|1|NM|K||4.2||||||F",
        "ZDS|F2^x",
        HEAD[2],
        "OBX|1|NM|K||4.3||||||F",
        bindings={"filler": ["ZDS-1.1", "OBR-3"]},
    )
    assert [r.filler and r.filler.value for r in decoded.records] == ["F1", "F2", "B"]
    assert decoded.records[0].filler is not None
    assert decoded.records[0].filler.path == "ZDS[1]-1.1"


def test_one_adapter_serves_sites_with_different_profiles(read: Read) -> None:
    line = "OBX|1|NM|K||4.1|mg/d1|||||F"
    plain = read(*HEAD, line)
    fixed = read(*HEAD, line, units={"mg/d1": "mg/dL"})
    again = read(*HEAD, line)
    units = [d.records[0].results[0].unit for d in (plain, fixed, again)]
    assert [u and u.text for u in units] == ["mg/d1", "mg/dL", "mg/d1"]


def test_a_profile_is_not_changed_by_reading() -> None:
    profile: dict[str, Any] = {"bindings": {"status": ["OBX-11"]}, "values": {"阴": "NEG"}}
    before = msgspec.json.encode(profile)
    text = "\r".join([*HEAD, "OBX|1|ST|K||阴||||||F", ""])
    adapter.decode(text.encode(), Site("s", "91110000802100433B", "hl7v2", profile))
    assert msgspec.json.encode(profile) == before


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_profile_is_valid_and_documented(name: str) -> None:
    assert jsonschema_rs.validator_for(SCHEMA).is_valid(dict(SHIPPED[name]))
    compile_profile(SHIPPED[name])
    assert f"| `{name}` |" in PAGE


def test_there_are_shipped_profiles() -> None:
    assert {"vendor/oul-numbered", "vendor/shifted"} <= set(SHIPPED)


def test_a_profile_that_extends_has_the_keys_of_both(read: Read, codes: Any) -> None:
    shifted = (*HEAD[:2], HEAD[2][:-1], "OBX|1|ST|K^钾|7|4.1|mmol/L|3.5-5.3||H|F")
    decoded = read(*shifted, extends="vendor/shifted", values={"弱": "WR"})
    (result,) = decoded.records[0].results
    assert (result.value, result.status, result.sub_id) == (Quantity("4.1"), "final", None)
    assert result.interpretations[0].code == "H"


def test_a_key_of_the_site_s_own_replaces_the_shipped_one(read: Read) -> None:
    own = {"extends": "vendor/shifted", "bindings": {"sub_id": "OBX-4"}, "zone": "+09:00"}
    compiled = compile_profile(own)
    assert compiled.offset == 540
    assert compiled.profile.bindings == {
        "flag": ("OBX-9", "OBX-8"), "status": ("OBX-10", "OBX-11"), "sub_id": "OBX-4",
    }  # fmt: skip
    assert compiled.profile.default_report_status == "final"


@pytest.mark.parametrize("name", ["vendor/unknown", "../vendor/shifted", "", 3])
def test_a_profile_that_extends_nothing_known_is_refused(
    name: object, read: Read, held: Any
) -> None:
    assert not jsonschema_rs.validator_for(SCHEMA).is_valid({"extends": name})
    with pytest.raises((msgspec.ValidationError, ValueError)):
        compile_profile({"extends": name})
    assert held(read(*HEAD, "OBX|1|NM|K||4.1||||||F", extends=name))
