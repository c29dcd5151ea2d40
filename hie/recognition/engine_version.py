"""Which engine answered: a number people talk about, and a digest nobody can forget to change.

The digest is over the source of everything that turns kept facts and books into an answer: this
room, the terminology it reads words with and its tables, and how times and numbers are read. Two
hubs of one digest give the same bytes for the same facts and books; a digest that differs promises
nothing, and `hie rulebook explain` says what became of it. Data in force (catalogue, rules, texts,
registers) is no part of it: that is kept by its own hash.
"""

import hashlib
from collections.abc import Iterator
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

from hie.schemas import schema

ENGINE: Final = "4"  # raised when the meaning of an answer changes, not with every edit
_ROOMS = (("recognition",), ("terminology",))
_MODULES = (("fhir", "elements.py"), ("fhir", "wire.py"))
_DIGITS = 16


@cache
def engine_version() -> str:
    """The version of this engine, e.g. "4-0f3c9a1be2d47765"."""
    digest = hashlib.sha256()
    for name, file in sorted(_files()):
        data = file.read_bytes()
        digest.update(f"{name}\0{len(data)}\0".encode())
        digest.update(data)
    return f"{ENGINE}-{digest.hexdigest()[:_DIGITS]}"


def covered() -> tuple[str, ...]:
    """The names of the files the digest is over."""
    return tuple(sorted(name for name, _ in _files()))


def _files() -> Iterator[tuple[str, Traversable]]:
    root = resources.files("hie")
    for room in _ROOMS:
        yield from _under("/".join(room), root.joinpath(*room), ".py")
    for module in _MODULES:
        yield "/".join(module), root.joinpath(*module)
    yield from _under("schemas/terminology", schema("terminology"), "")


def _under(name: str, folder: Traversable, ending: str) -> Iterator[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            if entry.name != "__pycache__":
                yield from _under(f"{name}/{entry.name}", entry, ending)
        elif entry.name.endswith(ending):
            yield f"{name}/{entry.name}", entry
