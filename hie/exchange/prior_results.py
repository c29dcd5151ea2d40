"""What is known of one person and how far it may be relied on: the page's question.

Every item of which the person has results, and every kind of examination with images, is asked
like an order placed now by the reader's own institution, so that a page and an order-check never
disagree.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from hie.access.actor import Actor
from hie.access.policy import restriction
from hie.access.scopes import Interaction
from hie.audit.event import Action, Event, EventType, Subject
from hie.exchange.assess import checked
from hie.exchange.decided_items import decided_items
from hie.exchange.hub import Hub
from hie.exchange.known_sources import sources_now
from hie.exchange.person_records import every, subjects_of
from hie.exchange.persons_asked import find_asked
from hie.exchange.prior_studies import MOST, Examination, ask_about, find_examinations, told
from hie.exchange.result_history import PastResult, by_item, past_results, reports_by_result
from hie.fhir import INSTITUTION, Resource
from hie.fhir.elements import instant
from hie.fhir.wire import write
from hie.identity.traits import read_identifiers
from hie.recognition.identity_check import IdentityState
from hie.recognition.request import Asked
from hie.recognition.request_order import MAX_ORDERS
from hie.store.families import families_of
from hie.store.versions import read_many

MOST_RESULTS: Final = 5_000  # of one person that a page looks at
_MOST_OTHERS: Final = 40
_FEW: Final = 10  # results of an item that is not looked at more closely


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


History = dict[str, list[PastResult]]
Choose = Callable[[Sequence[Mapping[str, Any]], History], str | None]


def _nothing(_: Sequence[Mapping[str, Any]], __: History) -> str | None:
    return None


async def prior_results(
    hub: Hub, actor: Actor, patient: str, choose: Choose = _nothing
) -> dict[str, Any] | None:
    """The patient, the answer for every item with results, examinations, unmapped results.

    `choose` names, of the laboratory's orders and the last few results of each, the item whose
    whole history is shown. None when there is no such patient for this reader.
    """
    sight = restriction(actor, Interaction.READ)
    async with hub.db.reading() as reader:
        if patient not in await read_many(reader, "Patient", [patient], sight):
            return None
        ((person, homes),) = await families_of(reader, [patient])
        found = [
            one.resource() for one in (await read_many(reader, "Patient", homes, sight)).values()
        ]
        results = await every(reader, "Observation", homes, sight, most=MOST_RESULTS)
        reports = await every(reader, "DiagnosticReport", homes, sight, most=MOST)
        seen = await find_examinations(reader, homes, sight, hub.catalogue, reports)
        sources = await sources_now(reader, await _names(hub))
        made = await decided_items(reader, person, actor.institution)
    orders, lines = ask_about(seen)
    # An item that has left the catalogue cannot be ordered; its results are shown with the others.
    orderable = hub.catalogue.on(instant(time.time_ns() // 1000).date())
    stated = {_item(one) for one in results}
    asked = [key for key in orderable if key in stated][: MAX_ORDERS - len(orders)]
    laboratory = [{"ref": key, "item": key} for key in asked]
    answer = await _answer(hub, actor, patient, [*laboratory, *orders])
    others = [one for one in results if _item(one) not in asked]
    listed = {c["resource"].split("/")[1] for o in answer["orders"] for c in o["candidates"]}
    ordered = [one for one in answer["orders"] if one["ref"] in asked]
    past = by_item(results, [one["item"] for one in ordered], _item)
    names, of_report = await _names(hub), reports_by_result(reports)
    history = {
        key: past_results(own[:_FEW], orderable[key], of_report, names) for key, own in past.items()
    }
    chosen = choose(ordered, history)
    if chosen is not None:
        history[chosen] = past_results(past[chosen], orderable[chosen], of_report, names)
    shown = [
        *found,
        *others[:_MOST_OTHERS],
        *_parts(seen),
        *(one for key, own in past.items() for one in own[: None if key == chosen else _FEW]),
    ]
    shown += [one for one in results if one["id"] in listed]
    await _looked(hub, actor, subjects_of(homes, person, shown), "patient")
    place = await _places(hub)
    return {
        "patient": patient_shown(found, patient),
        "answer": {**answer, "orders": ordered},
        "chosen": chosen,
        "history": history,
        "decided": made,
        "sources": sources,
        "only_newest": MOST_RESULTS if len(results) >= MOST_RESULTS else 0,
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
            **{one.code: one.institution for own in history.values() for one in own},
            **{
                c["institution"]["code"]: c["institution"]["name"]
                for order in answer["orders"]
                for c in order["candidates"]
            },
        },
        "others": [_other(one, place) for one in others[:_MOST_OTHERS]],
        "others_left_out": len(others[_MOST_OTHERS:]),
    }


async def prior_study(
    hub: Hub,
    actor: Actor,
    patient: str,
    study: str,
    *,
    beside: str | None = None,
    said: Mapping[str, Any] | None = None,
) -> dict[str, Any] | None:
    """One examination of a patient as the viewer shows it: patient, study, verdict and reasons.

    `beside` is another study of theirs to look at with it; which there are is told as well. `said`
    is what an order-check said of the study: then nobody is asked anew. None when there is no such
    patient or study of theirs for this reader.
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
    main = [one for one in seen if one.key == study]
    if not main:
        return None
    others = [one for one in seen if one.key != study and one.images and one.facts.received]
    second = [one for one in others if one.key == beside]
    asked = [*(main if said is None else []), *second]
    orders, lines = ask_about(asked)
    answer = await _answer(hub, actor, patient, orders)
    await _looked(
        hub, actor, subjects_of(homes, person, [*found, *_parts([*main, *others])]), "images"
    )
    place = await _places(hub)
    judged = _judged([*main, *second], lines, answer, place)
    return {
        "patient": patient_shown(found, patient),
        "study": judged[0] if said is None else {**judged[0], "candidate": said},
        "beside": judged[1] if second else None,
        "others": [told(one, None, place) for one in others],
        "classes": _classes(hub),
    }


async def _answer(
    hub: Hub, actor: Actor, patient: str, orders: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """What the engine says of these orders, placed now by the reader; nothing is asked of none."""
    if not orders:
        return {"policy": "", "on": "", "identity": "matched", "orders": []}
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


async def _names(hub: Hub) -> Callable[[str, str | None], str]:
    """How the register calls the institution of a code today; else as its sender did."""
    registers, _ = await hub.registers.current()
    today = instant(time.time_ns() // 1000).date()
    return lambda code, sent: str(registers.name(code, today) or sent or code)


async def _places(hub: Hub) -> Callable[[Mapping[str, Any]], str]:
    """How the institution of a Reference is called."""
    name = await _names(hub)

    def place(reference: Mapping[str, Any]) -> str:
        identifier = reference.get("identifier", {})
        code = identifier.get("value", "") if identifier.get("system") == INSTITUTION else ""
        return name(code, reference.get("display"))

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
