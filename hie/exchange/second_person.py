"""Four eyes: somebody else of the same institution proves who they are, at the same form."""

from dataclasses import dataclass

from hie.access.actor import Actor
from hie.access.glass import ELIGIBLE, withheld
from hie.access.policy import Role
from hie.exchange.hub import Hub
from hie.oauth.passwords import is_password
from hie.oauth.second_factor import is_code
from hie.store import users

_MAY_AGREE = ELIGIBLE | {Role.PRIVACY_OFFICER}


@dataclass(frozen=True, slots=True)
class SecondPerson:
    """Who agrees, and with what they prove it."""

    login: str
    password: str
    code: str


async def agreed(hub: Hub, actor: Actor, second: SecondPerson) -> str:
    """The account of whoever agrees. Raises NotPermitted, alike whatever is wrong; TooMany."""
    async with hub.db.reading() as reader:
        account = await users.by_login(reader, second.login.strip().lower()[:128])
    right = await is_password(account.argon2 if account else None, second.password)
    fits = (
        account is not None
        and account.status == "active"
        and account.institution == actor.institution
        and account.id != actor.subject
        and account.role in _MAY_AGREE
    )
    if account is None or not right or not fits:
        raise withheld("second", "another person of your institution, with password and code")
    if not await is_code(hub.entrance, account.id, second.code):
        raise withheld("second", "another person of your institution, with password and code")
    return account.id
