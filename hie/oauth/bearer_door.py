"""Access tokens at the doors: verified once, remembered briefly, never longer than their client.

A verified token is remembered for `KEPT` seconds under the SHA-256 of its text, as long as the
hub's keys are the same. Its revocation, its client, its institution, its person and their session
are looked at on every request all the same: what they are is known at most
two seconds late, so that a suspension or a leave ends a remembered token within five.
"""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass

from hie.access.actor import Actor
from hie.access.bearer import actor_of, is_of_person, session_of
from hie.access.profile import Profile
from hie.access.reason import Reason, refused
from hie.access.token import LATE, Claims, Expected, verify_text
from hie.oauth.entrance import Entrance
from hie.oauth.known_clients import KnownClient
from hie.oauth.standing import Person

KEPT = 30.0  # seconds
MOST = 8192


@dataclass(slots=True)
class _Verified:
    """A token's claims, and the actor they made with client and person as they were then."""

    claims: Claims
    until: float
    keys: int  # the generation of the hub's keys it was verified with
    client: KnownClient | None = None
    person: Person | None = None
    actor: Actor | None = None


class BearerDoor:
    """Turns access tokens into actors: one of a process, which remembers what it verified."""

    def __init__(self, entrance: Entrance) -> None:
        self.entrance = entrance
        self._verified: OrderedDict[bytes, _Verified] = OrderedDict()

    async def actor(self, token: str) -> tuple[Actor, Claims]:
        """The actor a token stands for now, and what it says; raises NotAuthenticated."""
        seen = self._look(token)
        claims = seen.claims
        if await self.entrance.revocations.holds(claims.token_id):
            raise refused(Reason.REVOKED)
        client, person = await self._client(claims), await self._person(claims)
        if seen.actor is None or seen.client is not client or seen.person != person:
            seen.actor = self._made(claims, client, person)
            seen.client, seen.person = client, person
        return seen.actor, claims

    def claims(self, token: str) -> Claims:
        """What a token of this hub says; whether it still opens doors is another question.

        Raises NotAuthenticated.
        """
        return self._look(token).claims

    def _made(self, claims: Claims, client: KnownClient, person: Person | None) -> Actor:
        institution = client.institution if person is None else person.institution
        role = None if person is None else person.role
        actor = actor_of(claims, client.scopes, institution, role)
        if actor.purpose not in client.purposes:
            raise refused(Reason.PURPOSE)
        return actor

    def _look(self, token: str) -> _Verified:
        if not token.isascii():
            raise refused(Reason.ENC)
        now = self.entrance.clock()
        key = hashlib.sha256(token.encode("ascii")).digest()
        found = self._verified.get(key)
        ring = self.entrance.ring
        generation = ring.generation()
        if found is not None and now < found.until and found.keys == generation:
            self._verified.move_to_end(key)
            return found
        expected = Expected(
            self.entrance.issuer,
            frozenset({self.entrance.audience}),
            ring.accepted(now),
        )
        claims = verify_text(token, Profile.ACCESS_TOKEN, expected, now)
        found = _Verified(claims, min(now + KEPT, claims.expires + LATE), generation)
        self._verified[key] = found
        if len(self._verified) > MOST:
            self._verified.popitem(last=False)
        return found

    async def _client(self, claims: Claims) -> KnownClient:
        client = await self.entrance.clients.find(str(claims.members["client_id"]))
        if client is None or not client.active:
            raise refused(Reason.STATUS)
        if not await self.entrance.is_open(client.institution):
            raise refused(Reason.STATUS)
        return client

    async def _person(self, claims: Claims) -> Person | None:
        """The person a token is for; None when it is for the system itself."""
        if not is_of_person(claims):
            return None
        person = await self.entrance.standing.find(claims.subject, session_of(claims))
        if person is None or not await self.entrance.is_open(person.institution):
            raise refused(Reason.STATUS)
        return person
