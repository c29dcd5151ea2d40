"""The keys an operator offers for a client: themselves, or the https address they are published at.

An address is read once before it is registered, so that what is wrong with it is told now and not
at the client's first call; what was read is what the client begins with.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from hie.access.actor import Actor
from hie.access.keys import VerificationKey, accept_keys
from hie.access.reason import Reason
from hie.errors import Fault, UnprocessableRequest
from hie.oauth.entrance import Entrance
from hie.oauth.jwks_fetch import FetchedText, NotFetched
from hie.store import client_keys
from hie.store.session import Unit

_WHERE = "jwks_uri"


@dataclass(frozen=True, slots=True)
class KeyOffer:
    """Keys the hub may trust; with an address, `text` is the set as it was read there."""

    keys: tuple[VerificationKey, ...]
    address: str | None = None
    text: FetchedText | None = None

    def jwks(self) -> dict[str, object]:
        """What is kept in the client's own row: nothing when the keys are at an address."""
        own = self.keys if self.address is None else ()
        return {"keys": [key.jwk() for key in own]}

    async def keep(self, unit: Unit, client: str, now_us: int) -> None:
        """Keep what was read at the address; forget what was kept of another."""
        await client_keys.forget(unit, client)
        if self.text is not None:
            await client_keys.fetched(
                unit,
                client,
                json.loads(self.text.text),
                now_us=now_us,
                fresh_until_us=now_us + self.text.fresh * 1_000_000,
            )


async def read_offer(entrance: Entrance, actor: Actor, offered: object) -> KeyOffer:
    """The keys of an offer; raises UnprocessableRequest naming every fault."""
    if not isinstance(offered, Mapping) or _WHERE not in offered:
        return KeyOffer(accept_keys(offered))
    address, sets = offered[_WHERE], entrance.clients.sets
    if not isinstance(address, str) or len(offered) != 1:
        raise _fault("jwks-uri-format", "one https address, and no keys beside it")
    expected = sets.fault(address)
    if expected is not None:
        await entrance.refusals.record(actor, Reason.SSRF, detail="client key")
        raise _fault(Reason.SSRF, expected)
    try:
        text, keys = await sets.read(address)
    except NotFetched as fault:
        if fault.attack:
            await entrance.refusals.record(actor, Reason.SSRF, detail="client key")
            raise _fault(Reason.SSRF, f"an address that can be read ({fault.problem})") from fault
        raise _fault("jwks-unreadable", f"a key set, read now ({fault.problem})") from fault
    return KeyOffer(keys, address, text)


def _fault(code: str, expected: str) -> UnprocessableRequest:
    return UnprocessableRequest("the key is not usable", (Fault(_WHERE, code, expected),))
