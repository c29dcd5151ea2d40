"""Registered clients, remembered for two seconds: a suspended client is out within five.

Nothing about a client is taken from its token alone: status, scopes, institution and keys are
those of its row, as it was at most two seconds ago, in every process of the hub.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from hie.access.actor import Purpose
from hie.access.keys import VerificationKey, stored_keys
from hie.access.profile import AudPolicy
from hie.oauth.jwks_sets import JwksSets
from hie.oauth.looked import Looked
from hie.store import apps, clients
from hie.store.database import Database

DPOP = "dpop"  # `sender` of a client that must prove possession; else a certificate's hash
CLIENT_ID = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,62}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class KnownClient:
    """A client's registration, ready for use; `keys` are empty where it has a `jwks_uri`."""

    id: str
    institution: str
    keys: tuple[VerificationKey, ...]
    scopes: tuple[str, ...]
    purposes: tuple[Purpose, ...]
    active: bool
    jwks_uri: str | None = None
    cds_issuer: str | None = None
    sender: str | None = None
    aud_policy: AudPolicy = AudPolicy.EITHER
    app: str | None = None  # `public` or `confidential` when it acts for people alone

    @property
    def certificate(self) -> str | None:
        """The SHA-256 of the certificate it must show, if it was registered with one."""
        return None if self.sender in (None, DPOP) else self.sender


@dataclass(frozen=True, slots=True)
class _Seen:
    row: clients.Client | None
    app: apps.App | None
    client: KnownClient | None


class KnownClients:
    """Looks clients up; unknown ids are remembered too, so that inventing them costs little."""

    def __init__(self, db: Database, clock: Callable[[], float], sets: JwksSets) -> None:
        self._db = db
        self.sets = sets
        self._seen = Looked(self._look, clock)

    async def find(self, client: str) -> KnownClient | None:
        """The client, active or not; None when none of this id was registered.

        As long as its row is the same, the same object is answered.
        """
        if CLIENT_ID.fullmatch(client) is None:
            return None
        return (await self._seen.of(client)).client

    async def _look(self, client: str, before: _Seen | None) -> _Seen:
        async with self._db.reading() as reader:
            row = await clients.find(reader, client)
            app = None if row is None else await apps.find(reader, client)
        same = before is not None and (before.row, before.app) == (row, app)
        return before if before is not None and same else _Seen(row, app, _known(row, app))

    async def keys_of(self, client: KnownClient, kid: object) -> tuple[VerificationKey, ...]:
        """The keys that verify for this client; fetched when it publishes them at an address.

        Raises Unavailable when they cannot be had.
        """
        if client.jwks_uri is None:
            return client.keys
        return await self.sets.keys_of(client.id, client.jwks_uri, kid)

    async def of_cds_issuer(self, issuer: str) -> KnownClient | None:
        """The client that calls itself so at the hub's CDS services."""
        async with self._db.reading() as reader:
            row = await clients.by_cds_issuer(reader, issuer)
        return None if row is None else await self.find(row.id)

    def forget(self, client: str) -> None:
        """Look this client up anew: its row was changed in this process."""
        self._seen.forget(client)

    async def holder_of(self, kid: object) -> str | None:
        """The client that registered a key of this id; for the audit log, after a refusal."""
        async with self._db.reading() as reader:
            rows = await clients.everyone(reader)
        for row in rows:
            if any(key["kid"] == kid for key in json.loads(row.jwks)["keys"]):
                return row.id
        return None


def _known(row: clients.Client | None, app: apps.App | None) -> KnownClient | None:
    if row is None:
        return None
    return KnownClient(
        id=row.id,
        institution=row.institution,
        keys=stored_keys(json.loads(row.jwks)) if row.jwks_uri is None else (),
        scopes=row.scopes,
        purposes=tuple(Purpose(code) for code in row.purposes),
        active=row.status == "active",
        jwks_uri=row.jwks_uri,
        cds_issuer=row.cds_issuer,
        sender=row.sender,
        aud_policy=AudPolicy(row.aud_policy),
        app=None if app is None else app.kind,
    )
