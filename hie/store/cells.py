"""Bodies as they lie in the database: compressed, then sealed for the row they are in.

A body of a resource is bound to its type, home, id, version, origin and label, and so is its copy
in history: moving it to another patient, another row or an earlier version is noticed, and so is
another label or another author beside it. What speaks of no person lies compressed only. Rows of
earlier versions are in clear, or bound to no label, until `hie datakey reencrypt` ended.
"""

import base64
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from hie.errors import Altered
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


class Place(NamedTuple):
    """The row a body of a resource is sealed for; `message` says who wrote it.

    Its parts are ids, codes of institutions and numbers, without "|" and without a backslash.
    """

    kind: str
    home: str
    key: str
    version: int
    message: str | None
    label: int | None

    @property
    def former(self) -> tuple[str, ...]:
        """What earlier versions bound it to."""
        return self.kind, "body", self.home, self.key, str(self.version)

    @property
    def parts(self) -> tuple[str, ...]:
        """What it is bound to."""
        label = "" if self.label is None else str(self.label)
        return *self.former, self.message or "", label


def owner_of(message: str | None) -> str:
    """The institution that wrote a version itself; the hub for what came as a message."""
    return message[len(_OWN) :] if message is not None and message.startswith(_OWN) else HUB


def pack_body(db: "Database", place: Place, owner: str, body: bytes) -> bytes:
    """A body of a resource as its row holds it."""
    packed = db.bodies.compress(body)
    if place.kind in CLEAR:
        return packed
    return db.vault.seal(DataClass.RECORD, owner, packed, *place.parts)


def open_body(
    db: "Database",
    kind: str,
    home: str,
    key: str,
    version: int,
    message: str | None,
    label: int | None,
    number: int,
    data: bytes,
) -> tuple[bytes, str]:
    """The body again, and whose key it was sealed with. Raises Altered if it was tampered with.

    Opened by the thousand: what it is bound to is put together here, as `Place.parts` says it.
    """
    if data.startswith(_ZSTD):
        if kind not in CLEAR:
            db.vault.check_clear(kind, "body", home, key, str(version))
        return db.bodies.decompress(number, data), HUB
    told = "" if label is None else label
    try:
        packed, owner = db.vault.opened_at(
            data, f"{kind}|body|{home}|{key}|{version}|{message or ''}|{told}"
        )
    except Altered as fault:
        packed, owner = _less_bound(
            db, Place(kind, home, key, version, message, label), data, fault
        )
    return db.bodies.decompress(number, packed), owner


def rebound(db: "Database", place: Place, label: int | None, data: bytes) -> bytes:
    """A body sealed anew for another label of its row; one in clear is bound to none."""
    if data.startswith(_ZSTD):
        return data
    try:
        packed, owner = db.vault.opened(data, *place.parts)
    except Altered as fault:
        packed, owner = _less_bound(db, place, data, fault)
    return db.vault.seal(DataClass.RECORD, owner, packed, *place._replace(label=label).parts)


def _less_bound(db: "Database", place: Place, data: bytes, fault: Altered) -> tuple[bytes, str]:
    """What an earlier version bound to less, as long as not all was sealed anew. Raises Altered."""
    with suppress(Altered):
        if not db.vault.all_bound:
            return db.vault.opened(data, *place.former)
    raise Altered(
        f"{place.kind}/{place.key}, version {place.version}: its body, patient, origin or label"
        " was altered, moved, or sealed by other keys"
    ) from fault


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
    """The words again; those an earlier version wrote are as they stand. Raises Altered."""
    if text is None:
        return None
    if not text.startswith(MARK):
        db.vault.check_clear(*place)
        return text
    return db.vault.unseal(sealed_of(text), *place).decode("utf-8", "surrogatepass")


def sealed_of(text: str) -> bytes:
    """The cell in a column of text that begins with MARK. Raises Altered for what is none."""
    try:
        return base64.b64decode(text[len(MARK) :], validate=True)
    except ValueError as fault:
        raise Altered("words that were altered") from fault
