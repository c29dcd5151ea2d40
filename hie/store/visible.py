"""The only way to read patients' data: a sub-select that already carries what the reader may see.

A restriction is plain values; here alone it becomes SQL. Hidden rows take no part in anything: not
in a match, a count, a sort or a page. `hie.store` writes tables by name; everything that answers a
caller reads from `visible(...)`.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

from hie.access.policy import Restriction
from hie.store.session import Reader
from hie.store.tables import HOMELESS, TABLES

_ALL = Restriction()


@dataclass(frozen=True, slots=True)
class Visible:
    """`sql` is a parenthesised sub-select, to be given an alias; `args` its arguments.

    `following` is the number of the next free argument: `f"... WHERE v.id = ${seen.following}"`.
    """

    sql: str
    args: tuple[Any, ...]
    following: int


def visible(reader: Reader, kind: str, restriction: Restriction, first: int = 1) -> Visible:
    """The current versions of one type that may be seen, with all columns of its table.

    Arguments are numbered from `first`. A type that is not permitted, or unknown, has no rows.
    """
    table = TABLES.get(kind)
    if table is None:
        table, restriction = "patient", Restriction(homes=frozenset())
    elif restriction == _ALL:
        return _whole(table, first)
    return _fragment(reader, f"SELECT * FROM {table}", kind, restriction, first, [])  # noqa: S608


@cache
def _whole(table: str, first: int) -> Visible:
    """A whole table; the commonest fragment, made once."""
    return Visible(f"(SELECT * FROM {table})", (), first)  # noqa: S608


def visible_history(reader: Reader, kind: str, restriction: Restriction, first: int = 1) -> Visible:
    """The earlier versions of one type that may be seen, with all columns of resource_history."""
    base = "SELECT * FROM resource_history"
    return _fragment(reader, base, kind, restriction, first, [f"type = '{_name(kind)}'"])


def _fragment(
    reader: Reader, base: str, kind: str, restriction: Restriction, first: int, where: list[str]
) -> Visible:
    args: list[Any] = []
    if not restriction.permits_type(kind):
        where.append("1 = 0")
    if restriction.homes is not None and kind not in HOMELESS:
        where.append(_in(reader, "home", restriction.homes, first + len(args), args))
    if restriction.sites is not None:
        inner = _in(reader, "site", restriction.sites, first + len(args), args)
        where.append(f"message IN (SELECT id FROM message WHERE {inner})")  # noqa: S608
    condition = f" WHERE {' AND '.join(where)}" if where else ""
    return Visible(f"({base}{condition})", tuple(args), first + len(args))


def _in(reader: Reader, column: str, values: frozenset[str], number: int, args: list[Any]) -> str:
    if not values:
        return "1 = 0"
    args.append(reader.db.array(sorted(values)))
    return reader.db.among(column, number)


def _name(kind: str) -> str:
    return kind if kind in TABLES else ""
