"""The real doors of a hub with its worker, as the systems of two hospitals call them."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from hie.app import web_app, work
from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.synthetic import example
from tests.integration.test_road import TODAY, connected

CASE = example(today=TODAY)
# The example's message without the one result that no item has, so that it is stored whole.
TEXT = "\r".join(s for s in CASE.message.decode().split("\r") if not s.startswith("OBX|19|"))

# They hold the day, or an age: other ones tomorrow.
FILLER = next(s for s in TEXT.split("\r") if s.startswith("OBR")).split("|")[3]
NUMBER = json.loads(CASE.order_check)["patient"]["identifiers"][0]["value"]


@dataclass
class Doors:
    """An open hub with its worker, and two hospitals' systems that call it over HTTP."""

    hub: Hub
    client: httpx.AsyncClient
    headers: dict[str, dict[str, str]]
    written: int = 0

    def message(self, **changed: str) -> str:
        """The example as a message of its own; `changed` are fields by name, "MSH_7"."""
        self.written += 1
        text = TEXT.replace("BJEXAMPLE0001", f"M{self.written:05}")
        text = text.replace(FILLER, f"F{self.written:05}")
        segments = [segment.split("|") for segment in text.split("\r")]
        for name, value in changed.items():
            kind, number = name.split("_")
            at = int(number) - (kind == "MSH")
            for segment in segments:
                if segment[0] == kind:
                    segment[at] = value
        return "\r".join("|".join(segment) for segment in segments)

    async def send(self, content: bytes, site: str = "bj-lis", **query: Any) -> httpx.Response:
        asked = {"wait": 20, **query}
        return await self.client.post(
            f"/intake/{site}", content=content, params=asked, headers=self.headers[site[:2]]
        )

    async def ask(self, body: Any, path: str = "/v1/order-check") -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.client.post(path, content=content, headers=self.headers["sj"])

    async def count(self, table: str, where: str = "1 = 1") -> int:
        async with self.hub.db.reading() as reader:
            found = await reader.fetchval(f"SELECT count(*) FROM {table} WHERE {where}")  # noqa: S608
        return int(found)


@asynccontextmanager
async def opened_doors(place: Any, tmp_path: Path, **settings: Any) -> AsyncIterator[Doors]:
    async with connected(place, tmp_path, **settings) as (hub, region):
        headers = {}
        for site in region.sites:
            client = f"his-{site.site[:2]}"
            headers[site.site[:2]] = await token_for(hub, client, site.institution)
        worker = asyncio.create_task(work(hub))
        transport = httpx.ASGITransport(app=web_app(hub))
        try:
            async with httpx.AsyncClient(
                transport=transport, base_url="http://localhost:8000", timeout=60
            ) as client_:
                yield Doors(hub, client_, headers)
        finally:
            worker.cancel()
            with suppress(asyncio.CancelledError):
                await worker


async def token_for(hub: Hub, client: str, institution: str) -> dict[str, str]:
    key = ec.generate_private_key(ec.SECP384R1()).public_key()
    pem = key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    asked = {
        "client": client,
        "institution": institution,
        "key": {"pem": pem.decode()},
        "scopes": ["system/*.rs", "hie/order-check", "hie/decide", "hie/indicators", "hie/intake"],
        "name": client,
        "purposes": ["TREAT"],
    }
    await run(hub, "client-add", asked)
    token = await run(hub, "client-token", {"client": client, "scopes": None})
    return {"Authorization": f"Bearer {token['access_token']}"}


def blocking(receipt: dict[str, Any]) -> set[tuple[str, str]]:
    """What holds a message, by code and place; every issue says all four things."""
    for issue in receipt["issues"]:
        assert all(issue[part] for part in ("stage", "code", "path", "expected"))
        assert "found" not in issue
    return {(i["code"], i["path"]) for i in receipt["issues"] if i["severity"] in {"hold", "error"}}


def codes_of(receipt: dict[str, Any]) -> set[str]:
    return {issue["code"] for issue in receipt["issues"]}


def faults_of(answer: httpx.Response, status: int) -> dict[str, str]:
    """The faults of a refusal, place to code."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["status"] == status
    assert all(fault["expected"] for fault in told["errors"])
    return {fault["path"]: fault["code"] for fault in told["errors"]}


def asked_with(**changed: Any) -> dict[str, Any]:
    return {**json.loads(CASE.order_check), **changed}
