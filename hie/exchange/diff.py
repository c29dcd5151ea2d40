"""What a change of rules would turn: order-checks of the last days, judged by two sets of books.

Both sides judge the same stored facts, so only the books differ. Values are read anew in each
side's catalogue, so a changed unit or conversion shows; what words and codes meant when a result
came in (its item, its method group) is a fact and stays. Nothing is written.
"""

import asyncio
import time
from typing import Any

from hie.access.actor import Actor
from hie.errors import Fault, UnprocessableRequest
from hie.exchange.books_named import books_named
from hie.exchange.hub import Hub
from hie.exchange.rejudge import Turn, rejudged, turns_between
from hie.recognition.books import Books
from hie.store import traffic
from hie.store.checks import Check
from hie.store.instants import written
from hie.store.traffic import Place

_DAY_US = 86_400_000_000
_PAGE = 100  # checks of one answer: a bar moves, and no door waits for long
_MOST_DAYS = 36_500


async def command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """`rulebook-diff`: one page of the comparison.

    {old, new, days, since_us?, after?} -> {old, new, since_us, total, checks, verdicts, turns,
    unanswered, next}. `old` and `new` are {name, files?} (`books_named`); `since_us` and `next` of
    one answer go into the next question.
    """
    days = arguments.get("days")
    if not isinstance(days, int) or isinstance(days, bool) or not 1 <= days <= _MOST_DAYS:
        fault = Fault("days", "not-positive", f"a whole number of days from 1 to {_MOST_DAYS}")
        raise UnprocessableRequest("the days to look back are not a positive number", (fault,))
    old_name, old = await books_named(hub, "old", arguments["old"])
    new_name, new = await books_named(hub, "new", arguments["new"])
    since_us = int(arguments.get("since_us") or time.time_ns() // 1000 - days * _DAY_US)
    after = arguments.get("after")
    place = Place(int(after["at_us"]), str(after["id"])) if after else None
    async with hub.db.reading() as reader:
        total = await traffic.count_since(reader, since_us)
        checks = await traffic.checks_since(reader, since_us, place, _PAGE)
    verdicts = 0
    turned: list[dict[str, Any]] = []
    unanswered: list[dict[str, Any]] = []
    for check in checks:
        try:
            # beside the loop: the doors of this process go on meanwhile
            count, found = await asyncio.to_thread(compare, check, old, new)
        except UnprocessableRequest as refused:
            unanswered.append(_unanswered(check, refused))
            continue
        verdicts += count
        turned += [_told(check, one) for one in found]
    last = checks[-1] if len(checks) == _PAGE else None
    return {
        "old": old_name,
        "new": new_name,
        "since_us": since_us,
        "total": total,
        "checks": len(checks),
        "verdicts": verdicts,
        "turns": turned,
        "unanswered": unanswered,
        "next": None if last is None else {"at_us": last.at_us, "id": last.id},
    }


def compare(check: Check, old: Books, new: Books) -> tuple[int, list[Turn]]:
    """How many verdicts a check has by the old books, and those the new ones turn.

    Raises UnprocessableRequest when either cannot answer what was asked.
    """
    before = rejudged(check.body, old, anew=True)
    after = rejudged(check.body, new, anew=True)
    lines = [(order.ref, order.item) for order in before.request.orders]
    count = sum(len(judged.assessments) for judged in before.judged)
    return count, turns_between(lines, before.judged, after.judged)


def _told(check: Check, turn: Turn) -> dict[str, Any]:
    return {
        "check": check.id,
        "at": written(check.at_us),
        "receiver": check.institution,
        "ref": turn.ref,
        "item": turn.item,
        "resource": turn.resource,
        "was": turn.was,
        "now": turn.now,
        "rules": list(turn.rules),
    }


def _unanswered(check: Check, refused: UnprocessableRequest) -> dict[str, Any]:
    faults = [{"path": f.path, "code": f.code, "expected": f.expected} for f in refused.faults]
    return {"check": check.id, "at": written(check.at_us), "why": refused.text, "errors": faults}
