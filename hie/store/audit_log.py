"""Reading the audit log: events newest first, cut by key, each with one of its patients.

Three ways in, each an index: the ids asked for, a patient in the order of time, an institution (or
all) in the order of time. Whoever asks narrows by nothing else here; what is left is looked at.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from hie.access.reason import Reason
from hie.audit.event import EventType
from hie.audit.recorded import Recorded, places_of
from hie.fhir.search.values import When
from hie.store.session import Reader, Row

_ACCESS = (
    "id", "at_us", "boot", "n", "type", "action", "outcome", "kind", "client", "subject", "role",
    "institution", "purpose", "token", "network", "request", "reason", "policy", "detail",
)  # fmt: skip
_HIDING = frozenset({Reason.REL, Reason.CONSENT, Reason.LABEL})
_SUBJECT = ("n", "home", "person", "resources")
_COLUMNS = ", ".join([*(f"a.{name}" for name in _ACCESS), *(f"s.{name}" for name in _SUBJECT)])


@dataclass(frozen=True, slots=True)
class Look:
    """Which events: of one institution (None: all), at these times, of these patients, by id.

    `times`: one date parameter each, any of whose values must hold. None of `homes`, `ids`: all.
    `persons`: with `homes`, also events about these persons that name no home of theirs. Not
    `whole`: for who may not be told that something is there, what is hidden is like what is not.
    """

    institution: str | None
    times: tuple[tuple[When, ...], ...] = ()
    homes: tuple[str, ...] | None = None
    ids: tuple[str, ...] | None = None
    down: bool = True
    persons: tuple[str, ...] = ()
    whole: bool = True


async def events(
    reader: Reader, look: Look, limit: int, after: Sequence[Any] | None = None
) -> list[Recorded]:
    """Events after a position, in the order asked for."""
    found = [
        _recorded(row) if look.whole else _told(_recorded(row))
        for part in _parts(look)
        for row in await reader.fetch(*_selected(part, limit, after))
    ]
    return sorted(found, key=position_of, reverse=look.down)[:limit]


async def count(reader: Reader, look: Look, most: int) -> int:
    """How many events there are, counted to `most` and one more at most of each kind."""
    number = 0
    for part in _parts(look):
        sql, args = _statement(part, None)
        number += await reader.fetchval(
            f"SELECT count(*) FROM (SELECT 1 AS one {sql} LIMIT {most + 1}) AS counted",  # noqa: S608
            *args,
        )
    return number


async def unsealed(reader: Reader, found: Sequence[Recorded]) -> list[Recorded]:
    """The events with their raw requests, for whoever may read them."""
    rows = await reader.fetch(
        f"SELECT id, query FROM audit_access WHERE {reader.db.among('id', 1)}",  # noqa: S608
        reader.db.array(sorted({one.access for one in found})),
    )
    open_ = reader.db.vault.unseal
    raw = {
        row[0]: open_(row[1], "audit_access", "query", row[0]) for row in rows if row[1] is not None
    }
    return [replace(one, query=raw.get(one.access)) for one in found]


def position_of(one: Recorded) -> list[Any]:
    """Where an event stands."""
    return [one.at_us, one.access, -1 if one.n is None else one.n]


def _told(one: Recorded) -> Recorded:
    """An event for who may not be told why nothing was shown."""
    return replace(one, reason=Reason.ABSENT) if one.reason in _HIDING else one


def _parts(look: Look) -> list[Look]:
    """What is looked for by the homes, and by the persons: an index each, and no event twice."""
    if not look.persons:
        return [look]
    return [replace(look, persons=()), replace(look, homes=None)]


def _selected(look: Look, limit: int, after: Sequence[Any] | None) -> list[Any]:
    sql, args = _statement(look, after)
    sign = "DESC" if look.down else "ASC"
    order = f"{_time(look)} {sign}, {_key(look)} {sign}, coalesce(s.n, -1) {sign}"
    return [f"SELECT {_COLUMNS} {sql} ORDER BY {order} LIMIT {limit}", *args]


def _statement(look: Look, after: Sequence[Any] | None) -> tuple[str, list[Any]]:
    """FROM and WHERE, and their arguments."""
    args: list[Any] = []

    def arg(value: Any) -> str:
        args.append(value)
        return f"${len(args)}"

    where = [] if look.whole else [f"a.type <> '{EventType.CONSENT_DECISION}'"]
    if look.institution is not None:
        where.append(f"a.institution = {arg(look.institution)}")
    at = _time(look)
    for values in look.times:
        where.append(f"({' OR '.join(_when(at, one, arg) for one in values)})")
    if look.ids is not None:
        where += _named(look.ids, arg)
    if look.homes is not None:
        where.append(_any("s.home", look.homes, arg))
    if look.persons:
        where.append(f"s.home IS NULL AND {_any('s.person', look.persons, arg)}")
    if after is not None:
        us, key, n = arg(int(after[0])), arg(str(after[1])), arg(int(after[2]))
        than = "<" if look.down else ">"
        where.append(
            f"{at} {than}= {us} AND ({at} {than} {us} OR {_key(look)} {than} {key}"
            f" OR ({_key(look)} = {key} AND coalesce(s.n, -1) {than} {n}))"
        )
    joined = "JOIN" if _by_patient(look) else "LEFT JOIN"
    tables = f"FROM audit_access AS a {joined} audit_subject AS s ON s.access = a.id"
    return tables + (f" WHERE {' AND '.join(where)}" if where else ""), args


def _named(ids: Sequence[str], arg: Any) -> list[str]:
    """The events of these ids, each with the patient that the id names."""
    known = [found for one in dict.fromkeys(ids) if (found := places_of(one)) is not None]
    exact = []
    for access, n in known:
        place = "s.n IS NULL" if n is None else f"s.n = {arg(n)}"
        exact.append(f"(a.id = {arg(access)} AND {place})")
    either = [f"({' OR '.join(exact)})"] if exact else []
    return [_any("a.id", [access for access, _ in known], arg), *either]


def _any(column: str, values: Sequence[str], arg: Any) -> str:
    if not values:
        return "1 = 0"
    if len(values) == 1:
        return f"{column} = {arg(values[0])}"
    return f"{column} IN ({', '.join(arg(one) for one in values)})"


def _time(look: Look) -> str:
    """The column that holds the time in the index that is used; both columns hold the same."""
    return "s.at_us" if _by_patient(look) else "a.at_us"


def _key(look: Look) -> str:
    return "s.access" if _by_patient(look) else "a.id"


def _by_patient(look: Look) -> bool:
    return look.homes is not None or bool(look.persons)


def _when(at: str, one: When, arg: Any) -> str:
    """The prefixes of search.html#prefix for a point in time."""
    match one.prefix:
        case "eq" | "ap":
            return f"({at} >= {arg(one.start)} AND {at} < {arg(one.end)})"
        case "ne":
            return f"({at} < {arg(one.start)} OR {at} >= {arg(one.end)})"
        case "gt" | "sa":
            return f"{at} >= {arg(one.end)}"
        case "ge":
            return f"{at} >= {arg(one.start)}"
        case "le":
            return f"{at} < {arg(one.end)}"
        case _:
            return f"{at} < {arg(one.start)}"


def _recorded(row: Row) -> Recorded:
    shown = row[22]
    return Recorded(
        access=row[0],
        at_us=row[1],
        boot=row[2],
        place=row[3],
        type=row[4],
        action=row[5],
        outcome=row[6],
        kind=row[7],
        client=row[8],
        subject=row[9],
        role=row[10],
        institution=row[11],
        purpose=row[12],
        token=row[13],
        network=row[14],
        request=row[15],
        reason=row[16],
        policy=row[17],
        detail=row[18],
        n=row[19],
        home=row[20],
        person=row[21],
        resources=tuple(shown.split("\n")) if shown else (),
    )
