"""The head of an arriving file: what it says it is, the bytes up to its pixels, its hashes.

The adapter cuts (`adapters.dicom.headers`): there is one reader of DICOM, and what a door keeps is
what processing will read. It runs before the sender is told that an instance is kept, is linear and
bounded, and raises for nothing but bytes that are no DICOM: a broken file is kept, and held later.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hie.adapter import Adapter
from hie.exchange.imaging_profile import ADAPTER

_STEP = 1 << 20


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says of itself before its pixels. Missing UIDs are "".

    `header` is the file up to its pixels, at most 1 MiB; `problem` what is wrong with the file, as
    an issue code of the adapter; `data_hash` is over the data set without the file's own head.
    """

    study: str
    series: str
    sop: str
    sop_class: str
    transfer_syntax: str
    number: int | None
    header: bytes
    sha256: str
    data_hash: str
    size: int
    problem: str | None


def read_header(adapters: Mapping[str, Adapter], path: Path) -> Header:
    """Read through one file. Raises MalformedMessage when it is no DICOM file at all."""
    adapter: Any = adapters[ADAPTER]
    found = adapter.cut(path)
    whole, inner = _hashes(path, found.dataset)
    return Header(
        study=found.said.study,
        series=found.said.series,
        sop=found.said.sop_instance,
        sop_class=found.said.sop_class,
        transfer_syntax=found.written_in,
        number=found.said.number,
        header=found.header,
        sha256=whole,
        data_hash=inner,
        size=found.size,
        problem=found.fault,
    )


def _hashes(path: Path, begin: int) -> tuple[str, str]:
    """SHA-256 of the whole file and of its data set."""
    whole, inner = hashlib.sha256(), hashlib.sha256()
    at = 0
    with path.open("rb") as file:
        while part := file.read(_STEP):
            whole.update(part)
            inner.update(part[max(0, begin - at) :])
            at += len(part)
    return whole.hexdigest(), inner.hexdigest()
