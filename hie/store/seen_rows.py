"""A restriction as conditions on the rows of one table; `store.visible` puts them into its select.

One look at an index for each row and condition: whose patient it is (`reach`), the row's own label,
and the patient's consent (`consented`). What is nobody's and what an institution wrote about no
patient belongs to that institution.
"""

from hie.access.restriction import (
    RESTRICTED,
    VERY_RESTRICTED,
    Asking,
    Reach,
    Restriction,
)
from hie.access.windows import Kind
from hie.store.arguments import Arguments
from hie.store.consented import consented, own
from hie.store.constrained import satisfied
from hie.store.tables import HOMELESS

_LABEL = "(coalesce({table}.label, 1) & 3)"
_HISTORY = "resource_history"
_NOTHING = "1 = 0"


def is_joined(kind: str, restriction: Restriction) -> bool:
    """Whether the conditions want `consented.RULED` joined to the table."""
    return restriction.asks is not None and kind not in HOMELESS


def conditions(
    args: Arguments, table: str, kind: str, restriction: Restriction, *, locked: bool = False
) -> list[str]:
    """What a row of this table must satisfy; `kind` is the resource type of its rows.

    `locked`: the rows will be, so nothing may be joined to them.
    """
    where = []
    if not restriction.permits_type(kind):
        where.append(_NOTHING)
    if restriction.sites is not None:
        inner = args.among("site", restriction.sites)
        where.append(f"{table}.message IN (SELECT id FROM message WHERE {inner})")  # noqa: S608
    alternatives = restriction.filters_of(kind)
    if alternatives:
        where.append(_either([satisfied(args.add, table, kind, one) for one in alternatives]))
    if kind in HOMELESS:
        return where
    if restriction.homes is not None:
        where.append(args.among(f"{table}.home", restriction.homes))
    if restriction.patient is not None:
        where.append(
            f"{table}.home IN (SELECT b.home FROM person_home AS a JOIN person_home AS b"  # noqa: S608
            f" ON b.person = a.person WHERE a.home = {args.add(restriction.patient)})"
        )
    if restriction.reach is not None:
        where.append(_within(args, table, restriction.reach, restriction))
    is_cleared = restriction.clearance >= VERY_RESTRICTED
    cleared = None if is_cleared else _cleared(args, table, restriction)
    if restriction.asks is not None:
        asks = restriction.asks
        where.append(_agreed(args, table, kind, restriction, asks, cleared, looks=locked))
    elif cleared is not None:
        where.append(cleared)
    return where


def _agreed(
    args: Arguments,
    table: str,
    kind: str,
    restriction: Restriction,
    asks: Asking,
    cleared: str | None,
    *,
    looks: bool,
) -> str:
    """The label is within the clearance, or the patient opens it; and the patient permits it."""
    level = _LABEL.format(table=table)
    least = "1"
    if cleared is not None:
        least = f"(CASE WHEN {cleared} THEN 1 WHEN {level} = {RESTRICTED} THEN 2 ELSE 3 END)"
    agreed = consented(args, table, kind, asks, restriction.opened, least, looks=looks)
    mine = own(args, table, kind, asks)
    if mine is None:
        return agreed
    return _either([agreed, mine if cleared is None else f"({mine}) AND {cleared}"])


def _within(args: Arguments, table: str, reach: Reach, restriction: Restriction) -> str:
    """A patient's row in reach, or one about nobody here that the institution itself wrote.

    Also of a patient who is declared to be treated by this call, and of one the glass is broken
    for, but for what is very restricted.
    """
    writer = args.add(f"institution:{reach.institution}")
    parts = [_reached(args, table, reach), _nobodys(table, writer)]
    if restriction.declared:
        parts.append(args.among(f"{table}.home", restriction.declared))
    if restriction.opened:
        broken = args.among(f"{table}.home", restriction.opened)
        parts.append(f"{_LABEL.format(table=table)} <= {RESTRICTED} AND {broken}")
    return _either(parts)


def _nobodys(table: str, writer: str) -> str:
    """The institution wrote it about no patient, or about one who is not here yet."""
    return (
        f"{table}.message = {writer} AND NOT EXISTS (SELECT 1 FROM reach AS n"  # noqa: S608
        f" WHERE n.home = {table}.home AND n.kind = 'own')"
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
        mine = _either([_reached(args, table, own), _nobodys(table, writer)])
        parts.append(f"{label} <= {restriction.own_clearance:d} AND {mine}")
    if restriction.opened:
        parts.append(f"{label} <= 1 AND {args.among(f'{table}.home', restriction.opened)}")
    return _either(parts)


def _either(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"({' OR '.join(f'({part})' for part in parts)})"
