"""A database as a thief has it: every column of every table, every byte of its files."""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import asyncpg

from hie.store.database import Database
from hie.store.tables import METADATA


def spellings(word: str) -> set[bytes]:
    """A word as it may lie somewhere: in the charsets senders use, in JSON, in base64, in hex."""
    found = {word.encode(charset) for charset in ("utf-8", "gb18030", "utf-16-le", "utf-16-be")}
    found.add(json.dumps(word)[1:-1].encode())
    for text in (word.encode(), word.encode("gb18030")):
        found.add(text.hex().encode())
        for ahead in range(3):  # wherever the word begins in what was encoded
            coded = base64.b64encode(b"\0" * ahead + text)
            found.add(coded[4 if ahead else 0 : -4 if (ahead + len(text)) % 3 else None])
    return {one for one in found if len(one) > 3}


async def tables(db: Database) -> dict[str, bytes]:
    """Every column of every table, "table.column": all its values one after the other."""
    found = {}
    async with db.reading() as reader:
        for name, table in METADATA.tables.items():
            columns = [column.name for column in table.columns]
            rows = await reader.fetch(f"SELECT {', '.join(columns)} FROM {name}")  # noqa: S608
            for n, column in enumerate(columns):
                found[f"{name}.{column}"] = b"\n".join(_bytes(row[n]) for row in rows)
    return found


async def files(url: str | None, data_dir: Path) -> dict[str, bytes]:
    """Every file of the database: of SQLite in the data directory, of PostgreSQL at its server."""
    if url is None:
        return {path.name: path.read_bytes() for path in data_dir.glob("hie.sqlite3*")}
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("CHECKPOINT")
        folder = Path(await connection.fetchval("SHOW data_directory"))
        number = await connection.fetchval(
            "SELECT oid FROM pg_database WHERE datname = current_database()"
        )
    finally:
        await connection.close()
    return {
        path.name: path.read_bytes()
        for path in (folder / "base" / str(number)).iterdir()
        if path.is_file()
    }


def told(dump: Mapping[str, bytes], words: Iterable[str]) -> list[str]:
    """Which words stand where, by all their spellings."""
    return [
        f"{place}: {word}"
        for word in words
        for spelling in spellings(word)
        for place, data in dump.items()
        if spelling in data
    ]


def strings(tree: Any) -> Iterator[tuple[str, str]]:
    """Every text in a resource and the name it stands under."""
    listed = tree.items() if isinstance(tree, dict) else ()
    for name, value in listed:
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, str):
                yield name, one
            else:
                yield from strings(one)


def _bytes(value: Any) -> bytes:
    return bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
