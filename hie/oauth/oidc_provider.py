"""What an identity provider says of itself: its endpoints and keys, held to the pinned issuer.

OpenID Connect Discovery 1.0, section 4: the document must name the very issuer that was registered.
Documents and keys are fetched like a client's keys (`jwks_fetch`), kept for as long as they are
fresh, and for a day when the provider does not answer; a key id nobody knows makes the hub look
once in ten seconds.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from hie.access.jwk import Public, UnusableKey, public_key
from hie.access.keys import KID, VerificationKey
from hie.access.strict_json import parse_object
from hie.errors import NotAuthenticated, Unavailable
from hie.oauth.jwks_fetch import FetchedText, JwksFetcher, NotFetched
from hie.store.providers import Provider

ALGORITHMS = ("RS256", "PS256", "ES256")
LAST_GOOD = 24 * 3600  # seconds
LOOK_EVERY = 10  # seconds
_MOST_KEYS = 32


@dataclass(frozen=True, slots=True)
class Configuration:
    """The endpoints of a provider; `says_issuer`: its answers name it (RFC 9207)."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    says_issuer: bool


@dataclass(frozen=True, slots=True)
class _Held:
    """What was fetched, when, until when it is fresh, and the last try."""

    configuration: Configuration
    keys: tuple[VerificationKey, ...]
    fetched: float
    fresh_until: float
    tried: float


class Providers:
    """What is known of providers in this process."""

    def __init__(self, fetcher: JwksFetcher, clock: Callable[[], float]) -> None:
        self.fetcher = fetcher
        self._clock = clock
        self._held: dict[str, _Held] = {}
        self._failed: dict[str, float] = {}
        self._one_at_a_time: dict[str, asyncio.Lock] = {}

    async def configuration(self, provider: Provider) -> Configuration:
        """The provider's endpoints; raises Unavailable."""
        return (await self._look(provider)).configuration

    def known(self, provider: Provider) -> Configuration | None:
        """The endpoints as they were read last in this process; None before."""
        held = self._held.get(provider.issuer)
        return None if held is None else held.configuration

    async def keys(self, provider: Provider, kid: object) -> tuple[VerificationKey, ...]:
        """The keys that verify its id_tokens; looked for anew when none has this id."""
        held = await self._look(provider)
        if all(key.kid != kid for key in held.keys):
            held = await self._look(provider, anew=True)
        return held.keys

    async def _look(self, provider: Provider, *, anew: bool = False) -> _Held:
        """What serves now: who has a fresh set waits for nobody, and no provider for another."""
        held = self._held.get(provider.issuer)
        if held is not None and not anew and self._clock() < held.fresh_until:
            return held
        async with self._one_at_a_time.setdefault(provider.issuer, asyncio.Lock()):
            return await self._renewed(provider, anew=anew)

    async def _renewed(self, provider: Provider, *, anew: bool) -> _Held:
        held, now = self._held.get(provider.issuer), self._clock()
        if held is not None and now < held.fresh_until and not anew:
            return held  # whoever had the turn before has fetched it
        last = self._failed.get(provider.issuer, 0.0 if held is None else held.tried)
        if now - last >= LOOK_EVERY:
            try:
                self._held[provider.issuer] = held = await self._fetch(provider, now)
            except (NotFetched, NotAuthenticated):
                self._failed[provider.issuer] = now
            else:
                self._failed.pop(provider.issuer, None)
        if held is None or now - held.fetched > LAST_GOOD:
            raise Unavailable(f"identity provider {provider.id} does not answer")
        return held

    async def _fetch(self, provider: Provider, now: float) -> _Held:
        address = f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration"
        found = read_configuration((await self.fetcher.fetch(address)).text, provider.issuer)
        keys: FetchedText = await self.fetcher.fetch(found.jwks_uri)
        usable = read_keys(keys.text, provider.algorithm)
        return _Held(found, usable, now, now + keys.fresh, now)


def read_configuration(text: str, issuer: str) -> Configuration:
    """The endpoints in a discovery document; raises NotAuthenticated unless it is this issuer's."""
    said = parse_object(text.encode("utf-8"))
    names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    if said.get("issuer") != issuer or not all(isinstance(said.get(name), str) for name in names):
        raise NotAuthenticated("the discovery document is not this issuer's")
    says = said.get("authorization_response_iss_parameter_supported") is True
    authorize, token, jwks_uri = (str(said[name]) for name in names)
    return Configuration(authorize, token, jwks_uri, says)


def read_keys(text: str, algorithm: str) -> tuple[VerificationKey, ...]:
    """The keys of a set that verify by the registered algorithm; others are the provider's own."""
    said = parse_object(text.encode("utf-8")).get("keys")
    entries = said if isinstance(said, list) else []
    found = (_key(entry, algorithm) for entry in entries[:_MOST_KEYS])
    return tuple(key for key in found if key is not None)


def _key(entry: object, algorithm: str) -> VerificationKey | None:
    if not isinstance(entry, Mapping):
        return None
    kid, operations = entry.get("kid"), entry.get("key_ops", ["verify"])
    if not isinstance(kid, str) or KID.fullmatch(kid) is None:
        return None
    if entry.get("use") not in {None, "sig"} or entry.get("alg", algorithm) != algorithm:
        return None
    if not isinstance(operations, list) or "verify" not in operations:
        return None
    try:
        public = public_key(entry)
    except UnusableKey:
        return None
    return VerificationKey(kid, algorithm, public) if _fits(public, algorithm) else None


def _fits(public: Public, algorithm: str) -> bool:
    if algorithm == "ES256":
        curve = public.curve if isinstance(public, ec.EllipticCurvePublicKey) else None
        return isinstance(curve, ec.SECP256R1)
    return isinstance(public, rsa.RSAPublicKey)
