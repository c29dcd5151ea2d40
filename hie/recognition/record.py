"""Reads a candidate's facts out of FHIR: an Observation with its report, specimen and patient.

The facts have fixed sources, tried in order (recognition rules, facts and where they come from). A
record that leaves one out yields None, never a default: each rule says what follows from that.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, Final, Literal, cast

import msgspec

from hie.fhir import INSTITUTION, ITEM, LOINC, Resource, extension
from hie.fhir.elements import code_in, find_extension
from hie.recognition.candidate import Candidate, Identity
from hie.recognition.catalogue import Catalogue
from hie.recognition.measured import read_measured
from hie.recognition.moment import Moment, find_moment
from hie.recognition.value import read_value

Mapped = Literal["confirmed", "unconfirmed"]


class Issuer(msgspec.Struct, frozen=True, gc=False):
    """An Organization as a source of results; `code` is its unified social credit code."""

    code: str | None
    name: str | None


NO_ISSUERS: Final[Mapping[str, Issuer]] = MappingProxyType({})


def read_issuer(organization: Resource) -> Issuer:
    """What an Organization resource says of the institution."""
    code = next(
        (
            one.get("value")
            for one in organization.get("identifier", ())
            if one.get("system") == INSTITUTION
        ),
        None,
    )
    return Issuer(code, organization.get("name"))


def read_candidate(
    observation: Resource,
    report: Resource | None,
    specimen: Resource | None,
    patient: Resource | None,
    *,
    identity: Identity,
    catalogue: Catalogue,
    issuers: Mapping[str, Issuer] = NO_ISSUERS,
    site: Issuer | None = None,
    current: bool = True,
    withheld: bool | None = False,
    day: date | None = None,
) -> Candidate:
    """The facts of one laboratory result, from current versions as the store holds them.

    A performer says its institution's code beside its reference; `issuers` are Organizations that
    are known better, by reference ("Organization/<id>"). `site` is the sending site's institution,
    for records that name none.
    `current` and `withheld` are the store's and the consent's word. A value is read as its item
    stood on the `day` asked about, else as it stands last.
    """
    report = report or {}
    specimen = specimen or {}
    patient = patient or {}
    item, mapping = _mapped(observation, catalogue)
    test = catalogue.items.get(item) if item else None
    if day is not None and item:
        test = catalogue.on(day).get(item, test)
    loinc = code_in(observation.get("code"), LOINC)
    performers = (*observation.get("performer", ()), *report.get("performer", ()))
    issuer = find_institution(performers, issuers) or site
    reviewers = report.get("resultsInterpreter", ())
    control = extension_value(observation, "control", "valueCode")
    return Candidate(
        resource=versioned(observation),
        identity=identity,
        item=item,
        mapping=mapping,
        code=loinc or _own_code(observation),
        status=observation.get("status"),
        report_status=report.get("status"),
        collected=_collected(observation, specimen),
        received=first_moment(
            extension_value(report, "received-by-laboratory", "valueDateTime"),
            specimen.get("receivedTime"),
        ),
        issued=first_moment(*released(report), observation.get("issued")),
        reviewed=bool(reviewers),
        reviewer=next((r["display"] for r in reviewers if r.get("display")), None),
        institution=None if issuer is None else issuer.code or "",
        institution_name=None if issuer is None else issuer.name,
        value=read_value(observation, test, loinc),
        control=control if control in ("in", "out") else None,
        birth_date=patient.get("birthDate"),
        sex=patient.get("gender"),
        report=identifier_of(report),
        result=identifier_of(observation),
        current=current,
        withheld=withheld,
        measured=read_measured(observation, report, specimen, test),
    )


def _mapped(observation: Resource, catalogue: Catalogue) -> tuple[str | None, Mapped | None]:
    """The item, and whether its map needs no person any more.

    The hub's own coding carries what was decided when it was built; a record without one speaks
    by its LOINC code.
    """
    codings = observation.get("code", {}).get("coding", ())
    for coding in codings:
        if coding.get("system") == ITEM and coding.get("code") in catalogue.items:
            sure = extension_value(coding, "mapping", "valueCode") == "confirmed"
            return coding["code"], "confirmed" if sure else "unconfirmed"
    for coding in codings:
        if coding.get("system") == LOINC:
            found = catalogue.item_of_loinc(coding.get("code") or "")
            if found and found[0] in catalogue.items:
                return found[0], "confirmed" if found[1] else "unconfirmed"
    return None, None


def _own_code(observation: Resource) -> str | None:
    codings = observation.get("code", {}).get("coding", ())
    return next((c.get("code") for c in codings if c.get("system") != ITEM and c.get("code")), None)


def find_institution(
    performers: Iterable[Mapping[str, Any]], issuers: Mapping[str, Issuer]
) -> Issuer | None:
    """The first institution among performers (References to people and institutions)."""
    for performer in performers:
        known = issuers.get(_unversioned(performer.get("reference") or ""))
        if known is not None:
            return known
        identifier = performer.get("identifier") or {}
        if identifier.get("system") == INSTITUTION and identifier.get("value"):
            return Issuer(identifier["value"], performer.get("display"))
        if (performer.get("reference") or "").startswith("Organization/"):
            return Issuer(None, performer.get("display"))
    return None


def _collected(observation: Resource, specimen: Resource) -> Moment | None:
    taken = specimen.get("collection", {})
    return first_moment(
        observation.get("effectiveDateTime"),
        observation.get("effectivePeriod", {}).get("start"),
        observation.get("effectiveInstant"),
        taken.get("collectedDateTime"),
        taken.get("collectedPeriod", {}).get("start"),
    )


def first_moment(*texts: str | None) -> Moment | None:
    """The first time that is stated; one of a month or a year is none."""
    return next(_moments(texts), None)


def _moments(texts: Iterable[str | None]) -> Iterator[Moment]:
    for text in texts:
        moment = find_moment(text)
        if moment is not None:
            yield moment


def extension_value(element: Mapping[str, Any], name: str, kind: str) -> str | None:
    """The text of one of the hub's own extensions."""
    found = find_extension(element, extension(name))
    return cast(str | None, found.get(kind)) if found else None


def released(report: Resource) -> tuple[str | None, str | None]:
    """When a report was issued: an instant, or the day alone, which R4's element cannot hold."""
    return report.get("issued"), extension_value(report, "issued-as-sent", "valueDateTime")


def identifier_of(resource: Resource) -> str:
    """A resource's first identifier, "" when it has none."""
    return next((one["value"] for one in resource.get("identifier", ()) if one.get("value")), "")


def versioned(resource: Resource) -> str:
    """The reference to exactly this version."""
    key = f"{resource.get('resourceType')}/{resource.get('id')}"
    version = resource.get("meta", {}).get("versionId")
    return f"{key}/_history/{version}" if version else key


def _unversioned(reference: str) -> str:
    return reference.split("/_history/", 1)[0]
