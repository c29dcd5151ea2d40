"""A restriction as conditions on the rows of one table; `store.visible` puts them into its select.

One look at an index for each row and condition: whose patient it is (`reach`), the row's own label,
and the patient's consent (`consent_rule`). What is nobody's and what an institution wrote about no
patient belongs to that institution.
"""

from typing import Any

from hie.access.restriction import VERY_RESTRICTED, Asking, Constraints, Reach, Restriction
from hie.store.relations import Kind
from hie.store.session import Reader
from hie.store.tables import HOMELESS

_LABEL = "(coalesce({table}.label, 1) & 3)"
_HISTORY = "resource_history"
# Where a search parameter of a scope is a column; any other refuses the row.
_COLUMNS = {
    "Observation": {"category": "category", "code": "code", "status": "status"},
    "DiagnosticReport": {"category": "category", "code": "code", "status": "status"},
    "ImagingStudy": {"status": "status"},
    "ServiceRequest": {"status": "status"},
}
_NOTHING = "1 = 0"


class Arguments:
    """The arguments of a statement, numbered from `first`; a value twice is one argument."""

    def __init__(self, reader: Reader, first: int) -> None:
        self.reader = reader
        self.values: list[Any] = []
        self._first = first

    def add(self, value: Any) -> str:
        """The argument's number as SQL."""
        for place, known in enumerate(self.values):
            if type(known) is type(value) and known == value:
                return f"${self._first + place}"
        self.values.append(value)
        return f"${self._first + len(self.values) - 1}"

    def among(self, column: str, values: frozenset[str]) -> str:
        """The column is one of these."""
        if not values:
            return _NOTHING
        self.values.append(self.reader.db.array(sorted(values)))
        return self.reader.db.among(column, self._first + len(self.values) - 1)


def conditions(args: Arguments, table: str, kind: str, restriction: Restriction) -> list[str]:
    """What a row of this table must satisfy; `kind` is the resource type of its rows."""
    where = []
    if not restriction.permits_type(kind):
        where.append(_NOTHING)
    if restriction.sites is not None:
        inner = args.among("site", restriction.sites)
        where.append(f"message IN (SELECT id FROM message WHERE {inner})")  # noqa: S608
    alternatives = restriction.filters_of(kind)
    if alternatives:
        where.append(_either([_satisfied(args, table, kind, one) for one in alternatives]))
    if kind in HOMELESS:
        return where
    if restriction.homes is not None:
        where.append(args.among("home", restriction.homes))
    if restriction.reach is not None:
        where.append(_within(args, table, restriction.reach))
    if restriction.clearance < VERY_RESTRICTED:
        where.append(_cleared(args, table, restriction))
    if restriction.asks is not None:
        where.append(_consented(args, table, kind, restriction.asks))
    return where


def _satisfied(args: Arguments, table: str, kind: str, constraints: Constraints) -> str:
    columns = {} if table == _HISTORY else _COLUMNS.get(kind, {})
    parts = [
        args.among(columns[name], frozenset(values)) if name in columns else _NOTHING
        for name, values in constraints
    ]
    return " AND ".join(parts)


def _within(args: Arguments, table: str, reach: Reach) -> str:
    """A patient's row in reach, or one about no patient that the institution itself wrote."""
    writer = args.add(f"institution:{reach.institution}")
    return _either(
        [_reached(args, table, reach), f"{table}.home = '' AND {table}.message = {writer}"]
    )


def _reached(args: Arguments, table: str, reach: Reach) -> str:
    now = args.add(reach.at_us)
    kinds = ", ".join(f"'{kind}'" for kind in Kind if kind in reach.kinds) or "''"
    return (
        f"EXISTS (SELECT 1 FROM reach AS r WHERE r.home = {table}.home"  # noqa: S608
        f" AND r.institution = {args.add(reach.institution)} AND r.kind IN ({kinds})"
        f" AND r.from_us <= {now} AND r.until_us > {now})"
    )


def _cleared(args: Arguments, table: str, restriction: Restriction) -> str:
    """The label is within the clearance: the general one, the own house's, or the opened homes'."""
    label = _LABEL.format(table=table)
    parts = [f"{label} <= {restriction.clearance:d}"]
    if restriction.own_clearance > restriction.clearance and restriction.reach is not None:
        own = Reach(restriction.reach.institution, restriction.reach.at_us, frozenset({Kind.OWN}))
        writer = args.add(f"institution:{own.institution}")
        mine = _either([_reached(args, table, own), f"home = '' AND message = {writer}"])
        parts.append(f"{label} <= {restriction.own_clearance:d} AND {mine}")
    if restriction.opened:
        parts.append(f"{label} <= 1 AND {args.among(f'{table}.home', restriction.opened)}")
    return _either(parts)


def _consented(args: Arguments, table: str, kind: str, asks: Asking) -> str:
    """The patient's rule of the highest rank that speaks of this row permits it, or none does."""
    now, who = args.add(asks.at_us), args.add(asks.institution)
    return (
        "coalesce((SELECT c.permit FROM consent_rule AS c"  # noqa: S608
        f" WHERE c.home = {table}.home AND c.from_us <= {now} AND c.until_us > {now}"
        f" AND (c.institution IS NULL OR c.institution = {who})"
        f" AND (c.purpose IS NULL OR c.purpose = {args.add(asks.purpose)})"
        f" AND (c.label_mask IS NULL OR (coalesce({table}.label, 1) & c.label_mask) <> 0)"
        f" AND (c.clearance IS NULL OR {_LABEL.format(table=table)} >= c.clearance)"
        f" AND (c.resource IS NULL OR c.resource = '{kind}/' || {table}.id)"
        " AND (c.source_institution IS NULL OR EXISTS (SELECT 1 FROM reach AS o"
        f" WHERE o.home = {table}.home AND o.institution = c.source_institution"
        " AND o.kind = 'own'))"
        f" ORDER BY c.rank DESC LIMIT 1), {asks.permitted:d}) = 1"
    )


def _either(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"({' OR '.join(f'({part})' for part in parts)})"
