"""kill -9 while instances arrive, are settled and published: nothing is lost, nothing doubled."""

import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from hie.exchange.keep_instances import sweep
from hie.exchange.process import drain
from tests.integration.imaging.support import (
    count,
    fact,
    free_port,
    imaging_hub,
    instance,
    profile,
    serving,
    settings_of,
    studies,
)
from tests.places import Place

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(shutil.which("dcmsend") is None, reason="DCMTK is not installed"),
]
STUDIES, EACH = 10, 50


def write(folder: Path) -> None:
    folder.mkdir()
    for study in range(STUDIES):
        for n in range(1, EACH + 1):
            (folder / f"{study}-{n:03}.dcm").write_bytes(
                instance(
                    StudyInstanceUID=f"1.2.7.{study}",
                    SeriesInstanceUID=f"1.2.7.{study}.1",
                    SOPInstanceUID=f"1.2.7.{study}.1.{n}",
                    PatientID=f"P{study}",
                    AccessionNumber=f"A{study}",
                    InstanceNumber=n,
                )
            )


def send(port: int, folder: Path) -> subprocess.Popen[bytes]:
    where = ["-nh", "+sd", "127.0.0.1", str(port), str(folder)]
    return subprocess.Popen(  # noqa: S603
        ["dcmsend", "-aet", "SCU", "-aec", "HIE", *where],  # noqa: S607
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


async def test_kill_while_instances_arrive_loses_and_doubles_nothing(
    durable_place: Place, tmp_path: Path
) -> None:
    more: dict[str, Any] = {"port": free_port(), "dicom_port": free_port()}
    async with imaging_hub(durable_place, profile(quiet=1), **more):
        pass
    settings = settings_of(durable_place, **more)
    folder = tmp_path / "send"
    write(folder)
    for pause in (0.4, 0.9, 1.5):
        with serving(settings) as hub:
            sender = send(settings.dicom_port, folder)
            time.sleep(pause)
            os.killpg(hub.pid, signal.SIGKILL)
            hub.wait()
            with suppress(subprocess.TimeoutExpired):
                sender.wait(20)
            sender.kill()
            sender.wait()
    with serving(settings):
        assert send(settings.dicom_port, folder).wait(60) == 0
    async with imaging_hub(durable_place, profile(quiet=1), **more) as again:
        await drain(again)  # what was kept last is settled first: it starts the quiet anew
        async with again.db.unit() as unit:  # what a killed hub left open is lost, in its time
            await unit.execute("UPDATE arrival SET seen_us = 0 WHERE outcome IS NULL")
            await unit.execute("UPDATE study SET due_us = 1 WHERE changed")
        await drain(again)
        found = await studies(again)
        assert len(found) == STUDIES
        assert {one["status"] for one in found} == {"available"}
        assert {one["numberOfInstances"] for one in found} == {EACH}
        assert {fact(one, "received") for one in found} == {EACH}
        wanted = STUDIES * EACH
        assert await count(again, "SELECT count(*) FROM message") == wanted
        assert await count(again, "SELECT count(*) FROM instance WHERE state = 'current'") == wanted
        assert await count(again, "SELECT count(*) FROM patient") == STUDIES
        await sweep(again, seconds=-1)
        folder_ = durable_place.data_dir / "instances"
        assert len(list(folder_.glob("[0-9a-f][0-9a-f]/*.dcm"))) == wanted
        assert list(folder_.glob("incoming/*")) == []
