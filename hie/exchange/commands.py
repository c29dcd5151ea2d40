"""The commands an operator may give a hub, by name; the command line and the local socket use them.

Each is a function of the hub, the acting operator and plain JSON arguments to a plain JSON answer.
The list is written out: this is all that can be asked for.
"""

import os
import pwd
from collections.abc import Awaitable, Callable
from typing import Any

from hie.access.actor import Actor, ActorKind, Purpose
from hie.errors import Fault, InvalidRequest
from hie.exchange import (
    assess,
    clients,
    decide,
    health,
    identify,
    maps,
    messages,
    receive,
    registers,
    sites,
    users,
)
from hie.exchange.hub import Hub

Command = Callable[[Hub, Actor, dict[str, Any]], Awaitable[dict[str, Any]]]

COMMANDS: dict[str, Command] = {
    "receive": receive.command,
    "order-check": assess.command,
    "decide": decide.command,
    "message-list": messages.list_command,
    "message-show": messages.show_command,
    "message-preview": messages.preview_command,
    "message-replay": messages.replay_command,
    "message-drop": messages.drop_command,
    "map-list": maps.list_command,
    "map-suggest": maps.suggest_command,
    "map-review": maps.review_command,
    "map-import": maps.import_command,
    "map-export": maps.export_command,
    "site-add": sites.add_command,
    "site-list": sites.list_command,
    "site-enable": sites.enable_command,
    "site-disable": sites.disable_command,
    "register-import": registers.import_command,
    "register-show": registers.show_command,
    "identity-list": identify.list_command,
    "identity-join": identify.join_command,
    "identity-undo": identify.undo_command,
    "identity-close": identify.close_command,
    "client-add": clients.add_command,
    "client-list": clients.list_command,
    "client-suspend": clients.suspend_command,
    "client-resume": clients.resume_command,
    "client-token": clients.token_command,
    "user-add": users.add_command,
    "user-list": users.list_command,
    "user-password": users.password_command,
    "user-suspend": users.suspend_command,
    "doctor": health.command,
}


def operator() -> Actor:
    """The person at the hub's own machine, by their account there."""
    account = pwd.getpwuid(os.getuid()).pw_name
    return Actor(
        kind=ActorKind.OPERATOR,
        client="shell",
        subject=account,
        institution="",
        purpose=Purpose.OPERATIONS,
        scopes=frozenset(),
        role="administrator",
    )


async def run(
    hub: Hub, name: str, arguments: dict[str, Any], actor: Actor | None = None
) -> dict[str, Any]:
    """Run one command; raises InvalidRequest for a name that is not in the list."""
    command = COMMANDS.get(name)
    if command is None:
        raise InvalidRequest(f"no command {name!r}", (Fault("command", "unknown-command", ""),))
    return await command(hub, actor or operator(), arguments)
