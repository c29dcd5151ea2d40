"""Institutions and people of a report become Organization, Practitioner and PractitionerRole.

The first word about somebody stands: a later message does not rename them.
"""

from collections.abc import Iterable
from typing import Any

from hie.adapter import Site
from hie.canonical.context import BuildContext
from hie.canonical.keys import Key, ReportKeys, found_code, role_code, staff_code
from hie.canonical.study_keys import StudyKeys
from hie.canonical.value import coded_concept
from hie.fhir import INSTITUTION, Resource, site_system
from hie.records import Institution, Staff


def build_parties(keys: ReportKeys | StudyKeys, context: BuildContext) -> dict[Key, Resource]:
    """Everybody a report names, by key."""
    site, named = context.site, keys.parties
    made: dict[Key, Resource] = {}
    for code, key in keys.institutions.items():
        made[key] = _organization(code, named.institutions[code], site)
    for code, key in keys.staff.items():
        made[key] = _practitioner(code, named.staff[code], site)
    for name, key in keys.roles.items():
        made[key] = _role(named.roles[name], key, keys, context)
    return made


def _organization(code: str, one: Institution, site: Site) -> Resource:
    """Named by its code: what a sender calls an institution is often a department's name."""
    if one.code:
        identifier = {"system": INSTITUTION, "value": one.code}
    else:
        identifier = {"system": site_system(site.id, "institution"), "value": one.name or code}
    name = one.code or one.name or code
    return {"resourceType": "Organization", "identifier": [identifier], "name": name}


def _practitioner(code: str, one: Staff, site: Site) -> Resource:
    made: Resource = {"resourceType": "Practitioner"}
    made["identifier"] = [
        {"system": site_system(site.id, "staff"), "value": code.removeprefix("name:")}
    ]
    if one.name:
        made["name"] = [{"text": one.name}]
    return made


def _role(one: Staff, key: Key, keys: ReportKeys | StudyKeys, context: BuildContext) -> Resource:
    """Who works where; the department is the specialty, as 科室 is both."""
    ids, site = context.ids, context.site
    made: Resource = {
        "resourceType": "PractitionerRole",
        "identifier": [{"system": key.system, "value": key.value}],
        "practitioner": _practitioner_reference(one, keys, context),
        "organization": {"reference": f"Organization/{ids[keys.institutions[site.institution]]}"},
    }
    department = coded_concept(one.department, site.id) if one.department is not None else None
    if department:
        made["specialty"] = [department]
    return made


def _practitioner_reference(
    one: Staff, keys: ReportKeys | StudyKeys, context: BuildContext
) -> dict[str, Any]:
    found = {"reference": f"Practitioner/{context.ids[keys.staff[staff_code(one)]]}"}
    return {**found, "display": one.name} if one.name else found


def institution_reference(
    one: Institution | None, keys: ReportKeys, context: BuildContext
) -> dict[str, Any]:
    """Who performed it: as named, else the site's own institution."""
    if one is None or not (one.code or one.name):
        one = Institution("site", context.site.institution)
    key = keys.institutions[found_code(one)]
    found: dict[str, Any] = {"reference": f"Organization/{context.ids[key]}"}
    if one.code:
        found["identifier"] = {"system": INSTITUTION, "value": one.code}
    if one.name:
        found["display"] = one.name
    return found


def people(
    staff: Iterable[Staff], keys: ReportKeys | StudyKeys, context: BuildContext
) -> list[dict[str, Any]]:
    """References to people: to their role in a department when it is known."""
    found = []
    for one in staff:
        if not (one.id or one.name):
            continue
        role = role_code(one, context.site) if one.department is not None else None
        if role is None:
            found.append(_practitioner_reference(one, keys, context))
            continue
        person: dict[str, Any] = {"reference": f"PractitionerRole/{context.ids[keys.roles[role]]}"}
        found.append({**person, "display": one.name} if one.name else person)
    return found
