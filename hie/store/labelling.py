"""The label of a row when it is written, and of all its versions: one resource has one label.

What a source says of a resource can only raise it. What is lowered is that a meaning was unknown:
when a message is read again with an approved map, UNMAPPED goes, and nothing else. Everything that
is nobody's has no label.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from hie.access.labels import confidentiality, floor, joined, label_of, mask, stated
from hie.access.labels.tables import tables
from hie.access.labels.tags import asked
from hie.fhir import Resource
from hie.store.served import STORED, stored
from hie.store.session import Reader, Unit
from hie.store.tables import HOMELESS, TABLES

if TYPE_CHECKING:
    from hie.store.resources import Put

Ref = tuple[str, str]


def label_for(unit: Reader, put: "Put", stands: int | None = None) -> int | None:
    """The label of a version to be written; `stands` is what the one before it has."""
    if put.type in HOMELESS or not put.home:
        return None
    own = label_of(put.resource, unit.db.loinc) if put.label is None else put.label
    meta = put.resource.get("meta")
    if meta:
        own = joined(own, said(meta, stands))
    if stands is None:
        return own
    is_read_again = put.label is not None and (put.message or "").isalnum()
    return joined(own, floor(stands, tables().levels) if is_read_again else stands)


def said(meta: Mapping[str, Any], stands: int | None) -> int:
    """What a source's tags add to the label that stands; its own echo adds nothing."""
    told = stated(meta)
    if stands is not None:
        is_higher = confidentiality(told) > confidentiality(stands)
        if not is_higher and not mask(told) & ~mask(stands):
            return 0
    return asked(meta)


async def label_versions(unit: Unit, labels: Iterable[tuple[str, str, int | None]]) -> None:
    """Give earlier versions the label of the one that stands: (type, id, label) of each."""
    rows = [one for one in labels if one[2] is not None]
    if rows:
        await unit.executemany(
            "UPDATE resource_history SET label = $3 WHERE type = $1 AND id = $2", rows
        )


async def labels_of(reader: Reader, refs: Iterable[Ref]) -> dict[Ref, int | None]:
    """The labels of those of these resources that are there; None: none yet, it is restricted."""
    by_type: dict[str, list[str]] = {}
    for kind, key in refs:
        if kind in TABLES and kind not in HOMELESS:
            by_type.setdefault(kind, []).append(key)
    found: dict[Ref, int | None] = {}
    for kind, ids in sorted(by_type.items()):
        sql = f"SELECT id, label FROM {TABLES[kind]} WHERE {reader.db.among('id', 1)}"  # noqa: S608
        found.update(
            ((kind, row[0]), row[1]) for row in await reader.fetch(sql, reader.db.array(ids))
        )
    return found


async def trees_of(reader: Reader, kind: str, ids: Iterable[str]) -> dict[str, Resource]:
    """What resources of one type say, by id: for rules about who asked for something."""
    rows = await reader.fetch(
        f"SELECT {STORED} FROM {TABLES[kind]} WHERE {reader.db.among('id', 1)}",  # noqa: S608
        reader.db.array(sorted(set(ids))),
    )
    return {row[1]: stored(reader.db, kind, row).resource() for row in rows}
