"""Labels set where rows lie: a label is no version, so the version, its time and its ETag stay.

FHIR R4 resource.html#tag-updates: security labels may change without a new version. The body of the
current version gets the tags, its row the label, its earlier versions the label alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from hie.access.labels.label import RESTRICTED, UNMAPPED, label_with
from hie.store.instants import written
from hie.store.labelling import label_versions
from hie.store.resources import set_rows
from hie.store.served import KEPT, LABEL, STORED, Stored, stored
from hie.store.session import Reader, Row, Unit
from hie.store.tables import HOMELESS, TABLES
from hie.store.version_rows import Put, row_of

Key = tuple[str, str]  # id, home
START: Key = ("", "")
_UNKNOWN = label_with(RESTRICTED, UNMAPPED)  # what a row without a label counts as
LABELLED = tuple(kind for kind in TABLES if kind not in HOMELESS)


@dataclass(frozen=True, slots=True)
class Labelled:
    """A current version, the label of its row, and of an Observation the report it belongs to."""

    stored: Stored
    label: int | None
    report: str | None = None

    @property
    def ref(self) -> tuple[str, str]:
        """Its type and id."""
        return self.stored.type, self.stored.id


async def of_refs(unit: Unit, refs: Iterable[tuple[str, str]]) -> list[Labelled]:
    """Those of these resources that are there and somebody's, held until the unit ends."""
    by_type: dict[str, list[str]] = {}
    for kind, key in set(refs):
        if kind in LABELLED:
            by_type.setdefault(kind, []).append(key)
    found: list[Labelled] = []
    for kind, ids in sorted(by_type.items()):
        where = f"{unit.db.among('id', 1)} ORDER BY id" + unit.db.locking("FOR UPDATE")
        found += await _rows(unit, kind, where, unit.db.array(sorted(ids)))
    return found


async def of_home(unit: Unit, home: str, kinds: Sequence[str] = LABELLED) -> list[Labelled]:
    """Everything of one patient, of these types, held until the unit ends."""
    found: list[Labelled] = []
    for kind in sorted(kinds):
        where = "home = $1 ORDER BY id" + unit.db.locking("FOR UPDATE")
        found += await _rows(unit, kind, where, home)
    return found


async def keys_after(
    reader: Reader, kind: str, after: Key, limit: int, whole: bool = False
) -> list[Key]:
    """The next rows of a type that have no label, by their keys (id, home); `whole`: all rows.

    Of all rows, those of a patient are met with the Patient alone.
    """
    rows = await reader.fetch(
        f"SELECT id, home FROM {TABLES[kind]} WHERE {_wanted(kind, whole)}"  # noqa: S608
        " AND (id, home) > ($1, $2) ORDER BY id, home LIMIT $3",
        *after,
        limit,
    )
    return [(row[0], row[1]) for row in rows]


async def count(reader: Reader, kind: str, whole: bool = False) -> int:
    """How many rows `keys_after` finds of a type."""
    found: int = await reader.fetchval(
        f"SELECT count(*) FROM {TABLES[kind]} WHERE {_wanted(kind, whole)}"  # noqa: S608
    )
    return found


def _wanted(kind: str, whole: bool) -> str:
    if not whole:
        return "home <> '' AND label IS NULL"
    alone = "" if kind == "Patient" else " AND home NOT IN (SELECT id FROM patient)"
    return f"home <> ''{alone}"


async def counts(reader: Reader) -> list[tuple[str, int | None, int]]:
    """How many resources of each type have each label."""
    found: list[tuple[str, int | None, int]] = []
    for kind in sorted(LABELLED):
        rows = await reader.fetch(
            f"SELECT label, count(*) FROM {TABLES[kind]} WHERE home <> ''"  # noqa: S608
            " GROUP BY label ORDER BY label"
        )
        found += [(kind, row[0], row[1]) for row in rows]
    return found


async def find(
    reader: Reader, kind: str, after: str, limit: int, level: int | None, bits: int | None
) -> list[tuple[str, int | None]]:
    """Ids and labels of a type's rows after an id; only of this confidentiality, this topic."""
    label = "coalesce(label, $4)"
    rows = await reader.fetch(
        f"SELECT id, label FROM {TABLES[kind]} WHERE home <> '' AND id > $1"  # noqa: S608
        f" AND ($2 < 0 OR ({label} & 3) = $2) AND ($3 = 0 OR (({label} / 4) & $3) <> 0)"
        " ORDER BY id LIMIT $5",
        after,
        -1 if level is None else level,
        0 if bits is None else bits,
        _UNKNOWN,
        limit,
    )
    return [(row[0], row[1]) for row in rows]


async def set_labels(
    unit: Unit, changes: Mapping[tuple[str, str], int], rows: Iterable[Labelled]
) -> int:
    """Set the labels of those of these rows that have another; how many there were.

    `rows` come from this unit, which holds them.
    """
    made: dict[str, list[Row]] = {}
    versions = []
    for one in rows:
        label = changes.get(one.ref)
        if label is None or label == one.label:
            continue
        was = one.stored
        put = Put(was.type, was.home, was.id, was.resource(), was.message, one.report, was.owner)
        stamp = written(was.updated_us)
        made.setdefault(was.type, []).append(
            row_of(unit, put, was.version, was.updated_us, stamp, label)
        )
        versions.append((was.type, was.id, label))
    await set_rows(unit, made)
    await label_versions(unit, versions)
    return len(versions)


async def _rows(unit: Unit, kind: str, where: str, *args: object) -> list[Labelled]:
    report = "report" if kind == "Observation" else "NULL"
    rows = await unit.fetch(
        f"SELECT {STORED}, {report} FROM {TABLES[kind]} WHERE {where}",  # noqa: S608
        *args,
    )
    return [Labelled(stored(unit.db, kind, row[:KEPT]), row[LABEL], row[KEPT]) for row in rows]
