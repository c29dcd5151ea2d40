"""Whose a resource is, and whether what it points at is there: asked before it is written.

FHIR R4 references.html. Only relative literal references are looked up; an absolute address, a
contained resource or a logical reference is another system's matter.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from hie.access.policy import Restriction
from hie.errors import Fault, UnprocessableRequest
from hie.fhir import Resource
from hie.fhir.elements import referenced
from hie.fhir.search.definitions import parameters
from hie.store import locate
from hie.store.search.referring import fetch, leads_to
from hie.store.session import Unit
from hie.store.tables import HOMELESS, TABLES

Ref = tuple[str, str]
# Homes of their own: nobody sees them who may not see everybody.
_OWN = frozenset({"Patient", "Person", "Group", "Binary", "Bundle"})
# These may speak of a patient, and may not.
_MAY_STAND_ALONE = frozenset(
    {"Task", "Communication", "DetectedIssue", "GuidanceResponse", "MeasureReport", "Provenance"}
)
_MOST_FAULTS = 100


async def home_of(
    unit: Unit,
    kind: str,
    key: str,
    tree: Resource,
    sight: Restriction,
    coming: Mapping[Ref, str],
    *,
    is_open: bool,
) -> str:
    """The home a resource is written to: its patient's, its own, or "" for what is nobody's.

    `coming` are resources of the same bundle with their homes; `is_open`: what is pointed at need
    not be there. Raises UnprocessableRequest when
    a type of patients names none, or several, or one that is not there.
    """
    if kind in HOMELESS:
        return ""
    if kind in _OWN:
        return key
    named = set[str]()
    for parameter in ("patient", "subject"):
        known = parameters(kind).get(parameter)
        if known is not None:
            named |= {id_ for _, id_ in leads_to(tree, known, "Patient")}
    if not named and kind == "Provenance":
        named = await _homes_of_targets(unit, tree, coming)
    if not named and (is_open or kind in _MAY_STAND_ALONE):
        return key
    if len(named) != 1:
        fault = Fault(f"{kind}.subject", "patient", "one Patient/<id> of this hub")
        raise UnprocessableRequest(f"a {kind} belongs to one patient", (fault,))
    (home,) = named
    if is_open:
        return home
    if ("Patient", home) not in coming and not await fetch(unit, [("Patient", home)], sight):
        fault = Fault(f"{kind}.subject", "reference-not-found", "a Patient that is there")
        raise UnprocessableRequest("no such patient", (fault,))
    return home


async def _homes_of_targets(unit: Unit, tree: Resource, coming: Mapping[Ref, str]) -> set[str]:
    found: set[str] = set()
    for target in tree.get("target", ()):
        one = referenced(target)
        if one is not None:
            home = coming.get(one) or await locate.locate(unit, *one)
            found |= {home} if home else set()
    return found


async def check_pointers(
    unit: Unit,
    tree: Resource,
    sight: Restriction,
    coming: Mapping[Ref, str],
    *,
    is_open: bool,
) -> None:
    """Every relative reference leads to something that is there, unless they may stay open.

    Raises UnprocessableRequest naming each that does not.
    """
    if is_open:
        return
    places = [(path, one) for path, one in _pointers(tree, str(tree["resourceType"]))]
    wanted = {one for _, one in places if one[0] in TABLES and one not in coming}
    known = await fetch(unit, wanted, sight)
    faults = [
        Fault(path, "reference-not-found", "a resource of this hub that is there")
        for path, one in places
        if one not in known and one not in coming
    ]
    if faults:
        raise UnprocessableRequest("a reference leads nowhere", tuple(faults[:_MOST_FAULTS]))


def _pointers(tree: Any, path: str) -> Iterator[tuple[str, Ref]]:
    """Each relative literal reference, with its place."""
    if isinstance(tree, list):
        for place, one in enumerate(tree):
            yield from _pointers(one, f"{path}[{place}]")
    elif isinstance(tree, dict):
        text = tree.get("reference")
        if isinstance(text, str) and not text.startswith("#") and ":" not in text:
            found = referenced(tree)
            yield path, found or ("", text[:64])
        for name, value in tree.items():
            if isinstance(value, dict | list):
                yield from _pointers(value, f"{path}.{name}")


def results_of(report: Resource) -> list[str]:
    """The ids of the Observations a report lists."""
    found = (referenced(one) for one in report.get("result", ()))
    return [one[1] for one in found if one is not None and one[0] == "Observation"]
