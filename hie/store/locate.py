"""Where a resource is: business keys to ids, and ids to homes.

A business key is a row that is inserted first: two messages that describe one new thing at the
same moment get one id. Never read, then write.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from hie.access.policy import Restriction
from hie.errors import Contended
from hie.store.ids import new_ids
from hie.store.session import Dialect, Reader, Unit
from hie.store.tables import TABLES
from hie.store.visible import visible

Key = tuple[str, str, str]  # resource type, system, value
KeyT = TypeVar("KeyT", bound=Key)

_INSERT = {
    Dialect.POSTGRESQL: (
        "INSERT INTO business_key (key, type, id)"
        " SELECT * FROM unnest($1::text[], $2::text[], $3::text[])"
        " ON CONFLICT DO NOTHING RETURNING key"
    ),
    Dialect.SQLITE: (
        "INSERT INTO business_key (key, type, id) SELECT json_extract(value, '$[0]'),"
        " json_extract(value, '$[1]'), json_extract(value, '$[2]') FROM json_each($1)"
        " WHERE true ON CONFLICT DO NOTHING RETURNING key"
    ),
}


async def claim(unit: Unit, owner: str, keys: Iterable[Key]) -> dict[Key, tuple[str, bool]]:
    """The id of each key, and whether it was made now; `owner` is the institution or site.

    On PostgreSQL it waits for another unit that is claiming the same key, and takes its id if
    that one commits.
    """
    claimed = await claim_all(unit, [(owner, *key) for key in keys])
    return {(kind, system, value): found for (_, kind, system, value), found in claimed.items()}


async def claim_for(unit: Unit, owners: Mapping[KeyT, str]) -> tuple[dict[KeyT, str], set[KeyT]]:
    """`claim` for keys that each have an owner: the id of each key, and those made now."""
    by_hash = {unit.db.keys.short(owner, *key): key for key, owner in owners.items()}
    ids, made = await _claimed(unit, {hashed: key[0] for hashed, key in by_hash.items()})
    found = {key: ids[hashed] for hashed, key in by_hash.items()}
    return found, {by_hash[hashed] for hashed in made}


async def claim_all(
    unit: Unit, keys: Iterable[tuple[str, str, str, str]]
) -> dict[tuple[str, str, str, str], tuple[str, bool]]:
    """`claim` for keys of several owners at once: (owner, type, system, value)."""
    by_hash = {unit.db.keys.short(*key): key for key in keys}
    ids, made = await _claimed(unit, {hashed: key[1] for hashed, key in by_hash.items()})
    return {key: (ids[hashed], hashed in made) for hashed, key in by_hash.items()}


async def _claimed(unit: Unit, kinds: Mapping[str, str]) -> tuple[dict[str, str], set[str]]:
    """The ids of hashed keys, given with the resource type of each, and those made now."""
    if not kinds:
        return {}, set()
    ids = dict(zip(kinds, new_ids(len(kinds)), strict=True))
    made = await insert_keys(unit, [(hashed, kind, ids[hashed]) for hashed, kind in kinds.items()])
    lost = [hashed for hashed in kinds if hashed not in made]
    if lost:
        ids.update(await _ids(unit, lost))
    return ids, made


async def insert_keys(unit: Unit, rows: Sequence[tuple[str, str, str]]) -> set[str]:
    """Claim hashed keys as (key, type, id); those that were free. Sorted here, against deadlock."""
    found = await unit.fetch(_INSERT[unit.db.dialect], *unit.db.table(sorted(rows), 3))
    return {row[0] for row in found}


async def take(unit: Unit, owner: str, wanted: Iterable[tuple[Key, str]]) -> set[tuple[Key, str]]:
    """Claim keys for ids of one's own, (key, id); those that another id holds are returned."""
    pairs = [(unit.db.keys.short(owner, *key), key, id_) for key, id_ in dict.fromkeys(wanted)]
    if not pairs:
        return set()
    first: dict[str, str] = {}
    for hashed, _, id_ in pairs:
        first.setdefault(hashed, id_)
    made = await insert_keys(unit, [(h, key[0], id_) for h, key, id_ in pairs if first[h] == id_])
    lost = [hashed for hashed in first if hashed not in made]
    holders = first | (await _ids(unit, lost) if lost else {})
    return {(key, id_) for hashed, key, id_ in pairs if holders[hashed] != id_}


async def keep(unit: Unit, wanted: Iterable[tuple[str, Key, str]]) -> None:
    """Make sure that these keys lead to these ids, (owner, key, id), also if they were given back.

    For what was claimed long ago and is not there any more. Raises Contended when another has one.
    """
    rows = {unit.db.keys.short(owner, *key): (key[0], id_) for owner, key, id_ in wanted}
    if not rows:
        return
    made = await insert_keys(unit, [(hashed, *row) for hashed, row in rows.items()])
    lost = [hashed for hashed in rows if hashed not in made]
    holders = await _ids(unit, lost) if lost else {}
    if any(holders.get(hashed) != rows[hashed][1] for hashed in lost):
        raise Contended("an identifier changed hands")


async def release(unit: Unit, owner: str, keys: Sequence[Key], id_: str) -> None:
    """Give back the keys that this id holds; what another holds stays its own."""
    hashes = [unit.db.keys.short(owner, *key) for key in keys]
    if hashes:
        sql = f"DELETE FROM business_key WHERE {unit.db.among('key', 1)} AND id = $2"  # noqa: S608
        await unit.execute(sql, unit.db.array(hashes), id_)


async def find_keys(reader: Reader, owner: str, keys: Sequence[Key]) -> dict[Key, str]:
    """The ids of the keys that are taken; claims nothing."""
    by_hash = {reader.db.keys.short(owner, *key): key for key in keys}
    found = await _ids(reader, list(by_hash))
    return {by_hash[hashed]: key for hashed, key in found.items()}


async def locate(reader: Reader, kind: str, key: str) -> str | None:
    """The home of a resource: "" if it is nobody's, None if there is none of this type and id."""
    table = TABLES.get(kind)
    if table is None:
        return None
    home: str | None = await reader.fetchval(f"SELECT home FROM {table} WHERE id = $1", key)  # noqa: S608
    return home


async def homes_of(
    reader: Reader, kind: str, ids: Iterable[str], restriction: Restriction, *, held: bool = False
) -> dict[str, str]:
    """The homes of those of these ids that are there and may be seen.

    `held`: none of them is deleted before this unit of work ends.
    """
    seen = visible(reader, kind, restriction, locked=held)
    rows = await reader.fetch(
        f"SELECT id, home FROM {seen.sql} AS v"  # noqa: S608
        f" WHERE {reader.db.among('v.id', seen.following)} ORDER BY id"
        + (reader.db.locking("FOR KEY SHARE") if held else ""),
        *seen.args,
        reader.db.array(sorted(set(ids))),
    )
    return {row[0]: row[1] for row in rows}


async def patients_of(
    reader: Reader, homes: Sequence[str], restriction: Restriction
) -> dict[str, bool]:
    """Those of these homes whose Patient is there and may be seen; whether they may have rules."""
    seen = visible(reader, "Patient", restriction, homes=homes)
    rows = await reader.fetch(f"SELECT v.home, v.is_ruled FROM {seen.sql} AS v", *seen.args)  # noqa: S608
    return {row[0]: bool(row[1]) for row in rows}


async def hold_patients(unit: Unit, homes: Iterable[str]) -> int:
    """Hold these Patients alone: who holds one (`homes_of`) and writes of it is done, or waits.

    How many of them there are.
    """
    rows = await unit.fetch(
        f"SELECT id FROM patient WHERE {unit.db.among('id', 1)} ORDER BY id"  # noqa: S608
        + unit.db.locking("FOR UPDATE"),
        unit.db.array(sorted(set(homes))),
    )
    return len(rows)


async def _ids(reader: Reader, hashes: list[str]) -> dict[str, str]:
    rows = await reader.fetch(
        f"SELECT key, id FROM business_key WHERE {reader.db.among('key', 1)}",  # noqa: S608
        reader.db.array(hashes),
    )
    return {row[0]: row[1] for row in rows}
