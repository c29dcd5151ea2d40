"""Whether what the clients were told is so: read out of the database, after all is over."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from hie.store.database import Database
from hie.store.served import STORED, Stored, stored
from tests.once.rounds import SYSTEM, Told, mark_of
from tests.places import Place

_COLUMNS = STORED


@dataclass
class Found:
    """What the database holds: every version of each resource, and who ever had an identifier."""

    versions: dict[tuple[str, str], dict[int, Stored]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    holders: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    alive: set[tuple[str, str]] = field(default_factory=set)


async def check(place: Place, told: Told) -> dict[str, int]:
    """Everything told is there, nothing is there twice; how much was looked at."""
    found = await _found(place)
    for kind, value in told.identifiers:
        ids = found.holders[kind, value]
        assert len(ids) == 1, f"{kind} {value}: {len(ids)} resources"
        ((key,), is_gone) = ids, value in told.deleted
        assert ((kind, key) in found.alive) is not is_gone, f"{kind} {value}: gone or not"
    assert set(found.holders) == told.identifiers | {("Patient", "base")}
    for (kind, key), versions in found.versions.items():
        assert sorted(versions) == list(range(1, len(versions) + 1)), f"{kind}/{key}: a gap"
        gone = [number for number, one in versions.items() if one.deleted]
        assert gone in ([], [len(versions)]), f"{kind}/{key}: deleted in between"
    for (kind, key, number), mark in told.versions.items():
        assert mark_of(found.versions[kind, key][number].resource()) == mark
    for key, texts in told.notes.items():
        last = found.versions["Observation", key][len(found.versions["Observation", key])]
        assert {one["text"] for one in last.resource()["note"]} >= texts, "a patch is lost"
    return {
        "resources": len(found.versions),
        "versions": sum(len(one) for one in found.versions.values()),
        "told": len(told.versions),
    }


async def _found(place: Place) -> Found:
    found = Found()
    db = await Database.open(place.url, place.data_dir, exclusive=False)
    try:
        async with db.reading() as reader:
            for kind, table in (("Patient", "patient"), ("Observation", "observation")):
                for row in await reader.fetch(f"SELECT {_COLUMNS} FROM {table}"):  # noqa: S608
                    one = stored(db, kind, row)
                    found.alive.add((kind, one.id))
                    _add(found, one, one.resource())
                for row in await reader.fetch(
                    f"SELECT {_COLUMNS}, deleted FROM resource_history WHERE type = $1",  # noqa: S608
                    kind,
                ):
                    one = stored(db, kind, row)
                    _add(found, one, one.resource())
    finally:
        await db.close()
    return found


def _add(found: Found, one: Stored, tree: Any) -> None:
    known = found.versions[one.type, one.id]
    assert one.version not in known, f"{one.type}/{one.id}: version {one.version} twice"
    known[one.version] = one
    for identifier in tree.get("identifier", ()):
        if identifier["system"] == SYSTEM:
            found.holders[one.type, identifier["value"]].add(one.id)
