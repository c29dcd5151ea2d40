"""A patient opens their record to who treats them now: a code made by their app, shown, used once.

The code names nobody. Whoever uses it within five minutes reaches the patient for a quarter of an
hour, and no longer than that without a visit.
"""

import secrets
import time
from typing import Any

from hie.access.actor import Actor, Purpose
from hie.access.policy import Restriction
from hie.access.reason import Reason
from hie.access.windows import PATIENT_US, Kind
from hie.audit.event import Action, Event, EventType, Subject
from hie.errors import Fault, NotPermitted, ResourceNotFound
from hie.exchange.hub import Hub
from hie.exchange.persons_asked import find_asked
from hie.fhir.elements import instant
from hie.recognition.identity_check import IdentityState
from hie.recognition.request import Asked
from hie.store import ledger, patient_codes, relations
from hie.store.families import hold_persons
from hie.store.instants import written
from hie.store.locate import homes_of

SHOWN_US = 300_000_000  # how long a code may be shown before it is used
_LONGEST = 64


async def make_code(hub: Hub, actor: Actor, asked: Asked) -> dict[str, Any]:
    """A code for a patient's app to show. Raises NotPermitted, and ResourceNotFound: not one."""
    if actor.purpose is not Purpose.PATIENT_REQUEST:
        fault = Fault("access", Reason.PURPOSE, f"purpose of use {Purpose.PATIENT_REQUEST}")
        raise NotPermitted("not permitted", (fault,))
    now_us = time.time_ns() // 1000
    async with hub.db.reading() as reader:
        identity, _ = await find_asked(reader, asked, instant(now_us).date(), Restriction())
    homes = [home for home, one in sorted(identity.homes.items()) if not one.conflicts]
    if identity.state is not IdentityState.MATCHED or not homes:
        raise ResourceNotFound("no such patient")
    home, code = homes[0], secrets.token_urlsafe(16)
    async with hub.db.unit() as unit:
        await patient_codes.add(unit, code, home, actor.client, now_us + SHOWN_US, now_us)
        subjects = (Subject(home, identity.person),)
        event = Event(EventType.PATIENT_CODE, Action.CREATE, actor, subjects=subjects)
        await ledger.append(unit, event)
    return {"code": code, "expires": written(now_us + SHOWN_US)}


async def use_code(hub: Hub, actor: Actor, code: str) -> dict[str, Any]:
    """Reach the patient of a code; the Patient, the own house's if it has one, and until when.

    Raises ResourceNotFound: no such code, over, or used before.
    """
    now_us = time.time_ns() // 1000
    async with hub.db.unit() as unit:
        home = None
        if len(code) <= _LONGEST:
            home = await patient_codes.use(unit, code, actor.institution, now_us)
        # Held: whoever parts their person meanwhile waits, and takes this back where it must go.
        if home is None or not await homes_of(unit, "Patient", [home], Restriction(), held=True):
            raise ResourceNotFound("no such code")
        ((person, homes),) = await hold_persons(unit, [home])
        until_us = now_us + PATIENT_US
        fact = relations.Fact(
            actor.institution, home, Kind.PATIENT, now_us, until_us, f"code {actor.client}"
        )
        await relations.relate(unit, [fact])
        own = await relations.own_of(unit, actor.institution, homes)
        shown = min(own) if own else home
        event = Event(
            EventType.PATIENT_CODE, Action.EXECUTE, actor, subjects=(Subject(shown, person),)
        )
        await ledger.append(unit, event)
    return {"patient": f"Patient/{shown}", "until": written(until_us)}
