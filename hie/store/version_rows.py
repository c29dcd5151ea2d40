"""How one version of a resource lies in its table: its body as it is served, its typed columns.

Nothing here reads or writes: `resources` decides which version stands, and writes it.
"""

from functools import partial
from typing import Any

import msgspec

from hie.access.labels import with_label
from hie.access.labels.tags import tags_text
from hie.fhir import Resource
from hie.fhir.wire import write
from hie.store import index, resource_identifiers
from hie.store.cells import Place, owner_of, pack_body
from hie.store.identifiers import blind
from hie.store.masks import mask
from hie.store.session import Row, Unit

_HERE = "urn:hie:message:"
_COMMON = ("home", "id", "version", "updated_us", "message", "status", "dict", "body", "label")
HISTORY = (
    "home", "type", "id", "version", "updated_us", "message", "deleted", "dict", "body", "label",
)  # fmt: skip


class Put(msgspec.Struct, frozen=True):
    """One version to write; `resource` has no versionId and lastUpdated yet.

    `message` is the id of the message that brought it, or "institution:<code>" that wrote it.
    `home` is the Patient's id, "" for what is nobody's; `report` is an Observation's report.
    `owner` is the institution whose key seals it (None: the one that wrote it). `label` is what it
    says and inherits, when the caller knows (None: what it says alone, and what it had).
    """

    type: str
    home: str
    id: str
    resource: Resource
    message: str | None = None
    report: str | None = None
    owner: str | None = None
    label: int | None = None


class First(msgspec.Struct, frozen=True):
    """A first version as it will be stored: its tree need not wait for the rest of the batch.

    `hashes`: by which identifiers it is found (`resource_identifiers`).
    """

    type: str
    id: str
    row: Row
    hashes: tuple[str, ...] = ()

    @property
    def home(self) -> str:
        """The Patient's id, "" for what is nobody's."""
        return str(self.row[0])


def hashes_of(unit: Unit, put: Put) -> tuple[str, ...]:
    """By which identifiers a version is found."""
    return resource_identifiers.hashes(unit, put.type, put.resource, put.message)


def columns_of(kind: str) -> tuple[str, ...]:
    """The columns of a type's table, in the order of `row_of`."""
    return _COMMON + index.columns(kind)


def row_of(
    unit: Unit,
    put: Put,
    version: int,
    at_us: int,
    stamp: str,
    label: int | None,
    body: bytes | None = None,
) -> tuple[Any, ...]:
    """The row of a current version, in the order of its table's columns."""
    text = body_of(put, version, stamp, label) if body is None else body
    item = index.item_of(put.type, put.resource, put.message, unit.db.loinc)
    hashed = partial(blind, unit) if put.type == "ImagingStudy" else None
    values = index.values(put.type, put.resource, put.report, hashed, item)
    return (
        put.home,
        put.id,
        version,
        at_us,
        put.message,
        index.status(put.resource),
        unit.db.bodies.number,
        packed(unit, put, version, label, text),
        label,
        *mask(unit, put.type, put.home, label, values),
    )


def packed(unit: Unit, put: Put, version: int, label: int | None, body: bytes) -> bytes:
    """A body as its cell holds it: compressed and sealed, for its own row."""
    owner = owner_of(put.message) if put.owner is None else put.owner
    place = Place(put.type, put.home, put.id, version, put.message, label)
    return pack_body(unit.db, place, owner, body)


def body_of(put: Put, version: int, stamp: str, label: int | None) -> bytes:
    """The resource exactly as it will be served: type, id and meta first."""
    resource, message = put.resource, put.message
    if message and message.isalnum() and "id" not in resource and "meta" not in resource:
        text = write(resource)
        start = f'{{"resourceType":"{put.type}"'
        if text.startswith(start.encode()):
            return _headed(put, version, stamp, start, label).encode() + text[len(start) :]
    meta: dict[str, Any] = {"versionId": str(version), "lastUpdated": stamp}
    given = resource.get("meta")
    if given:
        meta = {**given, **meta}
    if message is not None and "source" not in meta:
        meta["source"] = source_of(message)
    if label is not None:
        meta = with_label(meta, label)
    head = {"resourceType": put.type, "id": put.id, "meta": meta}
    return write({**head, **resource, "id": put.id, "meta": meta})


def _headed(put: Put, version: int, stamp: str, start: str, label: int | None) -> str:
    """The head of what the hub's own mapping made: nothing in it need be escaped."""
    tags = "" if label is None else f',"security":{tags_text(label)}'
    return (
        f'{start},"id":"{put.id}","meta":{{"versionId":"{version}",'
        f'"lastUpdated":"{stamp}","source":"{_HERE}{put.message}"{tags}}}'
    )


def source_of(message: str) -> str:
    """`meta.source`: the message that brought a version, or the institution that wrote it."""
    kind, colon, key = message.partition(":")
    return f"urn:hie:{kind}:{key}" if colon else f"{_HERE}{message}"
