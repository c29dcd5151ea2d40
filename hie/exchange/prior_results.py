"""What is known of one person and how far it may be relied on: the page's question.

Every item of which the person has results is asked like an order placed now by the reader's own
institution, so that a page and an order-check never disagree.
"""

import time
from collections.abc import Sequence
from typing import Any

from hie.access.actor import Actor
from hie.access.policy import restriction
from hie.access.scopes import Interaction
from hie.audit.event import Action, Event, EventType, Subject
from hie.exchange.assess import checked
from hie.exchange.hub import Hub
from hie.exchange.persons_asked import find_asked
from hie.fhir import Resource
from hie.fhir.elements import instant
from hie.fhir.wire import write
from hie.identity.traits import read_identifiers
from hie.recognition.identity_check import IdentityState
from hie.recognition.request import Asked
from hie.store import persons
from hie.store.search.query import parse_query
from hie.store.search.search import search
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
    """The patient, the answer for every item with results, and results outside the catalogue.

    None when there is no such patient for this reader.
    """
    sight = restriction(actor, Interaction.READ)
    async with hub.db.reading() as reader:
        if patient not in await read_many(reader, "Patient", [patient], sight):
            return None
        person = await persons.person_of(reader, patient)
        homes = await persons.homes_of(reader, person) if person else [patient]
        found = [
            one.resource() for one in (await read_many(reader, "Patient", homes, sight)).values()
        ]
        query = parse_query("Observation", [("patient", ",".join(homes[:50])), ("_count", "200")])
        results: list[Resource] = []
        after: Sequence[Any] | None = None
        while len(results) < 5_000:
            page = await search(reader, query, sight, after)
            results += [one.resource() for one in page.matches]
            if page.following is None:
                break
            after = page.following
    items = {key for one in results if (key := _item(one)) in hub.catalogue.items}
    body = {
        "patient": {"reference": f"Patient/{patient}"},
        "receiver": {"institution": actor.institution},
        "encounter": {"class": "outpatient", "purpose": "treatment", "events": []},
        "orders": [{"ref": key, "item": key} for key in hub.catalogue.items if key in items],
    }
    answer: dict[str, Any] = {"policy": "", "on": "", "gates_not_asked": [3, 5], "orders": []}
    if items:
        answer = await checked(hub, actor, body, write(body))
    await hub.ledger.record(
        Event(
            EventType.PAGE,
            Action.READ,
            actor,
            subjects=tuple(Subject(home, person) for home in homes),
            detail="patient",
        )
    )
    return {
        "patient": _patient(found, patient),
        "answer": answer,
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
        "others": [_other(one) for one in results if _item(one) is None][:_MOST_OTHERS],
    }


def _item(observation: Resource) -> str | None:
    for one in observation["code"].get("coding", ()):
        if one.get("system", "").endswith("/CodeSystem/item"):
            code: str = one["code"]
            return code
    return None


def _patient(found: list[Resource], key: str) -> dict[str, Any]:
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


def _other(one: Resource) -> dict[str, str]:
    quantity = one.get("valueQuantity", {})
    value = str(quantity.get("value", "")) or one.get("valueString", "")
    value = value or one.get("valueCodeableConcept", {}).get("text", "")
    performer = one.get("performer", [{}])[0]
    name = performer.get("display") or performer.get("identifier", {}).get("value", "")
    return {
        "name": one["code"].get("text", ""),
        "value": quantity.get("comparator", "") + value,
        "unit": quantity.get("unit", ""),
        "effective": one.get("effectiveDateTime", "")[:10],
        "institution": name,
    }
