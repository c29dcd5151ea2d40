"""The commands an operator may give a hub, by name; the command line and the local socket use them.

Each is a function of the hub, the acting operator and plain JSON arguments to a plain JSON answer.
The list is written out: this, and what `hie.oauth.commands` lists for clients and people, is all
that can be asked for.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from hie.access.actor import Actor
from hie.audit.event import integrity as integrity_event
from hie.errors import Altered, Fault, InvalidRequest
from hie.exchange import (
    agreements,
    assess,
    books_named,
    consent_desk,
    data_keys,
    decide,
    diff,
    explain,
    glass_commands,
    health,
    identity_desk,
    indicators,
    integrity,
    label_desk,
    maps,
    messages,
    notices,
    receive,
    register_touched,
    register_turns,
    registers,
    reindex,
    relabel,
    relation_desk,
    sites,
    used_record,
    work_list,
)
from hie.exchange.hub import Hub
from hie.exchange.operators import operator
from hie.oauth import commands as oauth

__all__ = ["COMMANDS", "operator", "run"]

Command = Callable[[Hub, Actor, dict[str, Any]], Awaitable[dict[str, Any]]]

COMMANDS: dict[str, Command] = {
    "receive": receive.command,
    "order-check": assess.command,
    "indicators": indicators.command,
    "indicators-report": indicators.report_command,
    "decide": decide.command,
    "decision-show": decide.show_command,
    "decision-record": used_record.command,
    "decision-notice": notices.command,
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
    "register-export": registers.export_command,
    "register-log": registers.log_command,
    "register-turns": register_turns.turns_command,
    "register-touched": register_touched.touched_command,
    "rulebook-explain": explain.command,
    "rulebook-diff": diff.command,
    "rulebook-history": books_named.history_command,
    "work-list": work_list.list_command,
    "work-close": work_list.close_command,
    "glass-list": glass_commands.list_command,
    "glass-review": glass_commands.review_command,
    "glass-restore": glass_commands.restore_command,
    "glass-report": glass_commands.report_command,
    "agreement-put": agreements.put_command,
    "agreement-list": agreements.list_command,
    "agreement-drop": agreements.drop_command,
    "relation-show": relation_desk.show_command,
    "relation-reviews": relation_desk.reviews_command,
    "relation-close": relation_desk.close_command,
    "identity-list": identity_desk.list_command,
    "identity-join": identity_desk.join_command,
    "identity-undo": identity_desk.undo_command,
    "identity-close": identity_desk.close_command,
    "consent-list": consent_desk.list_command,
    "consent-record": consent_desk.record_command,
    "consent-withdraw": consent_desk.withdraw_command,
    "consent-rules": consent_desk.rules_command,
    "consent-recompile": consent_desk.recompile_command,
    "label-list": label_desk.list_command,
    "label-show": label_desk.show_command,
    "label-raise": label_desk.raise_command,
    "label-lower": label_desk.lower_command,
    "label-backfill": relabel.command,
    "reindex": reindex.command,
    "datakey-list": data_keys.listed,
    "datakey-rotate": data_keys.rotate,
    "datakey-rewrap": data_keys.rewrap,
    "datakey-reencrypt": data_keys.reencrypt,
    "doctor": health.command,
    "integrity-check": integrity.command,
}


async def run(
    hub: Hub, name: str, arguments: dict[str, Any], actor: Actor | None = None
) -> dict[str, Any]:
    """Run one command; raises InvalidRequest for a name that is not in the list."""
    who = actor or operator(hub.settings.data_dir)
    at_the_door = oauth.COMMANDS.get(name)
    if at_the_door is not None:
        return await at_the_door(hub.entrance, who, arguments)
    command = COMMANDS.get(name)
    if command is None:
        raise InvalidRequest(f"no command {name!r}", (Fault("command", "unknown-command", ""),))
    try:
        return await command(hub, who, arguments)
    except Altered as fault:
        await hub.ledger.record(integrity_event(who, fault.text))
        raise
