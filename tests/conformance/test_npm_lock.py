"""The npm packages of the tests: exact, by hash, from no registry in particular."""

import json
import re
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "clients"
LOCK = (FOLDER / "package-lock.json").read_text("utf-8")
PACKAGES = {name: one for name, one in json.loads(LOCK)["packages"].items() if name}


def test_every_package_has_its_hash() -> None:
    assert len(PACKAGES) > 10
    for name, one in PACKAGES.items():
        assert re.fullmatch(r"sha512-[A-Za-z0-9+/]{86}==", one["integrity"]), name


def test_no_registry_is_named() -> None:
    assert "resolved" not in LOCK
    assert "://" not in LOCK


def test_what_is_asked_for_is_an_exact_version_and_is_locked() -> None:
    asked = json.loads((FOLDER / "package.json").read_text("utf-8"))["dependencies"]
    for name, version in asked.items():
        assert PACKAGES[f"node_modules/{name}"]["version"] == version
