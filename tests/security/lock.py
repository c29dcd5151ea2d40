"""`python -m tests.security lock`: both lock files against the floors; `--bom FILE` writes the SBOM."""

import json
import sys
from pathlib import Path

from tests.security.bill import bill
from tests.security.lock_file import copyleft, faults, parse

ROOT = Path(__file__).parents[2]
WHOLE, RUN_TIME = ROOT / "requirements.lock", ROOT / "requirements-runtime.lock"


def main(words: list[str]) -> int:
    """Say each fault; 1 when there is one."""
    whole, run_time = (parse(path.read_text("utf-8")) for path in (WHOLE, RUN_TIME))
    told = [*faults(whole), *faults(run_time), *copyleft(run_time)]
    sys.stdout.write("".join(f"  {line}\n" for line in told))
    sys.stdout.write(f"  {len(run_time)} packages at run time, {len(whole)} with those of tests\n")
    if "--bom" in words:
        path = Path(words[words.index("--bom") + 1])
        path.write_text(json.dumps(bill(run_time), indent=1) + "\n", "utf-8")
    return 1 if told else 0
