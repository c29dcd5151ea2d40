"""`hie app` as commands: the apps that act for people, plain JSON in and out."""

from collections.abc import Mapping
from typing import Any

from hie.access.actor import Actor
from hie.access.profile import AudPolicy
from hie.errors import Fault, InvalidRequest
from hie.oauth.apps import AppRegistration, add_app, list_apps
from hie.oauth.arguments import waits
from hie.oauth.entrance import Entrance

_TEXTS = ("client", "institution")
_LISTS = ("redirect_uris", "scopes")


async def app_add(entrance: Entrance, actor: Actor, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """{client, institution, redirect_uris, scopes, key?, launch_url?, …} -> {client, proposal?, …}.

    With a `proposal` it waits for another operator.
    """
    faults = [
        Fault(name, "wrong-type", "text")
        for name in _TEXTS
        if not isinstance(arguments.get(name), str)
    ]
    faults += [
        Fault(name, "wrong-type", "a list of texts")
        for name in _LISTS
        if not isinstance(arguments.get(name), list)
        or not all(isinstance(one, str) for one in arguments[name])
    ]
    if faults:
        raise InvalidRequest("the app cannot be registered", tuple(faults))
    launch_url = arguments.get("launch_url")
    asked = AppRegistration(
        client=arguments["client"],
        institution=arguments["institution"],
        redirect_uris=arguments["redirect_uris"],
        scopes=arguments["scopes"],
        key=arguments.get("key"),
        launch_url=None if launch_url is None else str(launch_url),
        everyone=arguments.get("everyone") is True,
        name=str(arguments.get("name") or ""),
        aud_policy=str(arguments.get("aud_policy") or AudPolicy.EITHER),
    )
    settled = await add_app(entrance, actor, asked)
    kids = [key.kid for key in settled.keys]
    kind = "confidential" if kids else "public"
    return {"client": asked.client, "kind": kind, "kids": kids, **waits(settled.proposal)}


async def app_list(
    entrance: Entrance, actor: Actor, arguments: Mapping[str, Any]
) -> dict[str, Any]:
    """{} -> {apps: [{client, name, institution, kind, redirect_uris, launch_url, …}]}."""
    return {
        "apps": [
            {
                "client": app.client,
                "name": client.name,
                "institution": client.institution,
                "kind": app.kind,
                "everyone": app.everyone,
                "scopes": " ".join(client.scopes),
                "redirect_uris": " ".join(app.redirect_uris),
                "launch_url": app.launch_url or "",
                "status": client.status,
            }
            for app, client in await list_apps(entrance)
        ]
    }


COMMANDS = {"app-add": app_add, "app-list": app_list}
