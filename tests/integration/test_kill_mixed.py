"""kill -9 while messages and images arrive at every door at once: nothing lost, nothing doubled."""

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from hie.exchange.process import drain
from hie.settings import Settings
from tests.integration.imaging.support import (
    count,
    fact,
    free_port,
    headers_of,
    imaging_hub,
    profile,
    serving,
    settings_of,
    studies,
)
from tests.integration.imaging.test_kill import EACH, STUDIES, send, write
from tests.integration.intake.lis import INSTITUTION, PROFILE, Door, Lis, message, msa
from tests.places import Place

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(shutil.which("dcmsend") is None, reason="DCMTK is not installed"),
]
MESSAGES, LANES = 1000, 6


async def test_kill_while_messages_and_images_arrive_loses_and_doubles_nothing(
    durable_place: Place, tmp_path: Path
) -> None:
    mllp_port = free_port()
    more: dict[str, Any] = {"port": free_port(), "dicom_port": free_port()}
    async with imaging_hub(durable_place, profile(quiet=1), **more) as hub:
        await Door(hub, None).site(PROFILE)  # type: ignore[arg-type]
        headers = await headers_of(hub, ["hie/intake"], institution=INSTITUTION)
    settings = settings_of(durable_place, **more)
    folder = tmp_path / "send"
    write(folder)
    # Every third message comes by HTTP; a sender that repeats one does so by the same door.
    by_http, by_mllp = list(range(0, MESSAGES, 3)), [n for n in range(MESSAGES) if n % 3]
    acknowledged: set[int] = set()

    async def lane(number: int, stop: asyncio.Event) -> None:
        """One sender; what is not acknowledged waits for the next."""
        http = number % 3 == 0
        waiting = by_http if http else by_mllp
        async with _http(settings, headers) if http else _mllp(mllp_port) as deliver:
            while waiting and not stop.is_set():
                one = waiting.pop()
                if not await deliver(one):
                    waiting.append(one)
                    return
                acknowledged.add(one)

    for pause in (0.5, 0.8, 1.2, None):
        with serving(settings, mllp_port) as process:
            images = send(settings.dicom_port, folder)
            stop = asyncio.Event()
            lanes = asyncio.gather(*(lane(number, stop) for number in range(LANES)))
            if pause is None:
                await lanes
                assert await asyncio.to_thread(images.wait, 60) == 0
                continue
            await asyncio.sleep(pause)
            os.killpg(process.pid, signal.SIGKILL)
            stop.set()
            await lanes
            images.kill()
            images.wait()
    assert acknowledged == set(range(MESSAGES))

    async with imaging_hub(durable_place, profile(quiet=1), **more) as again:
        await drain(again)
        async with again.db.unit() as unit:  # what a killed hub left open is lost, in its time
            await unit.execute("UPDATE arrival SET seen_us = 0 WHERE outcome IS NULL")
            await unit.execute("UPDATE study SET due_us = 1 WHERE changed")
        found = await studies(again)
        assert [fact(one, "received") for one in found] == [EACH] * STUDIES
        assert {one["status"] for one in found} == {"available"}
        instances = STUDIES * EACH
        for sql, number in (
            ("SELECT count(*) FROM message WHERE state = 'stored'", MESSAGES + instances),
            ("SELECT count(*) FROM message", MESSAGES + instances),
            ("SELECT count(*) FROM diagnostic_report", MESSAGES),
            ("SELECT count(*) FROM observation", MESSAGES),
            ("SELECT count(*) FROM instance WHERE state = 'current'", instances),
        ):
            assert await count(again, sql) == number, sql


Deliver = Callable[[int], Awaitable[bool]]


@asynccontextmanager
async def _mllp(port: int) -> AsyncIterator[Deliver]:
    """Delivers over one connection; False once it is gone."""
    try:
        lis = Lis(*await asyncio.open_connection("127.0.0.1", port))
    except OSError:
        yield _nobody
        return

    async def deliver(number: int) -> bool:
        answer: list[str] = []
        with suppress(OSError):
            answer = await lis.send(message(str(number)))
        if answer:
            assert msa(answer)[1:3] == ["AA", str(number)]
        return bool(answer)

    try:
        yield deliver
    finally:
        lis.writer.close()
        with suppress(OSError):
            await lis.writer.wait_closed()


@asynccontextmanager
async def _http(settings: Settings, headers: dict[str, str]) -> AsyncIterator[Deliver]:
    """Delivers by POST /intake; False when nobody answers."""
    url = f"http://127.0.0.1:{settings.port}/intake/lis"

    async def deliver(number: int) -> bool:
        with suppress(httpx.TransportError):
            answer = await client.post(url, headers=headers, content=message(str(number)))
            assert answer.status_code == 202, answer.text
            return True
        return False

    async with httpx.AsyncClient(timeout=10) as client:
        yield deliver


async def _nobody(_: int) -> bool:
    return False
