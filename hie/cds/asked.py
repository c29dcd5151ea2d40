"""Who is asked about and in which encounter, as an order-check asks: from the prefetch, or the hub.

The ids of a hook's context are the caller's own. A prefetched Patient is matched by the numbers it
states, like the patient of any order-check; without a number that finds people, the id counts where
it is that of a Patient of this hub.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hie.access.actor import Actor
from hie.cds import ENCOUNTER, PATIENT
from hie.cds.call import Call
from hie.cds.visits import class_of
from hie.errors import Fault, NotAtHand
from hie.exchange.at_hand import at_hand
from hie.exchange.hub import Hub
from hie.fhir import IDENTIFIER_TYPE, Resource, identifier_kind
from hie.fhir.elements import bounds
from hie.recognition.identity_check import STRONG_TYPES
from hie.recognition.request import IDENTIFIER_TYPES, SEXES

_MOST = 100  # identifiers
_OTHER = "other"


@dataclass(frozen=True, slots=True)
class Asked:
    """The members `patient` and `encounter` of an order-check."""

    patient: dict[str, Any]
    encounter: dict[str, Any]


async def asked_about(hub: Hub, actor: Actor, call: Call, now_us: int) -> Asked:
    """Who a call is about; raises NotAtHand when that was not sent, and is not here."""
    sent = call.prefetch.get(PATIENT)
    numbers = [] if sent is None else list(_numbers(sent))
    visit = call.prefetch.get(ENCOUNTER)
    known, own_visit = None, None
    # Ids of another server say nothing here, even where one of the hub's own is spelt alike.
    is_own = call.server in (None, f"{hub.settings.address}/fhir")
    if is_own and not any(kind in STRONG_TYPES for kind, _ in numbers):
        encounter = call.encounter if visit is None else None
        known, own_visit = await at_hand(hub, actor, call.patient, encounter)
    if known is None and sent is None:
        expected = f"the Patient of context.patientId ({call.service.prefetch[PATIENT]})"
        fault = Fault(f"prefetch.{PATIENT}", "required", expected)
        raise NotAtHand("who this call is about was not sent, and is not here", (fault,))
    patient = _stated(sent or {}, now_us)
    if known is not None:
        patient["reference"] = f"Patient/{call.patient}"
    else:
        listed = numbers[:_MOST] or [(_OTHER, call.patient)]
        patient["identifiers"] = [{"type": kind, "value": value} for kind, value in listed]
    kind = class_of(visit or own_visit or {})
    encounter_: dict[str, Any] = {"purpose": "treatment", **({"class": kind} if kind else {})}
    return Asked(patient, encounter_)


def _numbers(patient: Resource) -> Iterable[tuple[str, str]]:
    """The identifiers of a Patient, (type, value); one of a kind that finds nobody is `other`."""
    for one in _objects(patient.get("identifier")):
        value = one.get("value")
        if isinstance(value, str) and value and one.get("use") != "old":
            yield _kind(one), value


def _kind(identifier: Mapping[str, Any]) -> str:
    system = identifier.get("system")
    named = identifier_kind(system) if isinstance(system, str) else None
    if named is None and isinstance(identifier.get("type"), dict):
        codes = _objects(identifier["type"].get("coding"))
        named = next(
            (one.get("code") for one in codes if one.get("system") == IDENTIFIER_TYPE), None
        )
    return named if named in IDENTIFIER_TYPES else _OTHER


def _stated(patient: Resource, now_us: int) -> dict[str, Any]:
    """Name, sex and birth date as a Patient states them; what is no sound value is not stated."""
    found: dict[str, Any] = {}
    name = next((said for one in _names(patient) if (said := _said(one))), None)
    if name is not None:
        found["name"] = name
    if patient.get("gender") in SEXES:
        found["sex"] = patient["gender"]
    born = patient.get("birthDate")
    within = bounds(born) if isinstance(born, str) and len(born) <= len("2000-01-01") else None
    if within is not None and within[0] <= now_us:
        found["birth_date"] = born
    return found


def _names(patient: Resource) -> list[Mapping[str, Any]]:
    """The official name first."""
    found = _objects(patient.get("name"))
    return sorted(found, key=lambda one: one.get("use") != "official")


def _said(name: Mapping[str, Any]) -> str:
    if isinstance(name.get("text"), str):
        return str(name["text"]).strip()
    given = name.get("given") if isinstance(name.get("given"), list) else []
    parts = (name.get("family"), *(given or ()))
    return "".join(part for part in parts if isinstance(part, str)).strip()


def _objects(value: Any) -> list[Mapping[str, Any]]:
    """The objects of a list; what is none of them says nothing."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
