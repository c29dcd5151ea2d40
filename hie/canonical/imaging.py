"""The instances of one study become ImagingStudy, Endpoint, Patient and whoever they name.

FHIR R4, imagingstudy-mappings (DICOM); docs/dicom.md says what the hub adds. Counts are of what was
received, never of what a header states. Resources come without versionId and lastUpdated: the
store adds them. A report is linked by whoever finds it; here nothing is invented.

    keys = study_keys(records, site, message)            # hie.canonical.study_keys
    facts = study_facts(records, ...)                    # hie.canonical.study_facts
    build_study(records, keys, context, facts, status=..., endpoint=..., based_on=...) -> Built
"""

from collections.abc import Iterable, Sequence
from typing import Any, Literal

from hie.adapter import Issue, Severity
from hie.canonical.completeness import side_of
from hie.canonical.context import BuildContext, Built
from hie.canonical.image_class import is_image
from hie.canonical.image_series import by_series
from hie.canonical.keys import Key
from hie.canonical.parties import build_parties, people
from hie.canonical.patient import build_patient
from hie.canonical.provenance import build_provenance
from hie.canonical.study_documents import build_document
from hie.canonical.study_facts import StudyFacts
from hie.canonical.study_keys import StudyKeys, performing
from hie.canonical.value import coded_concept
from hie.fhir import CANONICAL, INSTITUTION, Resource, extension, site_system
from hie.records import InstanceRecord, Staff, Time
from hie.terminology.body_part import read_body_part

StudyStatus = Literal["registered", "available", "cancelled", "entered-in-error"]

DCM = "http://dicom.nema.org/resources/ontology/DCM"
BODY_PART = f"{CANONICAL}/CodeSystem/body-part"
LATERALITY = f"{CANONICAL}/CodeSystem/laterality"
FACTS = extension("study-facts")
PERFORMED_AT = extension("performing-institution")
MOST_INSTANCES = 2000  # listed in one resource; the others are found by DICOMweb

_URI = "urn:ietf:rfc:3986"
_IDENTIFIER_TYPE = "http://terminology.hl7.org/CodeSystem/v2-0203"
_CONNECTION = "http://terminology.hl7.org/CodeSystem/endpoint-connection-type"
_PAYLOAD = "http://terminology.hl7.org/CodeSystem/endpoint-payload-type"
_ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
_SIDES = {"L": "left", "R": "right", "B": "both"}
_LARGEST = 2**31 - 1


def build_study(
    records: Sequence[InstanceRecord],
    keys: StudyKeys,
    context: BuildContext,
    facts: StudyFacts,
    *,
    status: StudyStatus,
    endpoint: str | None,
    source: str | None = None,
    reachable: bool = True,
    based_on: Iterable[str] = (),
    withdrawn: Sequence[InstanceRecord] = (),
) -> Built:
    """Every resource of a study from its current instances, the newest last.

    `endpoint` is the hub's DICOMweb base, None when no images can be had; `source` that of the
    archive that keeps them, where the profile lets it be named; `reachable`: the archive answered
    when it was last asked. `based_on` are references to orders that were found; `withdrawn` the
    instances that were rejected, whose documents are in error.
    """
    made = Built({})
    ids, site = context.ids, context.site
    own = ids[keys.institutions[site.institution]]
    made.resources.update(build_parties(keys, context))
    made.resources[keys.patient] = build_patient(
        records[-1].patient,
        site,
        own,
        context.sent,
        context.existing.get(keys.patient),
        context.defects,
    )
    endpoints = [(keys.endpoint, endpoint), (keys.source_endpoint, source if endpoint else None)]
    for key, base in endpoints:
        if base is not None:
            made.resources[key] = _endpoint(base, key, own, reachable=reachable)
    study = _study(records, keys, context, made.issues)
    study["extension"] = [_performed_at(records, keys, context), facts_extension(facts)]
    study["status"] = status
    orders = [{"reference": one} for one in based_on]
    if orders:
        study["basedOn"] = orders
    named = [{"reference": f"Endpoint/{ids[key]}"} for key, _ in endpoints if key in made.resources]
    if named:
        study["endpoint"] = named
    made.resources[keys.study] = study
    gone = {one.instance.uid for one in withdrawn}
    for one in (*records, *withdrawn):
        document, was = keys.documents.get(one.instance.uid), one.instance.uid in gone
        if document is not None:
            made.resources[document] = build_document(one, keys, context, endpoint, withdrawn=was)
    targets = [f"{key.type}/{ids[key]}" for key in made.resources]
    made.resources[keys.provenance] = build_provenance(targets, own, context)
    return made


def facts_extension(facts: StudyFacts) -> dict[str, Any]:
    """The facts as one extension with an inner one for each that is known."""
    parts: list[dict[str, Any]] = []

    def add(name: str, kind: str, value: object) -> None:
        if value is not None and value != "":
            parts.append({"url": name, f"value{kind}": value})

    add("class", "Code", facts.klass)
    for part in facts.body_parts:
        add("body-part", "Code", part)
    add("laterality", "Code", facts.laterality)
    add("contrast", "Code", facts.contrast)
    for protocol in facts.protocols:
        add("protocol", "Code", protocol)
    add("texts", "Boolean", facts.texts)
    add("tracer", "String", facts.tracer)
    add("activity", "Decimal", facts.activity)
    add("expected", "UnsignedInt", facts.expected)
    add("received", "UnsignedInt", facts.received)
    add("retrievable", "Boolean", facts.retrievable)
    add("original", "Boolean", facts.original)
    add("complete", "Boolean", facts.complete)
    add("complete-left", "Boolean", facts.complete_left)
    add("complete-right", "Boolean", facts.complete_right)
    add("identity", "Code", facts.identity)
    add("lossy", "Boolean", facts.lossy)
    add("burned-in", "Code", facts.burned_in)
    add("rejected", "UnsignedInt", facts.rejected)
    return {"url": FACTS, "extension": parts}


def _study(
    records: Sequence[InstanceRecord],
    keys: StudyKeys,
    context: BuildContext,
    issues: list[Issue],
) -> Resource:
    series = by_series(records)
    made: Resource = {"resourceType": "ImagingStudy"}
    made["identifier"] = _identifiers(records, keys, context, issues)
    modalities = [code for part in series.values() for code in _modalities(part)]
    if modalities:
        made["modality"] = [{"system": DCM, "code": code} for code in dict.fromkeys(modalities)]
    made["subject"] = {"reference": f"Patient/{context.ids[keys.patient]}"}
    started = _started(records)
    if started is not None:
        made["started"] = started.text
    referrer = people(_named(one.study.referrer for one in records), keys, context)
    if referrer:
        made["referrer"] = referrer[0]
    readers = people(_named(one.study.reader for one in records), keys, context)
    if readers:
        made["interpreter"] = readers
    made["numberOfSeries"] = len(series)
    made["numberOfInstances"] = len({one.instance.uid for one in records})
    for name, coded in (
        ("procedureCode", dict.fromkeys(p for one in records for p in one.study.procedures)),
        ("reasonCode", dict.fromkeys(r for one in records for r in one.study.reasons)),
    ):
        concepts = _different(coded_concept(one, context.site.id) for one in coded)
        if concepts:
            made[name] = concepts
    description = next((one.study.description for one in records if one.study.description), None)
    if description is not None:
        made["description"] = description.text
    room = MOST_INSTANCES
    made["series"] = []
    for uid, part in sorted(series.items(), key=lambda one: (_number(one[1]), one[0])):
        made["series"].append(_series(uid, part, room, keys, context))
        room -= len(made["series"][-1].get("instance", ()))
    return made


def _identifiers(
    records: Sequence[InstanceRecord],
    keys: StudyKeys,
    context: BuildContext,
    issues: list[Issue],
) -> list[dict[str, Any]]:
    """The study's UID, its accession numbers, the order's numbers, StudyID."""
    site = context.site.id
    found: dict[tuple[str, str], dict[str, Any]] = {}

    def add(kind: str | None, system: str, value: str, assigner: str | None = None) -> None:
        one: dict[str, Any] = {}
        if kind is not None:
            one["type"] = {"coding": [{"system": _IDENTIFIER_TYPE, "code": kind}]}
        one |= {"system": system, "value": value}
        if assigner:
            one["assigner"] = {"display": assigner}
        found.setdefault((system, value), one)

    add(None, keys.study.system, keys.study.value)
    accessions = [one.study.accession for one in records if one.study.accession is not None]
    for number in accessions:
        add("ACSN", site_system(site, "accession"), number.value, number.authority)
    if len({number.value for number in accessions}) > 1:
        issues.append(
            Issue("build", "study-accessions", Severity.WARN, "(0008,0050)", "one of a study")
        )
    for one in records:
        for number in one.study.orders:
            if number.type in ("placer", "filler"):
                kind = "PLAC" if number.type == "placer" else "FILL"
                add(kind, site_system(site, number.type), number.value)
        if one.study.study_id is not None:
            add(None, site_system(site, "study-id"), one.study.study_id.text)
    return list(found.values())


def _series(
    uid: str, part: list[InstanceRecord], room: int, keys: StudyKeys, context: BuildContext
) -> dict[str, Any]:
    first = part[0].series
    made: dict[str, Any] = {"uid": uid}
    if first.number is not None and 0 <= first.number <= _LARGEST:
        made["number"] = first.number
    codes = _modalities(part)
    unknown = {"extension": [{"url": _ABSENT, "valueCode": "unknown"}]}
    made["modality"] = {"system": DCM, "code": codes[0]} if codes else unknown
    description = next((one.series.description for one in part if one.series.description), None)
    if description is not None:
        made["description"] = description.text
    whole = {one.instance.uid: one for one in part}
    made["numberOfInstances"] = len(whole)
    site = _body_site(part)
    if site is not None:
        made["bodySite"] = site
    sides = {side for one in part if is_image(one) and (side := side_of(one)) is not None}
    if sides:
        side = sides.pop() if len(sides) == 1 else "B"
        made["laterality"] = {"system": LATERALITY, "code": side, "display": _SIDES[side]}
    started = next((one.series.started for one in part if one.series.started), None)
    if started is not None:
        made["started"] = started.text
    performers = people(_named(one.series.performer for one in part), keys, context)
    if performers:
        made["performer"] = [{"actor": one} for one in performers]
    listed = sorted(whole.values(), key=lambda one: (one.instance.number or 0, one.instance.uid))
    if room > 0:
        made["instance"] = [_instance(one) for one in listed[:room]]
    return made


def _instance(record: InstanceRecord) -> dict[str, Any]:
    own = record.instance
    made: dict[str, Any] = {
        "uid": own.uid,
        "sopClass": {"system": _URI, "code": f"urn:oid:{own.sop_class}"},
    }
    if own.number is not None and 0 <= own.number <= _LARGEST:
        made["number"] = own.number
    if own.title is not None:
        made["title"] = own.title.text
    elif own.image_type:
        made["title"] = "\\".join(own.image_type)
    return made


def _endpoint(base: str, key: Key, organization: str, *, reachable: bool) -> Resource:
    """Where clients get the images: the hub's own DICOMweb; first of all endpoints of a study."""
    return {
        "resourceType": "Endpoint",
        "identifier": [{"system": key.system, "value": key.value}],
        "status": "active" if reachable else "error",
        "connectionType": {"system": _CONNECTION, "code": "dicom-wado-rs"},
        "managingOrganization": {"reference": f"Organization/{organization}"},
        "payloadType": [{"coding": [{"system": _PAYLOAD, "code": "any"}]}],
        "payloadMimeType": ["application/dicom"],
        "address": base,
    }


def _performed_at(
    records: Sequence[InstanceRecord], keys: StudyKeys, context: BuildContext
) -> dict[str, Any]:
    place = performing(records, context.site)
    code = place.code or context.site.institution
    reference: dict[str, Any] = {
        "reference": f"Organization/{context.ids[keys.institutions[code]]}",
        "identifier": {"system": INSTITUTION, "value": code},
    }
    if place.name:
        reference["display"] = place.name
    return {"url": PERFORMED_AT, "valueReference": reference}


def _modalities(part: Iterable[InstanceRecord]) -> list[str]:
    """Each modality once, as sent; several in one element are several."""
    sent = [code for one in part for code in (one.series.modality or "").split("\\")]
    return list(dict.fromkeys(" ".join(code.split()) for code in sent if code.strip()))


def _started(records: Sequence[InstanceRecord]) -> Time | None:
    """When the study began: as stated, else its first series, else its first image."""
    for times in (
        [one.study.started for one in records],
        [one.series.started for one in records],
        [one.instance.acquired for one in records],
    ):
        known = [one for one in times if one is not None]
        if known:
            precise = [one for one in known if "T" in one.text]
            return min(precise or known, key=lambda one: one.text)
    return None


def _body_site(part: Iterable[InstanceRecord]) -> dict[str, Any] | None:
    """The first body part a series states; several are in the study's facts."""
    for one in part:
        for text in one.series.body_parts or one.instance.body_parts:
            plain = " ".join(text.split())
            codes = sorted(read_body_part(text).codes)
            if plain and not codes:
                return {"system": BODY_PART, "code": plain}
            if plain:
                shown = {} if plain == codes[0] else {"display": plain}
                return {"system": BODY_PART, "code": codes[0], **shown}
    return None


def _named(staff: Iterable[Staff | None]) -> list[Staff]:
    """Each person once."""
    found = {(one.id, one.name): one for one in staff if one is not None}
    return list(found.values())


def _different(concepts: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for one in concepts:
        if one and one not in found:
            found.append(one)
    return found


def _number(part: Sequence[InstanceRecord]) -> int:
    return part[0].series.number or 0
