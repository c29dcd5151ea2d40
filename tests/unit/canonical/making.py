"""Builds reports for the tests of canonical: ids are the keys' own words, so that they can be read."""

from collections.abc import Mapping
from typing import Any

from hie.adapter import Site
from hie.canonical.context import BuildContext, Built
from hie.canonical.imaging_report import build_imaging
from hie.canonical.keys import Key, Report, ReportKeys, business_keys
from hie.canonical.laboratory import build
from hie.fhir import Resource
from hie.recognition.catalogue import load_catalogue
from hie.records import ImagingReportRecord, LabReportRecord
from hie.terminology.concept_map import MapEntry, MapState
from tests.profiled import departures

INSTITUTION = "91110000802100433B"
SITE = Site("lis-1", INSTITUTION, "hl7v2", {})
APPROVED = {("99LAB", "K"): MapEntry("K", "2823-3", MapState.APPROVED)}
_CATALOGUE = load_catalogue()
ITEMS = {key: item.units for key, item in _CATALOGUE.items.items()}


class Ids(dict[Key, str]):
    """An id for every key that is asked for, the same for the same key."""

    def __missing__(self, key: Key) -> str:
        self[key] = f"{key.type.lower()}-{len(self) + 1}"
        return self[key]


def keys_of(report: Report, message: str = "m1") -> ReportKeys:
    """The keys of a report that has a number."""
    found = business_keys(report, SITE, message)
    assert isinstance(found, ReportKeys)
    return found


def made(
    report: Report,
    *,
    existing: Mapping[Key, Resource] | None = None,
    maps: Mapping[tuple[str, str], MapEntry] | None = None,
    sent: str | None = "2026-06-12T12:00:00+08:00",
    ids: Ids | None = None,
    **other: Any,
) -> Built:
    """Everything the hub makes of one report; it conforms to the hub's own profiles."""
    given: dict[str, Any] = {
        "site": SITE,
        "message": "m1",
        "message_hash": "00" * 32,
        "sent": sent,
        "adapter": "hl7v2 1.0.0",
        "ids": Ids() if ids is None else ids,
        "existing": existing or {},
        "maps": APPROVED if maps is None else maps,
        "items": ITEMS,
        "loinc": {},
        "defects": lambda kind, value: None,
        "recorded": "2026-06-12T04:00:01.000Z",
    }
    context = BuildContext(**{**given, **other})
    if isinstance(report, ImagingReportRecord):
        built = build_imaging(report, keys_of(report), context)
    else:
        assert isinstance(report, LabReportRecord)
        built = build(report, keys_of(report), context)
    assert departures(built.resources.values()) == []
    return built


def of_type(built: Built, kind: str) -> list[Resource]:
    """The resources of one type, in the order they were made."""
    return [resource for key, resource in built.resources.items() if key.type == kind]


def only(built: Built, kind: str) -> Resource:
    """The one resource of a type."""
    (found,) = of_type(built, kind)
    return found


def codes(built: Built) -> set[str]:
    """The codes of the issues that building raised."""
    return {issue.code for issue in built.issues}
