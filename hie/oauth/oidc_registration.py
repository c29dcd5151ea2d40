"""Registering the identity providers people may sign in with, and who of theirs is whom here.

An operator's act, both: a provider belongs to one institution, and links lead to accounts of that
institution alone. There is no linking by names or numbers in a provider's answers: whoever could
choose those there would choose whom they are here.
"""

import re
from dataclasses import dataclass, replace

from hie.access.actor import Actor
from hie.audit.event import Action, Event, EventType
from hie.errors import Fault, ResourceNotFound, UnprocessableRequest
from hie.oauth.entrance import Entrance
from hie.oauth.oidc_proof import Method
from hie.oauth.oidc_provider import ALGORITHMS
from hie.oauth.registration import NAME
from hie.recognition.credit_code import is_credit_code
from hie.store import ledger, providers, users
from hie.store.providers import Provider

PROVIDER_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?")
_CLIENT = re.compile(r"[\x21-\x7e]{1,255}")
_SECRET = re.compile(r"[\x20-\x7e]{16,512}")


@dataclass(frozen=True, slots=True)
class Link:
    """Who of a provider's (its `sub`) is which login here."""

    provider: str
    subject: str
    login: str


async def add_provider(entrance: Entrance, actor: Actor, provider: Provider) -> None:
    """Register a provider. Raises UnprocessableRequest naming every fault, Conflict."""
    provider = replace(provider, name=provider.name or provider.id)
    faults = _faults(entrance, provider)
    if faults:
        raise UnprocessableRequest("the provider cannot be registered", tuple(faults))
    async with entrance.db.unit() as unit:
        await providers.add(unit, provider, _now_us(entrance))
        detail = f"add identity provider {provider.id}"
        await ledger.append(
            unit, Event(EventType.CLIENT_CHANGE, Action.CREATE, actor, detail=detail)
        )


async def set_provider_active(
    entrance: Entrance, actor: Actor, provider: str, *, active: bool
) -> None:
    """Suspend a provider, or let people sign in with it again. Raises ResourceNotFound."""
    status = "active" if active else "suspended"
    async with entrance.db.unit() as unit:
        await providers.set_status(unit, provider, status, _now_us(entrance))
        detail = f"{status} identity provider {provider}"
        await ledger.append(
            unit, Event(EventType.CLIENT_CHANGE, Action.UPDATE, actor, detail=detail)
        )


async def link_person(entrance: Entrance, actor: Actor, link: Link) -> None:
    """Let a provider's subject sign in as this login.

    Raises ResourceNotFound (provider or login), UnprocessableRequest (of another institution, or no
    subject), Conflict (the subject is somebody already).
    """
    if not 1 <= len(link.subject) <= 255:
        fault = Fault("subject", "subject-format", "1 to 255 characters, as the provider says it")
        raise UnprocessableRequest("the person cannot be linked", (fault,))
    async with entrance.db.unit() as unit:
        provider = await providers.find(unit, link.provider)
        account = await users.by_login(unit, link.login)
        if provider is None or account is None:
            raise ResourceNotFound("no such identity provider, or no person of this login")
        if account.institution != provider.institution:
            fault = Fault("login", "other-institution", "a person of the provider's institution")
            raise UnprocessableRequest("the person cannot be linked", (fault,))
        await providers.link(unit, provider.id, link.subject, account.id, _now_us(entrance))
        await ledger.append(unit, _link(actor, f"link {account.id} by {provider.id}"))


async def unlink_person(entrance: Entrance, actor: Actor, provider: str, login: str) -> None:
    """Nobody of this provider signs in as this login any more. Raises ResourceNotFound."""
    async with entrance.db.unit() as unit:
        account = await users.by_login(unit, login)
        if account is None or not await providers.unlink(unit, provider, account.id):
            raise ResourceNotFound("no such link")
        await ledger.append(unit, _link(actor, f"unlink {account.id} by {provider}"))


def _faults(entrance: Entrance, asked: Provider) -> list[Fault]:
    faults = []
    if PROVIDER_ID.fullmatch(asked.id) is None:
        faults.append(Fault("provider", "provider-format", "1 to 32 of a-z 0-9 -"))
    expected = entrance.providers.fetcher.reach.fault(asked.issuer)
    if expected is not None or "?" in asked.issuer:
        faults.append(Fault("issuer", "address", expected or "an address without a query"))
    if not is_credit_code(asked.institution):
        faults.append(
            Fault("institution", "invalid-code", "a unified social credit code (GB 32100)")
        )
    if _CLIENT.fullmatch(asked.client) is None:
        faults.append(Fault("client_id", "client-format", "1 to 255 visible characters"))
    if asked.method not in set(Method):
        faults.append(Fault("method", "method-unknown", ", ".join(Method)))
    if (asked.method == Method.SECRET) != (asked.secret is not None):
        faults.append(Fault("secret", "secret", f"with {Method.SECRET}, and only then"))
    if asked.secret is not None and _SECRET.fullmatch(asked.secret) is None:
        faults.append(Fault("secret", "secret-format", "16 to 512 characters, ASCII"))
    if asked.algorithm not in ALGORITHMS:
        faults.append(Fault("algorithm", "algorithm-unknown", ", ".join(ALGORITHMS)))
    if NAME.fullmatch(asked.name) is None:
        faults.append(Fault("name", "name-format", "at most 100 characters, no control characters"))
    return faults


def _link(actor: Actor, detail: str) -> Event:
    return Event(EventType.USER_CHANGE, Action.UPDATE, actor, detail=detail)


def _now_us(entrance: Entrance) -> int:
    return int(entrance.clock() * 1_000_000)
