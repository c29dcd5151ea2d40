"""Consents as hospitals' systems write them, and the places where a result could be seen."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from tests.integration.access.support import (
    INSTITUTIONS,
    Region,
    Written,
    encounter_of,
    filling,
    region,
)
from tests.unit.consent.consents import rule

SYSTEM = "https://hie.example/fhir/sid/institution"


def denying(*who: str) -> dict[str, Any]:
    """A root provision that denies these hospitals (letters); none named: everybody."""
    return {"type": "deny", **({"actor": [recipient(one) for one in who]} if who else {})}


def recipient(who: str) -> dict[str, Any]:
    """One hospital as recipient of information."""
    role = {"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "IRCP"}
    identifier = {"system": SYSTEM, "value": INSTITUTIONS[who]}
    return {"role": {"coding": [role]}, "reference": {"identifier": identifier}}


def consent_of(patient: str, root: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An active Consent about sharing, in the manner of IHE PCF."""
    return {
        "resourceType": "Consent",
        "status": "active",
        "scope": {
            "coding": [
                {
                    "system": "http://terminology.hl7.org/CodeSystem/consentscope",
                    "code": "patient-privacy",
                }
            ]
        },
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
        "patient": {"reference": f"Patient/{patient}"},
        "dateTime": "2026-06-01T09:00:00+08:00",
        "performer": [{"reference": f"Patient/{patient}"}],
        "policy": [{"uri": "https://hie.example/fhir/policy/sharing"}],
        "provision": root,
        **more,
    }


def treating(place: Any, tmp_path: Path) -> AbstractAsyncContextManager[Region]:
    """The region, where B treats P1, P5 and P6 and C treats P6: all but consent permits them."""
    return region(place, tmp_path, _treated)


async def _treated(place: Any) -> Written:
    async with filling(place) as found:
        for one in ("P1b", "P5b", "P6b", "P6c"):
            await found.made(one[-1], encounter_of(found.patients[one]))
    return found.written()


async def give(found: Region, who: str, patient: str, root: dict[str, Any], **more: Any) -> str:
    """Let a hospital record a Consent; its id."""
    return await found.made(who, consent_of(patient, root, **more))


async def withdraw(found: Region, who: str, key: str, status: str = "inactive") -> None:
    """Let the hospital that recorded it end it."""
    now = await found.get(f"Consent/{key}", who)
    assert now.status_code == 200, now.text
    answer = await found.put(f"Consent/{key}", who, {**now.json(), "status": status})
    assert answer.status_code == 200, answer.text


__all__ = ["consent_of", "denying", "give", "recipient", "rule", "treating", "withdraw"]
