"""The books of one moment as bytes that can be named by their hash, and back.

Canonical: JSON in UTF-8, members by rising name, no spaces, every number with the digits of its
source (4.10 is not 4.1); nothing passes through binary floating point. Equal data has equal bytes
on any machine and either database, so the hash of the bytes is the name of the data.

Books are kept in parts, because parts change at different times: an import of registers does not
keep the catalogue again. A manifest names the hash of each part; its own hash names the whole.
"""

import hashlib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from hie.errors import Fault, HubError, UnprocessableRequest
from hie.recognition.books import Books
from hie.recognition.register import RegisterRows
from hie.recognition.sources import Part, Trees, build_sources, part_of

FORMAT = 1  # of a manifest; a reader refuses one it does not know

_trees = msgspec.json.Encoder(decimal_format="number", order="sorted")
_rows = msgspec.json.Encoder(order="sorted")  # decimals as text: a row's fields say what they are
_decoder = msgspec.json.Decoder(float_hook=Decimal)


def data_hash(data: bytes) -> str:
    """The name of some bytes: their SHA-256, 64 lower-case hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def freeze(trees: Trees) -> dict[Part, bytes]:
    """The bytes of every part but the registers; each is its files by name."""
    files: dict[Part, dict[str, Any]] = {part: {} for part in Part if part is not Part.REGISTERS}
    for name, tree in trees.items():
        part = part_of(name)
        if part is not None:
            files[part][name] = tree
    return {part: _trees.encode(said) for part, said in files.items()}


def freeze_registers(rows: RegisterRows) -> bytes:
    """The bytes of the registers as one import left them, with the policies it knew."""
    return _rows.encode(rows)


def write_manifest(parts: Mapping[Part, str]) -> bytes:
    """The bytes that name the hash of each part."""
    return _trees.encode({"format": FORMAT, "parts": dict(parts)})


def read_manifest(data: bytes) -> dict[Part, str]:
    """The hash of each part. Raises UnprocessableRequest for what is no manifest of this format."""
    try:
        tree = _decoder.decode(data)
        if tree["format"] == FORMAT:
            return {part: str(tree["parts"][part.value]) for part in Part}
    except (msgspec.DecodeError, KeyError, TypeError):
        pass
    raise _damaged("manifest", "not-readable", f"a manifest of format {FORMAT} with every part")


def thaw(parts: Mapping[Part, bytes]) -> Books:
    """The books again, checked as when they are loaded.

    Raises UnprocessableRequest naming the part that this version of the hub cannot read.
    """
    trees: dict[str, Any] = {}
    for part in Part:
        if part is Part.REGISTERS:
            continue
        try:
            trees.update(_decoder.decode(parts[part]))
        except (msgspec.DecodeError, TypeError, ValueError) as problem:
            raise _damaged(part.value, "not-readable", "files by name, as JSON") from problem
    try:
        rows = msgspec.convert(_decoder.decode(parts[Part.REGISTERS]), RegisterRows)
    except (msgspec.DecodeError, msgspec.ValidationError) as problem:
        expected = f"the rows of the registers ({problem})"
        raise _damaged(Part.REGISTERS.value, "not-readable", expected) from problem
    try:
        return build_sources(trees).with_registers(rows)
    except HubError as problem:
        place = problem.faults[0].path if problem.faults else problem.text.partition(":")[0]
        expected = f"data that this version still reads: {problem.text}"
        raise _damaged(place, "not-read-any-more", expected) from problem


def _damaged(part: str, code: str, expected: str) -> UnprocessableRequest:
    faults = (Fault(f"data.{part}", code, expected),)
    return UnprocessableRequest("the data this rests on cannot be read", faults)
