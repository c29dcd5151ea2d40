"""`hie provider` and the links of people to it, as commands: plain JSON in and out."""

from collections.abc import Mapping
from typing import Any

from hie.access.actor import Actor
from hie.oauth.arguments import text
from hie.oauth.entrance import Entrance
from hie.oauth.oidc_proof import Method
from hie.oauth.oidc_registration import (
    Link,
    add_provider,
    link_person,
    set_provider_active,
    unlink_person,
)
from hie.oauth.oidc_sign_in import back_address
from hie.store import providers
from hie.store.providers import Provider


async def provider_add(
    entrance: Entrance, actor: Actor, arguments: Mapping[str, Any]
) -> dict[str, Any]:
    """{provider, issuer, institution, client_id, method?, secret?, algorithm?, name?} -> it."""
    secret = arguments.get("secret")
    provider = Provider(
        id=text(arguments, "provider"),
        issuer=text(arguments, "issuer"),
        institution=text(arguments, "institution"),
        client=text(arguments, "client_id"),
        method=str(arguments.get("method") or Method.KEY),
        secret=None if secret is None else str(secret),
        algorithm=str(arguments.get("algorithm") or "RS256"),
        name=str(arguments.get("name") or ""),
    )
    await add_provider(entrance, actor, provider)
    return {"provider": provider.id, "redirect_uri": back_address(entrance, provider)}


async def provider_list(
    entrance: Entrance, actor: Actor, arguments: Mapping[str, Any]
) -> dict[str, Any]:
    """{} -> {providers: [{provider, name, institution, issuer, client_id, method, status}]}."""
    async with entrance.db.reading() as reader:
        rows = await providers.everyone(reader)
    return {
        "providers": [
            {
                "provider": row.id,
                "name": row.name,
                "institution": row.institution,
                "issuer": row.issuer,
                "client_id": row.client,
                "method": row.method,
                "redirect_uri": back_address(entrance, row),
                "status": row.status,
            }
            for row in rows
        ]
    }


async def provider_suspend(
    entrance: Entrance, actor: Actor, arguments: Mapping[str, Any]
) -> dict[str, Any]:
    """{provider} -> {provider, status}."""
    provider = text(arguments, "provider")
    await set_provider_active(entrance, actor, provider, active=False)
    return {"provider": provider, "status": "suspended"}


async def provider_resume(
    entrance: Entrance, actor: Actor, arguments: Mapping[str, Any]
) -> dict[str, Any]:
    """{provider} -> {provider, status}."""
    provider = text(arguments, "provider")
    await set_provider_active(entrance, actor, provider, active=True)
    return {"provider": provider, "status": "active"}


async def user_link(
    entrance: Entrance, actor: Actor, arguments: Mapping[str, Any]
) -> dict[str, Any]:
    """{login, provider, subject} -> {login, provider}."""
    login, provider = text(arguments, "login"), text(arguments, "provider")
    await link_person(entrance, actor, Link(provider, text(arguments, "subject"), login))
    return {"login": login, "provider": provider}


async def user_unlink(
    entrance: Entrance, actor: Actor, arguments: Mapping[str, Any]
) -> dict[str, Any]:
    """{login, provider} -> {login, provider}."""
    login, provider = text(arguments, "login"), text(arguments, "provider")
    await unlink_person(entrance, actor, provider, login)
    return {"login": login, "provider": provider}


COMMANDS = {
    "provider-add": provider_add,
    "provider-list": provider_list,
    "provider-suspend": provider_suspend,
    "provider-resume": provider_resume,
    "user-link": user_link,
    "user-unlink": user_unlink,
}
