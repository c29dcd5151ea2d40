"""Bodies as they lie in the database: compressed, then sealed for the row they are in.

A body of a resource is bound to its type, home, id and version, and so is its copy in history:
moving it to another patient, another row or an earlier version is noticed. What speaks of no
person lies compressed only; so do rows of earlier versions until `hie datakey reencrypt` ended.
"""

import base64
from typing import TYPE_CHECKING

from hie.errors import HubError
from hie.store.vault import HUB, DataClass

if TYPE_CHECKING:
    from hie.store.database import Database

_ZSTD = b"\x28\xb5\x2f\xfd"  # RFC 8878 section 3.1.1: how a frame begins; no sealed cell does
# Definitions: public, nothing of a person, read more often than written. Institutions and machines
# name people too: contacts, whom a device belongs to, what a subscription sends.
CLEAR = frozenset(
    {
        "CapabilityStatement", "CodeSystem", "ConceptMap", "Measure", "OperationDefinition",
        "SearchParameter", "StructureDefinition", "ValueSet",
    }
)  # fmt: skip
_OWN = "institution:"
MARK = "\x01"  # begins words that are sealed: nobody types it


def owner_of(message: str | None) -> str:
    """The institution that wrote a version itself; the hub for what came as a message."""
    return message[len(_OWN) :] if message is not None and message.startswith(_OWN) else HUB


def pack_body(
    db: "Database", kind: str, home: str, key: str, version: int, owner: str, body: bytes
) -> bytes:
    """A body of a resource as its row holds it."""
    packed = db.bodies.compress(body)
    if kind in CLEAR:
        return packed
    return db.vault.seal(DataClass.RECORD, owner, packed, kind, "body", home, key, str(version))


def open_body(
    db: "Database", kind: str, home: str, key: str, version: int, number: int, data: bytes
) -> tuple[bytes, str]:
    """The body again, and whose key it was sealed with. Raises HubError if it was tampered with."""
    if data.startswith(_ZSTD):
        if kind not in CLEAR:
            db.vault.check_clear(kind, "body", home, key, str(version))
        return db.bodies.decompress(number, data), HUB
    packed, owner = db.vault.opened_at(data, f"{kind}|body|{home}|{key}|{version}")
    return db.bodies.decompress(number, packed), owner


def pack(
    db: "Database", klass: DataClass, owner: str, body: bytes, *place: str
) -> tuple[int, bytes]:
    """Other bytes of a column `body`: the dictionary's number, and what is stored."""
    return db.bodies.number, db.vault.seal(klass, owner, db.bodies.compress(body), *place)


def unpack(db: "Database", number: int, data: bytes, *place: str) -> bytes:
    """What `pack` put there, or an earlier version compressed there."""
    if data.startswith(_ZSTD):
        db.vault.check_clear(*place)
    else:
        data = db.vault.unseal(data, *place)
    return db.bodies.decompress(number, data)


def is_clear(data: bytes) -> bool:
    """Whether a body is only compressed."""
    return data.startswith(_ZSTD)


def seal_words(
    db: "Database", klass: DataClass, owner: str, words: str | None, *place: str
) -> str | None:
    """Somebody's own words, as a column of text holds them; none stay none."""
    if words is None:
        return None
    sealed = db.vault.seal(klass, owner, words.encode("utf-8", "surrogatepass"), *place)
    return MARK + base64.b64encode(sealed).decode("ascii")


def open_words(db: "Database", text: str | None, *place: str) -> str | None:
    """The words again; those an earlier version wrote are as they stand. Raises HubError."""
    if text is None:
        return None
    if not text.startswith(MARK):
        db.vault.check_clear(*place)
        return text
    return db.vault.unseal(sealed_of(text), *place).decode("utf-8", "surrogatepass")


def sealed_of(text: str) -> bytes:
    """The cell in a column of text that begins with MARK. Raises HubError for what is none."""
    try:
        return base64.b64decode(text[len(MARK) :], validate=True)
    except ValueError as fault:
        raise HubError("words that were altered") from fault
