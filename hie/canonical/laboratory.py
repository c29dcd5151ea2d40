"""A laboratory report becomes DiagnosticReport, Observations, Specimens and ServiceRequest.

HL7 v2-to-FHIR: OBR and OBX maps; what the guide leaves open is decided in docs/fhir-shapes.md.
Resources come without versionId and lastUpdated: the store adds them. Thousands a second pass
here, so the builders write plain dicts and call little.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hie.adapter import Issue, Severity, Site
from hie.canonical.keys import Key, ReportKeys, found_code, staff_code
from hie.canonical.patient import Defects, build_patient
from hie.canonical.provenance import build_provenance
from hie.canonical.value import coded_concept, number, plain, set_value
from hie.fhir import (
    CATEGORY,
    INSTITUTION,
    INTERPRETATION,
    ITEM,
    LOINC,
    SECTION,
    Resource,
    extension,
    local_code_system,
    site_system,
)
from hie.records import Institution, LabReportRecord, ReferenceRange, Result, SpecimenRecord
from hie.terminology.concept_map import MapEntry, Mapped, MapState
from hie.terminology.units import ItemUnits

MAPPING, CONTROL, STATUS_SENT = (
    extension("mapping"),
    extension("control"),
    extension("status-as-sent"),
)
RECEIVED, NOTE, CLINICAL = (
    extension("received-by-laboratory"),
    extension("note"),
    extension("clinical"),
)
UNMAPPED = "unmapped-code"


@dataclass(frozen=True, slots=True)
class CodeSeen:
    """A local code that was met, for the site's mapping list."""

    system: str
    code: str
    name: str
    unit: str | None
    specimen: str | None
    method: str | None
    value_type: str
    sample: str | None


@dataclass(frozen=True, slots=True)
class BuildContext:
    """What building needs to know: ids by key, what stands, the site's maps, the items' units."""

    site: Site
    message: str
    message_hash: str
    sent: str | None
    adapter: str
    ids: Mapping[Key, str]
    existing: Mapping[Key, Resource]
    maps: Mapping[tuple[str, str], MapEntry]
    items: Mapping[str, ItemUnits]
    loinc: Mapping[str, tuple[str, bool]]
    defects: Defects
    recorded: str


@dataclass(slots=True)
class Built:
    """The resources of one report by key, in order, with issues and the codes that were met."""

    resources: dict[Key, Resource]
    issues: list[Issue] = field(default_factory=list)
    codes: list[CodeSeen] = field(default_factory=list)


def build(report: LabReportRecord, keys: ReportKeys, context: BuildContext) -> Built:
    """Every resource of one report."""
    made = Built({})
    ids, site = context.ids, context.site
    home = {"reference": f"Patient/{ids[keys.patient]}"}
    for name, key in keys.institutions.items():
        made.resources[key] = _organization(report, name, site)
    for name, key in keys.staff.items():
        made.resources[key] = _practitioner(report, name, site)
    if keys.device is not None:
        made.resources[keys.device] = {
            "resourceType": "Device",
            "identifier": [{"system": keys.device.system, "value": keys.device.value}],
            "deviceName": [{"name": keys.device.value, "type": "other"}],
        }
    own = ids[keys.institutions[site.institution]]
    made.resources[keys.patient] = build_patient(
        report.patient, site, own, context.sent, context.existing.get(keys.patient), context.defects
    )
    made.resources[keys.order] = _order(report, keys, home, context)
    for place, specimen in enumerate(report.specimens):
        made.resources[keys.specimens[place]] = _specimen(
            specimen, keys.specimens[place], home, site
        )
    for result, key in zip(report.results, keys.results, strict=True):
        made.resources[key] = _observation(report, result, key, keys, home, context, made)
    made.resources[keys.report] = _report(report, keys, home, context)
    targets = [f"{key.type}/{ids[key]}" for key in made.resources]
    made.resources[keys.provenance] = build_provenance(targets, own, context)
    return made


def mapped(result: Result, context: BuildContext) -> Mapped | None:
    """The item a result's code means; None: no map says one."""
    code = result.code
    for value, system in ((code.code, code.system), (code.alt_code, code.alt_system)):
        if value and system in {"LN", "LOINC", LOINC} and value in context.loinc:
            item, confirmed = context.loinc[value]
            return Mapped(item, value, confirmed)
    entry = context.maps.get((code.system or "", code.code or ""))
    if (
        entry is None
        or entry.item is None
        or entry.state not in {MapState.APPROVED, MapState.PROPOSED}
    ):
        return None
    return Mapped(entry.item, entry.loinc, entry.state is MapState.APPROVED)


def _observation(
    report: LabReportRecord,
    result: Result,
    key: Key,
    keys: ReportKeys,
    home: dict[str, str],
    context: BuildContext,
    made: Built,
) -> Resource:
    site = context.site
    found = mapped(result, context)
    item = context.items.get(found.item) if found is not None else None
    observation: Resource = {"resourceType": "Observation"}
    extensions: list[dict[str, Any]] = []
    if result.control is not None:
        extensions.append({"url": CONTROL, "valueCode": result.control})
    if result.status_code is not None and result.status_code.text:
        extensions.append({"url": STATUS_SENT, "valueString": result.status_code.text})
    if extensions:
        observation["extension"] = extensions
    observation["identifier"] = [{"system": key.system, "value": key.value}]
    if result.identifier is not None:
        observation["identifier"].append({"system": key.system, "value": result.identifier.text})
    observation["basedOn"] = [{"reference": f"ServiceRequest/{context.ids[keys.order]}"}]
    observation["status"] = result.status or "unknown"
    observation["category"] = _LABORATORY
    observation["code"] = _code(result, found, site)
    observation["subject"] = home
    when = result.effective or report.collected
    if when is not None:
        observation["effectiveDateTime"] = when.text
    if report.issued is not None and report.issued.precision in _INSTANT:
        observation["issued"] = report.issued.text
    observation["performer"] = _performers(report, result, keys, context)
    flags = [
        {
            **({"coding": [{"system": INTERPRETATION, "code": one.code}]} if one.code else {}),
            **({"text": one.text} if one.text else {}),
        }
        for one in result.interpretations
        if one.code or one.text
    ]
    if flags:
        observation["interpretation"] = flags
    set_value(observation, result, item, found.loinc if found else None, site.id)
    if result.components:
        observation["component"] = [
            {"code": observation["code"], **dict([plain(part, None, site.id)])}
            for part in result.components
        ]
    _rest(observation, result, keys, context)
    _see(result, found, made, context)
    return observation


def _code(result: Result, found: Mapped | None, site: Site) -> dict[str, Any]:
    codings: list[dict[str, Any]] = []
    if found is not None:
        state = "confirmed" if found.confirmed else "unconfirmed"
        codings.append(
            {
                "extension": [{"url": MAPPING, "valueCode": state}],
                "system": ITEM,
                "code": found.item,
            }
        )
        if found.loinc and result.code.code != found.loinc and result.code.alt_code != found.loinc:
            codings.append({"system": LOINC, "code": found.loinc})
    sent = coded_concept(result.code, site.id)
    for place, one in enumerate(sent.get("coding", ())):
        if place == 0:
            one["userSelected"] = True
        codings.append(one)
    concept: dict[str, Any] = {}
    if codings:
        concept["coding"] = codings
    text = result.code.display or sent.get("text")
    concept["text"] = text or "?"
    return concept


def _performers(
    report: LabReportRecord, result: Result, keys: ReportKeys, context: BuildContext
) -> list[dict[str, Any]]:
    performer = result.performer or report.performer
    if performer is None or not (performer.code or performer.name):
        performer = Institution("site", context.site.institution)
    key = keys.institutions[found_code(performer)]
    first: dict[str, Any] = {"reference": f"Organization/{context.ids[key]}"}
    if performer.code:
        first["identifier"] = {"system": INSTITUTION, "value": performer.code}
    if performer.name:
        first["display"] = performer.name
    others = [
        {"reference": f"Practitioner/{context.ids[keys.staff[staff_code(one)]]}"}
        for one in result.staff
        if one.id or one.name
    ]
    return [first, *others]


def _rest(observation: Resource, result: Result, keys: ReportKeys, context: BuildContext) -> None:
    if result.notes:
        observation["note"] = [{"text": one.text} for one in result.notes if one.text.strip()]
        if not observation["note"]:
            del observation["note"]
    if result.method is not None:
        method = coded_concept(result.method, context.site.id)
        if method:
            observation["method"] = method
    if result.specimen is not None and result.specimen < len(keys.specimens):
        key = keys.specimens[result.specimen]
        observation["specimen"] = {"reference": f"Specimen/{context.ids[key]}"}
    elif len(keys.specimens) == 1:
        observation["specimen"] = {"reference": f"Specimen/{context.ids[keys.specimens[0]]}"}
    if result.device is not None and keys.device is not None:
        observation["device"] = {"reference": f"Device/{context.ids[keys.device]}"}
    ranges = [_range(one) for one in result.ranges if one.text.strip() or one.low or one.high]
    if ranges:
        observation["referenceRange"] = ranges


def _range(one: ReferenceRange) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for end, text in (("low", one.low), ("high", one.high)):
        decimal = number(text) if text is not None else None
        if decimal is not None:
            found[end] = {"value": decimal}
    if one.sex:
        found["appliesTo"] = [{"text": one.sex}]
    if one.pregnant:
        found.setdefault("appliesTo", []).append({"text": "pregnant"})
    if one.age_low is not None or one.age_high is not None:
        age: dict[str, Any] = {}
        for end, years in (("low", one.age_low), ("high", one.age_high)):
            if years is not None:
                age[end] = {"value": years, "unit": "a"}
        found["age"] = age
    found["text"] = one.text or f"{one.low or ''}-{one.high or ''}"
    return found


def _see(result: Result, found: Mapped | None, made: Built, context: BuildContext) -> None:
    """Put a local code on the mapping list; without any map the message waits for a person."""
    code, system = result.code.code or "", result.code.system or ""
    if system in {"LN", "LOINC", LOINC} and found is not None:
        return
    name = result.code.display or result.code.text or ""
    unit = result.unit.text if result.unit else None
    method = (result.method.text or result.method.display) if result.method else None
    kind = type(result.value).__name__.lower() if result.value is not None else "none"
    made.codes.append(CodeSeen(system, code or name, name, unit, None, method, kind, None))
    entry = context.maps.get((system, code))
    decided = entry is not None and entry.state is MapState.REJECTED
    if found is None and not decided:
        made.issues.append(
            Issue(
                "build",
                UNMAPPED,
                Severity.HOLD,
                f"{result.path}-3",
                "an approved map",
                code or name,
            )
        )


def _report(
    report: LabReportRecord, keys: ReportKeys, home: dict[str, str], context: BuildContext
) -> Resource:
    ids, site = context.ids, context.site
    made: Resource = {"resourceType": "DiagnosticReport"}
    extensions: list[dict[str, Any]] = []
    if report.received is not None:
        extensions.append({"url": RECEIVED, "valueDateTime": report.received.text})
    if report.clinical is not None and report.clinical.text.strip():
        extensions.append({"url": CLINICAL, "valueString": report.clinical.text})
    extensions += [
        {"url": NOTE, "valueString": n.text}
        for n in (*report.notes, *report.extra)
        if n.text.strip()
    ]
    if report.status_code is not None and report.status_code.text:
        extensions.append({"url": STATUS_SENT, "valueString": report.status_code.text})
    if report.issued is not None and report.issued.precision not in _INSTANT:
        extensions.append({"url": extension("issued-as-sent"), "valueDateTime": report.issued.text})
    if extensions:
        made["extension"] = extensions
    made["identifier"] = [{"system": keys.report.system, "value": keys.number}]
    if report.placer is not None and report.placer.value:
        made["identifier"].append(
            {"system": site_system(site.id, "placer"), "value": report.placer.value}
        )
    made["basedOn"] = [{"reference": f"ServiceRequest/{ids[keys.order]}"}]
    made["status"] = _status(report)
    category = report.category or "LAB"
    made["category"] = [{"coding": [{"system": SECTION, "code": category}]}]
    made["code"] = coded_concept(report.code, site.id) or {"text": "laboratory report"}
    made["subject"] = home
    if report.collected is not None:
        made["effectiveDateTime"] = report.collected.text
    if report.issued is not None and report.issued.precision in _INSTANT:
        made["issued"] = report.issued.text
    performer = (
        report.performer
        if report.performer and (report.performer.code or report.performer.name)
        else None
    )
    code = found_code(performer) if performer else site.institution
    made["performer"] = [{"reference": f"Organization/{ids[keys.institutions[code]]}"}]
    made["performer"] += _people(report.authors, keys, ids)
    reviewers = _people(report.reviewers, keys, ids)
    if reviewers:
        made["resultsInterpreter"] = reviewers
    if keys.specimens:
        made["specimen"] = [{"reference": f"Specimen/{ids[key]}"} for key in keys.specimens]
    results = [{"reference": f"Observation/{ids[key]}"} for key in keys.results]
    known = {one["reference"] for one in results}
    before = context.existing.get(keys.report, {}).get("result", ())
    listed = [dict(one) for one in before if one.get("reference") not in known]
    if listed or results:
        made["result"] = listed + results
    forms = [_form(one) for one in report.forms]
    if forms:
        made["presentedForm"] = forms
    return made


def _status(report: LabReportRecord) -> str:
    """A final report with results that are not final yet is partial (edge case 78)."""
    status = report.status or "unknown"
    early = any(one.status in {"preliminary", "registered"} for one in report.results)
    return "partial" if status == "final" and early else status


def _form(one: Any) -> dict[str, Any]:
    import base64

    form: dict[str, Any] = {"contentType": one.media}
    if one.data is not None:
        form["data"] = base64.b64encode(one.data).decode()
    if one.url:
        form["url"] = one.url
    if one.title:
        form["title"] = one.title
    return form


def _people(staff: Any, keys: ReportKeys, ids: Mapping[Key, str]) -> list[dict[str, Any]]:
    found = []
    for one in staff:
        if one.id or one.name:
            person: dict[str, Any] = {
                "reference": f"Practitioner/{ids[keys.staff[staff_code(one)]]}"
            }
            if one.name:
                person["display"] = one.name
            found.append(person)
    return found


def _order(
    report: LabReportRecord, keys: ReportKeys, home: dict[str, str], context: BuildContext
) -> Resource:
    site = context.site
    order: Resource = {"resourceType": "ServiceRequest"}
    order["identifier"] = [{"system": keys.order.system, "value": keys.number}]
    if report.placer is not None and report.placer.value:
        order["identifier"].append(
            {"system": site_system(site.id, "placer"), "value": report.placer.value}
        )
    order["status"] = report.order_status or "completed"
    order["intent"] = "order"
    if report.priority:
        order["priority"] = report.priority
    order["code"] = coded_concept(report.code, site.id) or {"text": "laboratory report"}
    order["subject"] = home
    requester = _people([report.requester] if report.requester else [], keys, context.ids)
    if requester:
        order["requester"] = requester[0]
    elif report.requested_by is not None and (report.requested_by.code or report.requested_by.name):
        key = keys.institutions[found_code(report.requested_by)]
        order["requester"] = {"reference": f"Organization/{context.ids[key]}"}
    if report.visit is not None and report.visit.number is not None:
        order["note"] = [{"text": f"visit {report.visit.number.text}"}]
    return order


def _specimen(one: SpecimenRecord, key: Key, home: dict[str, str], site: Site) -> Resource:
    specimen: Resource = {"resourceType": "Specimen"}
    specimen["identifier"] = [{"system": key.system, "value": key.value}]
    for other in one.ids[1:]:
        if other.value:
            specimen["identifier"].append({"system": key.system, "value": other.value})
    specimen["status"] = "unsatisfactory" if one.rejected is not None else "available"
    if one.type is not None:
        kind = coded_concept(one.type, site.id)
        if kind:
            specimen["type"] = kind
    specimen["subject"] = home
    if one.received is not None:
        specimen["receivedTime"] = one.received.text
    if one.collected is not None:
        specimen["collection"] = {"collectedDateTime": one.collected.text}
    conditions = [
        coded_concept(c, site.id)
        for c in (*one.conditions, *([one.rejected] if one.rejected else []))
    ]
    if any(conditions):
        specimen["condition"] = [c for c in conditions if c]
    notes = [{"text": n.text} for n in one.notes if n.text.strip()]
    if notes:
        specimen["note"] = notes
    return specimen


def _organization(report: LabReportRecord, name: str, site: Site) -> Resource:
    named = [report.performer, report.requested_by, *(r.performer for r in report.results)]
    known = next((one for one in named if one is not None and found_code(one) == name), None)
    made: Resource = {"resourceType": "Organization"}
    if not name.startswith("name:"):
        made["identifier"] = [{"system": INSTITUTION, "value": name}]
        made["name"] = name
    else:
        made["identifier"] = [
            {"system": site_system(site.id, "institution"), "value": name.removeprefix("name:")}
        ]
        made["name"] = (known.name if known else None) or name.removeprefix("name:")
    return made


def _practitioner(report: LabReportRecord, name: str, site: Site) -> Resource:
    named = [*report.reviewers, *report.authors, *(s for r in report.results for s in r.staff)]
    named += [report.requester] if report.requester else []
    known = next((one for one in named if staff_code(one) == name and one.name), None)
    made: Resource = {"resourceType": "Practitioner"}
    made["identifier"] = [
        {"system": site_system(site.id, "staff"), "value": name.removeprefix("name:")}
    ]
    if known is not None:
        made["name"] = [{"text": known.name}]
    return made


_LABORATORY = [{"coding": [{"system": CATEGORY, "code": "laboratory"}]}]
_INSTANT = frozenset({"hour", "minute", "second"})

__all__ = ["BuildContext", "Built", "CodeSeen", "build", "local_code_system", "mapped"]
