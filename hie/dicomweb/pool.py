"""The worker processes that decode, seen from the hub: ask one, get parts, end it when it fails.

Nothing a file does to a decoder reaches the hub: a worker that dies, hangs or is no longer
listened to is killed, and the next request starts another.
"""

import asyncio
import contextlib
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from hie.errors import Fault, HubError, NotAcceptable, ResourceNotFound, TooLarge, Unavailable

_WAIT_SECONDS = 10.0  # for a free worker
_PART_SECONDS = 30.0  # for the next part of an answer
_LINE = 1 << 16
_KEPT = ("PATH", "PYTHONPATH", "LANG", "LC_ALL", "TMPDIR")
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}


class PixelPool:
    """Up to `size` workers, each started when it is first needed."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._free: list[Process] = []
        self._places = asyncio.Semaphore(size) if size else None
        self._every: set[Process] = set()

    async def parts(self, request: dict[str, Any]) -> AsyncIterator[tuple[str, bytes]]:
        """(media type, bytes) of each part of the answer.

        Raises NotAcceptable (cannot be shown so), ResourceNotFound (no such frame or value),
        TooLarge, and Unavailable (no worker is free, or there are none).
        """
        async with self._worker() as worker:
            if worker.stdin is None or worker.stdout is None:
                raise Unavailable("the decoding process has no pipes")
            finished = False
            try:
                worker.stdin.write(json.dumps(request).encode() + b"\n")
                await worker.stdin.drain()
                while True:
                    async with asyncio.timeout(_PART_SECONDS):
                        head = json.loads(await worker.stdout.readuntil(b"\n"))
                        data = b""
                        if "end" not in head:
                            data = await worker.stdout.readexactly(head["size"])
                    if "end" in head:
                        finished = True
                        if head["end"] != "done":
                            raise _refusal(head["end"], head["text"])
                        return
                    yield head["media"], data
            except (OSError, EOFError, ValueError, asyncio.LimitOverrunError) as fault:
                raise _refusal("over-limits", "") from fault
            except TimeoutError as fault:
                raise _refusal("over-limits", "") from fault
            finally:
                if not finished:
                    await self._end(worker)

    async def whole(self, request: dict[str, Any]) -> tuple[str, bytes]:
        """The one part of an answer that has one."""
        found: list[tuple[str, bytes]] = [part async for part in self.parts(request)]
        if not found:
            raise NotAcceptable("nothing to show")
        return found[0]

    async def close(self) -> None:
        """End every worker."""
        for worker in list(self._every):
            await self._end(worker)

    @asynccontextmanager
    async def _worker(self) -> AsyncIterator[Process]:
        if self._places is None:
            raise Unavailable("pixels are not decoded at this hub")
        try:
            async with asyncio.timeout(_WAIT_SECONDS):
                await self._places.acquire()
        except TimeoutError:
            raise Unavailable("every decoding process is busy") from None
        try:
            worker = await self._fresh()
            try:
                yield worker
            finally:
                if worker in self._every and worker.returncode is None:
                    self._free.append(worker)
                else:
                    self._every.discard(worker)
        finally:
            self._places.release()

    async def _fresh(self) -> Process:
        while self._free:
            worker = self._free.pop()
            if worker.returncode is None:
                return worker
            self._every.discard(worker)
        environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
        worker = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "hie.dicomweb.worker",
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            limit=_LINE,
            env={**environment, **_ONE_THREAD},
        )
        self._every.add(worker)
        return worker

    async def _end(self, worker: Process) -> None:
        self._every.discard(worker)
        if worker in self._free:
            self._free.remove(worker)
        with contextlib.suppress(ProcessLookupError):
            worker.kill()
        if worker.stdin is not None:
            worker.stdin.close()
        await worker.wait()


def _refusal(code: str, text: str) -> HubError:
    """What a worker's word means to a caller."""
    fault = (Fault("instance", code, text),)
    match code:
        case "no-such-frame" | "no-such-value":
            return ResourceNotFound("no such frame or value in this instance", fault)
        case "no-pixels":
            return NotAcceptable("this instance has no pixels: ask for application/dicom", fault)
        case "too-large":
            return TooLarge("the frame is larger than is decoded here", fault)
        case "over-limits":
            expected = "ask for application/dicom"
            return NotAcceptable(
                "decoding took more memory or time than is allowed",
                (Fault("instance", code, expected),),
            )
        case _:
            return NotAcceptable(
                "no decoder here reads these pixels: ask for application/dicom", fault
            )
