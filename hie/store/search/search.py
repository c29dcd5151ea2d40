"""A query over what may be seen: one SQL statement, a page cut by key, never by offset.

The order is total (the id is its last part), so pages stay stable while rows are added.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from hie.access.policy import Restriction
from hie.errors import Fault, InvalidRequest, TooCostly
from hie.fhir import CATEGORY, ITEM, SECTION
from hie.fhir.search.asked import Pointer, Token, When
from hie.fhir.search.match import matches
from hie.store.identifiers import blind
from hie.store.index import DICOM_UID
from hie.store.search.condition import Condition
from hie.store.search.query import Query
from hie.store.search.referring import Ref, referring
from hie.store.search.registry import BOUND, DATED, MOST_EVALUATED
from hie.store.served import STORED, Stored, stored
from hie.store.session import Dialect, Reader, Row
from hie.store.systems import short
from hie.store.tables import HOMELESS
from hie.store.visible import Visible, visible

_NEVER = -(2**62)
_MOST_CHAINED = 200
_CHUNK = 500  # rows that are looked at before others get their turn
# The systems whose codes stand in a column; "" is a code element, which names none.
_SYSTEMS = {
    ("Observation", "status"): ("", "http://hl7.org/fhir/observation-status"),
    ("DiagnosticReport", "status"): ("", "http://hl7.org/fhir/diagnostic-report-status"),
    ("ImagingStudy", "status"): ("", "http://hl7.org/fhir/imagingstudy-status"),
    ("Observation", "category"): (CATEGORY,),
    ("DiagnosticReport", "category"): (SECTION,),
}
_DCM = "http://dicom.nema.org/resources/ontology/DCM"


class Page(NamedTuple):
    """One page of matches, where the next begins (None: nowhere), and the total if asked."""

    matches: Sequence[Stored]
    following: list[Any] | None
    total: int | None


async def search(
    reader: Reader, query: Query, restriction: Restriction, after: Sequence[Any] | None = None
) -> Page:
    """The page of matches after a position. Raises TooCostly for what no index answers."""
    resolved = await _resolved(reader, query, restriction)
    if resolved is None:
        return Page((), None, 0 if query.total or query.count_only else None)
    query = resolved
    homes = query.ids("patient", "subject")
    if query.type in BOUND and not homes and not query.ids("_id") and not _names_one(query):
        raise TooCostly(f"{query.type}: name a patient or an _id")
    if query.evaluated and not _is_narrow(query):
        names = ", ".join(one.name for one in query.evaluated)
        raise TooCostly(f"{query.type}: {names}: name a patient, an _id or an identifier too")
    seen = visible(reader, query.type, restriction)
    sql = _Sql(reader, list(seen.args))
    where = [sql.condition(query.type, one) for one in query.conditions if one.indexed]
    if query.evaluated:
        return await _evaluated(reader, query, seen, sql, where, after, restriction)
    total = None
    if query.total or query.count_only:
        total = await _count(reader, seen, sql, where)
    if query.count_only or query.count == 0:
        return Page((), None, total)
    rows = await _rows(reader, query, seen, sql, where, after, query.count + 1)
    found = [stored(reader.db, query.type, row[:7]) for row in rows[: query.count]]
    following = _position(rows[query.count - 1]) if len(rows) > query.count else None
    return Page(found, following, total)


async def _evaluated(
    reader: Reader,
    query: Query,
    seen: Visible,
    sql: "_Sql",
    where: list[str],
    after: Sequence[Any] | None,
    restriction: Restriction,
) -> Page:
    """The matches among the rows the indexed conditions leave, looked at one by one."""
    if await _count(reader, seen, sql, where) > MOST_EVALUATED:
        raise TooCostly(f"{query.type}: more than {MOST_EVALUATED} to look at: narrow the search")
    every = query.total or query.count_only
    wanted = 0 if query.count_only else query.count
    found: list[tuple[Stored, Row]] = []
    total = 0
    place = None if every else after
    more = True
    while more and (every or len(found) <= wanted):
        rows = await _rows(reader, query, seen, sql, where, place, _CHUNK)
        more = len(rows) == _CHUNK
        chunk = [stored(reader.db, query.type, row[:7]) for row in rows]
        backs = [await _led(reader, c, chunk, restriction) for c in query.evaluated if c.back]
        for one, row in zip(chunk, rows, strict=True):
            tree = one.resource()
            if all((one.type, one.id) in led for led in backs) and all(
                matches(c.parameter, c.modifier, c.values, tree)
                for c in query.evaluated
                if not c.back
            ):
                total += 1
                if len(found) <= wanted and (not every or _follows(query, row, after)):
                    found.append((one, row))
        place = _position(rows[-1]) if rows else None
    following = _position(found[wanted - 1][1]) if wanted and len(found) > wanted else None
    return Page([one for one, _ in found[:wanted]], following, total if every else None)


async def _resolved(reader: Reader, query: Query, restriction: Restriction) -> Query | None:
    """The query with its chains followed; None when one of them leads nowhere.

    Raises TooCostly for a chain that nothing narrows, or that leads to too many.
    """
    conditions = []
    for one in query.conditions:
        if one.inner is None or one.back:
            conditions.append(one)
            continue
        wanted = Query(one.type, (one.inner,), count=_MOST_CHAINED + 1)
        ends = (await search(reader, wanted, restriction)).matches
        if not ends:
            return None
        if len(ends) > _MOST_CHAINED:
            raise TooCostly(f"{one.name}: the chain leads to more than {_MOST_CHAINED}")
        values = tuple(Pointer(one.type, end.id) for end in ends)
        conditions.append(replace(one, values=values, inner=None))
    return replace(query, conditions=tuple(conditions))


async def _led(
    reader: Reader, one: Condition, chunk: Sequence[Stored], restriction: Restriction
) -> set[Ref]:
    """Those of a chunk that something leads to for which the inner condition holds (`_has`)."""
    inner = one.inner
    if inner is None or not chunk:
        return set()
    if inner.inner is not None:
        resolved = await _resolved(reader, Query(one.type, (inner,)), restriction)
        if resolved is None:
            return set()
        (inner,) = resolved.conditions
    if inner.back:
        raise TooCostly("_has of _has")
    to = {(each.type, each.id): each.home for each in chunk}
    found: set[Ref] = set()
    for each, led in await referring(reader, one.type, one.parameter, to, restriction):
        if matches(inner.parameter, inner.modifier, inner.values, each.resource()):
            found |= led
    return found


def _follows(query: Query, row: Row, after: Sequence[Any] | None) -> bool:
    """Whether a row stands after a position, in the order of the page."""
    if after is None:
        return True
    mine, given = (row[7], row[1]), (int(after[0]), str(after[1]))
    return bool(mine < given if _order(query)[1] else mine > given)


def _position(row: Row) -> list[Any]:
    return [row[7], row[1]]


async def _count(reader: Reader, seen: Visible, sql: "_Sql", where: list[str]) -> int:
    clause = f" WHERE {' AND '.join(where)}" if where else ""
    found = await reader.fetchval(f"SELECT count(*) FROM {seen.sql} AS v{clause}", *sql.args)  # noqa: S608
    return int(found)


async def _rows(
    reader: Reader,
    query: Query,
    seen: Visible,
    sql: "_Sql",
    where: Sequence[str],
    after: Sequence[Any] | None,
    limit: int,
) -> Sequence[Row]:
    """Rows after a position, in the page's order: the stored columns and the key they stand by."""
    key, down = _order(query)
    args = list(sql.args)
    parts = list(where)
    if after is not None:
        args += [int(after[0]), str(after[1])]
        sign = "<" if down else ">"
        parts.append(f"({key}, v.id) {sign} (${len(args) - 1}, ${len(args)})")
    clause = f" WHERE {' AND '.join(parts)}" if parts else ""
    columns = ", ".join(f"v.{name}" for name in STORED.split(", "))
    direction = "DESC" if down else "ASC"
    return await reader.fetch(
        f"SELECT {columns}, {key} FROM {seen.sql} AS v{clause}"  # noqa: S608
        f" ORDER BY {key} {direction}, v.id {direction} LIMIT {limit}",
        *args,
    )


def _is_narrow(query: Query) -> bool:
    """Whether what is left to look at is one patient's, a named few, or a small type's."""
    return bool(
        query.type in HOMELESS
        or query.ids("patient", "subject")
        or query.ids("_id")
        or _names_one(query)
    )


def _names_one(query: Query) -> bool:
    """Whether an identifier that has an index is asked for by its value."""
    return any(
        one.name == "identifier" and one.indexed and not one.negated for one in query.conditions
    )


def _order(query: Query) -> tuple[str, bool]:
    """What a page is sorted by, and whether downwards: newest first unless asked otherwise."""
    date = DATED.get(query.type)
    if date is not None and query.sort.removeprefix("-") in {"", date}:
        return f"coalesce(v.effective_us, {_NEVER})", query.sort != date
    return "v.updated_us", query.sort != "_lastUpdated"


class _Sql:
    """Builds conditions and collects their arguments."""

    def __init__(self, reader: Reader, args: list[Any]) -> None:
        self.reader = reader
        self.args = args

    def arg(self, value: Any) -> str:
        self.args.append(value)
        return f"${len(self.args)}"

    def among(self, column: str, values: Sequence[str]) -> str:
        self.args.append(self.reader.db.array(values))
        return self.reader.db.among(column, len(self.args))

    def condition(self, kind: str, one: Condition) -> str:
        if one.name == "_id":
            return self.among("v.id", one.ids)
        if one.name in {"patient", "subject"}:
            return self.among("v.home", one.ids)
        if one.name == "_lastUpdated":
            return self._any([self._date(w, "v.updated_us", "v.updated_us") for w in one.dates])
        if one.name == DATED.get(kind):
            return self._any(
                [self._date(w, "v.effective_us", "v.effective_end_us") for w in one.dates]
            )
        found = self._any([self._token(kind, one.name, token) for token in one.tokens])
        return f"NOT coalesce({found}, false)" if one.negated else found

    def _any(self, parts: list[str]) -> str:
        return f"({' OR '.join(parts)})"

    def _date(self, when: When, low: str, high: str) -> str:
        """The prefixes of search.html#prefix; `high` is the last microsecond of what is stored."""
        match when.prefix:
            case "eq":
                return f"({low} >= {self.arg(when.start)} AND {high} < {self.arg(when.end)})"
            case "ne":
                return f"NOT ({low} >= {self.arg(when.start)} AND {high} < {self.arg(when.end)})"
            case "gt":
                return f"{high} >= {self.arg(when.end)}"
            case "ge":
                return f"({high} >= {self.arg(when.end)} OR {low} >= {self.arg(when.start)})"
            case "lt":
                return f"{low} < {self.arg(when.start)}"
            case "le":
                return f"({low} < {self.arg(when.start)} OR {high} < {self.arg(when.end)})"
            case "sa":
                return f"{low} >= {self.arg(when.end)}"
            case "ap":
                return f"({low} < {self.arg(when.end)} AND {high} >= {self.arg(when.start)})"
            case _:
                return f"{high} < {self.arg(when.start)}"

    def _token(self, kind: str, name: str, token: Token) -> str:
        if name == "identifier":
            return self._identifier(token) if kind == "Patient" else self._study(token)
        if name == "modality":
            return self._modality(token)
        if name in {"status", "category"}:
            return self._bound(name, _SYSTEMS[kind, name], token)
        pairs = [("v.code_system", "v.code"), ("v.local_system", "v.local_code")]
        if kind in {"Observation", "DiagnosticReport"}:
            pairs.append(("", "v.item"))
        return self._any([self._coded(system, code, token) for system, code in pairs])

    def _bound(self, name: str, systems: Sequence[str], token: Token) -> str:
        """An element all of whose codes are of known systems."""
        if token.system is not None and token.system not in systems:
            return "1 = 0"
        if token.code is None:
            return f"v.{name} IS NOT NULL"
        return f"v.{name} = {self.arg(token.code)}"

    def _coded(self, system: str, code: str, token: Token) -> str:
        """A system and code in two columns; without a column the system is the hub's items."""
        if not system and token.system not in {None, ITEM}:
            return "1 = 0"
        parts = [f"{code} IS NOT NULL"]
        if token.code is not None:
            parts.append(f"{code} = {self.arg(token.code)}")
        if system and token.system is not None:
            parts.append(f"{system} = {self.arg(short(token.system))}")
        return f"({' AND '.join(parts)})"

    def _identifier(self, token: Token) -> str:
        if token.code is None:
            raise TooCostly("identifier: name the value too")
        parts = [f"i.hash = {self.arg(blind(self.reader, token.code))}", "i.kind = 'Patient'"]
        if token.system is not None:
            parts.append(f"i.system = {self.arg(token.system)}")
        inner = f"SELECT i.home FROM identifier AS i WHERE {' AND '.join(parts)}"  # noqa: S608
        return f"v.home IN ({inner})"

    def _study(self, token: Token) -> str:
        """A study by its UID, bare or as "urn:oid:…", or by its accession number."""
        if token.code is None:
            raise TooCostly("identifier: name the value too")
        parts = []
        if token.system in {None, DICOM_UID}:
            uid = token.code if token.code.startswith("urn:oid:") else f"urn:oid:{token.code}"
            parts.append(f"v.uid_hash = {self.arg(blind(self.reader, uid))}")
        if token.system != DICOM_UID:
            part = f"v.accession_hash = {self.arg(blind(self.reader, token.code))}"
            if token.system is not None:
                part += f" AND v.accession_system = {self.arg(short(token.system))}"
            parts.append(part)
        return self._any([f"({part})" for part in parts])

    def _modality(self, token: Token) -> str:
        if token.code is None or token.system not in {None, "", _DCM}:
            return "1 = 0"
        # A blank never stands in a code, so a code between blanks is that code and no part of one.
        code = "".join(token.code.split())
        return f"(v.modality IS NOT NULL AND {self._holds('v.modality', f' {code} ')})"

    def _holds(self, column: str, part: str) -> str:
        function = "strpos" if self.reader.db.dialect is Dialect.POSTGRESQL else "instr"
        return f"{function}({column}, {self.arg(part)}) > 0"


def read_position(text: bytes) -> list[Any]:
    """A position as `search` returned it. Raises InvalidRequest."""
    try:
        found = json.loads(text)
    except ValueError as problem:
        raise InvalidRequest("page", (Fault("page", "invalid-value", "a page link"),)) from problem
    return list(found)
