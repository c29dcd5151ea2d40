"""The security officer's desk: labels looked at, raised and lowered, each act with its log entry.

Whoever runs the command names the officer: an account of the role `security-officer`. A source, a
client or a table never lowers a label; an officer lowers its confidentiality, never its topics.
"""

import json
from typing import Any

from hie.access.actor import Actor
from hie.access.labels import (
    CONFIDENTIALITY,
    Topic,
    confidentiality,
    joined,
    label_with,
    mask,
    topics,
)
from hie.access.labels.label import ASSIGNED, bit, bits_of
from hie.access.labels.tables import tables
from hie.access.policy import Role
from hie.access.reason import Reason
from hie.audit.event import Action, Event, EventType, Subject
from hie.errors import Fault, InvalidRequest, NotPermitted, ResourceNotFound, UnprocessableRequest
from hie.exchange.hub import Hub
from hie.exchange.label_flow import Node, raise_others
from hie.store import ledger, relabelling, users
from hie.store.families import families_of, hold_families
from hie.store.relabelling import LABELLED, Labelled
from hie.store.session import Reader, Unit

_VIP = bit(Topic.VIP)
_MOST = 100


async def list_command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """{type?, confidentiality?, topic?, page?} -> {labels: [{resource, ...}], next}.

    Without a type: how many resources of each type have each label. No personal data.
    """
    kind = arguments.get("type")
    if kind is None:
        async with hub.db.reading() as reader:
            return {"labels": [_counted(*one) for one in await relabelling.counts(reader)]}
    if kind not in LABELLED:
        raise InvalidRequest(
            "no such type", (Fault("type", "unknown-type", ", ".join(sorted(LABELLED))),)
        )
    level = arguments.get("confidentiality")
    topic = _topic(arguments["topic"]) if arguments.get("topic") else None
    async with hub.db.reading() as reader:
        found = await relabelling.find(
            reader,
            kind,
            str(arguments.get("page") or ""),
            _MOST,
            None if level is None else _level(level),
            None if topic is None else bit(topic),
        )
    await hub.ledger.record(
        Event(EventType.LABEL_CHANGE, Action.READ, actor, detail=f"labels of {kind}")
    )
    told = [{"resource": f"{kind}/{key}", **_told(label)} for key, label in found]
    return {"labels": told, "next": found[-1][0] if len(found) == _MOST else None}


async def show_command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """{resource} -> {resource, confidentiality, topics}. Raises ResourceNotFound."""
    async with hub.db.unit() as unit:
        one = await _one(unit, str(arguments["resource"]))
        seen = Subject(one.stored.home, None, (one.stored.reference,))
        await ledger.append(
            unit,
            Event(EventType.LABEL_CHANGE, Action.READ, actor, subjects=(seen,), detail="label"),
        )
    return {"resource": "/".join(one.ref), **_told(one.label)}


async def raise_command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """{resource, to?, topics?, officer, reason} -> {resource, confidentiality, topics, changed}.

    `changed`: how many resources; what stands for it is raised with it, and with the topic VIP of a
    Patient everything of theirs, at every institution.
    """
    added = bits_of(_topic(one) for one in arguments.get("topics") or ())
    least = _level(arguments["to"]) if arguments.get("to") else 0
    level = tables().level(added)
    if not added and not least:
        fault = Fault("to", "required", "R or V, or a topic")
        raise InvalidRequest("nothing to raise", (fault,))
    bits = added | (ASSIGNED if least > level else 0)
    more = label_with(max(level, least), bits)
    async with hub.db.unit() as unit:
        officer = await _officer(unit, arguments)
        one = await _one(unit, str(arguments["resource"]))
        label = joined(0 if one.label is None else one.label, more)
        rows = [one]
        changes = {one.ref: label}
        if one.stored.type == "Patient" and added & _VIP:
            rows = await _of_person(unit, one.stored.id)
            changes = {each.ref: joined(each.label, more) for each in rows}
        changed = await relabelling.set_labels(unit, changes, rows)
        if len(rows) == 1:
            node = Node(one.stored.home, one.stored.resource(), label)
            rose = label != one.label
            await raise_others(unit, one.stored.message or "", {one.ref: node}, rose=rose)
        await ledger.append(unit, _event(actor, one, label, officer, arguments))
    return {"resource": "/".join(one.ref), **_told(label), "changed": changed}


async def lower_command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """{resource, to, officer, reason} -> {resource, confidentiality, topics, changed}.

    Its topics stay. With a Patient the protection VIP ends, of everything of theirs. Raises
    UnprocessableRequest when it is not lower than what stands.
    """
    level = _level(arguments["to"])
    async with hub.db.unit() as unit:
        officer = await _officer(unit, arguments)
        one = await _one(unit, str(arguments["resource"]))
        if level >= confidentiality(one.label):
            found = CONFIDENTIALITY[confidentiality(one.label)]
            fault = Fault("to", "not-lower", f"less than {found}")
            raise UnprocessableRequest("the label is not higher", (fault,))
        label = label_with(level, mask(one.label) & ~_VIP | ASSIGNED)
        rows, changes = [one], {one.ref: label}
        if one.stored.type == "Patient" and mask(one.label) & _VIP:
            rows = await _of_person(unit, one.stored.id)
            changes = {each.ref: _unprotected(each.label) for each in rows}
            changes[one.ref] = label
        changed = await relabelling.set_labels(unit, changes, rows)
        await ledger.append(unit, _event(actor, one, label, officer, arguments))
    return {"resource": "/".join(one.ref), **_told(label), "changed": changed}


def _unprotected(label: int | None) -> int:
    """A label without VIP: as high as its other topics, restricted if somebody set it."""
    if not mask(label) & _VIP:
        return label_with(confidentiality(label), mask(label))
    bits = mask(label) & ~_VIP
    return label_with(max(tables().level(bits), 1 if bits & ASSIGNED else 0), bits)


async def _of_person(unit: Unit, home: str) -> list[Labelled]:
    """Everything of theirs, who is held (`_one`): who joins them waits, and is raised then."""
    ((_, homes),) = await families_of(unit, [home])
    return [row for each in homes for row in await relabelling.of_home(unit, each)]


async def _officer(reader: Reader, arguments: dict[str, Any]) -> str:
    """The account of the officer who decided. Raises NotPermitted for anybody else's."""
    found = await users.by_login(reader, str(arguments["officer"]))
    if found is None or found.role != Role.SECURITY_OFFICER or found.status != "active":
        fault = Fault(
            "officer", Reason.ROLE, f"an active account of the role {Role.SECURITY_OFFICER}"
        )
        raise NotPermitted("labels are changed by a security officer", (fault,))
    if len(str(arguments.get("reason") or "").strip()) < 10:
        raise InvalidRequest("no reason", (Fault("reason", "too-short", "10 characters or more"),))
    return found.id


async def _one(unit: Unit, reference: str) -> Labelled:
    kind, _, key = reference.partition("/")
    if kind == "Patient":
        await hold_families(unit, [key])
    found = await relabelling.of_refs(unit, [(kind, key)])
    if not found:
        raise ResourceNotFound(f"no resource of a patient {kind}/...")
    return found[0]


def _event(
    actor: Actor, one: Labelled, label: int, officer: str, arguments: dict[str, Any]
) -> Event:
    before, after = (CONFIDENTIALITY[confidentiality(each)] for each in (one.label, label))
    told = {name: arguments.get(name) for name in ("to", "topics", "reason")}
    return Event(
        EventType.LABEL_CHANGE,
        Action.UPDATE,
        actor,
        subjects=(Subject(one.stored.home, None, (one.stored.reference,)),),
        query=json.dumps(told, ensure_ascii=False).encode(),
        detail=f"{before} to {after} by {officer}",
    )


def _told(label: int | None) -> dict[str, Any]:
    return {
        "confidentiality": CONFIDENTIALITY[confidentiality(label)],
        "topics": [one.value for one in topics(label)],
        "labelled": label is not None,
    }


def _counted(kind: str, label: int | None, count: int) -> dict[str, Any]:
    return {"type": kind, **_told(label), "count": count}


def _level(text: Any) -> int:
    if text not in CONFIDENTIALITY:
        raise InvalidRequest("no such label", (Fault("to", "invalid-value", "N, R or V"),))
    return CONFIDENTIALITY.index(text)


def _topic(text: Any) -> Topic:
    names = [one.value for one in Topic if one not in (Topic.UNMAPPED, Topic.ASSIGNED)]
    if text not in names:
        raise InvalidRequest("no such topic", (Fault("topics", "invalid-value", ", ".join(names)),))
    return Topic(text)
