"""`hie key` as commands: the hub's signing keys listed, rotated, or all replaced at once.

What changes them is recorded before it is done: a key nobody recorded signs nothing.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from hie.access.actor import Actor
from hie.audit.event import Action, Event, EventType
from hie.errors import Fault, InvalidRequest
from hie.oauth import rotation
from hie.oauth.entrance import Entrance


async def key_list(
    entrance: Entrance, actor: Actor, arguments: Mapping[str, Any]
) -> dict[str, Any]:
    """{} -> {keys: [{kid, starts, state}]}."""
    return {
        "keys": [
            {"kid": key.kid, "starts": _text(key.starts), "state": key.state}
            for key in rotation.states(entrance.ring, entrance.clock())
        ]
    }


async def key_rotate(
    entrance: Entrance, actor: Actor, arguments: Mapping[str, Any]
) -> dict[str, Any]:
    """{at?} -> {kid, starts}: the next key, published now; it signs in a day, or at `at` (UTC)."""
    starts = _instant(arguments.get("at"))
    await entrance.ledger.record(_change(actor, Action.CREATE, "rotate"))
    made = rotation.rotate(entrance.ring.folder, int(entrance.clock()), starts)
    entrance.ring.renew()
    return {"kid": made.kid, "starts": _text(made.starts)}


async def key_emergency(
    entrance: Entrance, actor: Actor, arguments: Mapping[str, Any]
) -> dict[str, Any]:
    """{} -> {kid, starts}: a new key signs now; all others are gone, and every token with them."""
    await entrance.ledger.record(_change(actor, Action.DELETE, "emergency"))
    made = rotation.replace_all(entrance.ring.folder, int(entrance.clock()))
    entrance.ring.renew()
    return {"kid": made.kid, "starts": _text(made.starts)}


def _change(actor: Actor, action: Action, detail: str) -> Event:
    return Event(type=EventType.KEY_CHANGE, action=action, actor=actor, detail=detail)


def _text(starts: int) -> str:
    return datetime.fromtimestamp(starts, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _instant(value: object) -> int | None:
    if value is None:
        return None
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        fault = Fault("at", "wrong-type", "a time with its zone, 2026-12-01T00:00:00Z")
        raise InvalidRequest("at is no time", (fault,))
    return int(found.timestamp())


COMMANDS = {
    "key-list": key_list,
    "key-rotate": key_rotate,
    "key-emergency": key_emergency,
}
