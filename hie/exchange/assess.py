"""An order or a patient -> candidates -> assessments: the engine asked about stored results.

The check, what it rested on and its audit record are committed together, before the answer leaves.
"""

import hashlib
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from hie import metrics
from hie.access.actor import Actor, ActorKind
from hie.access.policy import Restriction, restriction
from hie.access.reaching import DECLARED, HUB, TREATING, may_declare, reach_of, sight_of_call
from hie.access.scopes import Interaction
from hie.audit.event import Action, Event, EventType, Subject
from hie.exchange.books_in_force import InForce
from hie.exchange.hub import Hub
from hie.exchange.imaging_candidates import imaging_candidates
from hie.exchange.persons_asked import find_asked
from hie.fhir import Resource
from hie.fhir.elements import referenced
from hie.fhir.wire import read_object
from hie.recognition.answer import write_answer
from hie.recognition.candidate import Candidate, Identity
from hie.recognition.check import judge
from hie.recognition.engine_version import engine_version
from hie.recognition.identity_check import IdentityAnswer, IdentityState
from hie.recognition.kept_facts import write_facts
from hie.recognition.record import read_candidate
from hie.recognition.request import CheckRequest, find_known_at, parse_request
from hie.recognition.rulebook import Kind
from hie.store import checks, identity_tasks, ledger, relation_reviews, relations
from hie.store.assessments import assessment_ids
from hie.store.results import by_item, known_then
from hie.store.served import Stored
from hie.store.session import Reader, Unit
from hie.store.versions import read_many

_SAMPLED = 20


async def order_check(hub: Hub, actor: Actor, data: bytes) -> dict[str, Any]:
    """The answer of POST /v1/order-check to a request as received.

    Raises InvalidRequest, UnprocessableRequest (each field), NotPermitted (receiver, purpose).
    """
    return await checked(hub, actor, read_object(data, nulls=True), data)


async def command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """`order-check`: {request: JSON text} -> the answer."""
    return await order_check(hub, actor, str(arguments["request"]).encode())


async def checked(
    hub: Hub, actor: Actor, body: dict[str, Any], raw: bytes, *, look: bool = False
) -> dict[str, Any]:
    """Ask, judge, record, answer; `raw` is kept with the audit record as what was asked.

    `look`: nothing is about to be ordered, somebody looks at what is known; no indicator counts it.
    """
    begun = time.perf_counter()
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
    sight, declares = sight_of(actor), may_declare(actor)
    async with hub.db.reading() as reader:
        identity, patients = await find_asked(
            reader, request.patient, request.on.day, sight, known_at, declares=declares
        )
        sight = replace(sight, declared=frozenset(identity.homes if declares else ()))
        actor = await _related(reader, actor, identity)
        found = await _candidates(hub, reader, request, identity, patients, sight, known_at)
        found += await imaging_candidates(
            reader,
            sorted({order.item for order in request.orders if order.kind is Kind.IMAGING}),
            identity,
            patients,
            sight,
            catalogue=hub.catalogue,
            since_us=_since(request),
            known_at_us=known_at,
        )
    used = hub.books.of(registers, policy)
    question = used.books.question(request)
    matched = identity.state is IdentityState.MATCHED
    judged = judge(request, [one for one, _ in found] if matched else [], question)
    check = checks.new_check()
    answer = write_answer(
        request, identity.state, judged, question, check=check, new_id=assessment_ids(check)
    )
    owners = {one.resource: stored.home for one, stored in found}
    rests_on = RestsOn(identity, tuple(patients), owners, tuple(one for one, _ in found))
    kept = {"request": body, "answer": answer, **({"look": True} if look else {})}
    await _record(hub, actor, request, rests_on, used, answer, kept, raw, now_us)
    metrics.ORDER_CHECK_SECONDS.observe(time.perf_counter() - begun)
    metrics.ORDER_CHECKS.labels(answer["identity"]).inc()
    for order in answer["orders"]:
        metrics.ORDERS.labels(order["outcome"]).inc()
    return answer


def sight_of(actor: Actor) -> Restriction:
    """What an order-check may look at: a person what they may read, a system what it reaches."""
    if actor.kind is ActorKind.USER:
        return restriction(actor, Interaction.READ)
    return sight_of_call(actor)


async def _related(reader: Reader, actor: Actor, identity: IdentityAnswer) -> Actor:
    """The actor with how the relation to this patient is known, for the audit log.

    Where the hub knows of none, a registered system whose agreement lets it has declared it by
    asking: for this patient, this institution and this call. Else there is none: somebody is known
    by the institution's own record alone.
    """
    reach = reach_of(actor)
    if reach is None or not identity.homes:
        return actor
    known = await relations.holds(reader, identity.homes, replace(reach, kinds=TREATING))
    declared = DECLARED if may_declare(actor) else None
    return replace(actor, relation=HUB if known else declared)


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
    rows = await by_item(
        reader, homes, items, sight, since_us=_since(request), known_at_us=known_at
    )
    results = [(stored, stored.resource(), report) for stored, report in rows]
    beside = Beside(reader, sorted({stored.home for stored, _, _ in results}), sight, known_at)
    reports = await beside.read("DiagnosticReport", (report for _, _, report in results))
    specimens = await beside.read("Specimen", (_specimen(tree) for _, tree, _ in results))
    return [
        (
            read_candidate(
                tree,
                reports.get(report or ""),
                specimens.get(_specimen(tree) or ""),
                patients.get(stored.home),
                identity=identity.homes[stored.home],
                catalogue=hub.catalogue,
                day=request.on.day,
            ),
            stored,
        )
        for stored, tree, report in results
    ]


def _since(request: CheckRequest) -> int:
    """What is older than any policy looks back is not read at all."""
    return request.on.at_us - microseconds_of(days=800)


def microseconds_of(*, days: int) -> int:
    """Days as microseconds."""
    return timedelta(days=days) // timedelta(microseconds=1)


def _specimen(observation: Resource) -> str | None:
    found = referenced(observation.get("specimen"))
    return None if found is None else found[1]


@dataclass(frozen=True, slots=True)
class Beside:
    """Reads what results of some homes name, each as it was known when they were."""

    reader: Reader
    homes: Sequence[str]
    sight: Restriction
    known_at: int | None

    async def read(self, kind: str, keys: Iterable[str | None]) -> dict[str, Resource]:
        """Resources of a type by id; what is not there or may not be seen is left out."""
        wanted = sorted({key for key in keys if key})
        if not wanted:
            return {}
        if self.known_at is None:
            found = await read_many(self.reader, kind, wanted, self.sight)
        else:
            found = await known_then(
                self.reader, kind, wanted, self.homes, self.sight, self.known_at
            )
        return {key: stored.resource() for key, stored in found.items()}


@dataclass(frozen=True, slots=True)
class RestsOn:
    """What an answer rests on: the identity, all Patients looked at, and whose each result is.

    `owners` is the home of each candidate by its versioned reference; `candidates` are the facts
    of all of them, also of those the answer does not list.
    """

    identity: IdentityAnswer
    patients: tuple[str, ...]
    owners: Mapping[str, str]
    candidates: tuple[Candidate, ...]

    def facts(self) -> dict[str, Any]:
        """As JSON values: what is kept to explain the answer by."""
        return write_facts(self.identity, self.patients, self.candidates)

    def subjects(self, shown: Iterable[str]) -> tuple[Subject, ...]:
        """Each home with its own results alone, so that one's record never names another's."""
        mine: dict[str, list[str]] = {home: [] for home in sorted(self.identity.homes)}
        for resource in dict.fromkeys(shown):
            mine[self.owners[resource]].append(resource)
        return tuple(
            Subject(home, self.identity.person, tuple(resources))
            for home, resources in mine.items()
        )


async def _record(
    hub: Hub,
    actor: Actor,
    request: CheckRequest,
    rests_on: RestsOn,
    used: InForce,
    answer: dict[str, Any],
    kept: dict[str, Any],
    raw: bytes,
    now_us: int,
) -> None:
    shown = [c["resource"] for order in answer["orders"] for c in order["candidates"]]
    async with hub.db.unit() as unit:
        await checks.add(
            unit,
            at_us=now_us,
            institution=request.receiver.code,
            practitioner=request.practitioner,
            person=rests_on.identity.person,
            on_us=request.on.at_us,
            policy=answer["policy"],
            body={
                **kept,
                "facts": rests_on.facts(),
                "data": used.hash,
                "engine": engine_version(),
            },
            key=answer["check"],
        )
        await hub.books.keep(unit, used, now_us)
        if actor.relation == DECLARED and _is_sampled(answer["check"]):
            client = actor.client
            await relation_reviews.add(unit, answer["check"], actor.institution, client, now_us)
        if request.as_known_at is None:  # what was known then is no question of today
            await _ask_a_person(unit, rests_on, now_us)
        await ledger.append(
            unit,
            Event(
                EventType.ORDER_CHECK,
                Action.EXECUTE,
                actor,
                subjects=rests_on.subjects(shown),
                query=raw,
                policy=answer["policy"],
                detail=f"check {answer['check']}" + relation_of(actor),
            ),
        )
    hub.books.kept(used)


def _is_sampled(check: str) -> bool:
    """Whether a person is to look at what this check declared: one in `_SAMPLED`, by its id."""
    return int(hashlib.sha256(check.encode()).hexdigest()[:8], 16) % _SAMPLED == 0


def relation_of(actor: Actor) -> str:
    """How the relation is known, as the audit log says it."""
    return "" if actor.relation is None else f" rel={actor.relation}"


async def _ask_a_person(unit: Unit, rests_on: RestsOn, now_us: int) -> None:
    """What only a person can settle goes on the list of identities, the same question once."""
    conflicting = conflicts(rests_on.identity.homes)
    if conflicting:
        reason = "order-check: identity conflict"
        await identity_tasks.task(unit, "conflict", conflicting, reason, now_us)
    if rests_on.identity.state is IdentityState.AMBIGUOUS and rests_on.patients:
        reason = "order-check: ambiguous identity"
        await identity_tasks.task(unit, "ambiguous", rests_on.patients, reason, now_us)


def conflicts(homes: Mapping[str, Identity]) -> Sequence[str]:
    """The homes whose statements contradict the request's (R-002)."""
    return sorted(key for key, one in homes.items() if one.conflicts)
