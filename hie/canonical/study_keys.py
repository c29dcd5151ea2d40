"""Business keys of a study: by which number each of its resources is found again.

A study is known by its StudyInstanceUID, within the site that sent it; its patient by the site's
own number, else a document's, else by the study alone. An endpoint is the site's.

    study_keys(records, site, message) -> StudyKeys
"""

from collections.abc import Sequence
from dataclasses import dataclass

from hie.adapter import Site
from hie.canonical.image_class import is_document
from hie.canonical.keys import Key, Parties, found_code, is_local, local_system, staff_code
from hie.fhir import INSTITUTION, site_system
from hie.records import InstanceRecord, Institution, PatientRecord, Staff

UID_SYSTEM = "urn:dicom:uid"
ENDPOINT, SOURCE_ENDPOINT = "dicom-wado-rs", "dicom-wado-rs-source"


@dataclass(frozen=True, slots=True)
class StudyKeys:
    """The keys of everything one study speaks of."""

    patient: Key
    study: Key
    endpoint: Key
    source_endpoint: Key
    provenance: Key
    institutions: dict[str, Key]
    staff: dict[str, Key]
    roles: dict[str, Key]
    documents: dict[str, Key]  # by SOP instance UID
    uid: str
    parties: Parties
    leans_on: tuple[Key, ...]  # whose standing versions are needed to build this study

    def every(self) -> list[Key]:
        """Every key, each once."""
        found = [self.patient, self.study, self.endpoint, self.source_endpoint, self.provenance]
        found += self.documents.values()
        return list(dict.fromkeys([*found, *self.institutions.values(), *self.staff.values()]))


def study_keys(
    records: Sequence[InstanceRecord],
    site: Site,
    message: str,
    withdrawn: Sequence[InstanceRecord] = (),
) -> StudyKeys:
    """The keys of a study; `records` are instances of one StudyInstanceUID, at least one.

    `withdrawn` are instances that were rejected: of those only documents have keys.
    """
    newest = records[-1]
    uid = newest.study.uid
    found = _parties(records, site)
    patient = patient_key(newest.patient, site, uid)
    study = Key("ImagingStudy", UID_SYSTEM, f"urn:oid:{uid}")
    system = site_system(site.id, "staff")
    return StudyKeys(
        patient=patient,
        study=study,
        endpoint=endpoint_key(site, ENDPOINT),
        source_endpoint=endpoint_key(site, SOURCE_ENDPOINT),
        provenance=Key("Provenance", "urn:hie:message", f"{message}/{uid}"),
        institutions={
            code: Key("Organization", INSTITUTION, one.code or "")
            for code, one in found.institutions.items()
        },
        staff={code: Key("Practitioner", system, code) for code in found.staff},
        roles={},
        documents={
            one.instance.uid: Key("DocumentReference", UID_SYSTEM, f"urn:oid:{one.instance.uid}")
            for one in (*records, *withdrawn)
            if is_document(one)
        },
        uid=uid,
        parties=found,
        leans_on=(patient, study),
    )


def endpoint_key(site: Site, value: str) -> Key:
    """The key of where a site's images are had: at the hub's door, or at their source itself."""
    return Key("Endpoint", site_system(site.id, "endpoint"), value)


def patient_key(patient: PatientRecord, site: Site, uid: str) -> Key:
    """How the patient of a study is told apart: like the patient of a report."""
    own = next((one for one in patient.identifiers if is_local(one)), None)
    if own is not None:
        return Key("Patient", local_system(own, site), own.value)
    if patient.identifiers:
        first = patient.identifiers[0]
        return Key("Patient", site_system(site.id, first.type or "patient"), first.value)
    return Key("Patient", site_system(site.id, "study"), uid)


def performing(records: Sequence[InstanceRecord], site: Site) -> Institution:
    """Where the images were made: by credit code, the site's own institution by default."""
    named = [one.study.institution for one in records if one.study.institution is not None]
    known = next((one for one in named if one.code), None)
    if known is not None:
        return known
    return Institution("site", site.institution, named[0].name if named else None)


def _parties(records: Sequence[InstanceRecord], site: Site) -> Parties:
    """The institutions by code, and everybody named: performers, referrer, reader."""
    institutions = {site.institution: Institution("site", site.institution)}
    place = performing(records, site)
    institutions.setdefault(found_code(place), place)
    staff: dict[str, Staff] = {}
    for one in records:
        for person in (one.study.referrer, one.study.reader, one.series.performer):
            if person is not None and (person.id or person.name):
                staff.setdefault(staff_code(person), person)
    return Parties(institutions, staff, {})
