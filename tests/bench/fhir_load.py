"""A loader of HTTP/1.1 for the benches: a process of its own that sends requests made beforehand.

`python -m tests.bench.fhir_load PORT CONNECTIONS SECONDS FILE FIRST`: each connection sends one
request, waits for the whole answer, then sends the next. FILE holds the requests, each after its
length; `NUMBER` in one is replaced by a number no other has, from FIRST. It prints what it saw as
JSON. It asks as little of the processor as it can, and the same of whomever it loads.
"""

import asyncio
import json
import struct
import sys
import time
from itertools import count
from pathlib import Path
from typing import Any

import uvloop

NUMBER = b"@number@@@@@"  # as long as what stands for it, so that lengths stay


def pack(requests: list[bytes]) -> bytes:
    """The content of FILE."""
    return b"".join(struct.pack(">I", len(one)) + one for one in requests)


def unpack(data: bytes) -> list[bytes]:
    """The requests in FILE."""
    found, place = [], 0
    while place < len(data):
        (size,) = struct.unpack_from(">I", data, place)
        found.append(data[place + 4 : place + 4 + size])
        place += 4 + size
    return found


class Lane(asyncio.Protocol):
    """One connection: a request, its whole answer, the next."""

    def __init__(self, load: "Load") -> None:
        self._load = load
        self._seen = b""
        self._whole = 0
        self._began = 0.0
        self._transport: Any = None  # uvloop's are asyncio's by their methods only

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first."""
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        """Collect an answer; when it is whole, note it and go on."""
        self._seen = self._seen + data if self._seen else data
        if not self._whole:
            head = self._seen.find(b"\r\n\r\n")
            if head < 0:
                return
            at = self._seen.lower().find(b"content-length:", 0, head)
            size = int(self._seen[at + 15 : self._seen.index(b"\r", at)]) if at >= 0 else 0
            self._whole = head + 4 + size
        if len(self._seen) >= self._whole:
            self._load.answered(self._seen, time.perf_counter() - self._began)
            self._seen, self._whole = b"", 0
            self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        """A server that hangs up has failed."""
        self._load.hung_up += not self._load.over

    def _send(self) -> None:
        if self._load.over:
            self._transport.close()
            return
        self._began = time.perf_counter()
        self._transport.write(self._load.next())


class Load:
    """What all connections share: the requests, and what became of them."""

    def __init__(self, requests: list[bytes], first: int) -> None:
        self._requests = requests
        self._number = count(first)
        self._turn = 0
        self.spans: list[float] = []
        self.refused = 0
        self.hung_up = 0
        self.refusal = ""
        self.size = 0
        self.over = False
        self.waiting = 0

    def next(self) -> bytes:
        """The next request, with a number of its own wherever it wants one."""
        found = self._requests[self._turn % len(self._requests)]
        self._turn += 1
        self.waiting += 1
        if NUMBER in found:
            found = found.replace(NUMBER, b"%012d" % next(self._number))
        return found

    def answered(self, answer: bytes, seconds: float) -> None:
        """Note one answer."""
        self.waiting -= 1
        self.spans.append(seconds)
        if answer[9:10] == b"2":
            self.size = len(answer)
            return
        self.refused += 1
        self.refusal = answer[:600].decode("utf-8", "replace")


async def run(port: int, connections: int, seconds: float, load: Load) -> float:
    """Load a server for so long; the answers a second meanwhile."""
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    lanes = [
        await loop.create_connection(lambda: Lane(load), "127.0.0.1", port)
        for _ in range(connections)
    ]
    await asyncio.sleep(seconds)
    load.over = True
    rate = len(load.spans) / (time.perf_counter() - began)
    for _ in range(500):  # what is under way is answered: its processor time is counted too
        if load.waiting == 0:
            break
        await asyncio.sleep(0.01)
    for transport, _ in lanes:
        transport.close()
    return rate


def main(words: list[str]) -> None:
    """Load, and print what was seen."""
    port, connections, seconds, file, first = words
    load = Load(unpack(Path(file).read_bytes()), int(first))
    rate = uvloop.run(run(int(port), int(connections), float(seconds), load))
    spans = sorted(load.spans)
    said = {
        "rate": rate,
        "count": len(spans),
        "p50": spans[len(spans) // 2] * 1000 if spans else 0.0,
        "p99": spans[int(len(spans) * 0.99)] * 1000 if spans else 0.0,
        "refused": load.refused,
        "hung_up": load.hung_up,
        "refusal": load.refusal,
        "size": load.size,
        "next": int(first) + load._turn,
    }
    sys.stdout.write(json.dumps(said) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
