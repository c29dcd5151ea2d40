"""`python -m tests.clients.lock`: write package-lock.json anew from package.json.

It names versions and hashes, and no registry. What only browsers and phones install (optional
packages: nine in ten) and who asks for money is left out.
"""

import json
import subprocess
from pathlib import Path

from tests.clients.node import NPM

_LOCK = ["install", "--package-lock-only", "--ignore-scripts", "--omit-lockfile-registry-resolved"]


def main() -> None:
    """Ask npm, and keep what is needed here."""
    folder = Path(__file__).parent
    lock = [*NPM, *_LOCK, "--no-audit", "--no-fund"]
    subprocess.run(lock, cwd=folder, check=True)  # noqa: S603 - npm, by its path
    file = folder / "package-lock.json"
    tree = json.loads(file.read_text("utf-8"))
    tree["packages"] = {
        name: {key: value for key, value in one.items() if key != "funding"}
        for name, one in tree["packages"].items()
        if not one.get("optional")
    }
    file.write_text(json.dumps(tree, indent=2, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
