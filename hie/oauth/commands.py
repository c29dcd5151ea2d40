"""`hie client` and `hie user` as commands: plain JSON arguments in, a plain JSON answer out.

The composition root puts `COMMANDS` beside those of `hie.exchange.commands`.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from hie.access.actor import Actor
from hie.errors import Fault, InvalidRequest
from hie.oauth import key_commands, leavers, second_factor
from hie.oauth.entrance import Entrance
from hie.oauth.known_clients import DPOP
from hie.oauth.launch_commands import COMMANDS as APP_COMMANDS
from hie.oauth.people import NewPerson, add_person, list_people, set_password, set_person_active
from hie.oauth.provider_commands import COMMANDS as PROVIDER_COMMANDS
from hie.oauth.registration import (
    Registration,
    add_client,
    list_clients,
    operator_token,
    set_client_active,
    set_client_key,
)

Command = Callable[[Entrance, Actor, Mapping[str, Any]], Awaitable[dict[str, Any]]]


async def client_add(
    entrance: Entrance, actor: Actor, arguments: Mapping[str, Any]
) -> dict[str, Any]:
    """{client, institution, key, scopes, name?, purposes?, networks?, sender?, …} -> the kids.

    `key` is a JWKS, a JWK, {"pem": text} or {"jwks_uri": address}; `sender` dpop or a certificate.
    """
    asked = Registration(
        client=_text(arguments, "client"),
        institution=_text(arguments, "institution"),
        key=arguments.get("key"),
        scopes=_texts(arguments, "scopes") or [],
        purposes=_texts(arguments, "purposes") or ["TREAT"],
        name=_text(arguments, "name", ""),
        cds_issuer=_text(arguments, "cds_issuer", "") or None,
        sender=_text(arguments, "sender", "") or None,
        networks=_texts(arguments, "networks") or (),
    )
    keys = await add_client(entrance, actor, asked)
    return {"client": asked.client, "kids": [key.kid for key in keys]}


async def client_key(
    entrance: Entrance, actor: Actor, arguments: Mapping[str, Any]
) -> dict[str, Any]:
    """{client, key} -> {client, kids}: other keys, the former count no more."""
    client = _text(arguments, "client")
    keys = await set_client_key(entrance, actor, client, arguments.get("key"))
    return {"client": client, "kids": [key.kid for key in keys]}


async def client_list(
    entrance: Entrance, actor: Actor, arguments: Mapping[str, Any]
) -> dict[str, Any]:
    """{} -> {clients: [{client, name, institution, scopes, purposes, status, keys, bound}]}.

    `keys` is the address they are read at, "" where the hub holds them; `bound` what tokens are to.
    """
    return {
        "clients": [
            {
                "client": row.id,
                "name": row.name,
                "institution": row.institution,
                "scopes": " ".join(row.scopes),
                "purposes": " ".join(row.purposes),
                "status": row.status,
                "keys": row.jwks_uri or "",
                "bound": row.sender if row.sender in (None, DPOP) else "certificate",
            }
            for row in await list_clients(entrance)
        ]
    }


async def client_suspend(
    entrance: Entrance, actor: Actor, arguments: Mapping[str, Any]
) -> dict[str, Any]:
    """{client} -> {client, status}."""
    client = _text(arguments, "client")
    await set_client_active(entrance, actor, client, active=False)
    return {"client": client, "status": "suspended"}


async def client_resume(
    entrance: Entrance, actor: Actor, arguments: Mapping[str, Any]
) -> dict[str, Any]:
    """{client} -> {client, status}."""
    client = _text(arguments, "client")
    await set_client_active(entrance, actor, client, active=True)
    return {"client": client, "status": "active"}


async def client_token(
    entrance: Entrance, actor: Actor, arguments: Mapping[str, Any]
) -> dict[str, Any]:
    """{client, scopes?} -> {access_token, token_type, expires_in, scope}."""
    client, scopes = _text(arguments, "client"), _texts(arguments, "scopes")
    return await operator_token(entrance, actor, client, scopes)


async def user_add(
    entrance: Entrance, actor: Actor, arguments: Mapping[str, Any]
) -> dict[str, Any]:
    """{login, name, role, institution, password, department?, lang?} -> {login, id}."""
    asked = NewPerson(
        login=_text(arguments, "login"),
        name=_text(arguments, "name"),
        role=_text(arguments, "role"),
        institution=_text(arguments, "institution"),
        password=_text(arguments, "password"),
        department=_text(arguments, "department", ""),
        lang=_text(arguments, "lang", "zh"),
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
    login = _text(arguments, "login")
    await set_password(entrance, actor, login, _text(arguments, "password"))
    return {"login": login}


async def user_totp(
    entrance: Entrance, actor: Actor, arguments: Mapping[str, Any]
) -> dict[str, Any]:
    """{login, remove?} -> {login, secret, address}: a second factor; `remove` takes it."""
    login = _text(arguments, "login")
    if arguments.get("remove") is True:
        await second_factor.take(entrance, actor, login)
        return {"login": login}
    return {"login": login, **await second_factor.give(entrance, actor, login)}


async def user_suspend(
    entrance: Entrance, actor: Actor, arguments: Mapping[str, Any]
) -> dict[str, Any]:
    """{login} -> {login, status}."""
    login = _text(arguments, "login")
    await set_person_active(entrance, actor, login, active=False)
    return {"login": login, "status": "suspended"}


COMMANDS: dict[str, Command] = {
    "client-add": client_add,
    "client-key": client_key,
    "client-list": client_list,
    "client-suspend": client_suspend,
    "client-resume": client_resume,
    "client-token": client_token,
    "user-add": user_add,
    "user-list": user_list,
    "user-password": user_password,
    "user-suspend": user_suspend,
    "user-totp": user_totp,
    **key_commands.COMMANDS,
    **leavers.COMMANDS,
    **APP_COMMANDS,
    **PROVIDER_COMMANDS,
}


def _text(arguments: Mapping[str, Any], name: str, default: str | None = None) -> str:
    value = arguments.get(name, default)
    if not isinstance(value, str):
        raise InvalidRequest(f"{name} is no text", (Fault(name, "wrong-type", "text"),))
    return value


def _texts(arguments: Mapping[str, Any], name: str) -> list[str] | None:
    value = arguments.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise InvalidRequest(f"{name} is no list of texts", (Fault(name, "wrong-type", "texts"),))
    return value
