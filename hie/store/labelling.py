"""The label of a row when it is written, and of all its versions: one resource has one label.

What a source says of a resource can only raise it. What is lowered is that a meaning was unknown:
when all that any version says was read again with an approved map, UNMAPPED goes, and nothing else.
Everything that is nobody's has no label.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from hie.access.labels import confidentiality, floor, joined, label_of, mask, stated
from hie.access.labels.flows import taken_from
from hie.access.labels.label import UNMAPPED
from hie.access.labels.tables import tables
from hie.access.labels.tags import asked
from hie.fhir import ITEM, Resource
from hie.store.cells import Place, rebound
from hie.store.served import STORED, stored
from hie.store.session import Reader, Row, Unit
from hie.store.tables import HOMELESS, TABLES

if TYPE_CHECKING:
    from hie.store.version_rows import Put

Ref = tuple[str, str]
# Several reports may have them: whether each is known, `exchange.labelling` finds out.
_SHARED = frozenset({"ServiceRequest", "Specimen"})


async def next_label(unit: Reader, put: "Put", stands: int | None) -> int | None:
    """The label of a version that is to stand, and of all before it, which have `stands`."""
    is_known = put.label is not None and not mask(put.label) & UNMAPPED
    is_asked = is_known and mask(stands) & UNMAPPED and put.type not in _SHARED
    message, ref = put.message or "", (put.type, put.id)
    is_read = is_asked and message.isalnum() and await is_whole(unit, ref, put.resource, message)
    return label_for(unit, put, stands, is_read_again=bool(is_read))


def label_for(
    unit: Reader, put: "Put", stands: int | None = None, *, is_read_again: bool = False
) -> int | None:
    """The label of a version to be written; `stands` is what the one before it has.

    `is_read_again`: the meaning of all that the versions before say is known now.
    """
    if put.type in HOMELESS or not put.home:
        return None
    own = label_of(put.resource, unit.db.loinc) if put.label is None else put.label
    meta = put.resource.get("meta")
    if meta:
        own = joined(own, said(meta, stands))
    if stands is None:
        return own
    return joined(own, floor(stands, tables().levels) if is_read_again else stands)


async def is_whole(reader: Reader, ref: Ref, tree: Resource, message: str | None) -> bool:
    """Whether this says all that any version does which did not come of the same message.

    Then what is known of it is known of them: of their codes, their files, what they stand for.
    """
    kind, key = ref
    rows = [
        *await reader.fetch(f"SELECT {STORED} FROM {TABLES[kind]} WHERE id = $1", key),  # noqa: S608
        *await reader.fetch(
            f"SELECT {STORED} FROM resource_history WHERE type = $1 AND id = $2",  # noqa: S608
            kind,
            key,
        ),
    ]
    found = [stored(reader.db, kind, row) for row in rows]
    others = [one.resource() for one in found if one.message != message or not message]
    if not {one for other in others for one in sayings(other)} <= set(sayings(tree)):
        return False
    left = {one for other in others for one in taken_from(other)} - set(taken_from(tree))
    known = await labels_of(reader, left) if left else {}
    return all(not mask(known.get(one)) & UNMAPPED for one in left)


def sayings(tree: Resource) -> Iterator[tuple[Any, ...]]:
    """The codes of a result, and a report's files: what nobody may know the meaning of."""
    results = (tree, *tree.get("component", ())) if tree["resourceType"] == "Observation" else ()
    for one in results:
        code = one.get("code")
        concept: Mapping[str, Any] = code if isinstance(code, dict) else {}
        named = [
            (coding.get("system"), coding.get("code"))
            for coding in concept.get("coding", ())
            if coding.get("code") and coding.get("system") != ITEM
        ]
        yield from named or [("", concept.get("text"))]
    for one in tree.get("presentedForm", ()):
        yield "file", one.get("data"), one.get("url")


def said(meta: Mapping[str, Any], stands: int | None) -> int:
    """What a source's tags add to the label that stands; its own echo adds nothing."""
    told = stated(meta)
    if stands is not None:
        is_higher = confidentiality(told) > confidentiality(stands)
        if not is_higher and not mask(told) & ~mask(stands):
            return 0
    return asked(meta)


async def label_versions(unit: Unit, labels: Iterable[tuple[str, str, int | None]]) -> None:
    """Give earlier versions the label of the one that stands: (type, id, label) of each.

    Their bodies are bound to it: they are sealed anew. The one that stands is held. Raises Altered.
    """
    by_type: dict[str, dict[str, int]] = {}
    for kind, key, label in labels:
        if label is not None:
            by_type.setdefault(kind, {})[key] = label
    for kind, wanted in sorted(by_type.items()):
        rows = await unit.fetch(
            "SELECT home, id, version, message, label, body FROM resource_history"  # noqa: S608
            f" WHERE type = $1 AND {unit.db.among('id', 2)}",
            kind,
            unit.db.array(sorted(wanted)),
        )
        changed = [
            (kind, *row[:3], wanted[row[1]], _rebound(unit, kind, row, wanted[row[1]]))
            for row in rows
            if row[4] != wanted[row[1]]
        ]
        if changed:
            await unit.executemany(
                "UPDATE resource_history SET label = $5, body = $6"
                " WHERE type = $1 AND home = $2 AND id = $3 AND version = $4",
                changed,
            )


def _rebound(unit: Unit, kind: str, row: Row, label: int) -> bytes:
    return rebound(unit.db, Place(kind, *row[:5]), label, bytes(row[5]))


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
