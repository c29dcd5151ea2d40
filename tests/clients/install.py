"""`python -m tests.clients.install`: bring the locked npm packages into the environment.

Without a network they are left out and the tests that need them say so; a package that is not the
one that was locked stops everything.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from tests.clients.node import FOLDER, NPM, STAMP

_CI = ["ci", "--ignore-scripts", "--omit=dev", "--omit=optional", "--omit=peer", "--no-audit"]
_QUIET = ["--no-fund", "--loglevel=error", "--fetch-retries=1", "--fetch-retry-mintimeout=2000"]
_OURS = ("EINTEGRITY", "EUSAGE")  # the lock file and what it locks do not fit


def main() -> int:
    """0 when they are there, or not to be had; 1 when they are not what was locked."""
    FOLDER.mkdir(exist_ok=True)
    STAMP.unlink(missing_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(Path(__file__).parent / name, FOLDER / name)
    done = subprocess.run(  # noqa: S603 - npm, by its path
        [*NPM, *_CI, *_QUIET], cwd=FOLDER, capture_output=True, text=True, check=False
    )
    if done.returncode == 0 and _is_complete():
        STAMP.touch()
        return 0
    sys.stderr.write(done.stderr)
    if any(code in done.stderr for code in _OURS):
        return 1
    sys.stderr.write(
        "the npm packages of tests/clients are not to be had: their tests are skipped\n"
    )
    return 0


def _is_complete() -> bool:
    """Whether every locked package is there: npm 10 can lose its network and still end with 0."""
    locked = json.loads((FOLDER / "package-lock.json").read_text("utf-8"))["packages"]
    for name, one in locked.items():
        file = FOLDER / name / "package.json"
        wanted = name and not one.get("peer")
        if wanted and not (file.exists() and _version(file) == one["version"]):
            return False
    return True


def _version(file: Path) -> str:
    return str(json.loads(file.read_text("utf-8"))["version"])


if __name__ == "__main__":
    raise SystemExit(main())
