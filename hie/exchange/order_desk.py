"""An order-check as a clinician works on it: what was said of each order, and what was decided.

The answer is the stored one, word for word; what may have changed since (a decision, a correction)
lies beside it. Who sees a line is noted, once for each person and line.
"""

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from hie.access.actor import Actor
from hie.access.policy import Restriction, restriction
from hie.access.scopes import Interaction
from hie.audit.event import Action, Event, EventType, Subject
from hie.errors import ResourceNotFound
from hie.exchange.assess import checked
from hie.exchange.card_decision import KEPT_OPEN
from hie.exchange.hub import Hub
from hie.exchange.person_records import subjects_of
from hie.exchange.prior_results import patient_shown
from hie.exchange.remind import lines_of, note_views
from hie.exchange.still_seen import permitted_events, still_seen
from hie.fhir.elements import instant
from hie.fhir.wire import write
from hie.recognition.reasons import Reason, load_reasons
from hie.recognition.rulebook import Kind
from hie.store import cds_feedback, checks, decisions, users, work_items
from hie.store.cds_feedback import Said
from hie.store.checks import Check
from hie.store.decisions import Decision
from hie.store.families import families_of
from hie.store.instants import written
from hie.store.session import Reader
from hie.store.versions import read_many
from hie.store.work_items import WorkItem


async def patient_of_page(hub: Hub, actor: Actor, patient: str) -> dict[str, Any] | None:
    """The patient of an order form, and what can be ordered; None: not for this reader."""
    async with hub.db.reading() as reader:
        found = await read_many(reader, "Patient", [patient], _sight(actor))
        if patient not in found:
            return None
        ((person, homes),) = await families_of(reader, [patient])
        every = await read_many(reader, "Patient", homes, _sight(actor))
    shown = [one.resource() for one in every.values()]
    subjects = subjects_of(homes, person, shown)
    event = Event(EventType.PAGE, Action.READ, actor, subjects=subjects, detail="orders")
    await hub.ledger.record(event)
    return {"patient": patient_shown(shown, patient), "names": await orderable(hub, actor)}


async def orderable(hub: Hub, actor: Actor) -> dict[str, dict[str, str]]:
    """What the actor's institution recognises today: the items of its list."""
    registers, policy = await hub.registers.current()
    today = instant(time.time_ns() // 1000).date()
    receiver = registers.institution(actor.institution, today)
    return {
        key: one
        for key, one in named(hub).items()
        if policy.in_catalogue(receiver, today, key, hub.catalogue)
    }


async def place(
    hub: Hub,
    actor: Actor,
    patient: str,
    orders: Sequence[Mapping[str, Any]],
    encounter: Mapping[str, Any],
    department: str,
) -> str:
    """Ask about orders a clinician is about to place for a Patient; the check.

    Raises what an order-check raises, ResourceNotFound for a Patient this reader does not see.
    """
    async with hub.db.reading() as reader:
        if patient not in await read_many(reader, "Patient", [patient], _sight(actor)):
            raise ResourceNotFound("no such patient")
    body = {
        "patient": {"reference": f"Patient/{patient}"},
        "receiver": {
            "institution": actor.institution,
            "practitioner": actor.subject,
            **({"department": department} if department else {}),
        },
        "encounter": dict(encounter),
        "orders": [dict(one) for one in orders],
    }
    answer = await checked(hub, actor, body, write(body))
    check: str = answer["check"]
    return check


async def place_again(
    hub: Hub, actor: Actor, key: str, ref: str, instead: str | None = None
) -> tuple[str, str | None]:
    """Ask anew about one order of a check, now: the new check, and the decision it would replace.

    `instead` is what a decision on this check would have replaced already. Raises ResourceNotFound,
    and what an order-check raises.
    """
    async with hub.db.reading() as reader:
        check = await checks.get(reader, key, actor.institution)
        standing = await decisions.standing_of(reader, key, ref)
        item = await work_items.of_check(reader, key)
    replaced = standing.id if standing is not None else item.decision if item else instead
    again = await _asked_now(hub, actor, check, {ref})
    if replaced is not None:
        async with hub.db.unit() as unit:
            waits = (await work_items.open_of(unit, [replaced])).get(replaced)
            if waits is not None:
                await work_items.asked_again(unit, waits.id, again)
    return again, replaced


async def place_rest(hub: Hub, actor: Actor, key: str) -> str:
    """Ask anew, now, about all orders of a check that nobody decided on: the new check.

    Raises ResourceNotFound, also where all are decided, and what an order-check raises.
    """
    async with hub.db.reading() as reader:
        check = await checks.get(reader, key, actor.institution)
        made = {d.ref for d in await decisions.of_check(reader, key) if d.state != "replaced"}
        item = await work_items.of_check(reader, key)
    waits = {order["ref"] for order in check.body["answer"]["orders"]} - made
    again = await _asked_now(hub, actor, check, waits)
    if item is not None and item.ref in waits:  # what it would replace, the new check replaces
        async with hub.db.unit() as unit:
            await work_items.asked_again(unit, item.id, again)
    return again


async def _asked_now(hub: Hub, actor: Actor, check: Check, refs: Collection[str]) -> str:
    """The same question about these of its orders, asked by the actor now."""
    asked = dict(check.body["request"])
    for moment in ("on", "as_known_at"):
        asked.pop(moment, None)
    asked["orders"] = [one for one in asked["orders"] if one.get("ref") in refs]
    if not asked["orders"]:
        raise ResourceNotFound("no such order")
    asked["receiver"] = {**asked["receiver"], "practitioner": actor.subject}
    again: str = (await checked(hub, actor, asked, write(asked)))["check"]
    return again


async def desk(hub: Hub, actor: Actor, key: str, instead: str | None = None) -> dict[str, Any]:
    """A check with its patient, reminders, decisions and what waits; looking at it is noted.

    `instead` is a decision of an earlier check that a decision here would replace; what does not
    stand, or is another institution's, is left out. Raises ResourceNotFound.
    """
    async with hub.db.reading() as reader:
        check = await checks.get(reader, key, actor.institution)
        check = await still_seen(reader, check, _sight(actor))
        answer = check.body["answer"]
        lines = await lines_of(reader, check)
        waits = await work_items.of_check(reader, key)
        known = {
            order["ref"]: await _decided(reader, check, order["ref"], waits, instead)
            for order in answer["orders"]
        }
        every = [one for chain in known.values() for one in chain]
        items = [
            replace(one, events=tuple(await permitted_events(reader, actor, one.events)))
            for one in await work_items.of_decisions(reader, {one.id for one in every})
        ]
        names = await users.names_of(reader, {one.practitioner for one in every})
        said = await cds_feedback.of_check(reader, key)
        found = await _patients(reader, check, _sight(actor))
    async with hub.db.unit() as unit:
        reminded = [one.ref for one in lines if one.silent is None]
        looked_up = [one.ref for one in lines if one.silent is not None]
        for refs, spoke in ((reminded, True), (looked_up, False)):
            await note_views(unit, check, refs, actor.subject, actor, reminded=spoke)
    await _looked(hub, actor, check)
    return {
        "check": check.id,
        "at": written(check.at_us),
        "answer": answer,
        "encounter": check.body["request"].get("encounter") or {},
        "requested": {one.get("ref"): one for one in check.body["request"]["orders"]},
        "patient": found,
        "names": named(hub),
        "lines": {one.ref: one for one in lines},
        "decisions": {
            ref: [_shown(one, check, names, items) for one in chain] for ref, chain in known.items()
        },
        "reasons": {
            order["ref"]: reasons_of(order["reasons"], order["item"], hub)
            for order in answer["orders"]
        },
        "said": {
            ref: _told(one)
            for ref, one in said.items()
            if not known.get(ref) and one.became in KEPT_OPEN
        },
    }


def _told(one: Said) -> dict[str, Any]:
    """What a system said of the card about an order nobody decided on."""
    reason = load_reasons().by_key.get(one.reason or "")
    return {
        "became": one.became,
        "reason": reason.words if reason else None,
        "comment": one.comment or "",
        "at": written(one.outcome_us),
    }


async def _decided(
    reader: Reader, check: Check, ref: str, waits: WorkItem | None, instead: str | None
) -> list[Decision]:
    """The decision that stands for an order and all it replaced, newest first.

    Before anything is decided on a check that asks again, what it would replace is the first.
    """
    standing = await decisions.standing_of(reader, check.id, ref)
    if standing is None and waits is not None and waits.ref == ref:
        standing = await decisions.find(reader, waits.decision, check.institution)
    if standing is None and instead is not None:
        standing = await decisions.find(reader, instead, check.institution)
        if standing is not None and standing.ref != ref:
            standing = None
    if standing is None or standing.state == "replaced":
        return []
    return await decisions.chain(reader, standing.id)


def _shown(
    one: Decision, check: Check, names: Mapping[str, str], items: Iterable[WorkItem]
) -> dict[str, Any]:
    reason = load_reasons().by_key.get(one.reason or "")
    mine = [item for item in items if item.decision == one.id]
    return {
        "id": one.id,
        "decision": one.decision,
        "state": one.state,
        "here": one.check == check.id,
        "check": one.check,
        "ref": one.ref,
        "assessment": one.assessment,
        "reason": reason.words if reason else None,
        "text": one.text or "",
        "explained": one.explained,
        "by": names.get(one.practitioner, one.practitioner),
        "at": written(one.at_us),
        "events": [event for item in mine for event in item.events],
        "notes": [item.note for item in mine if item.note],
    }


async def _patients(reader: Reader, check: Check, sight: Restriction) -> dict[str, Any] | None:
    """The patient as pages name them; None when the check found nobody this reader sees."""
    homes = sorted(check.body["facts"]["identity"]["homes"])
    if check.body["answer"]["identity"] != "matched" or not homes:
        return None
    seen = await read_many(reader, "Patient", homes, sight)
    reference = check.body["request"]["patient"].get("reference", "").removeprefix("Patient/")
    if not seen:
        return None
    key = reference if reference in seen else min(seen)
    return patient_shown([one.resource() for one in seen.values()], key)


def named(hub: Hub) -> dict[str, dict[str, str]]:
    """How items and imaging classes are called."""
    items = {
        key: {"zh": item.zh, "en": item.en, "abbr": item.abbr, "category": item.category}
        for key, item in hub.catalogue.items.items()
    }
    classes = {
        key: {"zh": one.zh, "en": one.en, "abbr": key, "category": "imaging"}
        for key, one in hub.catalogue.classes.items()
    }
    return {**items, **classes}


def reasons_of(suggested: Sequence[str], item: str, hub: Hub) -> list[Reason]:
    """The reasons to choose from: those the answer names first, then the others of its kind."""
    known = load_reasons().by_key
    kind = Kind.LABORATORY if item in hub.catalogue.items else Kind.IMAGING
    scopes = {"national", "local", "data", kind.value}
    first = [known[key] for key in suggested if key in known]
    return [*first, *(one for one in known.values() if one.scope in scopes and one not in first)]


async def _looked(hub: Hub, actor: Actor, check: Check) -> None:
    """Record what the page shows, before it is shown."""
    shown = [c["resource"] for order in check.body["answer"]["orders"] for c in order["candidates"]]
    subjects = (Subject(None, check.person, tuple(dict.fromkeys(shown))),) if check.person else ()
    event = Event(EventType.PAGE, Action.READ, actor, subjects=subjects, detail=f"check {check.id}")
    await hub.ledger.record(event)


def _sight(actor: Actor) -> Restriction:
    return restriction(actor, Interaction.READ)
