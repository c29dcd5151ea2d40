"""Whose messages and codes an actor may look at: those of their own institution's sites.

Another's site, and a message of it, are as if they were not there.
"""

from collections.abc import Mapping

from hie.access.actor import Actor, ActorKind
from hie.access.policy import permit
from hie.access.scopes import Door
from hie.errors import ResourceNotFound
from hie.exchange import sites
from hie.exchange.hub import Hub
from hie.store.messages import Message
from hie.store.sites import KnownSite


async def own_sites(hub: Hub, actor: Actor, door: Door) -> Mapping[str, KnownSite]:
    """The sites an actor may look at through this door, by name. Raises NotPermitted."""
    permit(actor, door)
    known = await sites.all_sites(hub)
    if actor.kind is ActorKind.OPERATOR:
        return known
    return {name: one for name, one in known.items() if one.site.institution == actor.institution}


async def own_site(hub: Hub, actor: Actor, door: Door, name: str) -> KnownSite:
    """One of them. Raises NotPermitted, ResourceNotFound."""
    found = (await own_sites(hub, actor, door)).get(name)
    if found is None:
        raise ResourceNotFound(f"no site {name!r}")
    return found


async def check_own(hub: Hub, actor: Actor, message: Message) -> None:
    """That a message is of a site of theirs. Raises NotPermitted, ResourceNotFound."""
    if message.site not in await own_sites(hub, actor, Door.MESSAGES):
        if actor.kind is ActorKind.OPERATOR:
            return  # what was kept of a site stays the operator's whatever became of the site
        raise ResourceNotFound(f"no message {message.id!r}")
