"""A resource that claims one of the hub's own profiles (meta.profile) conforms, or is refused.

Claims of profiles that are not the hub's are the writer's own business: `$validate` looks at them.
"""

from hie.errors import Fault
from hie.fhir import Resource
from hie.fhir.conforms import Known, check_profile
from hie.fhir.shipped_profiles import shipped_profiles
from hie.store.value_sets import at_hand
from hie.terminology.expansion import Library, expand, find_value_set


def claimed_faults(tree: Resource) -> list[Fault]:
    """What a resource that R4 accepts lacks of the hub's profiles it names; [] if it names none."""
    claimed = tree.get("meta", {}).get("profile", ())
    named = [shipped_profiles().get(url.partition("|")[0]) for url in claimed if url]
    profiles = [one for one in named if one is not None]
    if not profiles:
        return []
    library = at_hand()
    known = Known(lambda url, system, code: _has(library, url, system, code), shipped_profiles())
    return [fault for one in profiles for fault in check_profile(tree, one, known).faults]


def _has(library: Library, url: str, system: str | None, code: str) -> bool | None:
    found = find_value_set(url, library)
    return None if found is None else expand(found, library).has(system, code)
