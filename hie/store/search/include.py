"""`_include` and `_revinclude`: what goes with a page of matches, each once, never a match itself.

FHIR R4 search.html#revinclude. With `:iterate` what was included is followed too, at most
`MOST_ROUNDS` times; a page takes at most `MOST_INCLUDED` with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from hie.access.policy import Restriction
from hie.errors import TooCostly
from hie.fhir.search.asked import bad
from hie.fhir.search.definitions import Kind, Parameter
from hie.store.search.referring import Ref, fetch, leads_to, referring
from hie.store.search.registry import PARAMETERS
from hie.store.served import Stored
from hie.store.session import Reader

MOST_INCLUDED = 1_000
MOST_ROUNDS = 4


@dataclass(frozen=True, slots=True)
class Include:
    """One of them: from resources of `type`, along these parameters, to `target` ("": any)."""

    type: str
    parameters: tuple[Parameter, ...]
    target: str = ""
    reverse: bool = False
    iterate: bool = False


def read_include(name: str, modifier: str, text: str) -> Include:
    """`Type:parameter`, `Type:parameter:target`, `Type:*`. Raises InvalidRequest by name."""
    kind, _, rest = text.partition(":")
    parameter, _, target = rest.partition(":")
    if modifier not in ("", "iterate", "recurse"):
        raise bad(name, "unknown-modifier", ":iterate or none")
    known = PARAMETERS.get(kind, {})
    if parameter == "*":
        asked = tuple(one for one in known.values() if one.kind is Kind.REFERENCE)
    else:
        asked = tuple(
            one for one in known.values() if one.name == parameter and one.kind is Kind.REFERENCE
        )
    if not asked or (target and target not in PARAMETERS):
        raise bad(name, "not-an-include", "Type:parameter or Type:parameter:target of served types")
    return Include(kind, asked, target, name == "_revinclude", modifier != "")


async def included(
    reader: Reader, includes: Sequence[Include], page: Sequence[Stored], restriction: Restriction
) -> list[Stored]:
    """What goes with these matches, in no order but a stable one. Raises TooCostly."""
    found: dict[Ref, Stored] = {}
    known: set[Ref] = {(one.type, one.id) for one in page}
    last = list(page)
    for turn in range(MOST_ROUNDS):
        fresh: dict[Ref, Stored] = {}
        for include in includes:
            if turn and not include.iterate:
                continue
            reached = _back if include.reverse else _forth
            fresh.update(await reached(reader, include, last, restriction))
        last = [one for ref, one in sorted(fresh.items()) if ref not in known]
        if not last:
            break
        known |= fresh.keys()
        found.update(((one.type, one.id), one) for one in last)
        if len(found) > MOST_INCLUDED:
            raise TooCostly(f"more than {MOST_INCLUDED} resources would go with this page")
    return [one for _, one in sorted(found.items())]


async def _forth(
    reader: Reader, include: Include, last: Sequence[Stored], restriction: Restriction
) -> dict[Ref, Stored]:
    wanted: set[Ref] = set()
    for one in last:
        if one.type == include.type:
            tree = one.resource()
            for parameter in include.parameters:
                wanted |= leads_to(tree, parameter, include.target)
    return await fetch(reader, wanted, restriction)


async def _back(
    reader: Reader, include: Include, last: Sequence[Stored], restriction: Restriction
) -> dict[Ref, Stored]:
    to = {(one.type, one.id): one.home for one in last if include.target in ("", one.type)}
    found: dict[Ref, Stored] = {}
    for parameter in include.parameters:
        able = {ref: home for ref, home in to.items() if ref[0] in parameter.targets}
        if able:
            led = await referring(reader, include.type, parameter, able, restriction)
            found.update(((one.type, one.id), one) for one, _ in led)
    return found
