"""What order-checks of this process are answered from, named by its hash and kept once.

Hashing costs milliseconds and happens at the start and once for each import of registers, never
for an answer. A piece is written with the first answer that rests on it, in the same transaction;
from then on its hash is remembered and nothing is written any more.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from hie.exchange.quick_start import files_hash
from hie.recognition.books import Books
from hie.recognition.eligibility import Registers
from hie.recognition.policy import PolicyBook
from hie.recognition.snapshot import (
    data_hash,
    freeze,
    freeze_registers,
    read_manifest,
    thaw,
    write_manifest,
)
from hie.recognition.sources import Part, Sources, build_sources, read_files
from hie.store import books as store
from hie.store.books import Piece
from hie.store.session import Reader, Unit

MANIFEST = "manifest"
_HELD = 4  # registers, and books of former days, in memory at once


@dataclass(frozen=True, slots=True)
class InForce:
    """Books, the hash of their manifest, and the pieces that may not be kept yet."""

    books: Books
    hash: str
    pieces: tuple[Piece, ...]


class BooksInForce:
    """The shipped books of this process with the registers of whichever import is asked for."""

    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        frozen = freeze(sources.trees)
        self._shipped = tuple(Piece(data_hash(d), part.value, d) for part, d in frozen.items())
        self._kept: set[str] = set()
        self._current: OrderedDict[int, tuple[Registers, InForce]] = OrderedDict()
        self._former: OrderedDict[str, Books] = OrderedDict()
        self._tried: OrderedDict[str, Sources] = OrderedDict()

    def of(self, registers: Registers, policy: PolicyBook) -> InForce:
        """The books in force with these registers and the policies of the same import."""
        found = self._current.get(id(registers))
        if found is not None and found[0] is registers:
            self._current.move_to_end(id(registers))
            return found[1]
        made = self._made(registers, policy)
        self._hold(registers, made)
        return made

    async def keep(self, unit: Unit, used: InForce, at_us: int) -> None:
        """Write the pieces that no answer of this process rested on before."""
        missing = [piece for piece in used.pieces if piece.hash not in self._kept]
        if missing:
            await store.keep(unit, missing, at_us)

    def kept(self, used: InForce) -> None:
        """The unit is durable: these pieces need not be written, nor held, any more."""
        if not used.pieces:
            return
        self._kept.update(piece.hash for piece in used.pieces)
        self._hold(used.books.registers, replace(used, pieces=()))

    def of_files(self, files: Mapping[str, bytes]) -> Sources:
        """The books of files that are not in force. Raises RulebookInvalid naming the file."""
        named = files_hash(files)
        found = self._tried.get(named)
        if found is None:
            found = self._tried[named] = build_sources(read_files(files))
            _shorten(self._tried)
        self._tried.move_to_end(named)
        return found

    async def recall(self, reader: Reader, manifest: str) -> Books:
        """The books of a manifest that was kept.

        Raises ResourceNotFound when it is not kept here, UnprocessableRequest for what is damaged
        or cannot be read by this version.
        """
        found = self._former.get(manifest)
        if found is None:
            named = read_manifest(await store.read(reader, manifest, MANIFEST))
            parts = {part: await store.read(reader, key, part.value) for part, key in named.items()}
            found = self._former[manifest] = thaw(parts)
            _shorten(self._former)
        self._former.move_to_end(manifest)
        return found

    def _made(self, registers: Registers, policy: PolicyBook) -> InForce:
        sources = self.sources
        books = Books(
            sources.catalogue,
            registers,
            policy,
            sources.rulebook,
            sources.reasons,
            sources.texts,
        )
        rows = freeze_registers(registers.rows)
        pieces = (*self._shipped, Piece(data_hash(rows), Part.REGISTERS.value, rows))
        manifest = write_manifest(_hashes(pieces))
        named = data_hash(manifest)
        return InForce(books, named, (*pieces, Piece(named, MANIFEST, manifest)))

    def _hold(self, registers: Registers, made: InForce) -> None:
        self._current[id(registers)] = (registers, made)
        self._current.move_to_end(id(registers))
        _shorten(self._current)


def _hashes(pieces: tuple[Piece, ...]) -> Mapping[Part, str]:
    return {Part(piece.kind): piece.hash for piece in pieces}


def _shorten(held: OrderedDict[Any, Any]) -> None:
    while len(held) > _HELD:
        held.popitem(last=False)
