"""An order or a patient -> candidates -> assessments: the engine asked about stored results.

The check, what it rested on and its audit record are committed together, before the answer leaves.
"""

import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from hie.access.actor import Actor, ActorKind
from hie.access.policy import Restriction, restriction
from hie.access.scopes import Interaction
from hie.audit.event import Action, Event, EventType, Subject
from hie.exchange.hub import Hub
from hie.exchange.persons_asked import find_asked
from hie.fhir import Resource
from hie.fhir.elements import referenced
from hie.fhir.wire import read_object
from hie.recognition.answer import write_answer
from hie.recognition.candidate import Candidate, Identity
from hie.recognition.check import ask, judge
from hie.recognition.identity_check import IdentityAnswer, IdentityState
from hie.recognition.record import read_candidate
from hie.recognition.request import CheckRequest, find_known_at, parse_request
from hie.recognition.rulebook import Kind
from hie.store import checks, identity_tasks, ledger
from hie.store.ids import new_id
from hie.store.results import by_item
from hie.store.served import Stored
from hie.store.session import Reader
from hie.store.versions import read_many


async def order_check(hub: Hub, actor: Actor, data: bytes) -> dict[str, Any]:
    """The answer of POST /v1/order-check to a request as received.

    Raises InvalidRequest, UnprocessableRequest (each field), NotPermitted (receiver, purpose).
    """
    return await checked(hub, actor, read_object(data, nulls=True), data)


async def command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """`order-check`: {request: JSON text} -> the answer."""
    return await order_check(hub, actor, str(arguments["request"]).encode())


async def checked(hub: Hub, actor: Actor, body: dict[str, Any], raw: bytes) -> dict[str, Any]:
    """Ask, judge, record, answer; `raw` is kept with the audit record as what was asked."""
    now_us = time.time_ns() // 1000
    known_at = find_known_at(body)
    registers, policy = await (
        hub.registers.current() if known_at is None else hub.registers.known_at(known_at)
    )
    request = parse_request(
        body,
        catalogue=hub.catalogue,
        registers=registers,
        policy=policy,
        caller=None if actor.kind is ActorKind.OPERATOR else actor.institution,
        now_us=now_us,
    )
    sight = _sight(actor)
    async with hub.db.reading() as reader:
        identity, patients = await find_asked(reader, request.patient, request.on.day, sight)
        found = await _candidates(hub, reader, request, identity, patients, sight, known_at)
    question = ask(
        request,
        catalogue=hub.catalogue,
        registers=registers,
        policy=policy,
        rulebook=hub.rulebook,
    )
    matched = identity.state is IdentityState.MATCHED
    judged = judge(request, [one for one, _ in found] if matched else [], question)
    check = checks.new_check()
    answer = write_answer(request, identity.state, judged, question, check=check, new_id=new_id)
    await _record(hub, actor, request, identity, answer, body, raw, now_us)
    return answer


def _sight(actor: Actor) -> Restriction:
    """What an order-check may look at: what its institution may, whatever types its scopes name.

    The scope that opens the door permits the use of results for this answer, not reading them.
    """
    if actor.kind is ActorKind.USER:
        return restriction(actor, Interaction.READ)
    return Restriction()


async def _candidates(
    hub: Hub,
    reader: Reader,
    request: CheckRequest,
    identity: IdentityAnswer,
    patients: Mapping[str, Resource],
    sight: Restriction,
    known_at: int | None,
) -> list[tuple[Candidate, Stored]]:
    items = sorted({order.item for order in request.orders if order.kind is Kind.LABORATORY})
    homes = sorted(identity.homes)
    if identity.state is not IdentityState.MATCHED or not items or not homes:
        return []
    since = request.on.at_us - microseconds_of(days=800)
    rows = await by_item(reader, homes, items, sight, since_us=since, known_at_us=known_at)
    results = [(stored, stored.resource(), report) for stored, report in rows]
    reports = await _resources(reader, "DiagnosticReport", (r for _, _, r in results), sight)
    specimens = await _resources(
        reader, "Specimen", (_specimen(tree) for _, tree, _ in results), sight
    )
    return [
        (
            read_candidate(
                tree,
                reports.get(report or ""),
                specimens.get(_specimen(tree) or ""),
                patients.get(stored.home),
                identity=identity.homes[stored.home],
                catalogue=hub.catalogue,
            ),
            stored,
        )
        for stored, tree, report in results
    ]


def microseconds_of(*, days: int) -> int:
    """Days as microseconds."""
    return timedelta(days=days) // timedelta(microseconds=1)


def _specimen(observation: Resource) -> str | None:
    found = referenced(observation.get("specimen"))
    return None if found is None else found[1]


async def _resources(
    reader: Reader, kind: str, keys: Any, sight: Restriction
) -> dict[str, Resource]:
    wanted = sorted({key for key in keys if key})
    if not wanted:
        return {}
    found = await read_many(reader, kind, wanted, sight)
    return {key: stored.resource() for key, stored in found.items()}


async def _record(
    hub: Hub,
    actor: Actor,
    request: CheckRequest,
    identity: IdentityAnswer,
    answer: dict[str, Any],
    body: dict[str, Any],
    raw: bytes,
    now_us: int,
) -> None:
    shown = [c["resource"] for order in answer["orders"] for c in order["candidates"]]
    subjects = tuple(
        Subject(home, identity.person, tuple(shown) if place == 0 else ())
        for place, home in enumerate(sorted(identity.homes))
    )
    async with hub.db.unit() as unit:
        await checks.add(
            unit,
            at_us=now_us,
            institution=request.receiver.code,
            practitioner=request.practitioner,
            person=identity.person,
            on_us=request.on.at_us,
            policy=answer["policy"],
            body={"request": body, "answer": answer},
            key=answer["check"],
        )
        conflicting = conflicts(identity.homes)
        if conflicting:
            await identity_tasks.task(
                unit, "conflict", conflicting, "order-check: identity conflict", now_us
            )
        await ledger.append(
            unit,
            Event(
                EventType.ORDER_CHECK,
                Action.EXECUTE,
                actor,
                subjects=subjects,
                query=raw,
                policy=answer["policy"],
                detail=f"check {answer['check']}",
            ),
        )


def conflicts(homes: Mapping[str, Identity]) -> Sequence[str]:
    """The homes whose statements contradict the request's (R-002)."""
    return sorted(key for key, one in homes.items() if one.conflicts)
