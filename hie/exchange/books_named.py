"""Books by what a person calls them: `current`, `import:N`, the hash of data in force, or files.

A change is tried on the same registers as what it changes: files and `current` are judged with the
registers in force now; `import:N` with those that import left; a hash with its own.
"""

import re
from collections.abc import Mapping
from typing import Any

from hie.access.actor import Actor
from hie.errors import Fault, ResourceNotFound, UnprocessableRequest
from hie.exchange.books_in_force import MANIFEST
from hie.exchange.hub import Hub
from hie.recognition.books import Books
from hie.recognition.snapshot import read_manifest
from hie.store import books as store
from hie.store.instants import written

_IMPORT = re.compile(r"import:([1-9][0-9]{0,8})")
_HASH = re.compile(r"[0-9a-f]{8,64}")
_MOST = 50  # lines of a history
_EXPECTED = "a folder, current, import:<number>, or the first 8 digits or more of a data hash"


async def books_named(hub: Hub, side: str, named: Mapping[str, Any]) -> tuple[str, Books]:
    """How some books are called in an answer, and the books: `named` is {name, files}.

    `side` ("old", "new") is where a fault is said to be. Raises ResourceNotFound for what is not
    here, UnprocessableRequest for a name that means nothing, RulebookInvalid.
    """
    name, files = str(named.get("name", "")), named.get("files")
    if files is not None:
        sources = hub.books.of_files({str(key): str(text).encode() for key, text in files.items()})
        registers, _ = await hub.registers.current()
        return name, sources.with_registers(registers.rows)
    if name == "current":
        registers, policy = await hub.registers.current()
        return name, hub.books.of(registers, policy).books
    number = _IMPORT.fullmatch(name)
    if number is not None:
        async with hub.db.reading() as reader:
            at_us = await store.imported_at(reader, int(number[1]))
        registers, policy = await hub.registers.known_at(at_us)
        return name, hub.books.of(registers, policy).books
    if not _HASH.fullmatch(name):
        fault = Fault(side, "unknown-books", _EXPECTED)
        raise UnprocessableRequest(f"{name!r} names no books", (fault,))
    async with hub.db.reading() as reader:
        found = await store.find_manifests(reader, name)
        if len(found) != 1:
            code = "ambiguous-hash" if found else "unknown-hash"
            fault = Fault(side, code, "the hash of one manifest of data in force")
            raise ResourceNotFound(f"{name}: {len(found) or 'no'} data of this hash", (fault,))
        return found[0], await hub.books.recall(reader, found[0])


async def history_command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """`rulebook-history`: {} -> {data: [{data, since, changed, parts}]}, newest first.

    `since` is when an answer first rested on it; `changed` are the parts that differ from what was
    in force before.
    """
    async with hub.db.reading() as reader:
        listed = await store.manifests(reader, _MOST + 1)
        named = [
            (key, at_us, read_manifest(await store.read(reader, key, MANIFEST)))
            for key, at_us in listed
        ]
    told = []
    for n, (key, at_us, parts) in enumerate(named[:_MOST]):
        before = named[n + 1][2] if n + 1 < len(named) else {}
        changed = [part.value for part in parts if parts[part] != before.get(part)]
        hashes = {part.value: of for part, of in parts.items()}
        told.append({"data": key, "since": written(at_us), "changed": changed, "parts": hashes})
    return {"data": told}
