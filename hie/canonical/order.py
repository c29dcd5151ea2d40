"""The order behind a report becomes a ServiceRequest.

HL7 v2-to-FHIR, ORC and OBR to ServiceRequest: status from ORC-5, else ORC-1.
"""

from hie.canonical.context import BuildContext
from hie.canonical.keys import Report, ReportKeys, found_code
from hie.canonical.parties import people
from hie.canonical.value import coded_concept
from hie.fhir import Resource, site_system


def build_order(
    report: Report, keys: ReportKeys, home: dict[str, str], context: BuildContext
) -> Resource:
    """The order, known by the report's number: a report without an order has one all the same."""
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
    order["code"] = coded_concept(report.code, site.id) or {"text": "report"}
    order["subject"] = home
    requester = people([report.requester] if report.requester else [], keys, context)
    if requester:
        order["requester"] = requester[0]
    elif report.requested_by is not None and (report.requested_by.code or report.requested_by.name):
        key = keys.institutions[found_code(report.requested_by)]
        order["requester"] = {"reference": f"Organization/{context.ids[key]}"}
    if report.visit is not None and report.visit.number is not None:
        order["note"] = [{"text": f"visit {report.visit.number.text}"}]
    return order
