"""What the doors share: the opened parts they need, put together once by the composition root."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from hie.access.reason import Reason
from hie.errors import HubMisconfigured
from hie.oauth.agreements import Agreements
from hie.oauth.jwks_fetch import JwksFetcher, key_fetcher
from hie.oauth.jwks_sets import JwksSets
from hie.oauth.key_ring import KeyRing
from hie.oauth.known_clients import KnownClients
from hie.oauth.limits import (
    CLIENT,
    CODE,
    FAILED,
    LOOKED_AT,
    LOOKED_AT_ALL,
    PICTURE,
    SIGN_IN,
    TOKEN,
    USER,
    Buckets,
)
from hie.oauth.networks import Networks
from hie.oauth.oidc_provider import Providers
from hie.oauth.refusals import Refusals, stranger
from hie.oauth.revocations import Revocations
from hie.oauth.standing import Standing
from hie.store.database import Database
from hie.store.ledger import Ledger

# An institution's code to its status in the registers today; None when they do not say.
InstitutionStatus = Callable[[str], Awaitable[str | None]]

_SHUT = frozenset({"suspended", "withdrawn"})
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Rates:
    """The buckets of this process; with `enforced` False they are kept and not asked."""

    enforced: bool = True
    token: Buckets = field(default_factory=lambda: Buckets(TOKEN))
    client: Buckets = field(default_factory=lambda: Buckets(CLIENT))
    user: Buckets = field(default_factory=lambda: Buckets(USER))
    picture: Buckets = field(default_factory=lambda: Buckets(PICTURE))
    failed: Buckets = field(default_factory=lambda: Buckets(FAILED))
    looked_at: Buckets = field(default_factory=lambda: Buckets(LOOKED_AT))
    looked_at_all: Buckets = field(default_factory=lambda: Buckets(LOOKED_AT_ALL))
    login: Buckets = field(default_factory=lambda: Buckets(SIGN_IN))
    code: Buckets = field(default_factory=lambda: Buckets(CODE))
    network: Buckets = field(default_factory=lambda: Buckets(SIGN_IN))


@dataclass(frozen=True, slots=True)
class Entrance:
    """Data of the doors; `address` is what callers write, without a trailing slash."""

    db: Database
    ledger: Ledger
    ring: KeyRing
    address: str
    clients: KnownClients
    refusals: Refusals
    rates: Rates
    clock: Callable[[], float]
    institution_status: InstitutionStatus
    revocations: Revocations
    standing: Standing
    agreements: Agreements
    networks: Networks
    providers: Providers
    metrics_token: str | None = None
    gateway_secret: str | None = None
    dual_control: bool = False

    async def is_open(self, institution: str) -> bool:
        """Whether this institution's systems and people are let in today.

        Suspended and withdrawn ones are not; one that the registers do not name is nobody's to
        suspend.
        """
        return await self.institution_status(institution) not in _SHUT

    @property
    def issuer(self) -> str:
        """`iss` of the hub's tokens, and one of the two audiences of a client assertion."""
        return self.address

    @property
    def audience(self) -> str:
        """`aud` of the hub's tokens: the FHIR base, valid at every door."""
        return f"{self.address}/fhir"

    @property
    def token_address(self) -> str:
        """Where tokens are asked for."""
        return f"{self.address}/oauth/token"

    @property
    def secure(self) -> bool:
        """Whether cookies are for TLS only: always, but for plain http on this machine."""
        return urlsplit(self.address).scheme == "https" or not self.on_loopback

    @property
    def on_loopback(self) -> bool:
        """Whether callers write an address of this machine alone."""
        return urlsplit(self.address).hostname in _LOOPBACK


def open_entrance(
    db: Database,
    ledger: Ledger,
    ring: KeyRing,
    address: str,
    institution_status: InstitutionStatus,
    *,
    rate_limits: bool = True,
    metrics_token: str | None = None,
    clock: Callable[[], float] = time.time,
    fetcher: JwksFetcher | None = None,
    gateway_secret: str | None = None,
    dual_control: bool = False,
) -> Entrance:
    """Put the parts together.

    Raises HubMisconfigured when the address is no http(s) address, or when rates are off and the
    address is not this machine's.
    """
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise HubMisconfigured(f"base_url {address!r}: expected http(s)://host[:port]")
    if not rate_limits and parts.hostname not in _LOOPBACK:
        raise HubMisconfigured("rate_limits = false is for a loopback address only")
    if gateway_secret is not None and len(gateway_secret) < 32:
        raise HubMisconfigured("the secret of the gateway: expected at least 32 characters")
    if metrics_token is not None and len(metrics_token) < 16:
        raise HubMisconfigured("the token for /metrics: expected at least 16 characters")
    refusals = Refusals(ledger, clock)
    fetcher = fetcher or key_fetcher((), None)

    async def told(client: str, reason: Reason, problem: str) -> None:
        await refusals.record(stranger(None, None, client), reason, detail=f"keys: {problem}")

    return Entrance(
        db=db,
        ledger=ledger,
        ring=ring,
        address=address,
        clients=KnownClients(db, clock, JwksSets(db, fetcher, clock, told)),
        refusals=refusals,
        rates=Rates(enforced=rate_limits),
        clock=clock,
        institution_status=institution_status,
        revocations=Revocations(db, clock),
        standing=Standing(db, clock),
        agreements=Agreements(db, clock),
        networks=Networks(db, clock),
        providers=Providers(fetcher, clock),
        metrics_token=metrics_token,
        gateway_secret=gateway_secret,
        dual_control=dual_control,
    )
