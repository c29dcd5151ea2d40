"""Whether what the hub builds conforms to its own profiles: asked of everything the tests build."""

from collections.abc import Iterable
from functools import cache

from hie.errors import Fault
from hie.fhir import Resource
from hie.fhir.conforms import Findings, Known, check_profile
from hie.fhir.shipped_profiles import SUPPORTED, shipped_profiles
from hie.store.value_sets import at_hand
from hie.terminology.expansion import Expansion, Library, expand, find_value_set


@cache
def library() -> Library:
    """What ships, with the catalogue's items."""
    return at_hand()


@cache
def _expansion(url: str) -> Expansion | None:
    found = find_value_set(url, library())
    return None if found is None else expand(found, library())


def _member(url: str, system: str | None, code: str) -> bool | None:
    found = _expansion(url)
    return None if found is None else found.has(system, code)


KNOWN = Known(_member, shipped_profiles())


def findings(resource: Resource, url: str | None = None) -> Findings:
    """What the project's profile of its type finds in a resource."""
    return check_profile(
        resource, shipped_profiles()[url or SUPPORTED[resource["resourceType"]]], KNOWN
    )


def departures(resources: Iterable[Resource]) -> list[Fault]:
    """Everything in which resources depart from the profiles of their types; [] is wanted."""
    found: list[Fault] = []
    for one in resources:
        if one["resourceType"] in SUPPORTED:
            said = findings(one)
            found += said.faults
            found += [Fault(path, "not-checked", words) for path, words in said.notes]
    return found
