"""Four eyes: somebody else of the same institution proves who they are, at the same form.

Passwords and codes are tried here no oftener than at the sign-in, and whatever is wrong is refused
alike: nothing is learnt of another person's password.
"""

from dataclasses import dataclass

from hie.access.actor import Actor
from hie.access.glass import ELIGIBLE, withheld
from hie.access.policy import Role
from hie.errors import TooMany
from hie.exchange.hub import Hub
from hie.oauth.passwords import is_password
from hie.oauth.second_factor import is_code
from hie.oauth.sign_in import bucket_of
from hie.store import users
from hie.store.users import Account

_MAY_AGREE = ELIGIBLE | {Role.PRIVACY_OFFICER}


@dataclass(frozen=True, slots=True)
class SecondPerson:
    """Who agrees, and with what they prove it."""

    login: str
    password: str
    code: str


async def agreed(hub: Hub, actor: Actor, second: SecondPerson) -> str:
    """The account of whoever agrees. Raises NotPermitted, alike whatever is wrong."""
    login = second.login.strip().lower()[:128]
    account = await _proved(hub, actor, login, second)
    if account is None:
        raise withheld("second", "another person of your institution, with password and code")
    hub.entrance.rates.login.forget(bucket_of(login))
    return account.id


async def _proved(hub: Hub, actor: Actor, login: str, second: SecondPerson) -> Account | None:
    """The account, where everything is right; None where anything is not, or was tried too often.

    A try is counted before the password is looked at, so that many at once are counted as well.
    """
    rates = hub.entrance.rates
    if rates.enforced and rates.login.take(bucket_of(login), hub.entrance.clock()) > 0:
        return None
    async with hub.db.reading() as reader:
        account = await users.by_login(reader, login)
    right = await is_password(account.argon2 if account else None, second.password)
    if account is None or not right or not _may_agree(account, actor):
        return None
    try:
        return account if await is_code(hub.entrance, account.id, second.code) else None
    except TooMany:
        return None


def _may_agree(account: Account, actor: Actor) -> bool:
    return (
        account.status == "active"
        and account.institution == actor.institution
        and account.id != actor.subject
        and account.role in _MAY_AGREE
    )
