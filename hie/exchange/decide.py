"""The clinician's decision: use an earlier result, or repeat the test with a reason.

The assessment is what the hub offered; the decision is a separate record, made by a person. A
second, different decision for one order needs to name the one it replaces.
"""

import hashlib
import time
from typing import Any

from hie import metrics
from hie.access.actor import Actor, ActorKind
from hie.audit.event import Action, Event, EventType, Subject
from hie.errors import Conflict, Fault, ResourceNotFound, UnprocessableRequest
from hie.exchange.decided import sight_of
from hie.exchange.hub import Hub
from hie.exchange.reopen import Reason, reopen_each
from hie.exchange.rests_on import rests_on
from hie.exchange.still_seen import permitted_events, still_seen
from hie.fhir.wire import read_object, write
from hie.recognition.reasons import load_reasons
from hie.recognition.reminders import ordered
from hie.store import checks, decision_uses, ledger, persons, work_items
from hie.store import decisions as store
from hie.store.decisions import Decision
from hie.store.session import Reader, Unit

_TOP = {"check", "key", "practitioner", "decisions"}
_EACH = {"ref", "assessment", "decision", "reason", "text", "explained_to_patient", "replaces"}
_CONTENT = _EACH - {"replaces"}
_LONGEST = 2000


class ResultChanged(Conflict):
    """The result to be used says something else since it was judged: `reasons` by order."""

    def __init__(self, text: str, reasons: dict[str, Reason]) -> None:
        super().__init__(text)
        self.reasons = reasons


async def decide(
    hub: Hub, actor: Actor, data: bytes, *, refuse_changed: bool = False
) -> dict[str, Any]:
    """Record decisions on one check (docs/order-check.md).

    A result that was corrected since it was judged is recorded as used and reopened at once; with
    `refuse_changed` (whoever decides can still look again) nothing is recorded: ResultChanged.
    Raises UnprocessableRequest naming each field, ResourceNotFound for a check of somebody else,
    AlreadyDecided (a Conflict) when another decision stands. All are recorded, or none is.
    """
    body = read_object(data, nulls=True)
    faults = [
        Fault(key, "unknown-key", ", ".join(sorted(_TOP))) for key in sorted(body.keys() - _TOP)
    ]
    for key in ("check", "key", "practitioner"):
        _text(body, key, key, faults)
    listed = body.get("decisions")
    if not isinstance(listed, list) or not 1 <= len(listed) <= 100:
        faults.append(Fault("decisions", "wrong-type", "a list of 1 to 100"))
        listed = []
    if faults:
        raise UnprocessableRequest("the decisions were not recorded", tuple(faults))
    async with hub.db.reading() as reader:
        check = await checks.get(reader, body["check"], _institution(actor))
        check = await still_seen(reader, check, sight_of(actor, check))
    orders = {order["ref"]: order for order in check.body["answer"]["orders"]}
    made = [_decision(one, place, body, check, orders, faults) for place, one in enumerate(listed)]
    refs = [one.get("ref") for one in listed if isinstance(one, dict)]
    for place, ref in enumerate(refs):
        if ref in refs[:place]:
            faults.append(Fault(f"decisions[{place}].ref", "repeated", "each order once"))
    if faults:
        raise UnprocessableRequest("the decisions were not recorded", tuple(faults))
    recorded = [one for one in made if one is not None]
    return await _record(hub, actor, check, recorded, data, refuse_changed=refuse_changed)


async def command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """`decide`: {request: JSON text} -> {decisions: [...]}."""
    return await decide(hub, actor, str(arguments["request"]).encode())


async def get_decision(hub: Hub, actor: Actor, key: str) -> dict[str, Any]:
    """One recorded decision of the caller's own institution. Raises ResourceNotFound."""
    institution = _institution(actor)
    async with hub.db.reading() as reader:
        found = await store.find(reader, key, institution)
        if found is None:
            raise ResourceNotFound("no such decision")
        check = await checks.get(reader, found.check, institution)
        open_item = (await work_items.open_of(reader, [found.id])).get(found.id)
        events = await permitted_events(reader, actor, open_item.events) if open_item else []
    await hub.ledger.record(
        Event(
            EventType.DECIDE,
            Action.READ,
            actor,
            subjects=_subjects(check),
            detail=f"decision {found.id}",
        )
    )
    told = _told(found)
    if open_item is not None:
        told["reopened"] = {"work_item": open_item.id, "events": events}
    return told


async def show_command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """`decision-show`: {decision} -> the recorded decision."""
    return await get_decision(hub, actor, str(arguments["decision"]))


def _institution(actor: Actor) -> str | None:
    """Whose checks and decisions the actor may see; None, everybody's, for the operator alone."""
    return None if actor.kind is ActorKind.OPERATOR else actor.institution


def _subjects(check: checks.Check) -> tuple[Subject, ...]:
    return (Subject(None, check.person),) if check.person else ()


def _told(one: Decision) -> dict[str, Any]:
    return {
        "decision": one.id,
        "check": one.check,
        "ref": one.ref,
        "assessment": one.assessment,
        "decided": one.decision,
        "reason": one.reason,
        "text": one.text,
        "explained_to_patient": one.explained,
        "practitioner": one.practitioner,
        "state": one.state,
        "replaces": one.replaces,
    }


def _text(body: dict[str, Any], key: str, path: str, faults: list[Fault]) -> None:
    value = body.get(key)
    if not isinstance(value, str) or not value or len(value) > 200:
        faults.append(Fault(path, "required", "a text of 1 to 200 characters"))


def _decision(
    one: Any,
    place: int,
    body: dict[str, Any],
    check: checks.Check,
    orders: dict[str, Any],
    faults: list[Fault],
) -> Decision | None:
    path = f"decisions[{place}]"
    if not isinstance(one, dict):
        faults.append(Fault(path, "wrong-type", "an object"))
        return None
    known = ", ".join(sorted(_EACH))
    faults += [Fault(f"{path}.{key}", "unknown-key", known) for key in sorted(one.keys() - _EACH)]
    ref = one.get("ref")
    order = orders.get(ref) if isinstance(ref, str) else None
    if order is None:
        faults.append(Fault(f"{path}.ref", "unknown-ref", "an order of this check"))
        return None
    mistyped = [
        Fault(f"{path}.{key}", "wrong-type", f"a text of at most {_LONGEST} characters")
        for key in ("assessment", "reason", "text", "replaces")
        if not _is_text_or_none(one.get(key))
    ]
    if mistyped:
        faults += mistyped
        return None
    offered = {c["assessment"]: c for c in order["candidates"]}
    chosen = one.get("assessment")
    if chosen is not None and chosen not in offered:
        faults.append(Fault(f"{path}.assessment", "unknown-assessment", "one of this order"))
    if one.get("decision") == "use":
        _check_use(one, path, offered, faults)
    elif one.get("decision") == "repeat":
        _check_repeat(one, path, faults)
    else:
        faults.append(Fault(f"{path}.decision", "invalid-value", "use or repeat"))
    explained = one.get("explained_to_patient")
    if explained is not None and not isinstance(explained, bool):
        faults.append(Fault(f"{path}.explained_to_patient", "wrong-type", "true or false"))
    return Decision(
        check=check.id,
        ref=one["ref"],
        assessment=chosen,
        decision=str(one.get("decision")),
        reason=one.get("reason"),
        text=one.get("text"),
        explained=explained,
        practitioner=body["practitioner"],
        institution=check.institution,
        at_us=time.time_ns() // 1000,
        key=body["key"],
        content_hash=_content_hash(check, body["practitioner"], one),
        replaces=one.get("replaces"),
        item=order["item"],
        ordered=ordered_of(check, order),
    )


def _is_text_or_none(value: Any) -> bool:
    return value is None or (isinstance(value, str) and len(value) <= _LONGEST)


def _content_hash(check: checks.Check, practitioner: str, one: dict[str, Any]) -> str:
    """Over what was decided: the order of members and a null for what is left out say nothing."""
    said = {key: one[key] for key in sorted(_CONTENT) if one.get(key) is not None}
    return hashlib.sha256(write([check.id, practitioner, said])).hexdigest()


def _check_use(
    one: dict[str, Any], path: str, offered: dict[str, Any], faults: list[Fault]
) -> None:
    chosen = one.get("assessment")
    if chosen is None:
        faults.append(Fault(f"{path}.assessment", "required", "the assessment of the result used"))
    elif chosen in offered and offered[chosen]["outcome"] == "do_not_recognise":
        fault = Fault(f"{path}.assessment", "not-recognisable", "one that may stand in")
        faults.append(fault)
    if one.get("reason") is not None:
        faults.append(Fault(f"{path}.reason", "not-allowed", "no reason when a result is used"))


def _check_repeat(one: dict[str, Any], path: str, faults: list[Fault]) -> None:
    known = load_reasons().by_key
    reason = known.get(one.get("reason") or "")
    if reason is None:
        faults.append(Fault(f"{path}.reason", "unknown-reason", ", ".join(sorted(known))))
    elif reason.needs_text and not any(map(str.isalnum, one.get("text") or "")):
        faults.append(Fault(f"{path}.text", "required", f"{reason.key} in words"))
    if not isinstance(one.get("explained_to_patient"), bool):
        path_ = f"{path}.explained_to_patient"
        faults.append(Fault(path_, "required", "whether the repeat was explained: true or false"))


async def _record(
    hub: Hub,
    actor: Actor,
    check: checks.Check,
    made: list[Decision],
    data: bytes,
    *,
    refuse_changed: bool,
) -> dict[str, Any]:
    answers = []
    async with hub.db.unit() as unit:
        found = await rests_on(unit, check, _used(check, made), actor)
        await _check_replaced(unit, check, made)
        changed: dict[str, list[Reason]] = {}
        stale: dict[str, Reason] = {}
        await store.hold_orders(unit, check.id, (one.ref for one in made))
        for one in made:
            standing, state = await store.record(unit, one)
            if state in {"recorded", "replaced"}:
                rests = found.get(one.assessment or "") if one.decision == "use" else None
                if rests is not None and rests.reasons:
                    stale[one.ref] = rests.reasons[0]
                    changed[standing.id], state = list(rests.reasons), "reopened"
                if rests is not None:
                    await decision_uses.add(unit, rests.of(standing.id))
                if standing.replaces is not None:
                    await work_items.close_of(
                        unit,
                        standing.replaces,
                        by=standing.practitioner,
                        closed_with=standing.id,
                        at_us=standing.at_us,
                    )
            link = f"{hub.settings.address}/v1/decisions/{standing.id}"
            given = "record" if standing.decision == "use" else "notice"
            answers.append(
                {
                    "ref": standing.ref,
                    "decision": standing.id,
                    "state": state,
                    given: f"{link}/{given}",
                }
            )
        if refuse_changed and stale:
            raise ResultChanged("a result says something else since it was judged", stale)
        await ledger.append(
            unit,
            Event(
                EventType.DECIDE,
                Action.CREATE,
                actor,
                subjects=_subjects(check),
                query=data,
                policy=check.policy,
                detail=f"check {check.id}",
            ),
        )
        await reopen_each(unit, changed, time.time_ns() // 1000)
    for one, told in zip(made, answers, strict=True):
        metrics.DECISIONS.labels(one.decision, told["state"]).inc()
    return {"decisions": answers}


def _used(check: checks.Check, made: list[Decision]) -> list[dict[str, Any]]:
    """The candidates of a check's answer that these decisions use."""
    chosen = {one.assessment for one in made if one.decision == "use"}
    return [
        candidate
        for order in check.body["answer"]["orders"]
        for candidate in order["candidates"]
        if candidate["assessment"] in chosen
    ]


async def _check_replaced(unit: Unit, check: checks.Check, made: list[Decision]) -> None:
    """What is replaced from another check is about the same order of the same person."""
    faults = []
    for place, one in enumerate(made):
        if one.replaces is None:
            continue
        named = await store.find(unit, one.replaces, one.institution)
        if named is None or named.check == check.id:
            continue
        earlier = await checks.get(unit, named.check)
        same = named.ordered in (None, one.ordered) and named.item in (None, one.item)
        if not same or not await same_person(unit, check, earlier):
            expected = "a decision about the same order of the same patient"
            faults.append(Fault(f"decisions[{place}].replaces", "another-order", expected))
    if faults:
        raise UnprocessableRequest("the decisions were not recorded", tuple(faults))


async def same_person(reader: Reader, one: checks.Check, other: checks.Check) -> bool:
    """Whether two checks asked about one person: then, or as the register holds it today."""
    if one.person is not None and one.person == other.person:
        return True
    homes = [set(check.body["facts"]["identity"]["homes"]) for check in (one, other)]
    if homes[0] & homes[1]:
        return True
    known = await persons.persons_of(reader, homes[0] | homes[1])
    found = [{known[home] for home in mine if home in known} for mine in homes]
    return bool(found[0] & found[1])


def ordered_of(check: checks.Check, order: dict[str, Any]) -> str:
    """What an order of a check's answer orders, as its request says it."""
    lines = check.body["request"]["orders"]
    line: dict[str, Any] = next((one for one in lines if one.get("ref") == order["ref"]), {})
    return ordered(order["item"], line)
