"""The only way to read patients' data: a sub-select that already carries what the reader may see.

A restriction is plain values; here, in `seen_rows` and `consented` alone it becomes SQL. Hidden
rows take no part in anything: not in a match, a count, a sort or a page. `hie.store` writes tables
by name; everything that answers a caller reads from `visible(...)`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from hie.access.restriction import Restriction
from hie.store.arguments import Arguments
from hie.store.consented import is_ruled
from hie.store.seen_rows import conditions, joins
from hie.store.session import Reader
from hie.store.shapes import HOME, Made, Shapes
from hie.store.tables import HOMELESS, TABLES
from hie.store.whose import Rows

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
    reader: Reader,
    kind: str,
    restriction: Restriction,
    first: int = 1,
    *,
    locked: bool = False,
    homes: Sequence[str] | None = None,
) -> Visible:
    """The current versions of one type that may be seen, with all columns of its table.

    And one more, `is_ruled`: whether the patient may have rules of Consents.

    Arguments are numbered from `first`. A type that is not permitted, or unknown, has no rows.
    `locked`: the statement locks the rows. `homes`: those of these patients alone; of one patient
    whether they are reached and have rules is asked once, not for each row.
    """
    table = TABLES.get(kind)
    if table is None:
        table, restriction = "patient", Restriction(homes=frozenset())
    elif restriction == _ALL and homes is None:
        return _whole(table, first)
    return _fragment(reader, table, kind, restriction, first, [], locked=locked, homes=homes)


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
    homes: Sequence[str] | None = None,
) -> Visible:
    is_one = homes is not None and len(homes) == 1

    def make(shape: Restriction) -> Made:
        args = Arguments(reader, first)
        is_bound = kind not in HOMELESS
        joined = joins(args, table, shape) if is_bound and not locked and not is_one else []
        rows = Rows(table, kind, f"{table}.home", bool(joined))
        every = list(where)
        if is_one:
            rows = Rows(table, kind, args.add(HOME))
            every.append(f"{table}.home = {rows.home}")
        elif homes is not None:
            every.append(args.among(rows.home, frozenset({HOME})))
        every += conditions(args, rows, shape)
        asked = is_ruled(rows) if is_bound and shape.asks is not None and not locked else "true"
        condition = f" WHERE {' AND '.join(every)}" if every else ""
        source = " ".join([table, *joined])
        sql = f"(SELECT {table}.*, {asked} AS is_ruled FROM {source}{condition})"  # noqa: S608
        return sql, tuple(args.values)

    key = (table, kind, first, locked, tuple(where), homes is None, is_one)
    whose = None
    if homes is not None:
        whose = homes[0] if is_one else reader.db.array(homes)
    sql, args = _SHAPES.filled(reader, restriction, key, make, whose)
    return Visible(sql, args, first + len(args))


def _name(kind: str) -> str:
    return kind if kind in TABLES else ""
