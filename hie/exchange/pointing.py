"""Whose resources are, and whether what they point at is there: asked before they are written.

FHIR R4 references.html. Only relative literal references are looked up; an absolute address, a
contained resource or a logical reference is another system's matter. A Patient that is pointed at
is held until the unit ends: nobody deletes it while something of theirs is written.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from hie.access.scopes import Door
from hie.errors import Fault, UnprocessableRequest
from hie.exchange.writing import Ref, Writing
from hie.fhir import Resource
from hie.fhir.elements import referenced
from hie.fhir.pointers import pointers
from hie.fhir.search.definitions import parameters
from hie.store import locate
from hie.store.families import hold_families
from hie.store.search.referring import leads_to
from hie.store.tables import HOMELESS, TABLES

# Homes of their own: nobody sees them who may not see everybody.
_OWN = frozenset({"Patient", "Person", "Group", "Binary", "Bundle"})
# These may speak of a patient, and may not.
_MAY_STAND_ALONE = frozenset(
    {"Task", "Communication", "DetectedIssue", "GuidanceResponse", "MeasureReport", "Provenance"}
)
# Both parameters are about this one element, which is no list: thousands of these come a second.
_OF_SUBJECT = frozenset(
    {"Observation", "DiagnosticReport", "Specimen", "ServiceRequest", "ImagingStudy"}
)
_MOST_FAULTS = 100
_NOTHING = ("", "")


async def known_to(
    writing: Writing, trees: Iterable[tuple[Resource, Sequence[Ref]]]
) -> dict[Ref, str]:
    """What these resources point at (`pointed_at`) that is there or will be, and its home."""
    wanted: dict[str, set[str]] = defaultdict(set)
    is_alone = False
    for tree, pointed in trees:
        is_alone |= tree["resourceType"] == "Consent"
        for kind, key in pointed:
            if kind in TABLES and (kind, key) not in writing.coming:
                wanted[kind].add(key)
        for key in _patients(tree):
            if ("Patient", key) not in writing.coming:
                wanted["Patient"].add(key)
    found = dict(writing.coming)
    if is_alone:  # its rules follow, for every home: never hold with others what is held alone then
        await hold_families(writing.unit, wanted["Patient"])
    for kind, keys in sorted(wanted.items()):
        held = kind == "Patient"
        homes = await locate.homes_of(writing.unit, kind, keys, writing.points, held=held)
        found.update(((kind, key), home) for key, home in homes.items())
    return found


def check_pointers(
    writing: Writing, tree: Resource, pointed: Sequence[Ref], known: Mapping[Ref, str]
) -> None:
    """Every relative reference leads to something that is there, unless they may stay open.

    `known` comes from `known_to`. Raises UnprocessableRequest naming each that does not.
    """
    if writing.may(Door.OPEN_REFERENCES) or all(one in known for one in pointed):
        return
    faults = [
        Fault(path, "reference-not-found", "a resource of this hub that is there")
        for path, one in _pointers(tree, str(tree["resourceType"]))
        if one not in known
    ]
    if faults:
        raise UnprocessableRequest("a reference leads nowhere", tuple(faults[:_MOST_FAULTS]))


async def home_of(writing: Writing, key: str, tree: Resource, known: Mapping[Ref, str]) -> str:
    """The home a resource is written to: its patient's, its own, or "" for what is nobody's.

    Raises UnprocessableRequest when a type of patients names none, or several, or one that is not
    there.
    """
    kind = str(tree["resourceType"])
    is_open = writing.may(Door.OPEN_REFERENCES)
    if kind in HOMELESS:
        return ""
    if kind == "Binary":
        # Whoever may look at what it is about may look at it: FHIR R4 binary.html#security.
        return known.get(referenced(tree.get("securityContext")) or _NOTHING) or key
    if kind in _OWN:
        return key
    named = _patients(tree)
    if not named and kind == "Provenance":
        targets = (referenced(target) for target in tree.get("target", ()))
        named = {home for one in targets if one is not None and (home := known.get(one))}
        known = {**known, **await _held(writing, named, known)}
    if not named and (is_open or kind in _MAY_STAND_ALONE):
        return key
    if len(named) != 1:
        fault = Fault(f"{kind}.subject", "patient", "one Patient/<id> of this hub")
        raise UnprocessableRequest(f"a {kind} belongs to one patient", (fault,))
    (home,) = named
    if ("Patient", home) not in known and not is_open:
        fault = Fault(f"{kind}.subject", "reference-not-found", "a Patient that is there")
        raise UnprocessableRequest("no such patient", (fault,))
    return home


async def _held(writing: Writing, homes: set[str], known: Mapping[Ref, str]) -> dict[Ref, str]:
    """Patients that are reached through what belongs to them, held like those that are named."""
    missing = {home for home in homes if ("Patient", home) not in known}
    if not missing:
        return {}
    found = await locate.homes_of(writing.unit, "Patient", missing, writing.points, held=True)
    return {("Patient", key): home for key, home in found.items()}


def _patients(tree: Resource) -> set[str]:
    """The ids of the Patients a resource says it is of."""
    kind = str(tree["resourceType"])
    if kind in HOMELESS or kind in _OWN:
        return set()
    if kind in _OF_SUBJECT:
        one = referenced(tree.get("subject"))
        return {one[1]} if one is not None and one[0] == "Patient" else set()
    found: set[str] = set()
    for parameter in ("patient", "subject"):
        asked = parameters(kind).get(parameter)
        if asked is not None:
            found |= {id_ for _, id_ in leads_to(tree, asked, "Patient")}
    return found


def pointed_at(tree: Resource) -> list[Ref]:
    """What the relative literal references of a resource say."""
    return [
        referenced(one) or ("", one["reference"][:64])
        for one in pointers(tree)
        if ":" not in one["reference"] and one["reference"][:1] != "#"
    ]


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
