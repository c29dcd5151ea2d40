"""`_include` and `_revinclude`: what goes with a page of matches, each once, never a match itself.

FHIR R4 search.html#revinclude. With `:iterate` what was included is followed too, at most
`MOST_ROUNDS` times; a page takes at most `MOST_INCLUDED` with it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hie.access.policy import Restriction
from hie.errors import TooCostly
from hie.fhir.search.definitions import Kind, Parameter
from hie.fhir.search.refusal import bad
from hie.store.search.referring import Ref, fetch, leads_to, referring
from hie.store.search.registry import BOUND, PARAMETERS
from hie.store.served import Stored
from hie.store.session import Reader
from hie.store.tables import HOMELESS

MOST_INCLUDED = 1_000
MOST_ROUNDS = 4


@dataclass(frozen=True, slots=True)
class Include:
    """One of them: from resources of `type` ("": any), along these parameters, to `target`."""

    type: str
    parameters: tuple[Parameter, ...]
    target: str = ""
    reverse: bool = False
    iterate: bool = False


def read_include(searched: str, name: str, modifier: str, text: str) -> Include:
    """`Type:parameter`, `Type:parameter:target`, `Type:*`, `*`. Raises InvalidRequest by name.

    `*` is every reference of the type that is searched, or of every type to it.
    """
    reverse = name == "_revinclude"
    if modifier not in ("", "iterate", "recurse"):
        raise bad(name, "unknown-modifier", ":iterate or none")
    kind, _, rest = (f"{'' if reverse else searched}:*" if text == "*" else text).partition(":")
    parameter, _, target = rest.partition(":")
    asked = tuple(
        one
        for one in PARAMETERS.get(kind, {}).values()
        if one.kind is Kind.REFERENCE and parameter in ("*", one.name)
    )
    if (not asked and text != "*") or (target and target not in PARAMETERS):
        raise bad(name, "not-an-include", "Type:parameter or Type:parameter:target of served types")
    return Include(kind, asked, target, reverse, modifier != "")


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
    for kind, parameters in _sources(include):
        for parameter in parameters:
            able = {ref: home for ref, home in to.items() if ref[0] in parameter.targets}
            if include.type == "" and kind not in HOMELESS:
                able = {ref: home for ref, home in able.items() if home}
            if able:
                led = await referring(reader, kind, parameter, able, restriction)
                found.update(((one.type, one.id), one) for one, _ in led)
    return found


def _sources(include: Include) -> Iterator[tuple[str, Sequence[Parameter]]]:
    """The types that are looked through for what leads here, each with its references.

    Of all types only those that speak of a patient: what leads to a shared resource is not indexed.
    """
    if include.type:
        yield include.type, include.parameters
        return
    for kind in sorted(BOUND):
        yield kind, [one for one in PARAMETERS[kind].values() if one.kind is Kind.REFERENCE]
