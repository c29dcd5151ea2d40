"""What the doors do by themselves, once a minute: write counts, forget what is over."""

import asyncio

import structlog

from hie.errors import Unavailable
from hie.oauth.entrance import Entrance
from hie.oauth.sessions import IDLE
from hie.store import jti, sessions

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
    """Once: counts to the audit log; used assertions and sessions that are over are removed."""
    await entrance.refusals.flush()
    now_us = int(entrance.clock() * _SECOND)
    async with entrance.db.unit() as unit:
        await jti.clear(unit, now_us)
        await sessions.clear(unit, now_us - IDLE * _SECOND)
