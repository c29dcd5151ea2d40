"""`hie glass`: openings, their reviews and their share, for who runs the hub; no patient's name."""

from typing import Any

from hie.access.actor import Actor
from hie.access.glass import DAY, Review
from hie.errors import Fault, InvalidRequest, ResourceNotFound
from hie.exchange.glass_review import lift, review, reviews, told
from hie.exchange.hub import Hub
from hie.store import glass_looks, users, vouched

_SECOND = 1_000_000
ALARM_PERCENT = 1


async def list_command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """`glass-list`: {state?} -> {openings: [...], next?}."""
    asked = arguments.get("state")
    state = None if asked is None else _state(asked)
    found, following = await reviews(hub, actor, state, arguments.get("page"))
    return {"openings": [told(one) for one in found], "next": following}


async def review_command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """`glass-review`: {opening, verdict, note} -> {opening, review}."""
    key, verdict = str(arguments["opening"]), _state(arguments["verdict"])
    await review(hub, actor, key, verdict, str(arguments["note"]))
    return {"opening": key, "review": str(verdict)}


async def restore_command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """`glass-restore`: {login} -> {login, reviews}: the right is given back.

    Whom only their hospital knows is named by the subject of their openings.
    """
    login = str(arguments["login"])
    institution, vouched_for, _ = login.partition(vouched.MARK)
    if vouched_for:
        return {"login": login, "reviews": await lift(hub, actor, login, institution)}
    async with hub.db.reading() as reader:
        account = await users.by_login(reader, login)
    if account is None:
        raise ResourceNotFound("no person of this login")
    count = await lift(hub, actor, account.id, account.institution)
    return {"login": login, "reviews": count}


async def report_command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """`glass-report`: {institution?, days?} -> {departments: [...]}: through broken glass, of all.

    A share above one in a hundred is an alarm: exceptions that are the habit protect nobody.
    """
    days = int(arguments.get("days") or 30)
    since_us = int(hub.entrance.clock() * _SECOND) - days * DAY * _SECOND
    async with hub.db.reading() as reader:
        found = await glass_looks.shares(reader, arguments.get("institution"), since_us)
    return {
        "days": days,
        "departments": [
            {
                "institution": one.institution,
                "department": one.department,
                "through": one.through,
                "looks": one.looks,
                "percent": f"{100 * one.through / one.looks:.1f}",
                "alarm": "yes" if one.through * 100 > one.looks * ALARM_PERCENT else "",
            }
            for one in found
        ],
    }


def _state(asked: object) -> Review:
    if asked not in set(Review):
        fault = Fault("state", "invalid-value", ", ".join(Review))
        raise InvalidRequest("no state of a review", (fault,))
    return Review(str(asked))
