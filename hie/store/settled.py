"""What a restriction comes to for one patient: asked once, for an answer of many statements.

Who is reached, whose own they are and whether they have rules is the same for all rows of a
patient; what is left to ask of each is its label.
"""

from dataclasses import replace

from hie.access.restriction import Reach, Restriction
from hie.access.windows import Kind
from hie.store.session import Reader


async def settled(reader: Reader, restriction: Restriction, home: str) -> Restriction | None:
    """A restriction that shows the same rows of this patient and asks nothing of who they are.

    None where there is none: the patient has rules, is nobody's or not reached, or the call itself
    or an emergency decides.
    """
    reach, asks = restriction.reach, restriction.asks
    if reach is None and asks is None:
        return restriction
    if reach is None or asks is None or not asks.permitted:
        return None
    if restriction.opened or restriction.declared:
        return None
    row = await reader.fetchrow(
        "SELECT EXISTS (SELECT 1 FROM consent_rule WHERE home = $1),"  # noqa: S608
        f" EXISTS (SELECT 1 FROM reach WHERE home = $1 AND {_lasts(reach, reach.kinds)}),"
        f" EXISTS (SELECT 1 FROM reach WHERE home = $1 AND {_lasts(reach, {Kind.OWN})}),"
        " EXISTS (SELECT 1 FROM reach WHERE home = $1 AND kind = 'own')",
        home,
        reach.institution,
        reach.at_us,
    )
    is_ruled, is_reached, is_own, is_somebodys = row or (True, False, False, False)
    if is_ruled or not is_reached or not is_somebodys:
        return None
    clearance = restriction.clearance
    if is_own:
        clearance = max(clearance, restriction.own_clearance)
    return replace(restriction, reach=None, asks=None, clearance=clearance, own_clearance=clearance)


def _lasts(reach: Reach, kinds: "frozenset[str] | set[Kind]") -> str:
    named = ", ".join(f"'{kind}'" for kind in Kind if kind in kinds) or "''"
    return f"institution = $2 AND kind IN ({named}) AND from_us <= $3 AND until_us > $3"
