"""The authorization_code grant: an app changes its code for a token (RFC 6749, 4.1.3; RFC 7636).

A code is changed once, by the app it was given to, with the address it was given at and the
verifier of its challenge. Whoever tries with a wrong one has used it up; a second use ends the
token of the first (RFC 6749, 4.1.2). A public app proves itself by PKCE alone, a confidential one
by its key as well.
"""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import NoReturn

from starlette.requests import Request
from starlette.responses import Response

from hie.access.actor import Actor, ActorKind, Purpose
from hie.access.mint import SESSION_LIFETIME, Grant
from hie.access.policy import Role
from hie.access.reason import Reason
from hie.access.token import LATE
from hie.oauth.app_scopes import FHIR_USER, OPENID
from hie.oauth.client_proof import naming, spend
from hie.oauth.code_request import CodeRequest, read_code_request
from hie.oauth.entrance import Entrance
from hie.oauth.fhir_user import keep_fhir_user
from hie.oauth.id_token import id_token
from hie.oauth.known_clients import KnownClient
from hie.oauth.pkce import is_verifier_of
from hie.oauth.sender import Sender, bound_to
from hie.oauth.system_grants import issued, token_sender
from hie.oauth.token_answer import token_answer
from hie.oauth.token_consents import consented
from hie.oauth.token_refusal import answer
from hie.oauth.token_request import invalid_grant
from hie.store import auth_codes, ledger, revoked, users
from hie.store.auth_codes import AuthCode
from hie.store.users import Account

GRANT = "authorization_code"
_SECOND = 1_000_000


async def change_code(
    entrance: Entrance, request: Request, caller: Actor, fields: Mapping[str, str]
) -> Response:
    """Answer a token request that brings a code; raises TokenRefused."""
    asked = await read_code_request(
        entrance, caller.network, fields, authorization="authorization" in request.headers
    )
    sender = await _sender(entrance, request, asked.client)
    return await _change(entrance, caller, asked, sender)


async def _change(
    entrance: Entrance, caller: Actor, asked: CodeRequest, sender: Sender
) -> Response:
    """The token of a code, bound to its sender where it shows a key or a certificate."""
    async with entrance.db.reading() as reader:
        found = await auth_codes.find(reader, asked.code)
        account = None if found is None else await users.find(reader, found.account)
    if found is None or found.client != asked.client.id:
        _refuse(asked, Reason.OIDC)
    if found.token is not None:
        await _used_again(entrance, found)
        _refuse(asked, Reason.REPLAY)
    if not _fits(asked, found):
        if not await _use_up(entrance, asked):
            await _lost(entrance, asked)
        _refuse(asked, Reason.OIDC)
    if account is None or account.status != "active":
        _refuse(asked, Reason.STATUS)
    if found.expires_us < int(entrance.clock() * _SECOND):
        _refuse(asked, Reason.LIFETIME)
    return await _issue(entrance, caller, asked, found, account, sender)


def _fits(asked: CodeRequest, found: AuthCode) -> bool:
    return found.redirect_uri == asked.redirect_uri and is_verifier_of(
        found.challenge, asked.verifier
    )


def _refuse(asked: CodeRequest, reason: Reason) -> NoReturn:
    refused = invalid_grant("no code that may be changed like this", reason)
    refused.client = asked.client.id
    refused.proved = bool(asked.used)
    raise refused


async def _use_up(entrance: Entrance, asked: CodeRequest) -> bool:
    """Whoever guesses has one guess; False when the code was used a moment ago."""
    async with entrance.db.unit() as unit:
        return await auth_codes.use(unit, asked.code, "", int(entrance.clock() * _SECOND))


async def _used_again(entrance: Entrance, found: AuthCode) -> None:
    """Somebody else has the code as well: the token it was changed for ends."""
    if not found.token:
        return
    now_us = int(entrance.clock() * _SECOND)
    ends_us = found.expires_us + (SESSION_LIFETIME + LATE) * _SECOND
    async with entrance.db.unit() as unit:
        await revoked.revoke(unit, found.token, found.client, ends_us=ends_us, now_us=now_us)
    entrance.revocations.add(found.token, ends_us)


async def _lost(entrance: Entrance, asked: CodeRequest) -> NoReturn:
    """Somebody was quicker with this code: it comes a second time, however soon after the first."""
    async with entrance.db.reading() as reader:
        found = await auth_codes.find(reader, asked.code)
    if found is not None:
        await _used_again(entrance, found)
    _refuse(asked, Reason.REPLAY)


async def _sender(entrance: Entrance, request: Request, client: KnownClient) -> Sender:
    with naming(client.id):
        return await token_sender(entrance, request, client)


async def _issue(
    entrance: Entrance,
    caller: Actor,
    asked: CodeRequest,
    found: AuthCode,
    account: Account,
    sender: Sender,
) -> Response:
    token_id = secrets.token_hex(16)
    actor = replace(
        caller,
        kind=ActorKind.USER,
        client=asked.client.id,
        subject=account.id,
        institution=account.institution,
        purpose=_purpose(account),
        scopes=frozenset(found.scopes),
        role=account.role,
        token=token_id,
        patient=found.patient,
    )
    held = await consented(entrance, actor, SESSION_LIFETIME)
    async with entrance.db.unit() as unit:
        await spend(entrance, unit, *asked.used)
        first = await auth_codes.use(unit, asked.code, token_id, int(entrance.clock() * _SECOND))
        named = None
        if first and FHIR_USER in found.scopes:
            named = await keep_fhir_user(unit, account)
        if first:
            await ledger.append(unit, issued(actor))
    if not first:
        await _lost(entrance, asked)
    grant = Grant(
        issuer=entrance.issuer,
        audience=entrance.audience,
        client=asked.client.id,
        institution=account.institution,
        purpose=actor.purpose,
        scopes=found.scopes,
        subject=account.id,
        role=account.role,
        patient=found.patient,
        encounter=found.encounter,
        session=found.session,
        lifetime=SESSION_LIFETIME,
        bound=bound_to(asked.client, sender),
        consented=held,
    )
    return answer(200, _told(entrance, grant, token_id, found, named))


def _told(
    entrance: Entrance, grant: Grant, token_id: str, found: AuthCode, named: str | None
) -> dict[str, object]:
    """The answer with what is in context (SMART App Launch 2.2, launch context)."""
    told = token_answer(entrance, grant, token_id)
    if grant.bound is None:
        told["token_type"] = "Bearer"  # noqa: S105 - as SMART spells it; its case does not matter
    if found.patient is not None:
        told |= {"patient": found.patient, "need_patient_banner": True}
    if found.encounter is not None:
        told["encounter"] = found.encounter
    if OPENID in found.scopes:
        told["id_token"] = id_token(entrance, grant, found.nonce, named)
    return told


def _purpose(account: Account) -> Purpose:
    return Purpose.TREATMENT if account.role == Role.CLINICIAN else Purpose.OPERATIONS
