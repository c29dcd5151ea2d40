"""Reading a header against bare pydicom: `dcmread(…, stop_before_pixels=True)`, values untouched.

pydicom notes where values stand; the hub decodes what it reads, tells the charset and checks.
Both are measured in turns, so that a busy machine slows both; the median of the rounds counts.
"""

import io
import statistics
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import pydicom
import pydicom.data

from adapters.dicom import adapter
from hie.adapter import Site
from tests.bench.figure import Figure, show

BUDGET = 0.7
ROUNDS, REPEATS = 21, 20
SITE = Site("bench", "91110000802100433B", "dicom", {})
ROOT = Path(pydicom.data.__file__).parent
FILES = {
    "CT, 256 elements": "test_files/CT_small.dcm",
    "MR, 71 elements": "test_files/MR_small.dcm",
    "MR, implicit": "test_files/MR_small_implicit.dcm",
    "NM, JPEG 2000": "test_files/JPEG2000.dcm",
    "US, colour": "test_files/examples_rgb_color.dcm",
    "CT, IR 58 names": "charset_files/chrX2.dcm",
}


def microseconds(work: Callable[[], object]) -> float:
    """CPU time of one call, over some repeats."""
    began = time.process_time_ns()
    for _ in range(REPEATS):
        work()
    return (time.process_time_ns() - began) / REPEATS / 1000


def bare(content: bytes) -> object:
    """What pydicom does at least."""
    return pydicom.dcmread(io.BytesIO(content), stop_before_pixels=True)


def measured(name: str, file: str) -> list[Figure]:
    """The rate for one file: pydicom's time over ours, so that 1 is as fast."""
    content = (ROOT / file).read_bytes()
    assert len(adapter.decode(content, SITE).records) == 1
    theirs, ours, cuts = [], [], []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(ROUNDS):
            theirs.append(microseconds(lambda: bare(content)))
            ours.append(microseconds(lambda: adapter.decode(content, SITE)))
            cuts.append(microseconds(lambda: adapter.header(content)))
    rate = statistics.median(t / o for t, o in zip(theirs, ours, strict=True))
    return [
        Figure(f"{name}: bare pydicom", statistics.median(theirs), "µs"),
        Figure(f"{name}: decode", statistics.median(ours), "µs"),
        Figure(f"{name}: header cut", statistics.median(cuts), "µs"),
        Figure(f"{name}: rate against bare pydicom", rate, "×", f"≥ {BUDGET}"),
    ]


def run() -> list[Figure]:
    """Small and large headers, implicit and explicit, Chinese names."""
    return [figure for name, file in FILES.items() for figure in measured(name, file)]


if __name__ == "__main__":
    for figure in run():
        show(figure)
