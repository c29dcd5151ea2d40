"""A corrected result reopens the decisions that used it (R-908), in the unit that stores it.

Whoever changes what decisions rest on (a newer version, a register, an identity) hands it in here,
last in their unit of work: the decisions, a work item and a notification for the institution that
decided, and the audit record are committed with the change, or nothing is. What nobody used costs
one look-up for a whole batch.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from hie.access.actor import Actor
from hie.audit.event import Action, Event, EventType, Subject
from hie.fhir import Resource
from hie.recognition.changes import KINDS, Change, Role, changes, is_withdrawn, said
from hie.store import checks, decision_uses, decisions, ledger, notifications, work_items
from hie.store.decision_uses import Use
from hie.store.decisions import Decision
from hie.store.instants import written
from hie.store.notifications import Notification
from hie.store.session import Unit
from hie.store.work_items import WorkItem


class Cause(StrEnum):
    """Why a decision is reopened."""

    CORRECTED = "corrected"  # its result says something else now
    WITHDRAWN = "withdrawn"  # its result was taken back
    REGISTER = "register"  # a register says otherwise of its laboratory or institution
    IDENTITY = "identity"  # it is no longer held to be the same person's


@dataclass(frozen=True, slots=True)
class Revision:
    """A newer version of a resource, and the one that stood before it; `by` whom it was sent."""

    by: Actor
    type: str
    id: str
    old: Resource
    old_version: int
    new: Resource
    new_version: int


@dataclass(frozen=True, slots=True)
class Reason:
    """Why one decision is reopened: the cause, by whom, what changed, and the versions it shows in.

    `was` and `now` are a version's reference and what it says (`recognition.changes.said`).
    """

    cause: Cause
    by: Actor
    changes: tuple[Change, ...] = ()
    was: Mapping[str, Any] | None = None
    now: Mapping[str, Any] | None = None

    def told(self, at_us: int) -> dict[str, Any]:
        """As JSON: what a work item and a notification say of it."""
        return {
            "at": written(at_us),
            "cause": self.cause.value,
            "changes": [{"what": one.what, "old": one.old, "new": one.new} for one in self.changes],
            "was": None if self.was is None else dict(self.was),
            "now": None if self.now is None else dict(self.now),
        }


def revision(
    by: Actor, kind: str, key: str, old: Resource, old_version: int, new: Resource
) -> list[Revision]:
    """A version about to be written after another, as a list; empty for what nobody decides on."""
    if kind not in KINDS:
        return []
    return [Revision(by, kind, key, old, old_version, new, old_version + 1)]


async def corrected(unit: Unit, revisions: Sequence[Revision], now_us: int) -> list[str]:
    """Reopen what used these resources and would have seen something else; the decisions' ids.

    To be called once, last in the unit that writes the versions, with all of them in order.
    """
    if not revisions:
        return []
    reasons: dict[str, list[Reason]] = defaultdict(list)
    for use in await decision_uses.of_resources(unit, (one.id for one in revisions)):
        for found in revisions:
            if (found.type, found.id) != (use.type, use.id):
                continue
            reason = reason_of(found, use.role)
            if reason is not None:
                reasons[use.decision].append(reason)
    return await reopen_each(unit, reasons, now_us)


def reason_of(change: Revision, role: Role) -> Reason | None:
    """Why a newer version reopens what used the older one; None when nobody need look again."""
    differing = changes(change.old, change.new, role)
    if not differing:
        return None
    cause = Cause.WITHDRAWN if is_withdrawn(change.new) else Cause.CORRECTED
    return Reason(
        cause,
        change.by,
        differing,
        _said(change.type, change.id, change.old_version, change.old),
        _said(change.type, change.id, change.new_version, change.new),
    )


def _said(kind: str, key: str, version: int, resource: Resource) -> dict[str, Any]:
    return {"resource": f"{kind}/{key}/_history/{version}", **said(resource)}


async def reopen(
    unit: Unit,
    found: Iterable[str],
    cause: Cause,
    by: Actor,
    now_us: int,
    differing: Sequence[Change] = (),
) -> list[str]:
    """Reopen these decisions for one cause; those that were: they stood, and used a result.

    To be called last in a unit of work. `differing` is what changed, for those who must look again:
    `Change("institution-status", "active", "suspended")`.
    """
    reason = Reason(cause, by, tuple(differing))
    return await reopen_each(unit, {key: [reason] for key in found}, now_us)


async def reopen_each(
    unit: Unit, reasons: Mapping[str, Sequence[Reason]], now_us: int
) -> list[str]:
    """Reopen decisions, each for its own reasons: state, work item, notification, audit."""
    if not reasons:
        return []
    reopened = await decisions.reopen(unit, reasons)
    if not reopened:
        return []
    persons = await checks.persons_of(unit, (one.check for one in reopened))
    items = await work_items.put(
        unit, [_item(one, reasons[one.id], persons.get(one.check), now_us) for one in reopened]
    )
    await ledger.append_all(unit, _events(reopened, reasons, persons))
    told = [_told(one, reason, now_us) for one in items for reason in reasons[one.decision]]
    await notifications.add(unit, told)
    return [one.id for one in reopened]


def _item(
    decision: Decision, reasons: Sequence[Reason], person: str | None, now_us: int
) -> WorkItem:
    return WorkItem(
        institution=decision.institution,
        decision=decision.id,
        check=decision.check,
        ref=decision.ref,
        person=person,
        cause=reasons[-1].cause.value,
        created_us=now_us,
        updated_us=now_us,
        events=tuple(reason.told(now_us) for reason in reasons),
    )


def _told(item: WorkItem, reason: Reason, now_us: int) -> Notification:
    return Notification(
        institution=item.institution,
        kind=notifications.REOPENED,
        at_us=now_us,
        work_item=item.id,
        decision=item.decision,
        person=item.person,
        said={"check": item.check, "ref": item.ref, **reason.told(now_us)},
    )


def _events(
    reopened: Sequence[Decision],
    reasons: Mapping[str, Sequence[Reason]],
    persons: Mapping[str, str | None],
) -> list[Event]:
    """One audit event for each sender, person and cause: which decisions, by which versions."""
    groups: dict[tuple[Actor, str | None, Cause], dict[str, list[str]]] = {}
    for one in reopened:
        for reason in reasons[one.id]:
            group = groups.setdefault((reason.by, persons.get(one.check), reason.cause), {})
            shown = group.setdefault(one.id, [])
            if reason.now is not None:
                shown.append(str(reason.now["resource"]))
    events = []
    for (by, person, cause), group in groups.items():
        shown = list(dict.fromkeys(one for versions in group.values() for one in versions))
        events.append(
            Event(
                EventType.DECIDE,
                Action.UPDATE,
                by,
                subjects=(Subject(None, person, tuple(shown)),) if person else (),
                detail=f"reopened ({cause.value}): {' '.join(group)}",
            )
        )
    return events


async def used_of_homes(unit: Unit, homes: Iterable[str]) -> dict[str, list[Use]]:
    """What decisions that stand used of these homes, by decision."""
    found: dict[str, list[Use]] = defaultdict(list)
    for one in await decision_uses.of_homes(unit, homes):
        found[one.decision].append(one)
    return found
