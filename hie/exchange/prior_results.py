"""What is known of one person and how far it may be relied on: the page's question.

Every item of which the person has results, and every kind of examination with images, is asked
like an order placed now by the reader's own institution, so that a page and an order-check never
disagree.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hie.access.actor import Actor
from hie.access.policy import restriction
from hie.access.scopes import Interaction
from hie.audit.event import Action, Event, EventType, Subject
from hie.exchange.assess import checked
from hie.exchange.hub import Hub
from hie.exchange.person_records import every, subjects_of
from hie.exchange.persons_asked import find_asked
from hie.exchange.prior_studies import Examination, ask_about, find_examinations, told
from hie.fhir import INSTITUTION, Resource
from hie.fhir.elements import instant
from hie.fhir.wire import write
from hie.identity.traits import read_identifiers
from hie.recognition.identity_check import IdentityState
from hie.recognition.request import Asked
from hie.recognition.request_order import MAX_ORDERS
from hie.store.families import families_of
from hie.store.versions import read_many

_MOST_OTHERS = 200


async def find_person(
    hub: Hub, actor: Actor, kind: str, value: str
) -> tuple[IdentityState, str | None]:
    """Whom an identifier leads to: the state, and one of the person's Patient ids."""
    sight = restriction(actor, Interaction.SEARCH)
    today = instant(time.time_ns() // 1000).date()
    async with hub.db.reading() as reader:
        identity, _ = await find_asked(reader, Asked(((kind, value),)), today, sight)
    homes = sorted(identity.homes)
    await hub.ledger.record(
        Event(
            EventType.SEARCH,
            Action.EXECUTE,
            actor,
            subjects=tuple(Subject(home, identity.person) for home in homes),
            query=f"{kind}|{value}".encode(),
        )
    )
    matched = identity.state is IdentityState.MATCHED and bool(homes)
    return identity.state, homes[0] if matched else None


async def prior_results(hub: Hub, actor: Actor, patient: str) -> dict[str, Any] | None:
    """The patient, the answer for every item with results, examinations, unmapped results.

    None when there is no such patient for this reader.
    """
    sight = restriction(actor, Interaction.READ)
    async with hub.db.reading() as reader:
        if patient not in await read_many(reader, "Patient", [patient], sight):
            return None
        ((person, homes),) = await families_of(reader, [patient])
        found = [
            one.resource() for one in (await read_many(reader, "Patient", homes, sight)).values()
        ]
        results = await every(reader, "Observation", homes, sight, most=5_000)
        seen = await find_examinations(reader, homes, sight, hub.catalogue)
    orders, lines = ask_about(seen)
    # An item that has left the catalogue cannot be ordered; its results are shown with the others.
    orderable = hub.catalogue.on(instant(time.time_ns() // 1000).date())
    stated = {_item(one) for one in results}
    asked = [key for key in orderable if key in stated][: MAX_ORDERS - len(orders)]
    laboratory = [{"ref": key, "item": key} for key in asked]
    answer = await _answer(hub, actor, patient, [*laboratory, *orders])
    others = [one for one in results if _item(one) not in asked]
    listed = {c["resource"].split("/")[1] for o in answer["orders"] for c in o["candidates"]}
    shown = [*found, *others[:_MOST_OTHERS], *_parts(seen)]
    shown += [one for one in results if one["id"] in listed]
    await _looked(hub, actor, subjects_of(homes, person, shown), "patient")
    place = await _places(hub)
    return {
        "patient": patient_shown(found, patient),
        "answer": {
            **answer,
            "orders": [one for one in answer["orders"] if one["ref"] in asked],
        },
        "studies": _judged(seen, lines, answer, place),
        "classes": _classes(hub),
        "items": {
            key: {
                "zh": item.zh,
                "en": item.en,
                "abbr": item.abbr,
                "loinc": item.loinc_confirmed[0] if item.loinc_confirmed else "",
                "category": item.category,
            }
            for key, item in hub.catalogue.items.items()
        },
        "names": {
            c["institution"]["code"]: c["institution"]["name"]
            for order in answer["orders"]
            for c in order["candidates"]
        },
        "others": [_other(one, place) for one in others[:_MOST_OTHERS]],
        "others_left_out": len(others[_MOST_OTHERS:]),
    }


async def prior_study(hub: Hub, actor: Actor, patient: str, study: str) -> dict[str, Any] | None:
    """One examination of a patient as the viewer shows it: patient, study, verdict and reasons.

    None when there is no such patient or study of theirs for this reader.
    """
    sight = restriction(actor, Interaction.READ)
    async with hub.db.reading() as reader:
        if patient not in await read_many(reader, "Patient", [patient], sight):
            return None
        ((person, homes),) = await families_of(reader, [patient])
        found = [
            one.resource() for one in (await read_many(reader, "Patient", homes, sight)).values()
        ]
        seen = await find_examinations(reader, homes, sight, hub.catalogue)
    seen = [one for one in seen if one.key == study]
    if not seen:
        return None
    orders, lines = ask_about(seen)
    answer = await _answer(hub, actor, patient, orders)
    await _looked(hub, actor, subjects_of(homes, person, [*found, *_parts(seen)]), "images")
    return {
        "patient": patient_shown(found, patient),
        "study": _judged(seen, lines, answer, await _places(hub))[0],
        "classes": _classes(hub),
    }


async def _answer(
    hub: Hub, actor: Actor, patient: str, orders: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """What the engine says of these orders, placed now by the reader; nothing is asked of none."""
    if not orders:
        return {"policy": "", "on": "", "orders": []}
    body = {
        "patient": {"reference": f"Patient/{patient}"},
        "receiver": {"institution": actor.institution},
        "encounter": {"class": "outpatient", "purpose": "treatment", "events": []},
        "orders": [
            {key: value for key, value in one.items() if value is not None} for one in orders
        ],
    }
    return await checked(hub, actor, body, write(body), look=True)


async def _looked(hub: Hub, actor: Actor, subjects: tuple[Subject, ...], what: str) -> None:
    """Record what a page shows, before it is shown."""
    await hub.ledger.record(
        Event(EventType.PAGE, Action.READ, actor, subjects=subjects, detail=what)
    )


async def _places(hub: Hub) -> Callable[[Mapping[str, Any]], str]:
    """How the register calls the institution of a Reference today; else as its sender did."""
    registers, _ = await hub.registers.current()
    today = instant(time.time_ns() // 1000).date()

    def place(reference: Mapping[str, Any]) -> str:
        identifier = reference.get("identifier", {})
        code = identifier.get("value", "") if identifier.get("system") == INSTITUTION else ""
        return str(registers.name(code, today) or reference.get("display") or code)

    return place


def _parts(examinations: Sequence[Examination]) -> list[Resource]:
    """The studies and reports of examinations."""
    return [part for one in examinations for part in (one.study, one.report) if part is not None]


def _judged(
    seen: Sequence[Examination],
    lines: Mapping[str, str],
    answer: Mapping[str, Any],
    place: Callable[[Mapping[str, Any]], str],
) -> list[dict[str, Any]]:
    """Each examination with what was said of it under its own order line."""
    said = {
        (order["ref"], candidate["resource"].split("/")[1]): candidate
        for order in answer["orders"]
        for candidate in order["candidates"]
    }
    return [told(one, said.get((lines.get(one.key, ""), one.key)), place) for one in seen]


def _classes(hub: Hub) -> dict[str, dict[str, str]]:
    return {key: {"zh": one.zh, "en": one.en} for key, one in hub.catalogue.classes.items()}


def _item(observation: Resource) -> str | None:
    for one in observation["code"].get("coding", ()):
        if one.get("system", "").endswith("/CodeSystem/item"):
            code: str = one["code"]
            return code
    return None


def patient_shown(found: list[Resource], key: str) -> dict[str, Any]:
    """Name, sex and birth date as the chosen Patient states them, the number masked."""
    patient = next((one for one in found if one["id"] == key), found[0])
    names = [name.get("text", "") for name in patient.get("name", ())]
    numbers = [value for one in found for _, value in read_identifiers(one)]
    shown = (
        f"{numbers[0][:4]}{'*' * max(len(numbers[0]) - 8, 4)}{numbers[0][-4:]}" if numbers else ""
    )
    owners = {one.get("managingOrganization", {}).get("reference") for one in found}
    return {
        "id": key,
        "name": names[0] if names else "",
        "sex": patient.get("gender", "unknown"),
        "birth_date": patient.get("birthDate", ""),
        "identifier": shown,
        "institutions": len(owners),
    }


def _other(one: Resource, place: Callable[[Mapping[str, Any]], str]) -> dict[str, str]:
    quantity = one.get("valueQuantity", {})
    value = str(quantity.get("value", "")) or one.get("valueString", "")
    value = value or one.get("valueCodeableConcept", {}).get("text", "")
    return {
        "name": one["code"].get("text", ""),
        "value": quantity.get("comparator", "") + value,
        "unit": quantity.get("unit", ""),
        "effective": one.get("effectiveDateTime", "")[:10],
        "institution": place(one.get("performer", [{}])[0]),
    }
