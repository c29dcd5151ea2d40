"""Signing in by a hospital's own identity provider: OpenID Connect, code flow with PKCE.

The provider says who it is, by issuer and subject, and nothing else: which account that is here,
with which role and institution, stands in the hub, and a provider of one institution signs nobody
of another in. The hub's own session and tokens follow; the provider's are not kept.
OpenID Connect Core 1.0, section 3.1; RFC 9207; RFC 9700.
"""

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from starlette.types import Scope

from hie.access.compact import read_compact
from hie.access.profile import Profile
from hie.access.reason import Reason, refused
from hie.access.token import Claims, Expected, verify
from hie.errors import Fault, InvalidRequest, NotAuthenticated, ResourceNotFound, Unavailable
from hie.oauth.apps import origin_of
from hie.oauth.caller import network_of, request_id_of
from hie.oauth.entrance import Entrance
from hie.oauth.frames import ROOM, is_origin
from hie.oauth.jwks_fetch import NotFetched
from hie.oauth.oidc_proof import proof_of, read_id_token
from hie.oauth.oidc_state import SECONDS, Begun
from hie.oauth.pkce import challenge_of
from hie.oauth.refusals import stranger
from hie.oauth.sign_in import SignedIn, enter
from hie.store import jti, providers
from hie.store.providers import Provider
from hie.store.users import Account

MOST_STATES = 1_000_000  # answered in twenty minutes: nobody locks others out by sheer number
_LONGEST = 2048
_SECOND = 1_000_000


async def offered_providers(entrance: Entrance) -> list[Provider]:
    """The providers people may sign in with."""
    async with entrance.db.reading() as reader:
        return [one for one in await providers.everyone(reader) if one.status == "active"]


async def get_provider(entrance: Entrance, provider: str) -> Provider:
    """The active provider of this id; raises ResourceNotFound."""
    async with entrance.db.reading() as reader:
        found = await providers.find(reader, provider)
    if found is None or found.status != "active":
        raise ResourceNotFound("no such identity provider")
    return found


async def address_of(entrance: Entrance, provider: Provider, begun: Begun) -> str:
    """Where the browser goes to sign in; raises Unavailable."""
    configuration = await entrance.providers.configuration(provider)
    query = urlencode(
        {
            "response_type": "code",
            "client_id": provider.client,
            "redirect_uri": back_address(entrance, provider, framed=begun.framed),
            "scope": "openid",
            "state": begun.state,
            "nonce": begun.nonce,
            "code_challenge": challenge_of(begun.verifier),
            "code_challenge_method": "S256",
        }
    )
    address = configuration.authorization_endpoint
    return f"{address}{'&' if '?' in address else '?'}{query}"


def back_address(entrance: Entrance, provider: Provider, *, framed: bool = False) -> str:
    """Where a provider answers: an address of its own, so that none answers for another.

    A sign-in in a frame is answered in it.
    """
    return f"{entrance.address}{ROOM if framed else ''}/sign-in/back/{provider.id}"


def addresses_of(entrance: Entrance, provider: Provider) -> tuple[str, ...]:
    """The origins a browser may be sent to, to sign in with it, as far as they are known now.

    What a provider says of itself is taken for one only where it is nothing else.
    """
    found = entrance.providers.known(provider)
    said = (provider.issuer, provider.issuer if found is None else found.authorization_endpoint)
    return tuple(one for one in dict.fromkeys(map(origin_of, said)) if is_origin(one))


async def come_back(
    entrance: Entrance,
    scope: Scope,
    provider: Provider,
    pairs: Sequence[tuple[str, str]],
    begun: Begun | None,
    lang: str,
) -> SignedIn:
    """Open a session for whom the provider names.

    Raises InvalidRequest (parts that do not fit: an alert), NotAuthenticated (the provider said
    no, or knows somebody whom the hub does not), Unavailable.
    """
    said = dict(pairs)
    if len(said) != len(pairs):
        raise _unfit("query", "each parameter once")
    now = entrance.clock()
    if begun is None or not begun.is_answered_by(provider.id, said.get("state"), now):
        raise _unfit("state", "the one this browser was given, within ten minutes")
    configuration = await entrance.providers.configuration(provider)
    issuer = said.get("iss")
    if (issuer is None and configuration.says_issuer) or issuer not in (None, provider.issuer):
        raise _unfit("iss", "the issuer that was asked")
    await _use_up(entrance, provider, begun.state)
    if "error" in said:
        await _tell(entrance, scope, Reason.PASSWORD, provider)
        raise refused(Reason.PASSWORD)
    claims = await _claims(entrance, provider, configuration.token_endpoint, said, begun)
    account = await _account(entrance, scope, provider, claims)
    return await enter(entrance, scope, account, lang, by=f"by {provider.id}")


async def _use_up(entrance: Entrance, provider: Provider, state: str) -> None:
    """A state is answered once, in all processes."""
    now_us = int(entrance.clock() * _SECOND)
    async with entrance.db.unit() as unit:
        use = await jti.use(
            unit,
            f"oidc {provider.id}",
            state,
            expires_us=now_us + 2 * SECONDS * _SECOND,
            now_us=now_us,
            most=MOST_STATES,
        )
    if use is not jti.Use.FIRST:
        raise _unfit("state", "one that was not answered before")


async def _claims(
    entrance: Entrance, provider: Provider, endpoint: str, said: Mapping[str, str], begun: Begun
) -> Claims:
    code = said.get("code", "")
    if not 1 <= len(code) <= _LONGEST:
        raise _unfit("code", "a code")
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": back_address(entrance, provider, framed=begun.framed),
        "code_verifier": begun.verifier,
    }
    proof, authorization = proof_of(entrance, provider)
    try:
        text = await entrance.providers.fetcher.post(endpoint, form | proof, authorization)
    except NotFetched as fault:
        if fault.problem.startswith("status-4"):
            raise _unfit("code", "one that the provider gave for this sign-in") from fault
        raise Unavailable(f"identity provider {provider.id} does not answer") from fault
    return await _verified(entrance, provider, text, begun)


async def _verified(entrance: Entrance, provider: Provider, text: str, begun: Begun) -> Claims:
    """The claims of the id_token in an answer of the token endpoint (Core 3.1.3.7)."""
    try:
        token = read_compact(read_id_token(text))
        keys = await entrance.providers.keys(provider, token.header.get("kid"))
        expected = Expected(provider.issuer, frozenset({provider.client}), keys)
        claims = verify(token, Profile.ID_TOKEN, expected, entrance.clock())
    except NotAuthenticated as fault:
        raise _unfit("id_token", "one of this provider for this hub") from fault
    if claims.members.get("nonce") != begun.nonce:
        raise _unfit("nonce", "the one this browser was given")
    if claims.members.get("azp", provider.client) != provider.client:
        raise _unfit("azp", "this hub")
    return claims


async def _account(entrance: Entrance, scope: Scope, provider: Provider, claims: Claims) -> Account:
    async with entrance.db.reading() as reader:
        account = await providers.account_of(reader, provider.id, claims.subject)
    reason = None
    if account is None or account.status != "active":
        reason = Reason.STATUS
    elif account.institution != provider.institution:
        reason = Reason.ORG_SPOOF
    elif not await entrance.is_open(account.institution):
        reason = Reason.STATUS
    if account is None or reason is not None:
        await _tell(entrance, scope, reason or Reason.STATUS, provider)
        raise refused(reason or Reason.STATUS)
    return account


async def _tell(entrance: Entrance, scope: Scope, reason: Reason, provider: Provider) -> None:
    caller = stranger(network_of(scope), request_id_of(scope))
    await entrance.refusals.record(caller, reason, detail=f"sign-in by {provider.id}")


def _unfit(name: str, expected: str) -> InvalidRequest:
    return InvalidRequest("sign-in", (Fault(name, Reason.OIDC, expected),))
