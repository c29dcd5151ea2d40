"""`hie user` as commands, and the list of all of the doors: plain JSON in, plain JSON out.

The composition root puts `COMMANDS` beside those of `hie.exchange.commands`.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from hie.access.actor import Actor
from hie.oauth import client_commands, key_commands, leavers, second_factor
from hie.oauth.arguments import text
from hie.oauth.entrance import Entrance
from hie.oauth.launch_commands import COMMANDS as APP_COMMANDS
from hie.oauth.people import NewPerson, add_person, list_people, set_password, set_person_active
from hie.oauth.provider_commands import COMMANDS as PROVIDER_COMMANDS

Command = Callable[[Entrance, Actor, Mapping[str, Any]], Awaitable[dict[str, Any]]]


async def user_add(
    entrance: Entrance, actor: Actor, arguments: Mapping[str, Any]
) -> dict[str, Any]:
    """{login, name, role, institution, password, department?, lang?} -> {login, id}."""
    asked = NewPerson(
        login=text(arguments, "login"),
        name=text(arguments, "name"),
        role=text(arguments, "role"),
        institution=text(arguments, "institution"),
        password=text(arguments, "password"),
        department=text(arguments, "department", ""),
        lang=text(arguments, "lang", "zh"),
    )
    return {"login": asked.login, "id": await add_person(entrance, actor, asked)}


async def user_list(
    entrance: Entrance, actor: Actor, arguments: Mapping[str, Any]
) -> dict[str, Any]:
    """{} -> {users: [{login, name, role, institution, department, status}]}."""
    fields = ("login", "name", "role", "institution", "department", "status")
    people = await list_people(entrance)
    return {"users": [{field: getattr(row, field) for field in fields} for row in people]}


async def user_password(
    entrance: Entrance, actor: Actor, arguments: Mapping[str, Any]
) -> dict[str, Any]:
    """{login, password} -> {login}."""
    login = text(arguments, "login")
    await set_password(entrance, actor, login, text(arguments, "password"))
    return {"login": login}


async def user_totp(
    entrance: Entrance, actor: Actor, arguments: Mapping[str, Any]
) -> dict[str, Any]:
    """{login, remove?} -> {login, secret, address}: a second factor; `remove` takes it."""
    login = text(arguments, "login")
    if arguments.get("remove") is True:
        await second_factor.take(entrance, actor, login)
        return {"login": login}
    return {"login": login, **await second_factor.give(entrance, actor, login)}


async def user_suspend(
    entrance: Entrance, actor: Actor, arguments: Mapping[str, Any]
) -> dict[str, Any]:
    """{login} -> {login, status}."""
    login = text(arguments, "login")
    await set_person_active(entrance, actor, login, active=False)
    return {"login": login, "status": "suspended"}


COMMANDS: dict[str, Command] = {
    "user-add": user_add,
    "user-list": user_list,
    "user-password": user_password,
    "user-suspend": user_suspend,
    "user-totp": user_totp,
    **key_commands.COMMANDS,
    **client_commands.COMMANDS,
    **leavers.COMMANDS,
    **APP_COMMANDS,
    **PROVIDER_COMMANDS,
}
