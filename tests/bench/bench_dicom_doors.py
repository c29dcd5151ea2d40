"""The doors for images: instances a second, and the hub's memory while a large study goes in and out.

`hie serve` on SQLite, as a process of its own; DCMTK sends. The large study is of
HIE_BENCH_DICOM_MB megabytes (default 256; 1024 is what the project is held to) in slices of 16 MB
and one of half the whole: memory must not follow size. Rates are beside a bare pynetdicom that
writes the same files and nothing else.
"""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.bench.figure import Figure, show
from tests.integration.imaging.support import (
    free_port,
    headers_of,
    imaging_hub,
    instance,
    profile,
    serving,
    settings_of,
)
from tests.places import Place

MEGABYTES = int(os.environ.get("HIE_BENCH_DICOM_MB", "256"))
SMALL, ASSOCIATIONS = 800, 4
_SLICE = 16
_BARE = """
import os, sys, tempfile
import pynetdicom
from pynetdicom import AE, AllStoragePresentationContexts, evt
folder = tempfile.mkdtemp(dir=sys.argv[2])
def store(event):
    with open(os.path.join(folder, event.request.AffectedSOPInstanceUID), "wb") as file:
        file.write(event.encoded_dataset())
    return 0
entity = AE("BARE")
entity.supported_contexts = AllStoragePresentationContexts
entity.start_server(("127.0.0.1", int(sys.argv[1])), evt_handlers=[(evt.EVT_C_STORE, store)])
"""


class Memory(threading.Thread):
    """The largest resident set of a process and its children's, looked at every 20 ms."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._over = threading.Event()
        self.largest = 0.0

    def run(self) -> None:
        """Look until told to stop."""
        while not self._over.wait(0.02):
            self.largest = max(self.largest, resident(self._pid))

    def stop(self) -> float:
        """Megabytes at most."""
        self._over.set()
        self.join()
        return self.largest


def resident(pid: int) -> float:
    """The resident set of one process in megabytes."""
    for line in Path(f"/proc/{pid}/status").read_text("ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


@contextmanager
def bare(folder: Path) -> Iterator[int]:
    """A bare pynetdicom as a process."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-c", _BARE, str(port), str(folder)])  # noqa: S603
    try:
        time.sleep(3)
        yield port
    finally:
        process.kill()
        process.wait()


def small(folder: Path) -> list[Path]:
    """Folders of small instances, one for each association."""
    folders = []
    for association in range(ASSOCIATIONS):
        place = folder / str(association)
        place.mkdir(parents=True)
        for n in range(SMALL // ASSOCIATIONS):
            content = instance(
                StudyInstanceUID=f"1.2.9.{association}",
                SeriesInstanceUID=f"1.2.9.{association}.1",
                PatientID=f"P{association}",
                AccessionNumber=f"A{association}",
                InstanceNumber=n,
            )
            (place / f"{n}.dcm").write_bytes(content)
        folders.append(place)
    return folders


def sent(port: int, folders: list[Path], called: str) -> float:
    """Seconds to send these folders, each over an association of its own."""
    began = time.perf_counter()
    command = ["storescu", "-aet", "SCU", "-aec", called, "+sd", "127.0.0.1", str(port)]
    running = [subprocess.Popen([*command, str(folder)]) for folder in folders]  # noqa: S603
    assert [process.wait() for process in running] == [0] * len(running)
    return time.perf_counter() - began


def large(folder: Path) -> int:
    """A study of MEGABYTES; how many files."""
    folder.mkdir()
    sizes = [MEGABYTES // 2, *([_SLICE] * (MEGABYTES // 2 // _SLICE))]
    for n, megabytes in enumerate(sizes):
        rows = 1024
        frames = megabytes * (1 << 20) // (rows * rows * 2)
        content = instance(
            InstanceNumber=n + 1,
            Rows=rows,
            Columns=rows,
            NumberOfFrames=frames,
            PixelData=os.urandom(1 << 20) * megabytes,
        )
        (folder / f"{n}.dcm").write_bytes(content)
    return len(sizes)


def run() -> list[Figure]:
    """Every figure of the doors."""
    if shutil.which("storescu") is None:
        return []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        return asyncio.run(_run(folder))


async def _run(folder: Path) -> list[Figure]:
    place = Place(None, folder / "data")
    ports = {"port": free_port(), "dicom_port": free_port()}
    async with imaging_hub(place, profile(quiet=1), **ports) as hub:
        headers = await headers_of(hub)
    settings = settings_of(place, **ports)
    folders = small(folder / "small")
    number = large(folder / "large")
    figures = []
    with bare(folder) as port:
        theirs = SMALL / sent(port, folders, "BARE")
    with serving(settings) as process:
        ours = SMALL / sent(settings.dicom_port, folders, "HIE")
        figures += [
            Figure("small instances kept, four associations", ours, "/s", "≥ 100"),
            Figure("beside a bare pynetdicom that writes files", ours / theirs, "×"),
        ]
        time.sleep(5)  # what is processed later is not the door's
        figures.append(Figure("the hub's memory before", resident(process.pid), "MB"))
        taken, memory = measured(
            process.pid, lambda: sent(settings.dicom_port, [folder / "large"], "HIE")
        )
        figures += [
            Figure(f"{MEGABYTES} MB in {number} files by C-STORE", MEGABYTES / taken, "MB/s"),
            Figure("the hub's whole memory meanwhile, at most", memory, "MB", "< 200"),
        ]
        study = f"{settings.address}/dicom-web/studies/1.2.826.0.1.3680043.8.498.1"
        taken, memory = measured(process.pid, lambda: fetched(study, headers))
        figures += [
            Figure(f"{MEGABYTES} MB out by WADO-RS", MEGABYTES / taken, "MB/s"),
            Figure("the hub's whole memory meanwhile, at most", memory, "MB", "< 200"),
        ]
        taken, memory = measured(
            process.pid, lambda: stowed(settings.address, headers, folder / "large")
        )
        figures += [
            Figure(f"{MEGABYTES} MB in again by STOW-RS", MEGABYTES / taken, "MB/s"),
            Figure("the hub's whole memory meanwhile, at most", memory, "MB", "< 200"),
        ]
    return figures


def measured(pid: int, work: Callable[[], object]) -> tuple[float, float]:
    """Seconds, and the most memory of a process meanwhile."""
    watch = Memory(pid)
    watch.start()
    began = time.perf_counter()
    work()
    return time.perf_counter() - began, watch.stop()


def fetched(url: str, headers: dict[str, str]) -> int:
    """Bytes of an answer, none of them kept."""
    size = 0
    for _ in range(50):
        with httpx.stream("GET", url, headers=headers, timeout=600) as answer:
            if answer.status_code == 404:
                time.sleep(0.2)
                continue
            assert answer.status_code == 200
            for piece in answer.iter_raw(1 << 20):
                size += len(piece)
            assert size > MEGABYTES << 19
            return size
    raise AssertionError("the study was not published")


def stowed(address: str, headers: dict[str, str], folder: Path) -> None:
    """The files of a folder as one STOW-RS request, streamed."""

    def body() -> Iterator[bytes]:
        for path in sorted(folder.iterdir()):
            yield b"--cut\r\nContent-Type: application/dicom\r\n\r\n"
            with path.open("rb") as file:
                while piece := file.read(1 << 20):
                    yield piece
            yield b"\r\n"
        yield b"--cut--\r\n"

    media = 'multipart/related; type="application/dicom"; boundary=cut'
    answer = httpx.post(
        f"{address}/dicom-web/studies",
        content=body(),
        headers={**headers, "Content-Type": media},
        timeout=600,
    )
    assert answer.status_code == 200, answer.text


if __name__ == "__main__":
    for figure in run():
        show(figure)
