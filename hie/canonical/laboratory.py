"""A laboratory report becomes its resources: patient, order, specimens, results, report, origin.

What the HL7 guide leaves open is decided in docs/fhir-shapes.md. Resources come without versionId
and lastUpdated: the store adds them.
"""

from hie.canonical.context import BuildContext, Built, CodeSeen
from hie.canonical.keys import ReportKeys
from hie.canonical.observation import UNMAPPED, build_observation, mapped
from hie.canonical.order import build_order
from hie.canonical.parties import build_parties
from hie.canonical.patient import build_patient
from hie.canonical.provenance import build_provenance
from hie.canonical.report import build_report
from hie.canonical.specimen import build_specimen
from hie.records import LabReportRecord


def build(report: LabReportRecord, keys: ReportKeys, context: BuildContext) -> Built:
    """Every resource of one report."""
    made = Built({})
    ids, site = context.ids, context.site
    home = {"reference": f"Patient/{ids[keys.patient]}"}
    made.resources.update(build_parties(keys, context))
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
    made.resources[keys.order] = build_order(report, keys, home, context)
    for place, specimen in enumerate(report.specimens):
        made.resources[keys.specimens[place]] = build_specimen(
            specimen, keys.specimens[place], home, site
        )
    for result, key in zip(report.results, keys.results, strict=True):
        made.resources[key] = build_observation(report, result, key, keys, home, context, made)
    made.resources[keys.report] = build_report(report, keys, home, context)
    targets = [f"{key.type}/{ids[key]}" for key in made.resources]
    made.resources[keys.provenance] = build_provenance(targets, own, context)
    return made


__all__ = ["UNMAPPED", "BuildContext", "Built", "CodeSeen", "build", "mapped"]
