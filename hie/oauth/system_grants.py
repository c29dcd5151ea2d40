"""The grants of systems: one proves its key and gets a short access token.

SMART Backend Services (`client_credentials` with `private_key_jwt`) for the system itself, and the
jwt-bearer grant for a person who works at it (`user_context`). What proved the client is used up
and the token's issue is recorded in one unit of work, before the token leaves.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace

from starlette.requests import Request
from starlette.responses import Response

from hie.access.actor import Actor, ActorKind, Purpose
from hie.access.mint import LIFETIME, Grant
from hie.access.profile import Profile
from hie.access.reason import Reason, reason_of
from hie.access.scopes import LONGEST as LONGEST_SCOPE
from hie.access.scopes import covered
from hie.access.token import Claims
from hie.audit.event import Action, Event, EventType, Subject
from hie.errors import NotAuthenticated
from hie.oauth.client_proof import Proved, naming, prove, spend
from hie.oauth.entrance import Entrance
from hie.oauth.known_clients import KnownClient
from hie.oauth.sender import Sender, bound_to, check_registered, sender_of
from hie.oauth.token_answer import token_answer
from hie.oauth.token_consents import consented
from hie.oauth.token_refusal import answer
from hie.oauth.token_request import (
    GrantType,
    TokenRefused,
    TokenRequest,
    invalid_client,
    invalid_grant,
    invalid_request,
    of_sender,
    read_request,
)
from hie.oauth.user_context import UserContext, read_context, scopes_for
from hie.store import ledger, vouched


@dataclass(frozen=True, slots=True)
class _Given:
    """What will be given, once its proofs are used up; `person` when it is for one."""

    client: Proved
    scopes: tuple[str, ...]
    purpose: Purpose
    used: tuple[Claims, ...]
    person: UserContext | None = None


async def give_token(
    entrance: Entrance, request: Request, caller: Actor, fields: Mapping[str, str]
) -> Response:
    """Answer a token request that brings no code; raises TokenRefused."""
    asked = read_request(fields, authorization="authorization" in request.headers)
    given = await _given(entrance, caller.network, asked)
    return await _issue(entrance, request, caller, given)


async def _given(entrance: Entrance, network: str | None, asked: TokenRequest) -> _Given:
    if asked.grant is GrantType.CLIENT:
        proved = await prove(entrance, network, asked.assertion or "", asked.client_id)
        with naming(proved.client.id):
            _check_system(proved.client)
            scopes = _scopes(asked, proved)
            return _Given(proved, scopes, _purpose(asked, proved), (proved.claims,))
    return await _for_person(entrance, network, asked)


async def _for_person(entrance: Entrance, network: str | None, asked: TokenRequest) -> _Given:
    """The jwt-bearer grant; a client assertion beside it must be of the same client."""
    profile = Profile.USER_CONTEXT
    proved = await prove(entrance, network, asked.user_context or "", asked.client_id, profile)
    used = [proved.claims]
    with naming(proved.client.id):
        _check_system(proved.client)
        if asked.assertion is not None:
            beside = await prove(entrance, network, asked.assertion, asked.client_id)
            if beside.client.id != proved.client.id:
                raise invalid_client(Reason.CROSS_CLIENT)
            used.append(beside.claims)
        person = read_context(proved, asked.purpose)
        scopes = scopes_for(proved, person.role, _wanted(asked))
    return _Given(proved, scopes, person.purpose, tuple(used), person)


def _check_system(client: KnownClient) -> None:
    """An app acts for who signed in, by a code alone; raises TokenRefused."""
    if client.app is not None:
        raise TokenRefused("unauthorized_client", Reason.GRANT, "expected authorization_code")


def _purpose(asked: TokenRequest, proved: Proved) -> Purpose:
    registered = proved.client.purposes
    if asked.purpose is None:
        return registered[0]
    if asked.purpose not in registered:
        raise invalid_request("purpose_of_use: expected a registered one", Reason.PURPOSE)
    return Purpose(asked.purpose)


def _wanted(asked: TokenRequest) -> tuple[str, ...] | None:
    if asked.scope is None:
        return None
    if len(asked.scope) > LONGEST_SCOPE:
        raise TokenRefused("invalid_scope", Reason.SCOPE, "expected registered scopes")
    return tuple(dict.fromkeys(asked.scope.split(" ")))


def _scopes(asked: TokenRequest, proved: Proved) -> tuple[str, ...]:
    """What was asked for, all of it registered; all that is registered when nothing was asked.

    Scopes of people (`user/`) are given with a person alone.
    """
    held = tuple(s for s in proved.client.scopes if s.startswith(("system/", "hie/")))
    wanted = _wanted(asked)
    if wanted is None:
        wanted = held
    if not wanted or not covered(wanted, held):
        raise TokenRefused("invalid_scope", Reason.SCOPE, "expected registered scopes")
    return wanted


async def token_sender(entrance: Entrance, request: Request, client: KnownClient) -> Sender:
    """Who sent this request, as far as a token is bound to it; raises TokenRefused."""
    try:
        sender = await sender_of(entrance, request.scope, None)
        check_registered(client, sender)
    except NotAuthenticated as error:
        raise of_sender(reason_of(error)) from error
    return sender


async def _issue(entrance: Entrance, request: Request, caller: Actor, given: _Given) -> Response:
    client, person = given.client.client, given.person
    with naming(client.id):
        sender = await token_sender(entrance, request, client)
    now_us = int(entrance.clock() * 1_000_000)
    subject = client.id
    token_id = secrets.token_hex(16)
    async with entrance.db.unit() as unit:
        await spend(entrance, unit, *given.used)
        if person is not None:
            known = await vouched.meet(unit, client.institution, person.number, now_us)
            if not known.active:
                with naming(client.id):
                    raise invalid_grant("no token is given for this person", Reason.STATUS)
            subject = known.subject
        actor = replace(
            caller,
            kind=ActorKind.CLIENT if person is None else ActorKind.USER,
            client=client.id,
            subject=subject,
            institution=client.institution,
            purpose=given.purpose,
            scopes=frozenset(given.scopes),
            role=None if person is None else person.role.value,
            token=token_id,
            patient=None if person is None else person.patient,
        )
        await ledger.append(unit, issued(actor))
    held = await consented(entrance, actor, LIFETIME)
    grant = Grant(
        issuer=entrance.issuer,
        audience=entrance.audience,
        client=client.id,
        institution=client.institution,
        purpose=given.purpose,
        scopes=tuple(sorted(given.scopes)),
        subject=subject,
        role=actor.role,
        patient=actor.patient,
        encounter=None if person is None else person.encounter,
        acr=None if person is None else person.acr,
        auth_time=None if person is None else person.auth_time,
        bound=bound_to(client, sender),
        consented=held,
    )
    return answer(200, token_answer(entrance, grant, token_id))


def issued(actor: Actor) -> Event:
    """The audit event of a token that is given to this actor."""
    return Event(
        type=EventType.TOKEN_ISSUED,
        action=Action.CREATE,
        actor=actor,
        subjects=() if actor.patient is None else (Subject(actor.patient),),
        detail=" ".join(sorted(actor.scopes)),
    )
