"""What a person has opened by breaking the glass, as it is now: asked anew at each request."""

from dataclasses import replace

from hie.access.actor import Actor, ActorKind
from hie.access.glass import ELIGIBLE
from hie.oauth.entrance import Entrance
from hie.store import glass


async def with_glass(entrance: Entrance, actor: Actor) -> Actor:
    """The caller with the homes that are open to them; a token for one patient opens no other."""
    if actor.kind is not ActorKind.USER or actor.role not in ELIGIBLE:
        return actor
    async with entrance.db.reading() as reader:
        homes = await glass.open_homes(reader, actor.subject, int(entrance.clock() * 1_000_000))
    if actor.patient is not None and actor.patient not in homes:
        return actor
    return replace(actor, glass=homes) if homes else actor
