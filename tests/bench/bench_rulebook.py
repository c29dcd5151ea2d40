"""Rules, catalogue, policy and texts from YAML: seconds and memory, beside a bare C load.

The bare load reads the same files with PyYAML's C loader and keeps nothing: the least a reader
must do. Each figure is measured in a fresh process, alone, the median of some; memory is what the
process grew by (resident), with everything a hub keeps of it.
"""

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench.figure import Figure
from tests.bench.many_items import write_policy

ROUNDS = 5
_CHILD = """
import gc, json, sys, time
from pathlib import Path
import yaml
from hie.exchange.books_in_force import BooksInForce
from hie.exchange.quick_start import start
from hie.recognition.region import load_regions
from hie.recognition.rulebook_check import check_rulebook
from hie.recognition.sources import build_sources, read_files, shipped_files
from hie.schemas import use_folder, shape_faults

def grown():
    for line in Path('/proc/self/status').read_text().splitlines():
        if line.startswith('VmRSS'):
            return int(line.split()[1]) / 1024

own = Path(sys.argv[1]) if sys.argv[1] else None
use_folder(own)
for shape in ('lab-item', 'imaging-class', 'item-list', 'gate', 'rule-texts', 'policy'):
    shape_faults({}, shape, '')  # compiled once for whatever is read
load_regions()
gc.collect()
before = grown()
begun = time.perf_counter()
files = shipped_files()
sources = build_sources(read_files(files))
read = time.perf_counter() - begun
books = BooksInForce(sources)
size = sum(map(len, files.values())) / 1e6
del files
gc.collect()
memory = grown() - before
begun = time.perf_counter()
for data in shipped_files().values():
    yaml.load(data, yaml.CSafeLoader)
bare = time.perf_counter() - begun
begun = time.perf_counter()
faults = check_rulebook(own).faults
check = time.perf_counter() - begun
start(Path(sys.argv[2]))
begun = time.perf_counter()
start(Path(sys.argv[2]))
snapshot = time.perf_counter() - begun
print(json.dumps({'read': read, 'bare': bare, 'memory': memory, 'check': check, 'size': size,
                  'snapshot': snapshot, 'faults': len(faults)}))
"""


def run() -> list[Figure]:
    """The shipped policy, then one of 500 items with four states each."""
    with tempfile.TemporaryDirectory() as folder:
        own = Path(folder) / "own"
        write_policy(own)
        return [*_measured("shipped", None), *_measured("500 items", own)]


def _measured(name: str, own: Path | None) -> list[Figure]:
    """One set of files; of the 500 items the project wants less than 50 MB."""
    rounds = [_child(own) for _ in range(ROUNDS)]
    found = {key: statistics.median(one[key] for one in rounds) for key in rounds[0]}
    if found["faults"]:
        raise AssertionError(f"{name}: the files do not hold together")
    ratio = statistics.median(one["read"] / one["bare"] for one in rounds)
    return [
        Figure(f"{name}: YAML", found["size"], "MB"),
        Figure(f"{name}: from YAML to books", found["read"], "s", "" if own else "< 1 s"),
        Figure(f"{name}: bare C load of the same files", found["bare"], "s"),
        Figure(f"{name}: ratio to the bare load", ratio, "x"),
        Figure(
            f"{name}: from a snapshot to books", found["snapshot"], "s", "" if own else "< 0.1 s"
        ),
        Figure(f"{name}: hie rulebook check", found["check"], "s"),
        Figure(f"{name}: memory of the books", found["memory"], "MB", "< 50 MB" if own else ""),
    ]


def _child(own: Path | None) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as data:
        done = subprocess.run(  # noqa: S603 - our own words
            [sys.executable, "-c", _CHILD, str(own or ""), data],
            capture_output=True,
            text=True,
            check=True,
        )
    found: dict[str, float] = json.loads(done.stdout)
    return found
