"""Every sample message says exactly what the file beside it says.

`HIE_ACCEPT_SAMPLES=1 pytest tests/unit/adapters/hl7v2/test_samples.py` rewrites the expected
files; the difference is then read by a person before it is committed.
"""

import os
import tomllib
from pathlib import Path

import msgspec
import pytest

from adapters.hl7v2 import adapter
from hie.adapter import Site

ROOT = Path(__file__).parents[3] / "samples/hl7v2"
SAMPLES = sorted(p.relative_to(ROOT).as_posix() for p in ROOT.rglob("*.hl7"))


def site(sample: Path) -> Site:
    profile = sample.with_suffix(".toml")
    keys = tomllib.loads(profile.read_text(encoding="utf-8")) if profile.exists() else {}
    return Site("sample", "91110000802100433B", "hl7v2", keys)


def test_there_are_samples() -> None:
    assert len(SAMPLES) >= 18


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_says_what_is_written_beside_it(name: str) -> None:
    sample = ROOT / name
    decoded = adapter.decode(sample.read_bytes(), site(sample))
    text = msgspec.json.format(msgspec.json.encode(decoded), indent=1) + b"\n"
    expected = sample.with_suffix(".json")
    if os.environ.get("HIE_ACCEPT_SAMPLES"):
        expected.write_bytes(text)
    assert text.decode() == expected.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_read_alike_with_every_terminator(name: str) -> None:
    content = (ROOT / name).read_bytes().replace(b"\r\n", b"\r").replace(b"\n", b"\r")
    base = adapter.decode(content, site(ROOT / name))
    for end in (b"\n", b"\r\n"):
        decoded = adapter.decode(content.replace(b"\r", end), site(ROOT / name))
        assert decoded.records == base.records
