"""What the doors do by themselves, once a minute: write counts, forget what is over.

When the newest signing key is nearly a month old, the next one is made and announced. What waited
too long for a second operator is closed.
"""

import asyncio
from dataclasses import replace

import structlog

from hie.access.actor import ActorKind
from hie.access.mint import SESSION_LIFETIME
from hie.access.token import LATE
from hie.audit.event import Action, Event, EventType
from hie.errors import HubMisconfigured, Unavailable
from hie.oauth.approving import expire
from hie.oauth.entrance import Entrance
from hie.oauth.refusals import stranger
from hie.oauth.rotation import rotate_when_due
from hie.oauth.sessions import IDLE
from hie.store import auth_codes, jti, launches, revoked, sessions

_SECOND = 1_000_000
_log = structlog.get_logger("hie.oauth")


async def upkeep(entrance: Entrance, every: float = 60) -> None:
    """Keep the doors until cancelled, and write the counts that are waiting at the end."""
    try:
        while True:
            await asyncio.sleep(every)
            try:
                await tidy(entrance)
            except Unavailable as away:
                _log.warning("upkeep.postponed", reason=away.text)
    finally:
        await entrance.refusals.flush()


async def tidy(entrance: Entrance) -> None:
    """Once: counts to the audit log; what is used up or over is removed."""
    await entrance.refusals.flush()
    now_us = int(entrance.clock() * _SECOND)
    await _rotate(entrance)
    await expire(entrance)
    async with entrance.db.unit() as unit:
        await jti.clear(unit, now_us)
        await revoked.clear(unit, now_us)
        await sessions.clear(unit, now_us - IDLE * _SECOND)
        await launches.clear(unit, now_us)
        # A used code is remembered for as long as the token it was changed for may live.
        await auth_codes.clear(unit, now_us - (SESSION_LIFETIME + LATE) * _SECOND)


async def _rotate(entrance: Entrance) -> None:
    """Make the next signing key when one is due, and record it; a folder that is full waits."""
    try:
        made = rotate_when_due(entrance.ring.folder, int(entrance.clock()))
    except (OSError, HubMisconfigured) as fault:
        _log.error("signing-keys.not-rotated", reason=type(fault).__name__)
        return
    if made is not None:
        entrance.ring.renew()
        actor = replace(stranger(None, None, "upkeep"), kind=ActorKind.OPERATOR)
        event = Event(EventType.KEY_CHANGE, Action.CREATE, actor, detail=f"rotate {made.kid}")
        await entrance.ledger.record(event)
