"""An imaging report becomes a DiagnosticReport with its order, patient, people and origin.

What the report itself says of the examination stands in the extension `study-facts`, in the words
of an ImagingStudy's own: who asks for a report alone asks the same way. `imagingStudy` is set by
who links study and report. A correction that leaves findings or conclusion out does not take them
back; a withdrawn report has neither.
"""

from collections.abc import Mapping
from typing import Any, Final

from hie.canonical.context import BuildContext, Built
from hie.canonical.examination import Examination, read_examination
from hie.canonical.keys import ReportKeys
from hie.canonical.observation import INSTANT, MAPPING
from hie.canonical.order import build_order
from hie.canonical.parties import build_parties, institution_reference, people
from hie.canonical.patient import build_patient
from hie.canonical.provenance import build_provenance
from hie.canonical.report import build_form, numbers, said_beside
from hie.canonical.value import coded_concept
from hie.fhir import ITEM, SECTION, Resource, extension, site_system
from hie.records import ImagingReportRecord
from hie.terminology.concept_map import MapState

FINDINGS, FACTS = extension("findings"), extension("study-facts")
CLASSES: Final = frozenset({"XRAY", "CT", "MRI", "US", "NM", "MG"})
# HL7 table 0074: the sections of imaging, and the one that does each class.
_SECTIONS: Final = frozenset(
    {"RAD", "CT", "NMR", "NMS", "RUS", "OUS", "VUS", "CUS", "XRC", "RX", "IMG"}
)
_SECTION_OF: Final = {"CT": "CT", "MRI": "NMR", "NM": "NMS", "US": "RUS", "XRAY": "RX"}
_WITHDRAWN: Final = frozenset({"cancelled", "entered-in-error"})


def build_imaging(report: ImagingReportRecord, keys: ReportKeys, context: BuildContext) -> Built:
    """Every resource of one imaging report."""
    made = Built({})
    ids, site = context.ids, context.site
    home = {"reference": f"Patient/{ids[keys.patient]}"}
    made.resources.update(build_parties(keys, context))
    own = ids[keys.institutions[site.institution]]
    made.resources[keys.patient] = build_patient(
        report.patient, site, own, context.sent, context.existing.get(keys.patient), context.defects
    )
    made.resources[keys.order] = build_order(report, keys, home, context)
    made.resources[keys.report] = _report(report, keys, home, context)
    targets = [f"{key.type}/{ids[key]}" for key in made.resources]
    made.resources[keys.provenance] = build_provenance(targets, own, context)
    return made


def _report(
    report: ImagingReportRecord, keys: ReportKeys, home: dict[str, str], context: BuildContext
) -> Resource:
    site, before = context.site, context.existing.get(keys.report, {})
    status = report.status or "unknown"
    klass, is_confirmed = class_of(report, context)
    findings = report.findings.text if report.findings else None
    conclusion = report.conclusion.text if report.conclusion else None
    if status not in _WITHDRAWN:
        if findings is None and "findings" not in report.withdrawn:
            findings = _stood(before, FINDINGS)
        if conclusion is None and "conclusion" not in report.withdrawn:
            conclusion = before.get("conclusion")
    made: Resource = {"resourceType": "DiagnosticReport"}
    made["extension"] = [
        *([{"url": FINDINGS, "valueString": findings}] if findings else []),
        *_facts(report, read_examination(report), klass if is_confirmed else None),
        *said_beside(report),
    ]
    if not made["extension"]:
        del made["extension"]
    made["identifier"] = numbers(report, keys, site)
    if report.accession is not None:
        made["identifier"].append(
            {
                "type": {"coding": [{"system": _IDENTIFIER, "code": "ACSN"}]},
                "system": site_system(site.id, "accession"),
                "value": report.accession.value,
            }
        )
    made["basedOn"] = [{"reference": f"ServiceRequest/{context.ids[keys.order]}"}]
    made["status"] = status
    made["category"] = [_category(report, klass)]
    made["code"] = _code(report, klass, is_confirmed=is_confirmed, site=site.id)
    made["subject"] = home
    if report.performed is not None:
        made["effectiveDateTime"] = report.performed.text
    if report.issued is not None and report.issued.precision in INSTANT:
        made["issued"] = report.issued.text
    made["performer"] = [
        institution_reference(report.performer, keys, context),
        *people(report.authors, keys, context),
    ]
    reviewers = people(report.reviewers, keys, context)
    if reviewers:
        made["resultsInterpreter"] = reviewers
    studies = before.get("imagingStudy")
    if studies:
        made["imagingStudy"] = studies
    if conclusion:
        made["conclusion"] = conclusion
    if report.forms:
        made["presentedForm"] = [build_form(one) for one in report.forms]
    return made


_IDENTIFIER: Final = "http://terminology.hl7.org/CodeSystem/v2-0203"


def class_of(report: ImagingReportRecord, context: BuildContext) -> tuple[str | None, bool]:
    """The class, and whether it is sure: by the site's map, the profile or the section."""
    entry = context.maps.get((report.code.system or "", report.code.code or ""))
    if entry is not None and entry.item in CLASSES and entry.state is MapState.APPROVED:
        return entry.item, True
    return report.class_hint, report.class_stated


def _code(
    report: ImagingReportRecord, klass: str | None, *, is_confirmed: bool, site: str
) -> dict[str, Any]:
    concept = coded_concept(report.code, site)
    if klass is not None:
        state = "confirmed" if is_confirmed else "unconfirmed"
        own = {
            "extension": [{"url": MAPPING, "valueCode": state}],
            "system": ITEM,
            "code": klass,
        }
        concept["coding"] = [own, *concept.get("coding", ())]
    concept["text"] = report.code.display or concept.get("text") or "imaging report"
    return concept


def _category(report: ImagingReportRecord, klass: str | None) -> dict[str, Any]:
    """The section as HL7 names it; what the sender called it stays beside."""
    sent = report.category
    code = sent.upper() if sent and sent.upper() in _SECTIONS else _SECTION_OF.get(klass or "")
    found: dict[str, Any] = {"coding": [{"system": SECTION, "code": code or "RAD"}]}
    if sent and sent != code:
        found["text"] = sent
    return found


def _facts(
    report: ImagingReportRecord, said: Examination, klass: str | None
) -> list[dict[str, Any]]:
    """The extension `study-facts`; nothing when the report says nothing of the examination."""
    facts: list[dict[str, Any]] = []
    if klass is not None:
        facts.append({"url": "class", "valueCode": klass})
    facts += [{"url": "body-part", "valueCode": part} for part in said.body_parts]
    if said.laterality is not None:
        facts.append({"url": "laterality", "valueCode": said.laterality})
    if said.contrast is not None:
        facts.append({"url": "contrast", "valueCode": said.contrast})
    facts += [{"url": "protocol", "valueCode": one} for one in said.protocols]
    if said.texts:
        facts.append({"url": "texts", "valueBoolean": True})
    if report.tracer is not None:
        facts.append({"url": "tracer", "valueString": report.tracer.text})
    if report.stated_instances is not None:
        facts.append({"url": "expected", "valueUnsignedInt": report.stated_instances})
    return [{"url": FACTS, "extension": facts}] if facts else []


def _stood(before: Mapping[str, Any], url: str) -> str | None:
    for one in before.get("extension", ()):
        if one.get("url") == url:
            text: str | None = one.get("valueString")
            return text
    return None
