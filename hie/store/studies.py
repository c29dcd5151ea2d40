"""Studies on their way to an ImagingStudy: whose they are, when they are due, what came last."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from hie.store.identifiers import blind
from hie.store.session import Reader, Row, Unit
from hie.store.vault import DataClass


class StudyState(StrEnum):
    """Where a study stands."""

    RECEIVING = "receiving"  # never published: its ImagingStudy says `registered`
    PUBLISHED = "published"  # its ImagingStudy says `available`; more may come
    HELD = "held"  # a person has to look before it is published


@dataclass(frozen=True, slots=True)
class StudyRow:
    """A row of `study`; `identity` is whom its first instance named (bytes of the caller's)."""

    site: str
    uid: str
    home: str
    id: str
    state: StudyState
    identity: bytes
    accession_hash: str | None
    expected: int | None
    changed: bool
    first_us: int
    last_us: int
    due_us: int | None
    published_us: int | None


_COLUMNS = (
    "site, uid, home, id, state, identity, accession_hash, expected, changed, first_us, last_us,"
    " due_us, published_us"
)
_NAMES = tuple(_COLUMNS.split(", "))


def accession_hash(reader: Reader, accession: str | None) -> str | None:
    """What the column holds for an accession number."""
    return None if not accession else blind(reader, accession)


async def get_many(unit: Unit, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], StudyRow]:
    """The studies of these (site, UID), locked until the unit ends; unknown ones are left out."""
    found: dict[tuple[str, str], StudyRow] = {}
    for site in sorted({site for site, _ in keys}):
        rows = await unit.fetch(
            f"SELECT {_COLUMNS} FROM study WHERE site = $1"  # noqa: S608
            f" AND {unit.db.among('uid', 2)} ORDER BY uid" + unit.db.locking("FOR UPDATE"),
            site,
            unit.db.array(sorted({uid for its, uid in keys if its == site})),
        )
        found.update(((row[0], row[1]), _study(unit, row)) for row in rows)
    return found


async def put(unit: Unit, studies: Sequence[StudyRow]) -> None:
    """Write these rows as they are, new or changed."""
    names = ", ".join(_NAMES)
    marks = ", ".join(f"${n}" for n in range(1, len(_NAMES) + 1))
    sets = ", ".join(f"{name} = excluded.{name}" for name in _NAMES[2:])
    await unit.executemany(
        f"INSERT INTO study ({names}) VALUES ({marks})"  # noqa: S608 - names of our own
        f" ON CONFLICT (site, uid) DO UPDATE SET {sets}",
        [_row(unit, one) for one in studies],
    )


async def due(reader: Reader, now_us: int, limit: int = 20) -> list[tuple[str, str]]:
    """(site, UID) of studies whose quiet time has passed: a look that locks nothing."""
    rows = await reader.fetch(
        "SELECT site, uid FROM study WHERE due_us <= $1 ORDER BY due_us, site, uid LIMIT $2",
        now_us,
        limit,
    )
    return [(row[0], row[1]) for row in rows]


async def held_count(reader: Reader) -> int:
    """How many studies wait for a person before they are published again."""
    found: int = await reader.fetchval("SELECT count(*) FROM study WHERE state = 'held'")
    return found


async def postpone(unit: Unit, site: str, uid: str, due_us: int | None) -> None:
    """Look again at this time; None: not before something comes."""
    await unit.execute(
        "UPDATE study SET due_us = $3 WHERE site = $1 AND uid = $2", site, uid, due_us
    )


async def again(unit: Unit, site: str, uids: Iterable[str], due_us: int) -> None:
    """An arrival of these studies ended well: what changed is due again."""
    await unit.execute(
        "UPDATE study SET due_us = $3 WHERE site = $1 AND changed AND state <> 'held'"  # noqa: S608
        f" AND {unit.db.among('uid', 2)}",
        site,
        unit.db.array(uids),
        due_us,
    )


async def mark_changed(unit: Unit, site: str, uid: str, due_us: int) -> None:
    """Something of a study changed through another one."""
    await unit.execute(
        "UPDATE study SET changed = true,"
        " due_us = CASE state WHEN 'held' THEN NULL ELSE CAST($3 AS BIGINT) END"
        " WHERE site = $1 AND uid = $2",
        site,
        uid,
        due_us,
    )


async def touch(unit: Unit, ids: Iterable[str], due_us: int) -> None:
    """Something that these published studies (ids of ImagingStudy) are compared with is new."""
    await unit.execute(
        "UPDATE study SET changed = true, due_us = $2 WHERE state = 'published'"  # noqa: S608
        f" AND {unit.db.among('id', 1)}",
        unit.db.array(ids),
        due_us,
    )


async def touch_of(unit: Unit, message: str, due_us: int) -> None:
    """What waited of a published study waits no more: the instance this message brought."""
    await unit.execute(
        "UPDATE study SET changed = true, due_us = $2 WHERE state = 'published' AND EXISTS"
        " (SELECT 1 FROM instance AS i WHERE i.message = $1"
        " AND i.site = study.site AND i.study = study.uid)",
        message,
        due_us,
    )


async def by_resource(reader: Reader, ids: Iterable[str]) -> dict[str, StudyRow]:
    """The studies behind these ImagingStudy ids, which came through `visible`."""
    rows = await reader.fetch(
        f"SELECT {_COLUMNS} FROM study WHERE {reader.db.among('id', 1)}",  # noqa: S608
        reader.db.array(ids),
    )
    return {row[3]: _study(reader, row) for row in rows}


async def ids_of(reader: Reader, uid: str, site: str | None = None) -> list[str]:
    """The ImagingStudy ids of a StudyInstanceUID, at one site or at all; to be made visible."""
    rows = await reader.fetch(
        "SELECT id FROM study WHERE uid = $1 AND (site = $2 OR CAST($2 AS TEXT) IS NULL)",
        uid,
        site,
    )
    return [row[0] for row in rows]


def _row(unit: Unit, one: StudyRow) -> Row:
    place = ("study", one.site, one.uid)
    sealed = unit.db.vault.seal(DataClass.MESSAGE, one.site, one.identity, *place)
    return tuple(
        sealed if name == "identity" else str(one.state) if name == "state" else getattr(one, name)
        for name in _NAMES
    )


def _study(reader: Reader, row: Row) -> StudyRow:
    values = dict(zip(_NAMES, row, strict=True))
    values["state"] = StudyState(values["state"])
    values["changed"] = bool(values["changed"])
    values["identity"] = reader.db.vault.unseal(values["identity"], "study", row[0], row[1])
    return StudyRow(**values)
