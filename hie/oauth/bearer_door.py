"""Access tokens at the doors: verified once, remembered briefly, never longer than their client.

A verified token is remembered for `KEPT` seconds under the SHA-256 of its text. Its client's row
and its institution are looked at on every request all the same, so that a suspension ends a
remembered token as well.
"""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass

from hie.access.actor import Actor
from hie.access.bearer import actor_of
from hie.access.profile import Profile
from hie.access.reason import Reason, refused
from hie.access.token import LATE, Claims, Expected, verify_text
from hie.oauth.entrance import Entrance
from hie.oauth.known_clients import KnownClient

KEPT = 30.0  # seconds
MOST = 8192


@dataclass(slots=True)
class _Verified:
    """A token's claims, and the actor they made with the client as it was then."""

    claims: Claims
    until: float
    client: KnownClient | None = None
    actor: Actor | None = None


class BearerDoor:
    """Turns access tokens into actors."""

    def __init__(self, entrance: Entrance) -> None:
        self._entrance = entrance
        self._verified: OrderedDict[bytes, _Verified] = OrderedDict()

    async def actor(self, token: str) -> Actor:
        """The actor a token stands for now; raises NotAuthenticated."""
        token_seen = self._look(token)
        client = await self._client(token_seen.claims)
        if token_seen.actor is None or token_seen.client is not client:
            actor = actor_of(token_seen.claims, client.scopes, client.institution)
            if actor.purpose not in client.purposes:
                raise refused(Reason.PURPOSE)
            token_seen.client, token_seen.actor = client, actor
        return token_seen.actor

    def _look(self, token: str) -> _Verified:
        now = self._entrance.clock()
        key = hashlib.sha256(token.encode("ascii")).digest()
        found = self._verified.get(key)
        if found is not None and now < found.until:
            self._verified.move_to_end(key)
            return found
        expected = Expected(
            self._entrance.issuer,
            frozenset({self._entrance.audience}),
            self._entrance.ring.accepted(now),
        )
        claims = verify_text(token, Profile.ACCESS_TOKEN, expected, now)
        found = _Verified(claims, min(now + KEPT, claims.expires + LATE))
        self._verified[key] = found
        if len(self._verified) > MOST:
            self._verified.popitem(last=False)
        return found

    async def _client(self, claims: Claims) -> KnownClient:
        client = await self._entrance.clients.find(str(claims.members["client_id"]))
        if client is None or not client.active:
            raise refused(Reason.STATUS)
        if await self._entrance.institution_status(client.institution) == "withdrawn":
            raise refused(Reason.STATUS)
        return client
