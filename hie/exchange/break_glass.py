"""Break the glass: a person opens one patient's restricted results for half an hour.

Nothing is told of a patient who cannot be opened: one that is not there, that an identifier does
not lead to alone, or whose record is very restricted, is the same refusal. Every refusal is an
alert; every opening tells the privacy officer and waits for a review.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from hie.access.actor import Actor, Purpose
from hie.access.glass import (
    LASTS,
    MOST_PATIENTS,
    REVIEW,
    SECOND_FACTOR,
    GlassReason,
    check_eligible,
    check_reason,
    withheld,
)
from hie.access.policy import restriction
from hie.access.restriction import RESTRICTED, Restriction
from hie.access.scopes import Interaction
from hie.audit.event import Action, Event, EventType, Subject
from hie.errors import NotPermitted
from hie.exchange.hub import Hub
from hie.exchange.persons_asked import find_asked
from hie.exchange.prior_results import patient_shown
from hie.exchange.second_person import SecondPerson, agreed
from hie.fhir.elements import instant
from hie.oauth.second_factor import is_code
from hie.recognition.identity_check import IdentityState
from hie.recognition.request import Asked
from hie.store import glass, ledger, notifications
from hie.store.glass import Opening
from hie.store.instants import written
from hie.store.notifications import Notification
from hie.store.session import Unit

OPENED = "glass-opened"
_SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asks: for whom, why, and how they prove who they are.

    `code`: their one-time code; None where their token says what proved them. `second`: who agrees
    that this is one patient more than a day's usual.
    """

    patient: Asked
    reason: object
    words: object
    code: str | None = None
    second: SecondPerson | None = None


async def break_glass(hub: Hub, actor: Actor, wish: Wish) -> Opening:
    """Open it; what was opened. Raises NotPermitted naming what is missing, TooMany."""
    check_eligible(actor)
    reason, words = check_reason(wish.reason, wish.words)
    await _check_second_factor(hub, actor, wish.code)
    now_us = int(hub.entrance.clock() * _SECOND)
    async with hub.db.reading() as reader:
        kept = await glass.kept_of(reader, actor.subject, now_us)
    if kept is not None:
        raise withheld("access", f"no review of yours that is {kept}: ask the privacy officer")
    home, person, shown = await _patient(hub, actor, wish.patient, now_us)
    by = None if wish.second is None else await agreed(hub, actor, wish.second)
    async with hub.db.unit() as unit:
        await glass.hold(unit, actor.subject)
        opened = await glass.patients_of_day(unit, actor.subject, now_us)
        if (person or home) not in opened and len(opened) >= MOST_PATIENTS and by is None:
            expected = f"a second person who agrees: more than {MOST_PATIENTS} patients in a day"
            raise withheld("second", expected)
        one = Opening(
            institution=actor.institution,
            subject=actor.subject,
            client=actor.client,
            home=home,
            person=person,
            reason=reason,
            at_us=now_us,
            until_us=now_us + LASTS * _SECOND,
            due_us=now_us + REVIEW * _SECOND,
            said={"text": words, "patient": shown},
            agreed_by=by,
        )
        one = replace(one, id=await glass.add(unit, one))
        await ledger.append(unit, _event(actor, Action.CREATE, one, f"opened {one.id} {reason}"))
        await notifications.add(unit, [_notice(one, reason)])
    return one


async def close_glass(hub: Hub, actor: Actor, key: str) -> None:
    """End an opening of one's own before its time. Raises ResourceNotFound."""
    now_us = int(hub.entrance.clock() * _SECOND)
    async with hub.db.unit() as unit:
        one = await own(unit, actor, key)
        if await glass.end(unit, key, now_us):
            await ledger.append(unit, _event(actor, Action.DELETE, one, f"closed {key}"))


async def own(unit: Unit, actor: Actor, key: str) -> Opening:
    """An opening of this person's; another's is as if it were not there. Raises NotPermitted."""
    one = await glass.get(unit, key, actor.institution)
    if one.subject != actor.subject:
        raise withheld("access", "an opening of your own")
    return one


async def openings(hub: Hub, actor: Actor) -> list[Opening]:
    """What is open to this person now, newest first; recorded where it names a patient."""
    now_us = int(hub.entrance.clock() * _SECOND)
    async with hub.db.reading() as reader:
        found = await glass.open_now(reader, actor.subject, now_us)
    if found:
        subjects = tuple(Subject(home) for home in sorted({one.home for one in found}))
        event = Event(EventType.BREAK_GLASS, Action.READ, actor, subjects=subjects)
        await hub.ledger.record(event)
    return found


def told(one: Opening) -> dict[str, Any]:
    """An opening as the door for apps tells it."""
    return {
        "opening": one.id,
        "patient": f"Patient/{one.home}",
        "reason": one.reason,
        "opened": written(one.at_us),
        "until": written(one.until_us),
        "review_by": written(one.due_us),
    }


async def _check_second_factor(hub: Hub, actor: Actor, code: str | None) -> None:
    """Raises NotPermitted, TooMany."""
    if code is None:
        if actor.acr != SECOND_FACTOR:
            raise withheld("acr", SECOND_FACTOR)
    elif not await is_code(hub.entrance, actor.subject, code):
        raise withheld("code", "the six digits your app shows now, each once")


async def _patient(
    hub: Hub, actor: Actor, asked: Asked, now_us: int
) -> tuple[str, str | None, Mapping[str, Any]]:
    """The Patient, their person, and how they are shown. Raises NotPermitted, always alike."""
    today = instant(now_us).date()
    async with hub.db.reading() as reader:
        identity, patients = await find_asked(reader, asked, today, _sight(actor))
    named = (asked.reference or "").removeprefix("Patient/")
    homes = [key for key in sorted(identity.homes) if not named or key == named]
    if identity.state is not IdentityState.MATCHED or not homes:
        raise withheld("patient", "one patient who may be opened")
    shown = patient_shown([patients[homes[0]]], homes[0])
    return homes[0], identity.person, {"name": shown["name"], "identifier": shown["identifier"]}


def _sight(actor: Actor) -> Restriction:
    """Patients of anybody that are not very restricted, and whose consent allows emergencies.

    Raises NotPermitted as an alert for whom may not see patients at all.
    """
    try:
        usual = restriction(actor, Interaction.READ)
    except NotPermitted as error:
        raise withheld("access", "somebody who may see patients") from error
    asks = usual.asks
    if asks is not None:
        asks = replace(asks, purpose=Purpose.BREAK_GLASS.value, permitted=asks.emergency)
    return replace(usual, reach=None, clearance=RESTRICTED, own_clearance=RESTRICTED, asks=asks)


def _event(actor: Actor, action: Action, one: Opening, detail: str) -> Event:
    return Event(
        EventType.BREAK_GLASS,
        action,
        replace(actor, purpose=Purpose.BREAK_GLASS),
        subjects=(Subject(one.home, one.person),),
        detail=detail,
    )


def _notice(one: Opening, reason: GlassReason) -> Notification:
    """What the institution's systems are told, for its privacy officer."""
    return Notification(
        institution=one.institution,
        kind=OPENED,
        at_us=one.at_us,
        work_item="",
        decision="",
        person=one.person,
        said={
            "opening": one.id,
            "patient": f"Patient/{one.home}",
            "practitioner": one.subject,
            "reason": str(reason),
            "until": written(one.until_us),
            "review_by": written(one.due_us),
        },
    )
