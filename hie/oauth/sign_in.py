"""Signing in and out: the work behind the page, each attempt recorded, each failure alike.

Whether a login exists is not told: not by the words, not by the time, not by the rate. A sign-in
always makes a new session and ends the one the browser had (no session fixation).
"""

import hashlib
import secrets
from dataclasses import dataclass

from starlette.types import Scope

from hie.access.actor import Actor, ActorKind, Purpose
from hie.access.reason import Reason, refused
from hie.audit.event import Action, Event, EventType
from hie.errors import Fault, TooMany
from hie.oauth.caller import network_of, request_id_of
from hie.oauth.entrance import Entrance
from hie.oauth.frames import is_framed
from hie.oauth.limits import neighbourhood, retry_after
from hie.oauth.passwords import hash_password, is_outdated, is_password
from hie.oauth.refusals import stranger
from hie.oauth.sessions import new_secret, session_mark, session_secret
from hie.store import ledger, sessions, users

_SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The secret for the browser's cookie, and the token of the session's forms."""

    secret: str
    csrf: str


async def sign_in(
    entrance: Entrance, scope: Scope, login: str, password: str, lang: str
) -> SignedIn:
    """Check a password and open a session.

    Raises NotAuthenticated (wrong login or password, or suspended: never which), TooMany with the
    seconds to wait in its fault.
    """
    network, login = network_of(scope), login.strip().lower()[:128]
    caller = stranger(network, request_id_of(scope))
    _count_attempt(entrance, network, login)
    async with entrance.db.reading() as reader:
        account = await users.by_login(reader, login)
    right = await is_password(account.argon2 if account else None, password)
    if account is None or not right or account.status != "active":
        reason = Reason.STATUS if account and right else Reason.PASSWORD
        await entrance.refusals.record(caller, reason, detail="sign-in")
        raise refused(reason)
    _forget_attempt(entrance, network, login)
    renewed = await hash_password(password) if is_outdated(account.argon2) else None
    return await enter(entrance, scope, account, lang, renewed=renewed)


async def enter(
    entrance: Entrance,
    scope: Scope,
    account: users.Account,
    lang: str,
    *,
    renewed: str | None = None,
    by: str | None = None,
) -> SignedIn:
    """Open a session for a person who has shown who they are, and end the one the browser had.

    `renewed` is their password's hash with today's parameters; `by` the provider they came from.
    """
    secret, csrf = new_secret(), secrets.token_urlsafe(32)
    now_us, framed = int(entrance.clock() * _SECOND), is_framed(scope)
    old = session_secret(scope, secure=entrance.secure)
    actor = Actor(
        kind=ActorKind.USER,
        client="pages",
        subject=account.id,
        institution=account.institution,
        purpose=Purpose.OPERATIONS,
        scopes=frozenset(),
        role=account.role,
        token=session_mark(entrance, secret),
        network=network_of(scope),
        request=request_id_of(scope),
    )
    async with entrance.db.unit() as unit:
        if old is not None:
            await sessions.end(unit, old)
        if renewed is not None:
            await users.rehash(unit, account.id, renewed)
        await sessions.begin(
            unit,
            secret=secret,
            account=account.id,
            csrf=csrf,
            lang=lang,
            now_us=now_us,
            framed=framed,
        )
        detail = " ".join(one for one in (by, "in a frame" if framed else None) if one) or None
        await ledger.append(unit, Event(EventType.SIGN_IN, Action.EXECUTE, actor, detail=detail))
    return SignedIn(secret, csrf)


async def sign_out(entrance: Entrance, scope: Scope, actor: Actor) -> None:
    """End the session of this request."""
    secret = session_secret(scope, secure=entrance.secure)
    async with entrance.db.unit() as unit:
        if secret is not None:
            await sessions.end(unit, secret)
        await ledger.append(unit, Event(EventType.SIGN_OUT, Action.EXECUTE, actor))


def _count_attempt(entrance: Entrance, network: str | None, login: str) -> None:
    """Count before the password is looked at, so that many at once are counted as well."""
    rates, now = entrance.rates, entrance.clock()
    if not rates.enforced:
        return
    near = neighbourhood(network)
    seconds = rates.login.take(bucket_of(login), now)
    if seconds == 0:
        seconds = rates.network.take(near, now)
        if seconds > 0:
            rates.login.give_back(bucket_of(login), now)
    if seconds > 0:
        wait = retry_after(seconds)
        raise TooMany("too many attempts", (Fault("login", Reason.RATE, wait),))


def _forget_attempt(entrance: Entrance, network: str | None, login: str) -> None:
    """A right password is no guess."""
    entrance.rates.login.forget(bucket_of(login))
    entrance.rates.network.give_back(neighbourhood(network), entrance.clock())


def bucket_of(login: str) -> str:
    """What a login's failed sign-ins are counted by.

    People type passwords into the login field: it is not kept as it was typed.
    """
    return hashlib.sha256(login.encode("utf-8")).hexdigest()
