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
from hie.store.consented import RULED, consented, own
from hie.store.constrained import satisfied
from hie.store.tables import HOMELESS
from hie.store.whose import Rows

_LABEL = "(coalesce({table}.label, 1) & 3)"
_HISTORY = "resource_history"
_NOTHING = "1 = 0"
# Rows of the commonest relations, at most one each: PostgreSQL asks them once for a patient.
_NEAR = (
    "LEFT JOIN reach AS {kind} ON {kind}.home = {table}.home"
    " AND {kind}.institution = {institution} AND {kind}.kind = '{kind}'"
)


def joins(args: Arguments, table: str, restriction: Restriction) -> list[str]:
    """What is joined to a table of many patients' rows, so that each patient is looked up once."""
    found = [] if restriction.asks is None else [RULED.format(table=table)]
    reach = restriction.reach
    if reach is not None:
        institution = args.add(reach.institution)
        near = _near(reach)
        if _sees_more_of_own(restriction):
            near |= {Kind.OWN}
        found += [
            _NEAR.format(table=table, institution=institution, kind=one) for one in sorted(near)
        ]
    return found


def _near(reach: Reach) -> frozenset[Kind]:
    """The relation by which it is commonest that a patient is reached, if it counts."""
    return frozenset({Kind.OWN if Kind.OWN in reach.kinds else Kind.VISIT} & reach.kinds)


def _sees_more_of_own(restriction: Restriction) -> bool:
    return restriction.own_clearance > restriction.clearance


def conditions(args: Arguments, rows: Rows, restriction: Restriction) -> list[str]:
    """What each row must satisfy."""
    table, kind = rows.table, rows.kind
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
        where.append(args.among(rows.home, restriction.homes))
    if restriction.patient is not None:
        where.append(
            f"{rows.home} IN (SELECT b.home FROM person_home AS a JOIN person_home AS b"  # noqa: S608
            f" ON b.person = a.person WHERE a.home = {args.add(restriction.patient)})"
        )
    if restriction.reach is not None:
        where.append(_within(args, rows, restriction.reach, restriction))
    is_cleared = restriction.clearance >= VERY_RESTRICTED
    cleared = None if is_cleared else _cleared(args, rows, restriction)
    if restriction.asks is not None:
        asks = restriction.asks
        where.append(_agreed(args, rows, restriction, asks, cleared))
    elif cleared is not None:
        where.append(cleared)
    return where


def _agreed(
    args: Arguments, rows: Rows, restriction: Restriction, asks: Asking, cleared: str | None
) -> str:
    """The label is within the clearance, or the patient opens it; and the patient permits it."""
    level = _LABEL.format(table=rows.table)
    least = "1"
    if cleared is not None:
        least = f"(CASE WHEN {cleared} THEN 1 WHEN {level} = {RESTRICTED} THEN 2 ELSE 3 END)"
    agreed = consented(args, rows, asks, restriction.opened, least)
    mine = own(args, rows, asks)
    if mine is None:
        return agreed
    return _either([agreed, mine if cleared is None else f"({mine}) AND {cleared}"])


def _within(args: Arguments, rows: Rows, reach: Reach, restriction: Restriction) -> str:
    """A patient's row in reach, or one about nobody here that the institution itself wrote.

    Also of a patient who is declared to be treated by this call, and of one the glass is broken
    for, but for what is very restricted.
    """
    writer = args.add(f"institution:{reach.institution}")
    parts = [_reached(args, rows, reach), _nobodys(rows, writer)]
    if restriction.declared:
        parts.append(args.among(rows.home, restriction.declared))
    if restriction.opened:
        broken = args.among(rows.home, restriction.opened)
        parts.append(f"{_LABEL.format(table=rows.table)} <= {RESTRICTED} AND {broken}")
    return _either(parts)


def _nobodys(rows: Rows, writer: str) -> str:
    """The institution wrote it about no patient, or about one who is not here yet."""
    return (
        f"{rows.table}.message = {writer} AND NOT EXISTS (SELECT 1 FROM reach AS n"  # noqa: S608
        f" WHERE n.home = {rows.home} AND n.kind = 'own')"
    )


def _reached(args: Arguments, rows: Rows, reach: Reach) -> str:
    now = args.add(reach.at_us)
    near = _near(reach) if rows.is_joined else frozenset[Kind]()
    parts = [f"{one}.from_us <= {now} AND {one}.until_us > {now}" for one in near]
    others = reach.kinds - near
    if others or not near:
        kinds = ", ".join(f"'{kind}'" for kind in Kind if kind in others) or "''"
        parts.append(
            f"EXISTS (SELECT 1 FROM reach AS r WHERE r.home = {rows.home}"  # noqa: S608
            f" AND r.institution = {args.add(reach.institution)} AND r.kind IN ({kinds})"
            f" AND r.from_us <= {now} AND r.until_us > {now})"
        )
    return _either(parts)


def _cleared(args: Arguments, rows: Rows, restriction: Restriction) -> str:
    """The label is within the clearance: the general one, the own house's, or the opened homes'."""
    label = _LABEL.format(table=rows.table)
    parts = [f"{label} <= {restriction.clearance:d}"]
    if _sees_more_of_own(restriction) and restriction.reach is not None:
        own = Reach(restriction.reach.institution, restriction.reach.at_us, frozenset({Kind.OWN}))
        writer = args.add(f"institution:{own.institution}")
        mine = _either([_reached(args, rows, own), _nobodys(rows, writer)])
        parts.append(f"{label} <= {restriction.own_clearance:d} AND {mine}")
    if restriction.opened:
        parts.append(f"{label} <= 1 AND {args.among(rows.home, restriction.opened)}")
    return _either(parts)


def _either(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"({' OR '.join(f'({part})' for part in parts)})"
