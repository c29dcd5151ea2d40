"""An answer that was given once, shown again: without what may not be seen any more.

A check keeps what it answered. Whoever opens it later sees the candidates that may be seen then: a
patient's denial, a higher label or the end of a treatment take them out of it too.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from hie.access.actor import Actor
from hie.access.asking import asking
from hie.access.policy import Restriction
from hie.errors import ResourceNotFound
from hie.recognition.assessment import Outcome
from hie.store import versions
from hie.store.checks import Check
from hie.store.session import Reader
from hie.store.versions import read_many

_BEST = (Outcome.RECOGNISE, Outcome.REVIEW, Outcome.REFUSE)


async def still_seen(reader: Reader, check: Check, sight: Restriction) -> Check:
    """The check with the candidates of its answer that may be seen now."""
    orders = check.body["answer"]["orders"]
    named = [one["resource"] for order in orders for one in order["candidates"]]
    seen = await _seen(reader, named, sight)
    if len(seen) == len(set(named)):
        return check
    answer = {**check.body["answer"], "orders": [_left(order, seen) for order in orders]}
    return replace(check, body={**check.body, "answer": answer})


async def check_seen(reader: Reader, resource: str, sight: Restriction) -> None:
    """Raises ResourceNotFound for a candidate that may not be seen now, as for one of nobody's."""
    if not await _seen(reader, [resource], sight):
        raise ResourceNotFound("no such assessment")


async def permitted_events(
    reader: Reader, actor: Actor, events: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """What work items and notifications tell, without the values of what patients now withhold.

    That a result somebody used says something else is told all the same: it is owed to whoever
    was treated by it. Only consent is asked: whom the institution treated once, it hears of.
    """
    told = [dict(one) for one in events]
    named = {ref for one in told for ref in _references(one)}
    seen = await _seen(reader, named, Restriction(asks=asking(actor))) if named else set()
    return [
        one if _references(one) <= seen else {**one, "changes": [], "was": None, "now": None}
        for one in told
    ]


def _references(event: Mapping[str, Any]) -> set[str]:
    """The versions an event shows."""
    return {said["resource"] for name in ("was", "now") if (said := event.get(name))}


async def _seen(reader: Reader, named: Iterable[str], sight: Restriction) -> set[str]:
    """Those of these versioned references whose resource may be seen."""
    ids: dict[str, dict[str, list[str]]] = {}
    for one in named:
        kind, key = one.split("/")[:2]
        ids.setdefault(kind, {}).setdefault(key, []).append(one)
    found: set[str] = set()
    for kind, by_id in sorted(ids.items()):
        known = await read_many(reader, kind, by_id, sight)
        for key in by_id:
            if key in known or await _was_seen(reader, kind, key, sight):
                found.update(by_id[key])
    return found


async def _was_seen(reader: Reader, kind: str, key: str, sight: Restriction) -> bool:
    """Whether an earlier version may be seen: what was deleted is not withheld."""
    try:
        await versions.check_seen(reader, kind, key, sight)
    except ResourceNotFound:
        return False
    return True


def _left(order: dict[str, Any], seen: set[str]) -> dict[str, Any]:
    """An order as if what is not seen were not there; what it would save is not worked out anew."""
    left = [one for one in order["candidates"] if one["resource"] in seen]
    if len(left) == len(order["candidates"]):
        return order
    outcomes = {one["outcome"] for one in left}
    best = next((one.value for one in _BEST if one.value in outcomes), Outcome.NONE.value)
    reasons = order["reasons"] if left else []
    return {**order, "outcome": best, "candidates": left, "saves": None, "reasons": reasons}
