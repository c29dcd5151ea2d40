"""What was received, what is held and why; look, preview, replay, drop.

An operator does this for every site, a person who connects systems for those of the own
institution; and a person sees what a message says only while it is held: then there is a reason.
"""

import asyncio
import re
import time
from collections.abc import Sequence
from typing import Any

import structlog

from hie import charset
from hie.access.actor import Actor, ActorKind
from hie.access.policy import Restriction
from hie.access.scopes import Door
from hie.audit.event import Action, Event, EventType
from hie.errors import Fault, InvalidRequest, MalformedMessage, Unavailable
from hie.exchange.finish import finish
from hie.exchange.hub import Hub
from hie.exchange.own_sites import check_own, own_sites
from hie.exchange.process import drain
from hie.store import (
    instances,
    ledger,
    message_issues,
    message_list,
    message_records,
    messages,
    studies,
)
from hie.store.instants import written
from hie.store.messages import Message, State
from hie.store.versions import read

_MOST = 1000
_NAMED = 20  # messages an audit event names; of more it says how many
_PAGE = re.compile(r"[0-9]{1,18}-[0-9A-Za-z-]{1,64}\Z")  # what `message_list.find` gives
_log = structlog.get_logger(__name__)


class _Undone(Exception):
    """Takes a preview back."""


async def list_command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """{site, state, code, page} -> {messages: [...], next}."""
    page = arguments.get("page")
    if page is not None and not _PAGE.match(str(page)):
        raise InvalidRequest("no such page", (Fault("page", "invalid-page", "a list's next"),))
    mine = await _mine(hub, actor)
    async with hub.db.reading() as reader:
        found, following = await message_list.find(
            reader,
            site=arguments.get("site"),
            sites=mine,
            state=arguments.get("state"),
            code=arguments.get("code"),
            page=page,
        )
        codes = await message_issues.codes(reader, [one.id for one in found])
    rows = [{**_told(one), "codes": list(codes.get(one.id, ()))} for one in found]
    return {"messages": rows, "next": following}


async def show_command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """{message, raw} -> the message with its issues, the values found, and what it produced."""
    key = str(arguments["message"])
    async with hub.db.reading() as reader:
        found = await messages.get(reader, key)
        await check_own(hub, actor, found)
        is_open = actor.kind is ActorKind.OPERATOR or found.state is State.HELD
        issues = await message_issues.of(reader, key, with_found=is_open)
        produced = await message_records.produced(reader, key)
        is_raw = bool(arguments.get("raw")) and is_open
        content = await messages.content(reader, key) if is_raw else None
    detail = f"message {key}" + (" with its text" if is_raw else "")
    await hub.ledger.record(Event(EventType.MESSAGE_VIEW, Action.READ, actor, detail=detail))
    return {
        **_told(found),
        "channel": found.channel,
        "is_image": found.media == instances.MEDIA,
        "attempts": found.attempts,
        "dropped_reason": found.dropped_reason,
        "issues": [
            {
                "severity": str(one.severity),
                "stage": one.stage,
                "code": one.code,
                "path": one.path,
                "found": one.found,
                "expected": one.expected,
            }
            for one in issues
        ],
        "resources": [f"{kind}/{key_}/_history/{version}" for kind, key_, version in produced],
        "raw": None if content is None else _readable(content),
    }


async def preview_command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """{messages | site, code} -> what processing them again would change; nothing is changed.

    The values are personal data: who looked is recorded before they are shown.
    """
    chosen = await _chosen(hub, actor, arguments)
    told = [await _previewed(hub, one) for one in chosen]
    detail = f"preview of {', '.join(one.id for one in chosen[:_NAMED])}"
    detail += f" and {len(chosen) - _NAMED} more" if len(chosen) > _NAMED else ""
    if chosen:
        await hub.ledger.record(Event(EventType.MESSAGE_VIEW, Action.READ, actor, detail=detail))
    return {"messages": told}


async def _previewed(hub: Hub, one: Message) -> dict[str, Any]:
    """One message finished in a unit that is taken back; if that breaks, it would be held."""
    would_be, changes = State.HELD, list[dict[str, Any]]()
    try:
        async with hub.db.unit() as unit:
            before = set(await message_records.produced(unit, one.id))
            await messages.again(unit, [one.id], time.time_ns() // 1000)
            taken = await messages.take_one(unit, one.id)
            await finish(hub, unit, [taken] if taken else [])
            would_be, _ = await messages.state(unit, one.id)
            for made in await message_records.produced(unit, one.id):
                if made not in before:
                    changes += await _change(unit, *made)
            raise _Undone
    except _Undone:
        pass
    except Unavailable:
        raise
    except Exception as problem:  # noqa: BLE001 - as in processing: one never blocks another
        _log.warning("preview-failed", message=one.id, kind=type(problem).__name__)
    return {
        "message": one.id,
        "state": str(one.state),
        "would_be": str(would_be),
        "changes": changes,
    }


async def _change(unit: Any, kind: str, key: str, version: int) -> list[dict[str, Any]]:
    now = (await read(unit, kind, key, Restriction(), version)).resource()
    was = (
        (await read(unit, kind, key, Restriction(), version - 1)).resource() if version > 1 else {}
    )
    return [
        {
            "resource": f"{kind}/{key}",
            "path": name,
            "was": str(was.get(name, ""))[:120],
            "is": str(now.get(name, ""))[:120],
        }
        for name in sorted({*was, *now} - {"meta", "id", "resourceType"})
        if was.get(name) != now.get(name)
    ]


async def replay_command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """{messages | site, code, wait} -> {messages: [{message, state, codes}]}, processed again.

    `wait`: leave the work to the workers, and tell after so many seconds at most what came of it.
    """
    chosen = [one.id for one in await _chosen(hub, actor, arguments)]
    if not chosen:
        return {"messages": []}
    async with hub.db.unit() as unit:
        await messages.again(unit, chosen, time.time_ns() // 1000)
        await ledger.append(
            unit,
            Event(
                EventType.MESSAGE_REPLAY, Action.EXECUTE, actor, detail=f"{len(chosen)} messages"
            ),
        )
    await processed(hub, chosen, arguments.get("wait"))
    async with hub.db.reading() as reader:
        codes = await message_issues.codes(reader, chosen)
        states = [(key, (await messages.get(reader, key)).state) for key in chosen]
    return {
        "messages": [
            {"message": key, "state": str(state), "codes": list(codes.get(key, ()))}
            for key, state in states
        ]
    }


async def processed(hub: Hub, chosen: Sequence[str], seconds: float | None) -> None:
    """See to it that messages which wait again are processed: here, or by the workers.

    Returns after `seconds`, whether or not they are done; None: does the work, and is done then.
    """
    hub.wake.set()
    if seconds is None:
        await drain(hub)
        return
    until, pause = time.monotonic() + seconds, 0.01
    while time.monotonic() < until:
        async with hub.db.reading() as reader:
            if not await message_list.count_waiting(reader, chosen):
                return
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, 0.2)


async def drop_command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """{message, reason} -> {message, state}; the bytes stay, and it can be replayed."""
    key, reason = str(arguments["message"]), str(arguments.get("reason") or "").strip()
    if not reason:
        raise InvalidRequest("a reason is needed", (Fault("reason", "required", "why"),))
    async with hub.db.unit() as unit:
        now_us = time.time_ns() // 1000
        await check_own(hub, actor, await messages.get(unit, key))
        await messages.drop(unit, key, reason, now_us)
        # A study lacks an instance that waits; one that was given up it lacks no more.
        await studies.touch_of(unit, key, now_us)
        await ledger.append(
            unit, Event(EventType.MESSAGE_DROP, Action.UPDATE, actor, detail=f"message {key}")
        )
    return {"message": key, "state": "dropped"}


async def _mine(hub: Hub, actor: Actor) -> list[str] | None:
    """The sites whose messages an actor may look at; None: all there ever were."""
    mine = await own_sites(hub, actor, Door.MESSAGES)
    return None if actor.kind is ActorKind.OPERATOR else list(mine)


async def _chosen(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> Sequence[Message]:
    """The messages named, or the held ones of a site or with an issue code."""
    mine = await _mine(hub, actor)
    async with hub.db.reading() as reader:
        if arguments.get("messages"):
            named = [await messages.get(reader, str(key)) for key in arguments["messages"]]
            for one in named:
                await check_own(hub, actor, one)
            return named
        site, code = arguments.get("site"), arguments.get("code")
        if site is None and code is None:
            raise InvalidRequest(
                "which messages?", (Fault("messages", "required", "ids, --site or --code"),)
            )
        found, _ = await message_list.find(
            reader, site=site, sites=mine, state="held", code=code, limit=_MOST, page=None
        )
        return found


def _told(one: Message) -> dict[str, Any]:
    return {
        "message": one.id,
        "site": one.site,
        "kind": one.kind,
        "native_id": one.native_id,
        "received": written(one.received_us),
        "state": str(one.state),
        "stage": one.stage,
    }


def _readable(content: bytes) -> str:
    """The raw message as text for a person to look at; what is no text is shown as bytes."""
    try:
        return charset.decode(content).text
    except MalformedMessage:
        return content.decode("latin-1")
