"""The only way to read patients' data: a sub-select that already carries what the reader may see.

A restriction is plain values; here, in `seen_rows` and `consented` alone it becomes SQL. Hidden
rows take no part in anything: not in a match, a count, a sort or a page. `hie.store` writes tables
by name; everything that answers a caller reads from `visible(...)`.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

from hie.access.restriction import Restriction
from hie.store.arguments import Arguments
from hie.store.consented import RULED
from hie.store.seen_rows import conditions, is_joined
from hie.store.session import Reader
from hie.store.shapes import Made, Shapes
from hie.store.tables import TABLES

_ALL = Restriction()
_SHAPES = Shapes()


@dataclass(frozen=True, slots=True)
class Visible:
    """`sql` is a parenthesised sub-select, to be given an alias; `args` its arguments.

    `following` is the number of the next free argument: `f"... WHERE v.id = ${seen.following}"`.
    """

    sql: str
    args: tuple[Any, ...]
    following: int


def visible(
    reader: Reader, kind: str, restriction: Restriction, first: int = 1, *, locked: bool = False
) -> Visible:
    """The current versions of one type that may be seen, with all columns of its table.

    And one more, `is_ruled`: whether the patient may have rules of Consents.

    Arguments are numbered from `first`. A type that is not permitted, or unknown, has no rows.
    `locked`: the statement locks the rows.
    """
    table = TABLES.get(kind)
    if table is None:
        table, restriction = "patient", Restriction(homes=frozenset())
    elif restriction == _ALL:
        return _whole(table, first)
    return _fragment(reader, table, kind, restriction, first, [], locked=locked)


@cache
def _whole(table: str, first: int) -> Visible:
    """A whole table; the commonest fragment, made once."""
    return Visible(f"(SELECT *, true AS is_ruled FROM {table})", (), first)  # noqa: S608


def visible_history(reader: Reader, kind: str, restriction: Restriction, first: int = 1) -> Visible:
    """The earlier versions of one type that may be seen, with all columns of resource_history."""
    table = "resource_history"
    return _fragment(reader, table, kind, restriction, first, [f"type = '{_name(kind)}'"])


def _fragment(
    reader: Reader,
    table: str,
    kind: str,
    restriction: Restriction,
    first: int,
    where: list[str],
    *,
    locked: bool = False,
) -> Visible:
    def make(shape: Restriction) -> Made:
        args = Arguments(reader, first)
        every = [*where, *conditions(args, table, kind, shape, locked=locked)]
        condition = f" WHERE {' AND '.join(every)}" if every else ""
        source = f"SELECT *, true AS is_ruled FROM {table}"  # noqa: S608
        if not locked and is_joined(kind, shape):
            ruled = f"{table}.*, ruled.home IS NOT NULL AS is_ruled"
            source = f"SELECT {ruled} FROM {table} {RULED.format(table=table)}"  # noqa: S608
        return f"({source}{condition})", tuple(args.values)

    key = (table, kind, first, locked, tuple(where))
    sql, args = _SHAPES.filled(reader, restriction, key, make)
    return Visible(sql, args, first + len(args))


def _name(kind: str) -> str:
    return kind if kind in TABLES else ""
