"""A client writes in its own institution's name: it says of no other that it did something.

Who performed a result decides whether it is recognised elsewhere; whose visit or order it was
decides who reaches the patient. Neither is believed of anybody but the writer. An institution is
named by its code, or by pointing at an Organization that has it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from hie.access.policy import Restriction
from hie.access.reason import Reason
from hie.errors import Fault, NotPermitted
from hie.exchange.patients_asked import check_criteria
from hie.exchange.writing import Writing
from hie.fhir import INSTITUTION, Resource
from hie.fhir.elements import referenced
from hie.store.versions import read_many

# Elements that say who did it. Whom a request is given to, a task is for, or who asked a laboratory
# may be another: nobody reaches a patient by being named there.
_DOERS: Mapping[str, tuple[str, ...]] = {
    "Observation": ("performer",),
    "DiagnosticReport": ("performer", "resultsInterpreter"),
    "Encounter": ("serviceProvider",),
    "Task": ("requester",),
    "DocumentReference": ("author", "custodian"),
    "Patient": ("managingOrganization",),
    "Communication": ("sender",),
}


async def codes_of(writing: Writing, trees: Mapping[str, Resource]) -> dict[str, set[str]]:
    """The codes of the Organizations that these resources, by id, name as doers.

    Those that are written with them count as they will stand.
    """
    pointed = {_pointed(one) for tree in trees.values() for one in _named(tree)} - {None}
    coming = {key: tree for key, tree in trees.items() if key in pointed}
    missing = sorted(str(key) for key in pointed - coming.keys())
    found = dict(coming)
    if missing:
        stored = await read_many(writing.unit, "Organization", missing, Restriction())
        found.update((key, one.resource()) for key, one in stored.items())
    return {key: set(_codes(tree.get("identifier"))) for key, tree in found.items()}


def check_doers(writing: Writing, tree: Resource, codes: Mapping[str, set[str]]) -> None:
    """It says of no other institution that it did something; raises NotPermitted.

    An Organization without a code is one of the writer's own words: nothing rests on it.
    """
    said: set[str] = set()
    for one in _named(tree):
        said |= set(_codes(one.get("identifier"))) | codes.get(_pointed(one) or "", set())
    if said - {writing.institution}:
        fault = Fault("access", Reason.ORG_SPOOF, "the caller's own institution")
        raise NotPermitted("not permitted", (fault,))


async def check_about(writing: Writing, tree: Resource) -> None:
    """What asks to be told is about patients the writer treats; raises NotPermitted."""
    if tree.get("resourceType") == "Subscription":
        await check_criteria(writing.unit, tree, writing.sight)


def _named(tree: Resource) -> Iterator[Mapping[str, Any]]:
    for name in _DOERS.get(str(tree.get("resourceType")), ()):
        value = tree.get(name)
        yield from (
            one for one in (value if isinstance(value, list) else [value]) if isinstance(one, dict)
        )


def _pointed(one: Mapping[str, Any]) -> str | None:
    """The id of the Organization a reference leads to."""
    found = referenced(one)
    return found[1] if found is not None and found[0] == "Organization" else None


def _codes(identifiers: Any) -> Iterator[str]:
    for one in identifiers if isinstance(identifiers, list) else [identifiers]:
        if isinstance(one, dict) and one.get("system") == INSTITUTION:
            value = one.get("value")
            if isinstance(value, str):
                yield value
