"""A laboratory report becomes a DiagnosticReport over every result it ever listed.

HL7 v2-to-FHIR, OBR to DiagnosticReport; NTE after OBR, which the guide maps to nothing, becomes an
extension.
"""

import base64
from typing import Any

from hie.adapter import Site
from hie.canonical.context import BuildContext
from hie.canonical.keys import Report, ReportKeys
from hie.canonical.observation import INSTANT, STATUS_SENT
from hie.canonical.parties import institution_reference, people
from hie.canonical.value import coded_concept
from hie.fhir import SECTION, Resource, extension, site_system
from hie.records import Attachment, LabReportRecord

RECEIVED, NOTE, CLINICAL = (
    extension("received-by-laboratory"),
    extension("note"),
    extension("clinical"),
)
ISSUED_SENT = extension("issued-as-sent")


def build_report(
    report: LabReportRecord, keys: ReportKeys, home: dict[str, str], context: BuildContext
) -> Resource:
    """The report; `result` is the union of what it lists now and ever listed."""
    ids, site = context.ids, context.site
    made: Resource = {"resourceType": "DiagnosticReport"}
    extensions: list[dict[str, Any]] = []
    if report.received is not None:
        extensions.append({"url": RECEIVED, "valueDateTime": report.received.text})
    extensions += said_beside(report)
    if extensions:
        made["extension"] = extensions
    made["identifier"] = numbers(report, keys, site)
    made["basedOn"] = [{"reference": f"ServiceRequest/{ids[keys.order]}"}]
    made["status"] = _status(report)
    category = report.category or "LAB"
    made["category"] = [{"coding": [{"system": SECTION, "code": category}]}]
    made["code"] = coded_concept(report.code, site.id) or {"text": "laboratory report"}
    made["subject"] = home
    if report.collected is not None:
        made["effectiveDateTime"] = report.collected.text
    if report.issued is not None and report.issued.precision in INSTANT:
        made["issued"] = report.issued.text
    made["performer"] = [
        institution_reference(report.performer, keys, context),
        *people(report.authors, keys, context),
    ]
    reviewers = people(report.reviewers, keys, context)
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
    if report.forms:
        made["presentedForm"] = [build_form(one) for one in report.forms]
    return made


def numbers(report: Report, keys: ReportKeys, site: Site) -> list[dict[str, Any]]:
    """The numbers a report is known by: the filler's, which is its key, then the placer's."""
    found: list[dict[str, Any]] = [{"system": keys.report.system, "value": keys.number}]
    if report.placer is not None and report.placer.value:
        found.append({"system": site_system(site.id, "placer"), "value": report.placer.value})
    return found


def said_beside(report: Report) -> list[dict[str, Any]]:
    """What a report says that R4 has no element for: clinical data, notes, the status as sent."""
    found: list[dict[str, Any]] = []
    if report.clinical is not None and report.clinical.text.strip():
        found.append({"url": CLINICAL, "valueString": report.clinical.text})
    found += [
        {"url": NOTE, "valueString": n.text}
        for n in (*report.notes, *report.extra)
        if n.text.strip()
    ]
    if report.status_code is not None and report.status_code.text:
        found.append({"url": STATUS_SENT, "valueString": report.status_code.text})
    if report.issued is not None and report.issued.precision not in INSTANT:
        found.append({"url": ISSUED_SENT, "valueDateTime": report.issued.text})
    return found


def _status(report: LabReportRecord) -> str:
    """A final report with results that are not final yet is partial (edge case 78)."""
    status = report.status or "unknown"
    early = any(one.status in {"preliminary", "registered"} for one in report.results)
    return "partial" if status == "final" and early else status


def build_form(one: Attachment) -> dict[str, Any]:
    """A printed report: its bytes, or the address it was sent as, which nobody opens here."""
    form: dict[str, Any] = {"contentType": one.media}
    if one.data is not None:
        form["data"] = base64.b64encode(one.data).decode()
    if one.url:
        form["url"] = one.url
    if one.title:
        form["title"] = one.title
    return form
