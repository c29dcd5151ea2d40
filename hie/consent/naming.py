"""Whom a Consent names, and which records by what they point at.

By reference, by identifier, or as a resource it contains.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from hie.consent.provision import Who
from hie.consent.tree import contained_in, node, nodes, provisions
from hie.fhir import CANONICAL, INSTITUTION, Resource

USER, CLIENT = f"{CANONICAL}/sid/user", f"{CANONICAL}/sid/client"

# Who may have authored a record, and what it may be related to.
_AUTHORS = frozenset({"Practitioner", "PractitionerRole", "Device"})
_STRETCHES = frozenset({"Encounter", "EpisodeOfCare", "CarePlan"})
WATCHED = _AUTHORS | _STRETCHES

Known = Mapping[str, Who]
Pointing = tuple[str, str]  # "related" or "authoredby", and a reference
Pointed = Mapping[Pointing, Sequence[str]]


def references(consent: Resource) -> set[str]:
    """The relative references to who asks and whose records: what `read` wants to be known."""
    found: set[str] = set()
    for provision in provisions(consent.get("provision")):
        for one in [*nodes(provision, "actor"), *nodes(provision, "data")]:
            text = node(one.get("reference")).get("reference")
            if isinstance(text, str) and not text.startswith("#"):
                found.add("/".join(text.split("/")[:2]))
    return found


def pointed(consent: Resource) -> set[Pointing]:
    """What records have to point at to be meant: whose resources `read` wants to be told."""
    found: set[Pointing] = set()
    for provision in provisions(consent.get("provision")):
        for one in nodes(provision, "data"):
            meant = meant_by(one)
            if meant is not None:
                found.add(meant)
    return found


def signed_by_guardian(consent: Resource) -> bool:
    """Whether a related person performed it, for the patient."""
    contained = contained_in(consent)
    for one in nodes(consent, "performer"):
        text = str(one.get("reference", ""))
        kind = contained.get(text, {}).get("resourceType", text.split("/")[0])
        if "RelatedPerson" in (kind, one.get("type")):
            return True
    return False


def who_is(resource: Resource) -> Who | None:
    """Who asks, as an Organization, Practitioner, role or Device says by its identifiers."""
    institution = party = None
    parts = [resource.get(name) for name in ("organization", "practitioner")]
    given = [*nodes(resource, "identifier"), *(node(one).get("identifier", {}) for one in parts)]
    for one in given:
        found = identified(node(one))
        if found is not None:
            institution, party = found.institution or institution, found.party or party
    return None if institution is None and party is None else Who(institution, party)


def meant_by(one: Mapping[str, Any]) -> Pointing | None:
    """Records meant by what they point at: a stretch of care they are of, staff who made them."""
    text = "/".join(str(node(one.get("reference")).get("reference", "")).split("/")[:2])
    kind = text.partition("/")[0]
    if one.get("meaning") == "authoredby" and kind in _AUTHORS:
        return "authoredby", text
    if one.get("meaning") in ("related", "dependents") and kind in _STRETCHES:
        return "related", text
    return None


def identified(identifier: Mapping[str, Any]) -> Who | None:
    """Whom an identifier names: an institution, a person or a system; None for any other."""
    system, value = identifier.get("system"), identifier.get("value")
    if not isinstance(value, str):
        return None
    if system == INSTITUTION:
        return Who(institution=value)
    kind = {USER: "user", CLIENT: "client"}.get(str(system))
    return None if kind is None else Who(party=f"{kind}/{value}")
