"""Bad assertions at a steady rate: the right shape, a known client and key id, a wrong signature.

`python -m tests.bench.token_flood ADDRESS RATE SECONDS SOURCES` prints how many a second it sent,
and how many were answered 401 or 429. Each source is an address of this machine of its own.
"""

import asyncio
import itertools
import sys
import time
from urllib.parse import urlencode, urlsplit

from tests.bench.token_server import GOOD
from tests.unit.access.tokens import a_header, rsa_key, segment, signed

LANES = 40  # connections of a source at once, when there is one source


def requests(address: str) -> list[bytes]:
    """Some hundred requests made beforehand, each with an id of its own."""
    now, host = int(time.time()), urlsplit(address).netloc
    head = a_header(alg="RS384", kid="g1")
    tail = signed(head, {}, rsa_key(), "RS384").rpartition(".")[2]
    made = []
    for number in range(1000):
        claims = {"iss": GOOD, "sub": GOOD, "aud": address, "iat": now, "exp": now + 200}
        text = f"{segment(head)}.{segment(claims | {'jti': f'bad-{number}'})}.{tail}"
        body = urlencode(
            {
                "grant_type": "client_credentials",
                "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                "client_assertion": text,
            }
        ).encode()
        made.append(
            f"POST /oauth/token HTTP/1.1\r\nHost: {host}\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
    return made


async def flood(address: str, rate: int, seconds: float, sources: int) -> tuple[float, int]:
    """Send; how many a second, and how many were refused."""
    ready, port = itertools.cycle(requests(address)), int(urlsplit(address).port or 80)
    due: asyncio.Queue[None] = asyncio.Queue()
    seen = {b"401": 0, b"429": 0}
    lanes = LANES if sources == 1 else 1

    async def lane(source: int) -> None:
        local = (f"127.0.1.{source + 1}", 0)
        reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=local)
        while True:
            await due.get()
            writer.write(next(ready))
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            seen[head[9:12]] = seen.get(head[9:12], 0) + 1

    tasks = [asyncio.create_task(lane(n)) for n in range(sources) for _ in range(lanes)]
    began = time.perf_counter()
    sent = 0
    while (elapsed := time.perf_counter() - began) < seconds:
        while sent < elapsed * rate:
            due.put_nowait(None)
            sent += 1
        await asyncio.sleep(0.005)
    for task in tasks:
        task.cancel()
    answered = sum(seen.values())
    return answered / seconds, seen[b"401"] + seen[b"429"]


if __name__ == "__main__":
    found = asyncio.run(flood(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])))
    sys.stdout.write(f"{found[0]:.1f} {found[1]}\n")
