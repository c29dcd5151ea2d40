"""A site's local codes: how often each was seen, and the catalogue item it stands for.

States: unmapped, proposed (by exact name or alias), approved or rejected (by a person). Seeing a
code again never changes its state; `version` grows with each change of the map.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from hie.access.policy import Restriction
from hie.errors import Conflict, ResourceNotFound
from hie.fhir import local_code_system
from hie.store.cells import MARK, open_words, seal_words
from hie.store.masks import also
from hie.store.session import Reader, Row, Unit
from hie.store.systems import short
from hie.store.vault import DataClass
from hie.store.visible import visible

_HOMES = 500  # patients whose marks are looked for at once
SAMPLES = 5  # sample values kept for whoever reviews
LONGEST = (
    500  # characters of a system or code that the list takes; longer ones stay in the resource
)


class MapState(StrEnum):
    """What is decided about a local code."""

    UNMAPPED = "unmapped"
    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"


class Seen(msgspec.Struct, frozen=True):
    """A local code met in a message; `system` as the sender names it, "" if it does not."""

    system: str
    code: str
    name: str = ""
    unit: str | None = None
    specimen: str | None = None
    method: str | None = None
    value_type: str | None = None
    sample: str | None = None


@dataclass(frozen=True, slots=True)
class CodeMap:
    """A row of a site's mapping list."""

    site: str
    system: str
    code: str
    name: str
    unit: str | None
    specimen: str | None
    method: str | None
    value_type: str | None
    count: int
    first_us: int
    last_us: int
    item: str | None
    loinc: str | None
    state: MapState
    by: str | None
    at_us: int | None
    version: int
    samples: tuple[str, ...]


_COLUMNS = (
    "site, system, code, name, unit, specimen, method, value_type, count, first_us, last_us, item,"
    " loinc, state, by, at_us, version, samples"
)
_SEE = (
    "INSERT INTO code_map (site, system, code, name, unit, specimen, method, value_type, count,"
    " first_us, last_us, state, version, samples)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, 'unmapped', 0, $11)"
    " ON CONFLICT (site, system, code) DO UPDATE SET count = code_map.count + excluded.count,"
    " last_us = CASE WHEN excluded.last_us > code_map.last_us THEN excluded.last_us"
    " ELSE code_map.last_us END,"
    " name = CASE WHEN code_map.name = '' THEN excluded.name ELSE code_map.name END,"
    " unit = coalesce(code_map.unit, excluded.unit),"
    " specimen = coalesce(code_map.specimen, excluded.specimen),"
    " method = coalesce(code_map.method, excluded.method),"
    " value_type = coalesce(code_map.value_type, excluded.value_type),"
    " samples = CASE WHEN code_map.samples = '[]' THEN excluded.samples ELSE code_map.samples END"
)


async def see(unit: Unit, site: str, codes: Iterable[Seen], now_us: int) -> None:
    """Count codes met in messages of a site; new ones enter the list as unmapped.

    Rows are touched in one order, so two workers do not wait for each other in a ring.
    """
    groups: dict[tuple[str, str], list[Seen]] = {}
    for one in codes:
        if 0 < len(one.code) <= LONGEST and len(one.system) <= LONGEST:
            groups.setdefault(
                (one.system.replace("\0", ""), one.code.replace("\0", "")), []
            ).append(one)
    rows: list[Row] = []
    for (system, code), met in sorted(groups.items()):
        first = met[0]
        samples = list(dict.fromkeys(one.sample for one in met if one.sample))[:SAMPLES]
        facts = (first.name, first.unit, first.specimen, first.method, first.value_type)
        clean = (None if fact is None else fact.replace("\0", "") for fact in facts)
        text = _told(unit, site, system, code, samples)
        rows.append((site, system, code, *clean, len(met), now_us, text))
    await unit.executemany(_SEE, rows)


async def maps_of(reader: Reader, site: str) -> dict[tuple[str, str], CodeMap]:
    """A site's whole list by (system, code)."""
    rows = await reader.fetch(f"SELECT {_COLUMNS} FROM code_map WHERE site = $1", site)  # noqa: S608
    found = (_code_map(reader, row) for row in rows)
    return {(one.system, one.code): one for one in found}


async def find(reader: Reader, site: str, state: str | None = None) -> list[CodeMap]:
    """A site's codes, the most frequent first; only those of a state if one is given."""
    rows = await reader.fetch(
        f"SELECT {_COLUMNS} FROM code_map WHERE site = $1"  # noqa: S608
        " AND (CAST($2 AS TEXT) IS NULL OR state = $2) ORDER BY count DESC, system, code",
        site,
        state,
    )
    return [_code_map(reader, row) for row in rows]


async def approved(
    reader: Reader, institution: str, codes: Iterable[str]
) -> list[tuple[str, str, str, str]]:
    """What people approved of these codes at an institution's sites: (site, system, code, item)."""
    rows = await reader.fetch(
        "SELECT m.site, m.system, m.code, m.item FROM code_map AS m"  # noqa: S608
        " JOIN site AS s ON s.id = m.site WHERE s.institution = $1"
        f" AND {reader.db.among('m.code', 2)} AND m.state = 'approved' AND m.item IS NOT NULL",
        institution,
        reader.db.array(sorted(set(codes))),
    )
    return [(row[0], row[1], row[2], row[3]) for row in rows]


async def get(reader: Reader, site: str, system: str, code: str) -> CodeMap:
    """One row. Raises ResourceNotFound."""
    row = await reader.fetchrow(
        f"SELECT {_COLUMNS} FROM code_map WHERE site = $1 AND system = $2 AND code = $3",  # noqa: S608
        site,
        system,
        code,
    )
    if row is None:
        raise ResourceNotFound(f"site {site!r} has no code {code!r}")
    return _code_map(reader, row)


async def decide(
    unit: Unit,
    site: str,
    system: str,
    code: str,
    *,
    state: MapState,
    item: str | None,
    by: str,
    now_us: int,
    loinc: str | None = None,
    version: int | None = None,
) -> bool:
    """Set what a code stands for; whether anything changed. A code never seen is added.

    `version`: only if the row still has it, else Conflict (two people reviewed at once).
    """
    args = (site, system, code, item, loinc, str(state), by, now_us)
    touched = await unit.execute(
        "INSERT INTO code_map (site, system, code, name, count, first_us, last_us, item, loinc,"
        " state, by, at_us, version, samples)"
        " VALUES ($1, $2, $3, '', 0, $8, $8, $4, $5, $6, $7, $8, 1, '[]')"
        " ON CONFLICT DO NOTHING",
        *args,
    )
    if touched:
        return True
    known = await get(unit, site, system, code)
    if version is not None and known.version != version:
        raise Conflict(f"the map of {code!r} was changed meanwhile")
    if (known.state, known.item, known.loinc) == (state, item, loinc):
        return False
    touched = await unit.execute(
        "UPDATE code_map SET item = $4, loinc = $5, state = $6, by = $7, at_us = $8,"
        " version = version + 1 WHERE site = $1 AND system = $2 AND code = $3"
        " AND version = $9",
        *args,
        known.version,
    )
    if not touched:
        raise Conflict(f"the map of {code!r} was changed meanwhile")
    return True


async def version(reader: Reader, site: str) -> int:
    """A number that grows with every change of a site's maps."""
    found: int = await reader.fetchval(
        "SELECT coalesce(sum(version), 0) FROM code_map WHERE site = $1", site
    )
    return int(found)


async def messages_with(reader: Reader, site: str, codes: Iterable[tuple[str, str]]) -> list[str]:
    """The messages of a site whose current results carry one of these (system, code), oldest first.

    For whoever processes them again after a map was decided: it looks past any restriction.
    """
    by_system: dict[str, set[str]] = defaultdict(set)
    for system, code in codes:
        by_system[short(local_code_system(site, system))].add(code)
    found: dict[str, int] = {}
    for system, local in by_system.items():
        found.update(await _with_codes(reader, site, system, sorted(local)))
        after = ""
        while homes := await _homes(reader, site, after):
            marks = also(reader, "local_code", homes, sorted(local))[len(local) :]
            found.update(await _with_codes(reader, site, system, marks))
            after = homes[-1]
    return sorted(found, key=lambda message: (found[message], message))


async def _with_codes(
    reader: Reader, site: str, system: str, said: Sequence[str]
) -> dict[str, int]:
    """The messages whose results say one of these in their column, and when each came."""
    seen = visible(reader, "Observation", Restriction(sites=frozenset({site})))
    n = seen.following
    rows = await reader.fetch(
        f"SELECT DISTINCT o.message, m.received_us FROM {seen.sql} AS o"  # noqa: S608
        " JOIN message AS m ON m.id = o.message"
        f" WHERE o.local_system = ${n} AND {reader.db.among('o.local_code', n + 1)}",
        *seen.args,
        system,
        reader.db.array(said),
    )
    return {row[0]: row[1] for row in rows}


async def _homes(reader: Reader, site: str, after: str) -> list[str]:
    """The next patients of a site: the labelled rows of each say a code by a mark of their own."""
    seen = visible(reader, "Patient", Restriction(sites=frozenset({site})))
    n = seen.following
    rows = await reader.fetch(
        f"SELECT p.home FROM {seen.sql} AS p WHERE p.home > ${n}"  # noqa: S608
        f" ORDER BY p.home LIMIT {_HOMES}",
        *seen.args,
        after,
    )
    return [row[0] for row in rows]


def _code_map(reader: Reader, row: Row) -> CodeMap:
    state = MapState(row[13])
    told = row[17]
    if told is not None and not is_plain(told):
        told = open_words(reader.db, told, *_place(*row[:3]))
    return CodeMap(*(*row[:13], state, *row[14:17], tuple(json.loads(told or "[]"))))


def is_plain(text: str) -> bool:
    """Whether a column of samples is in clear, and may be: it says numbers alone."""
    return not text.startswith(MARK) and not has_words(json.loads(text))


def has_words(samples: Iterable[str]) -> bool:
    """Whether any of these values is more than a number."""
    return any(char.isalpha() for one in samples for char in one)


def _told(unit: Unit, site: str, system: str, code: str, samples: Sequence[str]) -> str | None:
    """Samples as their column holds them: numbers as they are, words sealed."""
    text = json.dumps(samples, ensure_ascii=True)
    if not has_words(samples):
        return text
    return seal_words(unit.db, DataClass.MESSAGE, site, text, *_place(site, system, code))


def _place(site: str, system: str, code: str) -> tuple[str, ...]:
    return "code_map", "samples", site, system, code
