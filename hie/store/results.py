"""A person's results of catalogue items: what an order-check asks for, in one look-up.

With `known_at_us` each resource is the version that was current then; what came later is not there.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hie.access.policy import Restriction
from hie.store import index
from hie.store.masks import also
from hie.store.served import KEPT, STORED, Stored, stored
from hie.store.session import Reader
from hie.store.versions import read_many
from hie.store.visible import visible, visible_history

LIMIT = 5_000  # rows one answer reads at most


async def by_item(
    reader: Reader,
    homes: Sequence[str],
    items: Sequence[str],
    restriction: Restriction,
    *,
    since_us: int | None = None,
    known_at_us: int | None = None,
) -> list[tuple[Stored, str | None]]:
    """Results of these items and the id of each one's report, newest collection first.

    `since_us`: only those collected since, and those whose collection is not stated.
    """
    seen = visible(reader, "Observation", restriction, homes=homes)
    n = seen.following
    since = -(2**62) if since_us is None else since_us
    columns = ", ".join(f"v.{name}" for name in STORED.split(", "))
    rows = await reader.fetch(
        f"SELECT {columns}, v.report FROM {seen.sql} AS v"  # noqa: S608
        f" WHERE {reader.db.among('v.item', n)}"
        f" AND (v.effective_end_us IS NULL OR v.effective_end_us >= ${n + 1})"
        f" ORDER BY v.effective_us IS NULL, v.effective_us DESC, v.id LIMIT {LIMIT}",
        *seen.args,
        reader.db.array(also(reader, "item", homes, items)),
        since,
    )
    found = [(stored(reader.db, "Observation", row[:KEPT]), row[KEPT]) for row in rows]
    if known_at_us is None:
        return found
    then = [(one, report) for one, report in found if one.updated_us <= known_at_us]
    former = [
        one
        for one in await formerly(reader, "Observation", homes, restriction, known_at_us)
        if (said := columns_of(reader, one))["item"] in items and reaches(said, since)
    ]
    reports = await reports_of(reader, [one.id for one in former], restriction)
    then += [(one, reports.get(one.id)) for one in former]
    return sorted(then, key=lambda pair: newest_first(reader, pair[0]))[:LIMIT]


async def formerly(
    reader: Reader, kind: str, homes: Sequence[str], restriction: Restriction, known_at_us: int
) -> list[Stored]:
    """The versions that were current at an instant, of resources that have changed since.

    What they say now is no guide to what they said then: a result may have been of another item.
    """
    past = visible_history(reader, kind, restriction)
    now = visible(reader, kind, restriction, past.following)
    n = now.following
    columns = ", ".join(f"h.{name}" for name in STORED.split(", "))
    rows = await reader.fetch(
        f"SELECT {columns} FROM {past.sql} AS h JOIN"  # noqa: S608
        f" (SELECT p.id, max(p.version) AS version FROM {past.sql} AS p"
        f" WHERE {reader.db.among('p.home', n)} AND p.updated_us <= ${n + 1} GROUP BY p.id) AS last"
        f" ON last.id = h.id AND last.version = h.version"
        f" WHERE {reader.db.among('h.home', n)} AND NOT h.deleted AND NOT EXISTS"
        f" (SELECT 1 FROM {now.sql} AS v WHERE v.id = h.id AND v.updated_us <= ${n + 1})",
        *past.args,
        *now.args,
        reader.db.array(homes),
        known_at_us,
    )
    return [stored(reader.db, kind, row) for row in rows]


def columns_of(reader: Reader, version: Stored) -> dict[str, Any]:
    """What the typed columns of a current row would say of this version, but for keyed hashes.

    What an institution wrote is of an item by its LOINC code, as the catalogue of today has it.
    """
    tree = version.resource()
    item = index.item_of(version.type, tree, version.message, reader.db.loinc)
    said = index.values(version.type, tree, None, lambda _: "", item)
    return dict(zip(index.columns(version.type), said, strict=True))


def reaches(said: Mapping[str, Any], since_us: int) -> bool:
    """Whether a version was collected since, or does not say when."""
    end = said["effective_end_us"]
    return end is None or end >= since_us


def newest_first(reader: Reader, version: Stored) -> tuple[bool, int, str]:
    """The order of results: by collection, newest first; what does not say when goes last."""
    start = columns_of(reader, version)["effective_us"]
    return start is None, -(start or 0), version.id


async def reports_of(
    reader: Reader, keys: Sequence[str], restriction: Restriction
) -> dict[str, str | None]:
    """The report each result belongs to: a result never moves to another one."""
    if not keys:
        return {}
    seen = visible(reader, "Observation", restriction)
    rows = await reader.fetch(
        f"SELECT v.id, v.report FROM {seen.sql} AS v"  # noqa: S608
        f" WHERE {reader.db.among('v.id', seen.following)}",
        *seen.args,
        reader.db.array(keys),
    )
    return {row[0]: row[1] for row in rows}


async def as_known(
    reader: Reader,
    kind: str,
    current: Iterable[Stored],
    restriction: Restriction,
    known_at_us: int,
) -> dict[str, Stored]:
    """Of these current versions, those that were current at an instant; by id.

    What was first received after it is left out.
    """
    every = list(current)
    found = {one.id: one for one in every if one.updated_us <= known_at_us}
    later = {one.id: one.home for one in every if one.updated_us > known_at_us}
    earlier = await _earlier(reader, kind, later, later.values(), restriction, known_at_us)
    return found | earlier


async def known_then(
    reader: Reader,
    kind: str,
    keys: Iterable[str],
    homes: Iterable[str],
    restriction: Restriction,
    known_at_us: int,
) -> dict[str, Stored]:
    """The versions of these ids in these homes that were current at an instant, by id.

    What was first received after it is left out; what was deleted after it is there.
    """
    wanted = sorted(set(keys))
    now = await read_many(reader, kind, wanted, restriction)
    found = {key: one for key, one in now.items() if one.updated_us <= known_at_us}
    later = [key for key in wanted if key not in found]
    earlier = await _earlier(reader, kind, later, homes, restriction, known_at_us)
    return found | earlier


async def _earlier(
    reader: Reader,
    kind: str,
    keys: Iterable[str],
    homes: Iterable[str],
    restriction: Restriction,
    known_at_us: int,
) -> dict[str, Stored]:
    """The last of the former versions up to an instant, unless that one said it is gone."""
    wanted = sorted(keys)
    if not wanted:
        return {}
    past = visible_history(reader, kind, restriction)
    n = past.following
    rows = await reader.fetch(
        f"SELECT {STORED}, deleted FROM {past.sql} AS h"  # noqa: S608
        f" WHERE {reader.db.among('h.home', n)} AND {reader.db.among('h.id', n + 1)}"
        f" AND h.updated_us <= ${n + 2} ORDER BY h.id, h.version",
        *past.args,
        reader.db.array(sorted(set(homes))),
        reader.db.array(wanted),
        known_at_us,
    )
    last = {row[1]: row for row in rows}
    return {key: stored(reader.db, kind, row[:KEPT]) for key, row in last.items() if not row[KEPT]}
