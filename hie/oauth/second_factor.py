"""People's second factor: given by an operator, proved by a one-time code (RFC 6238), each once."""

import secrets

from hie.access.actor import Actor
from hie.access.reason import Reason
from hie.access.totp import SECRET, address_of, find_step, written
from hie.audit.event import Action, Event, EventType
from hie.errors import Fault, ResourceNotFound, TooMany
from hie.oauth.entrance import Entrance
from hie.oauth.limits import retry_after
from hie.store import ledger, second_factors, users

ISSUER = "HIE"


async def give(entrance: Entrance, actor: Actor, login: str) -> dict[str, str]:
    """Give a person a new secret; it is shown this once. Raises ResourceNotFound."""
    secret = secrets.token_bytes(SECRET)
    async with entrance.db.unit() as unit:
        account = await users.by_login(unit, login)
        if account is None:
            raise ResourceNotFound("no person of this login")
        now_us = int(entrance.clock() * 1_000_000)
        await second_factors.put(unit, account.id, account.institution, secret, now_us)
        await ledger.append(unit, _change(actor, f"second factor {account.id}"))
    return {"secret": written(secret), "address": address_of(secret, ISSUER, login)}


async def take(entrance: Entrance, actor: Actor, login: str) -> None:
    """Take a person's second factor. Raises ResourceNotFound where there is none."""
    async with entrance.db.unit() as unit:
        account = await users.by_login(unit, login)
        if account is None or not await second_factors.remove(unit, account.id):
            raise ResourceNotFound("no second factor of this login")
        await ledger.append(unit, _change(actor, f"second factor {account.id} taken"))


async def has_one(entrance: Entrance, account: str) -> bool:
    """Whether this account has a second factor."""
    async with entrance.db.reading() as reader:
        return await second_factors.find(reader, account) is not None


async def is_code(entrance: Entrance, account: str, code: str) -> bool:
    """Whether this is the person's code of now, not used before; it is used then.

    Raises TooMany after five tries in a quarter of an hour.
    """
    rates, now = entrance.rates, entrance.clock()
    seconds = rates.code.take(account, now)
    if rates.enforced and seconds > 0:
        raise TooMany("too many codes", (Fault("rate", Reason.RATE, retry_after(seconds)),))
    async with entrance.db.unit() as unit:
        found = await second_factors.find(unit, account)
        step = None if found is None else find_step(found[0], code, now, found[1])
        is_right = step is not None and await second_factors.use(unit, account, step)
    if is_right:
        rates.code.forget(account)
    return is_right


def _change(actor: Actor, detail: str) -> Event:
    return Event(type=EventType.USER_CHANGE, action=Action.UPDATE, actor=actor, detail=detail)
