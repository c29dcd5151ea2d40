"""The version of a resource that stands, held until the unit ends, for whoever then changes it.

What may not be seen is not there. What a condition found must still be as it was found: where it
changed or went away in between, the unit is begun again.
"""

from hie.access.policy import Restriction
from hie.errors import Contended, Fault, NotPermitted, VersionMismatch
from hie.exchange.writing import Writing
from hie.store import locate, resources, rewriting
from hie.store.families import hold_families
from hie.store.served import Stored

_OF_ALL_HOMES = frozenset({"Patient", "Consent"})  # what these say follows a person everywhere


async def standing_of(
    writing: Writing, kind: str, key: str, found: Stored | None = None
) -> Stored | None:
    """The current version, held; None when there is none or it may not be seen.

    `found` is what a condition found. Raises Contended when that is not the current version. Whose
    it is is held before it (`families`).
    """
    home = None if found is None else found.home
    if home is None:
        home = (await locate.homes_of(writing.unit, kind, [key], writing.sight)).get(key)
        if home is None:
            return None
    if kind in _OF_ALL_HOMES:
        await hold_families(writing.unit, [home])
    elif home not in ("", key):
        await locate.homes_of(writing.unit, "Patient", [home], Restriction(), held=True)
    standing = (await resources.current(writing.unit, [(kind, key)])).get((kind, key))
    if found is not None and (standing is None or standing.version != found.version):
        raise Contended(f"{kind}: what was found has changed")
    return standing


def check_version(standing: Stored | None, kind: str, if_match: int | None) -> None:
    """Raises VersionMismatch when another version stands than the one that is expected."""
    if if_match is None:
        return
    if standing is None:
        raise VersionMismatch(f"{kind}: there is no version")
    if standing.version != if_match:
        raise VersionMismatch(f"{kind}: another version stands")


async def check_owner(writing: Writing, standing: Stored) -> None:
    """Raises NotPermitted for what another institution wrote or sent."""
    owner = await rewriting.institution_of(writing.unit, standing.message)
    if owner != writing.institution:
        fault = Fault("access", "org", "what the own institution wrote or sent")
        raise NotPermitted("not permitted", (fault,))
