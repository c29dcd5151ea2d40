"""A patient record becomes a Patient of its site, as that site knows them."""

from collections.abc import Callable
from typing import Any

from hie.adapter import Site
from hie.canonical.keys import DOCUMENTS, is_local, local_system
from hie.fhir import IDENTIFIER_TYPE, Resource, extension, identifier_system
from hie.records import Identifier, PatientRecord

MESSAGE_TIME = extension("message-time")
DEFECT = extension("identifier-defect")
Defects = Callable[[str, str], str | None]  # hub type, value -> what is wrong with it


def build_patient(
    record: PatientRecord,
    site: Site,
    organization: str,
    sent: str | None,
    existing: Resource | None,
    defects: Defects,
) -> Resource:
    """A Patient; an older message than the one that made `existing` changes nothing in it.

    `defects` names what is wrong with an identifier (check digit, placeholder): it is kept, marked,
    and joins nobody.
    """
    if existing is not None and sent is not None and (_told(existing) or "") > sent:
        return {key: value for key, value in existing.items() if key not in {"id", "meta"}}
    patient: Resource = {"resourceType": "Patient"}
    if sent is not None:
        patient["extension"] = [{"url": MESSAGE_TIME, "valueDateTime": sent}]
    identifiers = [_identifier(one, site, defects) for one in record.identifiers if one.value]
    if identifiers:
        patient["identifier"] = identifiers
    names = [_name(one.text, one.family, one.given) for one in record.names if one.text.strip()]
    if names:
        patient["name"] = names
    telecom = [{"system": "phone", "value": one.text} for one in record.phones if one.text.strip()]
    if telecom:
        patient["telecom"] = telecom
    if record.sex:
        patient["gender"] = record.sex
    if record.birth_date is not None:
        patient["birthDate"] = record.birth_date.text[:10]
    if record.deceased is not None:
        patient["deceasedBoolean"] = record.deceased
    addresses = [{"text": one.text} for one in record.addresses if one.text.strip()]
    if addresses:
        patient["address"] = addresses
    patient["managingOrganization"] = {"reference": f"Organization/{organization}"}
    return patient


def says_no_more(existing: Resource, incoming: Resource) -> bool:
    """Whether a newer message repeats what stands: then no version is made for its time alone."""
    aside = {"id", "meta", "extension"}
    return {k: v for k, v in existing.items() if k not in aside} == {
        k: v for k, v in incoming.items() if k not in aside
    }


def _told(existing: Resource) -> str | None:
    for one in existing.get("extension", ()):
        if one.get("url") == MESSAGE_TIME:
            told: str | None = one.get("valueDateTime")
            return told
    return None


def _identifier(one: Identifier, site: Site, defects: Defects) -> dict[str, Any]:
    kind = one.type or "patient"
    system = local_system(one, site) if is_local(one) else identifier_system(kind)
    found: dict[str, Any] = {}
    if kind in DOCUMENTS:
        defect = defects(kind, one.value)
        if defect is not None:
            found["extension"] = [{"url": DEFECT, "valueCode": defect}]
    found["type"] = {"coding": [{"system": IDENTIFIER_TYPE, "code": kind}]}
    found["system"] = system
    found["value"] = one.value
    return found


def _name(text: str, family: str | None, given: str | None) -> dict[str, Any]:
    name: dict[str, Any] = {"text": text}
    if family:
        name["family"] = family
    if given:
        name["given"] = [given]
    return name
