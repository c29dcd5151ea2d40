"""Held messages by what holds them: how many share a cause, since when, and what stood before.

A cause is a site, an issue code and a field. What holds a message as a whole comes before a code
without a map, which comes before a part that could not be read; so each message has one cause, and
is counted once.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from hie.access.actor import Actor
from hie.access.scopes import Door
from hie.audit.event import Action, Event, EventType
from hie.canonical.laboratory import UNMAPPED
from hie.errors import Conflict, Fault, InvalidRequest
from hie.exchange import messages
from hie.exchange.hub import Hub
from hie.exchange.own_sites import own_sites
from hie.store import feeds, message_causes
from hie.store.message_causes import Blocking, Held

_MOST = 1000  # messages done with at once
_PLACE = re.compile(r"\[[0-9]+\]")
_BEFORE_US = 24 * feeds.HOUR_US
_EVER = 2**62  # microseconds: no message is that late


@dataclass(frozen=True, slots=True, order=True)
class Cause:
    """What holds messages: the place is the field alone, without which occurrence of it."""

    site: str
    code: str
    field: str


@dataclass(frozen=True, slots=True)
class Group:
    """The held messages of one cause, newest first. Times are microseconds.

    `expected` and `path` are those of the newest one.
    """

    cause: Cause
    stage: str
    path: str
    expected: str
    messages: tuple[str, ...]
    first_us: int
    last_us: int


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What else of its site was stored: in the day before a cause first held, and since then.

    They are counted up to `feeds.MOST`. `profile_us`: when the site's profile was last changed.
    """

    stored_before: int
    stored_since: int
    profile_us: int


def cause_of(held: Held) -> tuple[Cause, Blocking]:
    """What holds this message, and the issue that says so."""
    issue = min(held.blocking, key=lambda one: weight(one.code, one.severity), default=None)
    if issue is None:  # a study that waits, or a message of an earlier version
        issue = Blocking(held.stage, "unknown", "hold", "message", "")
    return Cause(held.site, issue.code, _PLACE.sub("", issue.path)), issue


def grouped(found: Iterable[Held]) -> list[Group]:
    """Held messages, newest first, by cause; the cause of most of them first."""
    members: dict[Cause, list[Held]] = defaultdict(list)
    newest: dict[Cause, Blocking] = {}
    for one in found:
        cause, issue = cause_of(one)
        members[cause].append(one)
        newest.setdefault(cause, issue)
    groups = [
        Group(
            cause,
            newest[cause].stage,
            newest[cause].path,
            newest[cause].expected,
            tuple(one.id for one in held),
            held[-1].received_us,
            held[0].received_us,
        )
        for cause, held in members.items()
    ]
    return sorted(groups, key=lambda one: (-len(one.messages), one.cause))


async def causes(hub: Hub, actor: Actor) -> list[Group]:
    """What holds the messages of the actor's own sites; recorded. Raises NotPermitted."""
    mine = await own_sites(hub, actor, Door.MESSAGES)
    async with hub.db.reading() as reader:
        found = grouped(await message_causes.held(reader, list(mine)))
    event = Event(
        EventType.MESSAGE_VIEW, Action.READ, actor, detail=f"held messages of {len(mine)} sites"
    )
    await hub.ledger.record(event)
    return found


async def circumstances(hub: Hub, actor: Actor, group: Group) -> Circumstances:
    """What else came from the site of a cause. Raises NotPermitted, ResourceNotFound."""
    mine = await own_sites(hub, actor, Door.MESSAGES)
    site, first = group.cause.site, group.first_us
    async with hub.db.reading() as reader:
        since = await feeds.count_stored(reader, site, first, _EVER)
        before = await feeds.count_stored(reader, site, first - _BEFORE_US, first)
    known = mine.get(site)
    return Circumstances(before, since, known.updated_us if known is not None else 0)


async def replay_all(hub: Hub, actor: Actor, cause: Cause, wait: float) -> list[dict[str, Any]]:
    """Process again all that a cause holds; what came of each.

    Raises NotPermitted, Conflict (it holds nothing any more).
    """
    chosen = await _held_by(hub, actor, cause)
    answer = await messages.replay_command(hub, actor, {"messages": chosen, "wait": wait})
    told: list[dict[str, Any]] = answer["messages"]
    return told


async def drop_all(hub: Hub, actor: Actor, cause: Cause, reason: str) -> int:
    """Give up all that a cause holds, for one reason; how many.

    What somebody else dealt with meanwhile stays as it is. Raises NotPermitted, Conflict (it holds
    nothing any more), InvalidRequest (no reason).
    """
    if not reason.strip():
        raise InvalidRequest("a reason is needed", (Fault("reason", "required", "why"),))
    dropped = 0
    for key in await _held_by(hub, actor, cause):
        try:
            await messages.drop_command(hub, actor, {"message": key, "reason": reason})
        except Conflict:
            continue
        dropped += 1
    return dropped


async def _held_by(hub: Hub, actor: Actor, cause: Cause) -> Sequence[str]:
    mine = await own_sites(hub, actor, Door.MESSAGES)
    async with hub.db.reading() as reader:
        found = await message_causes.held(reader, [cause.site] if cause.site in mine else [])
    chosen = [one.id for one in found if cause_of(one)[0] == cause][:_MOST]
    if not chosen:
        raise Conflict("nothing is held by this cause any more")
    return chosen


def weight(code: str, severity: str) -> int:
    """Where an issue stands among those that block a message: the least is its cause."""
    if severity != "hold":
        return 2
    return 1 if code == UNMAPPED else 0
