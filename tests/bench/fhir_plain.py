"""The plain program beside the hub: ASGI and the driver, the same SQL, the same bodies, no more.

`python -m tests.bench.fhir_plain PORT FILE`: FILE is JSON that says where the data lie and what is
asked (`Ask`). No token, no audit, no check, no search parameters: one statement (SQLite:
the few there are), its rows unsealed, decompressed and joined. Writes: each resource of the body is compressed and inserted as it is.
uvicorn with uvloop and httptools, the pool without its reset query, the collector tuned as in the
hub: what the hub adds is all that is different.
"""

import asyncio
import gc
import json
import secrets
import sqlite3
import sys
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import uvicorn
import uvloop

from hie.store.cells import Place
from hie.store.compression import Bodies, shipped_dictionaries
from hie.store.data_keys import load_postgresql, load_sqlite
from hie.store.key_providers import FileProvider
from hie.store.keys import Keys
from hie.store.suites import Suite
from hie.store.vault import Load, Vault

TWIN = "plain_observation"
Fetch = Callable[[str, Sequence[Any]], Awaitable[Sequence[Any]]]
Write = Callable[[Sequence[Sequence[Any]]], Awaitable[None]]


class Entry(msgspec.Struct):
    """An entry of a Bundle, its resource untouched."""

    resource: msgspec.Raw


class Bundle(msgspec.Struct):
    """As much of a Bundle as is looked at."""

    entry: list[Entry]


class Program:
    """The ASGI application."""

    def __init__(self, plan: dict[str, Any], fetch: Fetch, write: Write) -> None:
        self._asks: dict[str, dict[str, Any]] = plan["asks"]
        self._base: str = plan["base"]
        self._row: list[Any] = plan["row"]
        self._fetch, self._write = fetch, write
        self._bodies = Bodies(shipped_dictionaries())
        self._vault = _vault(plan)
        self._bundle = msgspec.json.Decoder(Bundle)

    async def __call__(
        self, scope: MutableMapping[str, Any], receive: Callable[[], Any], send: Callable[..., Any]
    ) -> None:
        """`/read/<id>`, `/latest/<patient>`, `/dated/<patient>`; POST `/create`, `/bundle`."""
        _, name, key = scope["path"].split("/", 2)
        if scope["method"] == "POST":
            body = await self._taken(name, receive)
        else:
            body = await self._asked(name, key)
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [
                    (b"content-type", b"application/fhir+json"),
                    (b"content-length", str(len(body)).encode()),
                ],
            }
        )
        await send({"type": "http.response.body", "body": body})

    async def _asked(self, name: str, key: str) -> bytes:
        ask = self._asks[name]
        mark = ask["mark"]
        rows: list[Any] = []
        for sql, given in ask["statements"]:
            args = [key if one == mark else [key] if one == [mark] else one for one in given]
            args = [one.replace(mark, key) if isinstance(one, str) else one for one in args]
            rows += await self._fetch(sql, args)
        found = [self._body(row) for row in rows]
        if name == "read":
            return found[0]
        base = self._base.encode()
        entries = [
            b'{"fullUrl":"%b/Observation/%b","resource":%b,"search":{"mode":"match"}}'
            % (base, row[1].encode(), body)
            for row, body in zip(rows, found, strict=True)
        ]
        head = b'{"resourceType":"Bundle","type":"searchset","entry":['
        return head + b",".join(entries[: ask["count"]]) + b"]}"

    def _body(self, row: Sequence[Any]) -> bytes:
        place = Place("Observation", row[0], row[1], row[2], row[4], row[5])
        return self._bodies.decompress(row[6], self._vault.unseal(row[7], *place.parts))

    async def _taken(self, name: str, receive: Callable[[], Any]) -> bytes:
        parts = []
        more = True
        while more:
            message = await receive()
            parts.append(message["body"])
            more = message.get("more_body", False)
        body = b"".join(parts)
        bodies = [body]
        if name == "bundle":
            bodies = [bytes(one.resource) for one in self._bundle.decode(body).entry]
        number = self._bodies.number
        rows = []
        for one in bodies:
            row = list(self._row)
            row[1], row[6], row[7] = secrets.token_hex(8), number, self._bodies.compress(one)
            rows.append(row)
        await self._write(rows)
        return body


def _vault(plan: dict[str, Any]) -> Vault:
    """What opens the bodies: they lie sealed, whoever serves them."""
    file = Path(plan["file"])
    keys = Keys.open(file.parent)
    load: Load = partial(load_sqlite, file)
    if plan["url"]:
        load = partial(load_postgresql, plan["url"], None)
    return Vault(FileProvider(file.parent / "keys"), Suite.AES, keys, load)


def tuned() -> None:
    """The collector, as in the hub."""
    gc.freeze()
    gc.set_threshold(200_000, 50, 100)


async def serve(port: int, plan: dict[str, Any]) -> None:
    """Serve until told to stop."""
    columns = ", ".join(plan["columns"])
    marks = ", ".join(f"${n}" for n in range(1, len(plan["columns"]) + 1))
    one_row = f"INSERT INTO {TWIN} ({columns}) VALUES ({marks})"  # noqa: S608 - our own names
    fetch: Fetch
    write: Write
    if plan["url"]:
        pool = await asyncpg.create_pool(
            plan["url"],
            min_size=1,
            max_size=10,
            reset=_nothing,
            server_settings={"jit": "off", "timezone": "UTC"},
        )

        async def fetch_(sql: str, args: Sequence[Any]) -> Sequence[Any]:
            async with pool.acquire() as connection:
                found: Sequence[Any] = await connection.fetch(sql, *args)
                return found

        async def write_(rows: Sequence[Sequence[Any]]) -> None:
            async with pool.acquire() as connection:
                if len(rows) == 1:
                    await connection.execute(one_row, *rows[0])
                else:
                    await connection.copy_records_to_table(
                        TWIN, columns=plan["columns"], records=rows
                    )

        fetch, write = fetch_, write_
    else:
        fetch, write = _sqlite(plan, one_row)
    tuned()
    config = uvicorn.Config(
        Program(plan, fetch, write), port=port, http="httptools", lifespan="off", log_config=None,
        access_log=False,
    )  # fmt: skip
    await uvicorn.Server(config).serve()


def _sqlite(plan: dict[str, Any], one_row: str) -> tuple[Fetch, Write]:
    """SQLite in the event loop; writes go to a file of their own, each with its COMMIT."""
    reader = sqlite3.connect(f"file:{plan['file']}?mode=ro", uri=True, isolation_level=None)
    for pragma in ("cache_size=-65536", "mmap_size=268435456"):
        reader.execute(f"PRAGMA {pragma}")
    writer = sqlite3.connect(f"{plan['file']}.plain", isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        writer.execute(f"PRAGMA {pragma}")
    for sql in plan["twin"]:
        writer.execute(sql)

    async def fetch(sql: str, args: Sequence[Any]) -> Sequence[Any]:
        named = {str(n): one for n, one in enumerate(args, 1)}
        return reader.execute(sql, named).fetchall()

    async def write(rows: Sequence[Sequence[Any]]) -> None:
        named = [{str(n): one for n, one in enumerate(row, 1)} for row in rows]
        writer.execute("BEGIN")
        writer.executemany(one_row, named)
        writer.execute("COMMIT")

    return fetch, write


async def _nothing(_connection: Any) -> None:
    return


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.Loop) as runner:
        runner.run(serve(int(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text())))
