"""Sixteen clients of the hubs: each has its own connection, and asks again when nobody answered."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.once.hubs import Hubs

CLIENTS = 16
_PATIENCE = 120.0  # seconds until a client gives up


@dataclass(frozen=True)
class Answer:
    """What a client was told; `again`: it had asked before and got no answer."""

    client: int
    status: int
    body: Any
    version: int
    again: bool

    @property
    def id(self) -> str:
        """The id of the resource it was told of."""
        return str(self.body["id"])


@dataclass
class Clients:
    """The clients, the hub each speaks to first, and how often nobody answered them."""

    hubs: Hubs
    each: list[httpx.AsyncClient] = field(default_factory=list)
    asked: int = 0
    unanswered: int = 0

    async def __aenter__(self) -> "Clients":
        for _ in range(CLIENTS):
            limits = httpx.Limits(max_connections=8, max_keepalive_connections=8)
            self.each.append(httpx.AsyncClient(timeout=60, limits=limits))
        return self

    async def __aexit__(self, *_: object) -> None:
        for client in self.each:
            await client.aclose()

    async def at_once(self, ask: Callable[[int], Awaitable[Answer]]) -> list[Answer]:
        """What all of them ask at the same moment."""
        return await asyncio.gather(*(ask(number) for number in range(CLIENTS)))

    async def ask(
        self, number: int, method: str, path: str, body: Any = None, **headers: str
    ) -> Answer:
        """One request of one client; it goes on asking, other hubs too, until it is answered."""
        client, ports = self.each[number], self.hubs.ports
        token = await self.hubs.token(client)
        sent = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/fhir+json",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        content = None if body is None else body if isinstance(body, str) else json.dumps(body)
        until, place, again = time.monotonic() + _PATIENCE, number, False
        self.asked += 1
        while time.monotonic() < until:
            url = f"http://127.0.0.1:{ports[place % len(ports)]}/fhir{path}"
            try:
                told = await client.request(method, url, content=content, headers=sent)
            except httpx.TransportError:
                self.unanswered += 1
                again, place = True, place + 1
                await asyncio.sleep(0.05)
                continue
            if told.status_code == 503:  # the hub says: try again
                again = True
                await asyncio.sleep(0.05)
                continue
            tag = told.headers.get("etag", "")
            version = int(tag.removeprefix('W/"').rstrip('"')) if tag else 0
            tree = told.json() if told.content else {}
            return Answer(number, told.status_code, tree, version, again)
        raise AssertionError(f"{method} {path}: no answer for {_PATIENCE} s")
