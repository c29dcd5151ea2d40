"""Whom a Consent names, and which records by what they point at.

By reference, by identifier, or as a resource it contains.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hie.consent.provision import Who
from hie.consent.tree import contained_in, node, nodes, provisions
from hie.fhir import CANONICAL, INSTITUTION, Resource

USER, CLIENT = f"{CANONICAL}/sid/user", f"{CANONICAL}/sid/client"

_ASKING = ("Organization", "Practitioner", "PractitionerRole", "Device")
# What a PractitionerRole is made of.
_PARTS = {"organization": "Organization", "practitioner": "Practitioner"}

# Who may have authored a record, and what it may be related to.
_AUTHORS = frozenset({"Practitioner", "PractitionerRole", "Device"})
_STRETCHES = frozenset({"Encounter", "EpisodeOfCare", "CarePlan"})
_STUDY = "ImagingStudy"
WATCHED = _AUTHORS | _STRETCHES | {_STUDY}

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
                found.add(_whole(text))
    for one in nodes(consent, "contained"):
        found.update(parts_of(one))
    return found


def parts_of(resource: Mapping[str, Any]) -> Iterator[str]:
    """The relative references by which a role says who it is, and of which institution."""
    if resource.get("resourceType") == "PractitionerRole":
        for name in _PARTS:
            text = node(resource.get(name)).get("reference")
            if isinstance(text, str) and not text.startswith("#"):
                yield _whole(text)


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


def named(
    reference: Mapping[str, Any],
    known: Known,
    contained: Mapping[str, Mapping[str, Any]],
    kinds: Sequence[str] = _ASKING,
) -> Who | None:
    """Who a reference is to: by its target (one of these types), a contained one, or an identifier.

    None: nobody of the hub, or nobody who can be told apart.
    """
    text = reference.get("reference")
    if not isinstance(text, str):
        return _identified(node(reference.get("identifier")))
    if text.startswith("#"):
        target = contained.get(text, {})
        is_one = target.get("resourceType") in kinds
        return who_is(target, known, contained) if is_one else None
    return known.get(_whole(text)) if text.split("/")[0] in kinds else None


def who_is(
    resource: Mapping[str, Any], known: Known, contained: Mapping[str, Mapping[str, Any]]
) -> Who | None:
    """Who asks, as an Organization, Practitioner or Device says by its identifiers.

    A role says it by those it names too, and is nobody where one of them is. So is who would be
    two: a rule asks for one institution and one person or system.
    """
    given = [_identified(one) for one in nodes(resource, "identifier")]
    if resource.get("resourceType") == "PractitionerRole":
        for name, kind in _PARTS.items():
            if name in resource:
                part = named(node(resource[name]), known, contained, (kind,))
                if part is None:
                    return None
                given.append(part)
    institutions = {one.institution for one in given if one and one.institution}
    parties = {one.party for one in given if one and one.party}
    if len(institutions) > 1 or len(parties) > 1 or not institutions | parties:
        return None
    return Who(next(iter(institutions), None), next(iter(parties), None))


def meant_by(one: Mapping[str, Any]) -> Pointing | None:
    """Records meant by what they point at: a stretch of care, staff who made them, a study."""
    text = _whole(str(node(one.get("reference")).get("reference", "")))
    kind = text.partition("/")[0]
    if one.get("meaning") == "authoredby" and kind in _AUTHORS:
        return "authoredby", text
    if one.get("meaning") in ("related", "dependents") and kind in _STRETCHES:
        return "related", text
    if one.get("meaning") in ("instance", "related", "dependents") and kind == _STUDY:
        return "related", text
    return None


def _identified(identifier: Mapping[str, Any]) -> Who | None:
    """Whom an identifier names: an institution, a person or a system; None for any other."""
    system, value = identifier.get("system"), identifier.get("value")
    if not isinstance(value, str):
        return None
    if system == INSTITUTION:
        return Who(institution=value)
    kind = {USER: "user", CLIENT: "client"}.get(str(system))
    return None if kind is None else Who(party=f"{kind}/{value}")


def _whole(text: str) -> str:
    """A reference to a resource, whatever version it names."""
    return "/".join(text.split("/")[:2])
