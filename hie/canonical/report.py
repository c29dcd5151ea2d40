"""A laboratory report becomes a DiagnosticReport over every result it ever listed.

HL7 v2-to-FHIR, OBR to DiagnosticReport; NTE after OBR, which the guide maps to nothing, becomes an
extension.
"""

import base64
from typing import Any

from hie.canonical.context import BuildContext
from hie.canonical.keys import ReportKeys, found_code
from hie.canonical.observation import INSTANT, STATUS_SENT
from hie.canonical.parties import people
from hie.canonical.value import coded_concept
from hie.fhir import SECTION, Resource, extension, site_system
from hie.records import Attachment, LabReportRecord

RECEIVED, NOTE, CLINICAL = (
    extension("received-by-laboratory"),
    extension("note"),
    extension("clinical"),
)


def build_report(
    report: LabReportRecord, keys: ReportKeys, home: dict[str, str], context: BuildContext
) -> Resource:
    """The report; `result` is the union of what it lists now and ever listed."""
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
    if report.issued is not None and report.issued.precision not in INSTANT:
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
    if report.issued is not None and report.issued.precision in INSTANT:
        made["issued"] = report.issued.text
    performer = (
        report.performer
        if report.performer and (report.performer.code or report.performer.name)
        else None
    )
    code = found_code(performer) if performer else site.institution
    made["performer"] = [{"reference": f"Organization/{ids[keys.institutions[code]]}"}]
    made["performer"] += people(report.authors, keys, context)
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
    forms = [_form(one) for one in report.forms]
    if forms:
        made["presentedForm"] = forms
    return made


def _status(report: LabReportRecord) -> str:
    """A final report with results that are not final yet is partial (edge case 78)."""
    status = report.status or "unknown"
    early = any(one.status in {"preliminary", "registered"} for one in report.results)
    return "partial" if status == "final" and early else status


def _form(one: Attachment) -> dict[str, Any]:
    form: dict[str, Any] = {"contentType": one.media}
    if one.data is not None:
        form["data"] = base64.b64encode(one.data).decode()
    if one.url:
        form["url"] = one.url
    if one.title:
        form["title"] = one.title
    return form
