"""Rules, catalogue, policy and texts at start: read from YAML, and from a snapshot by its hash.

Both build and check the same books; beside them what a court needs years later, the books of a
stored manifest, and what naming the data of an import costs.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from hie.exchange.quick_start import FOLDER, start
from hie.recognition.register import RegisterRows
from hie.recognition.snapshot import data_hash, freeze, freeze_registers, thaw
from hie.recognition.sources import Part
from tests.bench.figure import Figure

ROUNDS = 15


def run() -> list[Figure]:
    """The figures; no database takes part."""
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder)
        sources = start(data_dir)

        def from_yaml() -> None:
            for old in (data_dir / FOLDER).iterdir():
                old.unlink()
            start(data_dir)

        slow = _milliseconds(from_yaml)
        start(data_dir)
        quick = _milliseconds(lambda: start(data_dir))
        size = next((data_dir / FOLDER).iterdir()).stat().st_size
    frozen = freeze(sources.trees)
    rows = freeze_registers(RegisterRows(0))
    return [
        Figure("shipped policy and catalogue from YAML", slow, "ms", "below 1000"),
        Figure("the same from a snapshot named by its hash", quick, "ms", "below 100"),
        Figure("YAML over snapshot", slow / quick, "times"),
        Figure("a snapshot", size / 1024, "KiB"),
        Figure(
            "canonical bytes and hashes of every part",
            _milliseconds(lambda: [data_hash(one) for one in freeze(sources.trees).values()]),
            "ms",
        ),
        Figure(
            "books of a stored manifest",
            _milliseconds(lambda: thaw({**frozen, Part.REGISTERS: rows})),
            "ms",
        ),
    ]


def _milliseconds(work: Callable[[], object]) -> float:
    """The median of some rounds."""
    times = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        work()
        times.append((time.perf_counter() - begun) * 1000)
    return median(times)
