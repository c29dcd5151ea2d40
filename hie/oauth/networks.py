"""The networks clients call from, remembered for two seconds in every process.

A client that was registered with networks is let in from those alone, also with a token that is
good: a key that was stolen is of no use elsewhere.
"""

import ipaddress
from collections.abc import Callable, Mapping, Sequence

from hie.access.actor import Actor, ActorKind
from hie.access.reason import Reason
from hie.errors import Fault, NotPermitted
from hie.oauth.looked import Looked
from hie.store import client_networks
from hie.store.database import Database

MOST = 64  # networks of one client
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_Known = Mapping[str, Sequence[Network]]


class Networks:
    """Looks the networks of clients up; most have none."""

    def __init__(self, db: Database, clock: Callable[[], float]) -> None:
        self._db = db
        self._known = Looked(self._look, clock)

    async def admits(self, client: str, address: str | None) -> bool:
        """Whether a client may call from this address; None: a Unix socket, which has none."""
        allowed = (await self._known.of(None)).get(client)
        return not allowed or any(_is_within(address, one) for one in allowed)

    def forget(self) -> None:
        """Look anew: the networks of a client were changed in this process."""
        self._known.forget_all()

    async def _look(self, _: None, before: _Known | None) -> _Known:
        async with self._db.reading() as reader:
            rows = await client_networks.every(reader)
        return {key: [read_network(one) for one in rows[key]] for key in rows}


async def check_network(known: Networks, actor: Actor, address: str | None) -> None:
    """Let a client in from its own networks; raises NotPermitted."""
    if actor.kind is not ActorKind.OPERATOR and not await known.admits(actor.client, address):
        fault = Fault("access", Reason.NETWORK, "a network the client was registered with")
        raise NotPermitted("not permitted", (fault,))


def network_faults(networks: Sequence[object]) -> list[Fault]:
    """What is wrong with the networks a client is to be held to."""
    faults = [
        Fault(f"networks[{place}]", "network", "a network such as 10.20.0.0/16, or an address")
        for place, one in enumerate(networks)
        if not _is_network(one)
    ]
    if len(networks) > MOST:
        faults.append(Fault("networks", "network-count", f"at most {MOST} networks"))
    return faults


def _is_network(text: object) -> bool:
    try:
        read_network(str(text))
    except ValueError:
        return False
    return isinstance(text, str)


def read_network(text: str) -> Network:
    """A network, or a single address; raises ValueError."""
    return ipaddress.ip_network(text, strict=True)


def _is_within(address: str | None, network: Network) -> bool:
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    found = mapped or found
    return found.version == network.version and found in network
