"""Consents of an invented patient, said in few words."""

from typing import Any

from hie.consent.compiling import compile_all
from hie.consent.minors import ages_of
from hie.consent.provision import Who
from hie.consent.reading import read
from hie.consent.rule import DENY
from hie.consent.terms import Terms
from hie.consent.words import ACT_REASON, BITS, CONFIDENTIALITY
from hie.fhir import Resource
from hie.fhir.elements import bounds
from tests.unit.consent.evaluator import Question, Record, decide

A, B, C = "91110000MA0000001L", "91110000MA0000002J", "91110000MA0000003G"
KNOWN = {
    "Organization/a": Who(institution=A),
    "Organization/b": Who(institution=B),
    "Organization/c": Who(institution=C),
    "Practitioner/p": Who(party="user/p"),
}
ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"


def a_consent(root: dict[str, Any], **more: Any) -> Resource:
    return {
        "resourceType": "Consent",
        "id": "one",
        "status": "active",
        "patient": {"reference": "Patient/p5"},
        "dateTime": "2026-06-01T09:00:00+08:00",
        "provision": root,
        **more,
    }


def rule(kind: str, *but: dict[str, Any], **says: Any) -> dict[str, Any]:
    """A provision: `who` and `purpose`, `labels`, `period`, `days`, `data` in short."""
    found: dict[str, Any] = {"type": kind}
    if "who" in says:
        found["actor"] = [
            {"role": {"coding": [{"code": "IRCP"}]}, "reference": {"reference": one}}
            for one in says["who"].split()
        ]
    if "purpose" in says:
        codes = says["purpose"].split()
        found["purpose"] = [{"system": ACT_REASON, "code": code} for code in codes]
    if "labels" in says:
        found["securityLabel"] = [
            {"system": CONFIDENTIALITY if code in ("N", "R", "V") else ACT_CODE, "code": code}
            for code in says["labels"].split()
        ]
    for name, element in (("period", "period"), ("days", "dataPeriod")):
        if name in says:
            start, _, end = says[name].partition("/")
            found[element] = {k: v for k, v in (("start", start), ("end", end)) if v}
    if "data" in says:
        found["data"] = [
            {"meaning": meaning, "reference": {"reference": reference}}
            for meaning, _, reference in (one.partition(":") for one in says["data"].split())
        ]
    if but:
        found["provision"] = list(but)
    return found


def at(text: str) -> int:
    found = bounds(text)
    assert found is not None
    return found[0]


ADULT = ages_of(["1980-06-15"])
NOW = at("2026-06-15T10:00:00+08:00")
RESULT = Record("Observation", "k", label=0, source=A, day=(at("2026-06-01"), at("2026-06-02") - 1))


def asked(
    *consents: Resource,
    by: str = B,
    purpose: str = "TREAT",
    now: int = NOW,
    record: Record = RESULT,
    terms: Terms = Terms(),  # noqa: B008 - a frozen value
    birth: str | None = "1980-06-15",
    parties: frozenset[str] = frozenset(),
) -> bool | None:
    """What these Consents decide; None: none of them speaks."""
    directives = [read({**one, "id": str(n)}, KNOWN, NOW) for n, one in enumerate(consents)]
    rules = compile_all(directives, terms, ages_of([birth])).rules
    found = decide(rules, Question(by, BITS[purpose], now, parties), record)
    return None if found is None else found.decision != DENY
