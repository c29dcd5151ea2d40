"""Giving an app a code for a person: who the app is, where it may be answered, what it is given.

The page does the talking (`hie.web.pages.authorize`); what is decided is decided here. A code lives
for a minute, is kept as a hash, and is bound to client, address, PKCE challenge and session.
"""

import secrets
from dataclasses import dataclass
from urllib.parse import urlencode

from hie.access.actor import Actor
from hie.access.reason import Reason
from hie.audit.event import Action, Event, EventType, Subject
from hie.errors import Fault, InvalidRequest
from hie.oauth.app_scopes import LAUNCH, Wanted
from hie.oauth.authorize_request import Asked, AuthorizeRefused, Target
from hie.oauth.entrance import Entrance
from hie.oauth.known_clients import KnownClient
from hie.store import apps, auth_codes, clients, launches, ledger
from hie.store.launches import Launch

CODE_SECONDS = 60
SIGNING_IN_SECONDS = 600  # a launch ticket waits so long for somebody who must sign in
_SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class KnownApp:
    """An app with its client's row, and what people call it."""

    app: apps.App
    client: KnownClient
    name: str


async def find_app(entrance: Entrance, target: Target) -> KnownApp:
    """The app that asks, and may be answered at this address.

    Raises InvalidRequest: an address that is not registered is never gone to (RFC 9700, 4.1).
    """
    client = await entrance.clients.find(target.client)
    async with entrance.db.reading() as reader:
        app = None if client is None else await apps.find(reader, client.id)
        row = None if app is None else await clients.find(reader, app.client)
    if client is None or app is None or row is None or not client.active:
        raise InvalidRequest("no such app", (Fault("client_id", Reason.OIDC, "a registered app"),))
    if target.redirect_uri not in app.redirect_uris:
        fault = Fault("redirect_uri", Reason.OIDC, "a registered address, character by character")
        raise InvalidRequest("not where this app is answered", (fault,))
    if not await entrance.is_open(client.institution):
        raise InvalidRequest("no such app", (Fault("client_id", Reason.OIDC, "a registered app"),))
    return KnownApp(app, client, row.name or row.id)


def check_person(known: KnownApp, institution: str) -> None:
    """Whether this app serves people of this institution; raises AuthorizeRefused."""
    if not known.app.everyone and known.client.institution != institution:
        told = "this app serves people of another institution"
        raise AuthorizeRefused("access_denied", told, Reason.ORG_SPOOF)


async def find_launch(
    entrance: Entrance, asked: Asked, app: str, actor: Actor, *, framed: bool = False
) -> tuple[str, Launch] | None:
    """The ticket an app was opened with, and what it is for; None when it came without.

    Raises AuthorizeRefused for one that is none, is over or used, or was made for another app,
    institution, person or place: which of these, nobody is told. In a frame nothing is opened
    without one.
    """
    if (LAUNCH in asked.scopes) != (asked.launch is not None):
        raise AuthorizeRefused("invalid_request", "launch: expected with its scope, and only then")
    if asked.launch is None:
        if framed:
            raise AuthorizeRefused("invalid_request", "launch: expected in a frame", Reason.OIDC)
        return None
    async with entrance.db.reading() as reader:
        found = await launches.find(reader, asked.launch, _now_us(entrance))
    is_fit = (
        found is not None
        and found.app == app
        and found.institution == actor.institution
        and found.account in {None, actor.subject}
        and launches.is_for_frame(asked.launch) == framed
    )
    if found is None or not is_fit:
        raise AuthorizeRefused("invalid_request", "launch: expected a fresh ticket", Reason.OIDC)
    return asked.launch, found


async def hold_launch(entrance: Entrance, ticket: str) -> None:
    """Somebody must sign in before the ticket is used: it waits for them."""
    now_us = _now_us(entrance)
    async with entrance.db.unit() as unit:
        await launches.open_until(unit, ticket, now_us, now_us + SIGNING_IN_SECONDS * _SECOND)


async def give_code(
    entrance: Entrance,
    actor: Actor,
    session: str,
    target: Target,
    asked: Asked,
    wanted: Wanted,
    patient: str | None,
    launch: tuple[str, Launch] | None = None,
) -> str:
    """A code for the app, recorded before it leaves. Raises AuthorizeRefused: the ticket was used.

    `session` is the hash of the session the person is signed in with.
    """
    code, now_us = secrets.token_urlsafe(32), _now_us(entrance)
    given = auth_codes.AuthCode(
        client=target.client,
        redirect_uri=target.redirect_uri,
        challenge=asked.challenge,
        account=actor.subject,
        session=session,
        scopes=wanted.scopes,
        patient=patient,
        encounter=launch[1].encounter if launch else None,
        nonce=asked.nonce,
        expires_us=now_us + CODE_SECONDS * _SECOND,
    )
    subjects = () if patient is None else (Subject(patient),)
    event = Event(
        EventType.LAUNCH,
        Action.EXECUTE,
        actor,
        subjects=subjects,
        detail=f"{target.client}: {' '.join(wanted.scopes)}",
    )
    async with entrance.db.unit() as unit:
        first = launch is None or await launches.use(unit, launch[0], now_us)
        if first:
            await auth_codes.add(unit, code, given)
            await ledger.append(unit, event)
    if not first:
        raise AuthorizeRefused("invalid_request", "launch: expected a fresh ticket", Reason.OIDC)
    return code


def answer_address(entrance: Entrance, target: Target, **members: str) -> str:
    """Where the browser goes on to: the app's address with the answer, and who gives it (RFC 9207).

    The address was registered; what its query had stays as it was (RFC 6749, 3.1.2).
    """
    state = {} if target.state is None else {"state": target.state}
    query = urlencode({**members, **state, "iss": entrance.issuer})
    return f"{target.redirect_uri}{'&' if '?' in target.redirect_uri else '?'}{query}"


def _now_us(entrance: Entrance) -> int:
    return int(entrance.clock() * _SECOND)
