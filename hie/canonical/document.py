"""A result used, as a FHIR document: a Bundle that begins with its Composition (R-903).

FHIR R4 documents.html. What the source sent stands as it was stored, in the version used, under its
own address; what the hub adds (Composition, the receiver, its physician, the assessment as
GuidanceResponse, the decision as DetectedIssue with its mitigation, Provenance) has addresses that
follow from the decision, so that the same decision gives the same bytes. Nothing is referred to
that is not in the document; a resource that lost a reference that way is tagged SUBSETTED.
"""

import re
import uuid
from collections.abc import Iterator, Mapping
from typing import Any, Final
from xml.sax.saxutils import escape

from hie.canonical.closed import closed
from hie.canonical.recognised import Recognised
from hie.canonical.record_words import Language, word
from hie.canonical.remarks import remarks
from hie.fhir import CANONICAL, INSTITUTION, LOINC, Resource
from hie.fhir.elements import instant, referenced

DECISION: Final = f"{CANONICAL}/CodeSystem/decision"
_NAMES: Final = uuid.UUID("9d3b1a52-7c0e-5f0e-9a53-2f1f6f0b7c11")  # of addresses made here
_SUBSETTED: Final = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "code": "SUBSETTED",
}
_LABORATORY: Final = {"system": LOINC, "code": "11502-2", "display": "Laboratory report"}
_IMAGING: Final = {"system": LOINC, "code": "18748-4", "display": "Diagnostic imaging study"}
_CONTROL: Final = re.compile("[\x00-\x1f\x7f]")
_PARTICIPANT: Final = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"


def write_document(record: Recognised, lang: Language = "zh") -> Resource:
    """The document; check it with `hie.fhir.document.check_document`."""
    return _Document(record, lang).bundle()


class _Document:
    """One document while it is written: who has which address."""

    def __init__(self, record: Recognised, lang: Language) -> None:
        self._record, self._lang = record, lang
        self._base = f"{record.address}/fhir"
        patient = self._unknown_patient() if record.patient is None else record.patient
        whose = {"subject": {"reference": f"Patient/{patient['id']}"}}
        told = [{**whose, **record.used}, record.report, patient, *record.others]
        self._sent = [one for one in told if one is not None]
        self._known = {(one["resourceType"], one["id"]) for one in self._sent}

    def bundle(self) -> Resource:
        record = self._record
        change = record.change
        version = "" if change is None else f"/{change.version or change.kind}"
        entries = [
            {"fullUrl": self._urn(name), "resource": resource} for name, resource in self._made()
        ]
        entries += [
            {"fullUrl": self._url(one), "resource": self._closed(one)} for one in self._sent
        ]
        return {
            "resourceType": "Bundle",
            "language": "zh-CN" if self._lang == "zh" else "en",
            "identifier": {
                "system": f"{CANONICAL}/sid/decision",
                "value": record.decision.id + version,
            },
            "type": "document",
            "timestamp": self._when(last=True),
            "entry": entries,
        }

    def _made(self) -> Iterator[tuple[str, Resource]]:
        yield "Composition", self._composition()
        yield "GuidanceResponse", self._assessment()
        yield "DetectedIssue", self._decision()
        yield "Provenance", self._provenance()
        yield "Receiver", self._institution()
        yield "Practitioner", self._practitioner()
        yield "PractitionerRole", self._role()
        yield "Hub", self._hub()
        if not self._record.source.code:
            return
        if not any(self._is_source(one) for one in self._sent):
            yield "Source", self._organization(self._record.source.code, self._record.source.name)

    def _composition(self) -> Resource:
        record, lang = self._record, self._lang
        name = record.item.en if lang == "en" else record.item.zh
        used = [record.used, *([record.report] if record.report else [])]
        made: Resource = {
            "resourceType": "Composition",
            "identifier": {"system": f"{CANONICAL}/sid/decision", "value": record.decision.id},
            "status": "entered-in-error" if record.is_withdrawn else "final",
            "type": {"coding": [_IMAGING if record.item.is_imaging else _LABORATORY]},
            "subject": self._patient(),
            "date": self._when(last=True),
            "author": [self._to("PractitionerRole")],
            "title": word("document-title", lang, item=name),
            "custodian": self._to("Receiver"),
            "event": [{"period": {"start": self._when(), "end": self._when()}}],
            "section": [
                {
                    "title": word("section-result", lang),
                    "text": _narrative(remarks(record, lang)),
                    "entry": [{"reference": self._url(one)} for one in used],
                },
                {
                    "title": word("section-decision", lang),
                    "entry": [
                        self._to("DetectedIssue"),
                        self._to("GuidanceResponse"),
                        self._to("Provenance"),
                    ],
                },
            ],
        }
        return made

    def _assessment(self) -> Resource:
        """What the hub had offered; its findings in words, those that fired or are unknown."""
        verdict = self._record.verdict
        facts: list[dict[str, Any]] = [
            {"url": _extension("outcome"), "valueCode": verdict.outcome},
            {"url": _extension("policy"), "valueString": verdict.policy},
        ]
        if verdict.mark:
            facts.append({"url": _extension("mark"), "valueString": verdict.mark})
        made: Resource = {
            "resourceType": "GuidanceResponse",
            "extension": facts,
            "requestIdentifier": {"system": f"{CANONICAL}/sid/check", "value": verdict.check},
            "identifier": [{"system": f"{CANONICAL}/sid/assessment", "value": verdict.assessment}],
            "moduleUri": f"{CANONICAL}/rulebook",
            "status": "success",
            "subject": self._patient(),
            "occurrenceDateTime": verdict.on,
            "performer": self._to("Hub"),
        }
        notes = []
        for one in verdict.findings:
            said = (one.get("text") or {}).get(self._lang, "")
            state = "fired" if one.get("fired") else "unknown"
            said = _clean(said)
            notes.append({"text": f"{one['rule']} {state}" + (f": {said}" if said else "")})
        if notes:
            made["note"] = notes
        return made

    def _decision(self) -> Resource:
        """A repeat was about to be ordered although there was a result; what was done about it."""
        record = self._record
        return {
            "resourceType": "DetectedIssue",
            "identifier": [{"system": f"{CANONICAL}/sid/decision", "value": record.decision.id}],
            "status": "final",
            "code": {"coding": [{"system": DECISION, "code": "earlier-result"}]},
            "patient": self._patient(),
            "identifiedDateTime": record.verdict.on,
            "author": self._to("Hub"),
            "implicated": [{"reference": self._url(record.used)}],
            "evidence": [{"detail": [self._to("GuidanceResponse")]}],
            "mitigation": [
                {
                    "action": {
                        "coding": [{"system": DECISION, "code": "use"}],
                        "text": word("decided-use", self._lang),
                    },
                    "date": self._when(),
                    "author": self._to("PractitionerRole"),
                }
            ],
        }

    def _provenance(self) -> Resource:
        record = self._record
        message = record.used.get("meta", {}).get("source")
        made: Resource = {
            "resourceType": "Provenance",
            "target": [{"reference": self._url(record.used)}],
            "recorded": self._when(),
            "agent": [
                self._agent("author", self._source()),
                {**self._agent("verifier", self._to("PractitionerRole")),
                 "onBehalfOf": self._to("Receiver")},
                self._agent("assembler", self._to("Hub")),
            ],
        }  # fmt: skip
        if message:
            what = {"identifier": {"system": "urn:ietf:rfc:3986", "value": message}}
            made["entity"] = [{"role": "source", "what": what}]
        return made

    def _agent(self, kind: str, who: Mapping[str, Any]) -> dict[str, Any]:
        return {"type": {"coding": [{"system": _PARTICIPANT, "code": kind}]}, "who": dict(who)}

    def _institution(self) -> Resource:
        party = self._record.decision.institution
        return self._organization(party.code, party.name)

    def _organization(self, code: str, name: str) -> Resource:
        return {
            "resourceType": "Organization",
            "identifier": [{"system": INSTITUTION, "value": _clean(code) or "?"}],
            "name": _clean(name) or _clean(code) or "?",
        }

    def _practitioner(self) -> Resource:
        decision = self._record.decision
        system = f"{INSTITUTION}/{decision.institution.code}/staff"
        made: Resource = {
            "resourceType": "Practitioner",
            "identifier": [{"system": system, "value": _clean(decision.practitioner) or "?"}],
        }
        name = _clean(decision.practitioner_name)
        if name:
            made["name"] = [{"text": name}]
        return made

    def _role(self) -> Resource:
        made: Resource = {
            "resourceType": "PractitionerRole",
            "practitioner": self._to("Practitioner"),
            "organization": self._to("Receiver"),
        }
        department = _clean(self._record.decision.department)
        if department:
            made["specialty"] = [{"text": department}]
        return made

    def _hub(self) -> Resource:
        return {
            "resourceType": "Device",
            "identifier": [{"system": "urn:ietf:rfc:3986", "value": self._record.address}],
            "deviceName": [{"name": "hie", "type": "model-name"}],
        }

    def _unknown_patient(self) -> Resource:
        """Whom the receiver asked about, when the source's Patient may no longer be seen."""
        record = self._record
        subject = referenced(record.used.get("subject"))
        made: Resource = {"resourceType": "Patient", "id": subject[1] if subject else "asked"}
        name = _clean(record.asked_name)
        if name:
            made["name"] = [{"text": name}]
        return made

    def _patient(self) -> dict[str, str]:
        patient = next(one for one in self._sent if one["resourceType"] == "Patient")
        return {"reference": self._url(patient)}

    def _source(self) -> dict[str, str]:
        """The institution that produced it: as sent, else as the register names it."""
        sent = next((one for one in self._sent if self._is_source(one)), None)
        if sent is not None:
            return {"reference": self._url(sent)}
        if self._record.source.code:
            return self._to("Source")
        return {"display": _clean(self._record.source.name) or "?"}

    def _is_source(self, one: Resource) -> bool:
        code = self._record.source.code
        numbers = [
            identifier.get("value")
            for identifier in one.get("identifier", ())
            if identifier.get("system") == INSTITUTION
        ]
        return one["resourceType"] == "Organization" and bool(code) and code in numbers

    def _when(self, *, last: bool = False) -> str:
        """The decision's instant; `last`: or that of what changed the result since."""
        at_us, change = self._record.decision.at_us, self._record.change
        if last and change is not None and change.at_us is not None:
            at_us = max(at_us, change.at_us)
        return instant(at_us).isoformat(timespec="milliseconds")

    def _urn(self, name: str) -> str:
        return f"urn:uuid:{uuid.uuid5(_NAMES, f'{self._record.decision.id}/{name}')}"

    def _to(self, name: str) -> dict[str, str]:
        return {"reference": self._urn(name)}

    def _url(self, resource: Mapping[str, Any]) -> str:
        return f"{self._base}/{resource['resourceType']}/{resource['id']}"

    def _closed(self, resource: Resource) -> Resource:
        """The resource without references that lead out of the document, tagged if it lost any."""
        kept, lost = closed(resource, self._known)
        if not lost and resource is not self._record.patient:
            return resource
        meta = dict(kept.get("meta", {}))
        return {**kept, "meta": {**meta, "tag": [*meta.get("tag", ()), _SUBSETTED]}}


def _extension(name: str) -> str:
    return f"{CANONICAL}/StructureDefinition/{name}"


def _clean(text: str | None) -> str:
    """A text that a caller gave, as FHIR has it: without control characters, "" for none."""
    return _CONTROL.sub(" ", text or "").strip()


def _narrative(sentences: Iterator[str]) -> dict[str, str]:
    lines = "".join(f"<p>{escape(_clean(one))}</p>" for one in sentences)
    return {
        "status": "generated",
        "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{lines}</div>',
    }
