"""The decisions that an import of registers touches: results in use that it refuses.

A decision *lies after* when it was made while what the import says was in force already: asked
again as of its own instant, the result is refused. It is reopened, with a work item for the
institution that decided (R-908). It *lies before* when the result was rightly used then and would
be refused from the import (or a later day it speaks of) on: it is listed, nothing more.
"""

import asyncio
import time
from collections.abc import Sequence
from datetime import date, datetime
from datetime import time as clock
from typing import Any

from hie.access.actor import Actor
from hie.errors import Fault, InvalidRequest, ResourceNotFound
from hie.exchange.hub import Hub
from hie.exchange.register_turns import Changed, Page, Used, judged, told_used, turned, used_of
from hie.exchange.reopen import Cause, Reason, reopen_each
from hie.fhir.elements import SHANGHAI, instant
from hie.recognition.assessment import Assessment, Effect, Outcome
from hie.recognition.books import Books
from hie.recognition.changes import Change
from hie.store import checks
from hie.store import register_looks as looks
from hie.store import registers as store
from hie.store.checks import Check
from hie.store.locks import hold
from hie.store.register_looks import Touched, UsedResult

AFTER, BEFORE = "after", "before"
_REFUSED = (Outcome.REFUSE.value, Outcome.NONE.value)
_LATER_DAYS = 5  # of the days an import speaks of, those looked at after its own


async def touched_command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """`register-touched`: {import?, days?, after?, again?} -> a page of the look, or all it found.

    {import, done, total, after, touched: [...]}: `touched` is told at the end of the look, and by
    any later question at once unless `again`. Without `import` it is the newest one. Raises
    ResourceNotFound for an import that was never made.
    """
    begun = time.perf_counter()
    async with hub.db.reading() as reader:
        number = _number(arguments.get("import"), await store.version(reader))
        at_us, looked_us = await looks.when(reader, number)
        if looked_us is not None and not arguments.get("again") and not arguments.get("after"):
            ended = {"import": number, "done": 0, "total": 0, "after": None}
            return {**ended, "touched": await told_touched(hub, number)}
        before, after = await store.load(reader, at_us - 1), await store.load(reader, at_us)
    change = Changed.of(hub, before, after)
    page = Page.asked(arguments, at_us, begun)
    if not change.difference:
        page.ended, page.total = True, 0
    while page.goes_on():
        found: list[tuple[Touched, str]] = []
        for check, decided in await page.checks(hub):
            page.passed(check)
            if decided and change.concerns(check):
                # beside the loop: the doors of this process go on meanwhile
                found += await asyncio.to_thread(_touched, check, decided, change, at_us)
        await _note(hub, actor, number, found)
    if page.ended:
        async with hub.db.unit() as unit:
            await looks.looked(unit, number, time.time_ns() // 1000)
    listed = await told_touched(hub, number) if page.ended else []
    return {"import": number, **page.told(), "touched": listed}


def _number(asked: Any, newest: int) -> int:
    if asked is None:
        if newest:
            return newest
        raise ResourceNotFound("nothing was imported yet")
    if type(asked) is not int:
        fault = Fault("import", "invalid-value", "the number of an import")
        raise InvalidRequest("which import is not understood", (fault,))
    return asked


def _touched(
    check: Check, decided: Sequence[UsedResult], change: Changed, at_us: int
) -> list[tuple[Touched, str]]:
    """What of a check's used results the change refuses, each with the verdict it was used at."""
    found = []
    turns = {(one.ref, one.resource): one for one in turned(check, change) or ()}
    for used in used_of(check, decided):
        turn = turns.get((used.decision.ref, used.resource))
        if turn is not None and turn.now in _REFUSED:
            found.append((Touched(used.decision.decision, AFTER, turn.rules), turn.was))
            continue
        rules = _refused_later(check, used, change, instant(at_us).date())
        if rules:
            found.append((Touched(used.decision.decision, BEFORE, rules), ""))
    return found


def _refused_later(check: Check, used: Used, change: Changed, made: date) -> tuple[str, ...]:
    """The rules by which the change refuses a result on the first later day that it speaks of.

    Age is no matter here: a result that was fresh when it was used is older on any later day. So
    only gates 0 to 2 count, and only what the registers before the change did not refuse.
    """
    days = sorted(day for day in change.difference.days_of(used.institution) if day > made)
    for day in (made, *days[:_LATER_DAYS]):
        later = _on(check, day)
        before = _refusing(later, used, change.before)
        after = _refusing(later, used, change.after)
        if before is not None and after is not None and after - before:
            return tuple(sorted(after - before))
    return ()


def _on(check: Check, day: date) -> Check:
    """The check as if it were asked at the end of a day, or when it was, if that is later."""
    asked = datetime.combine(day, clock(23, 59, 59), SHANGHAI)
    on = max(asked, instant(check.on_us)).isoformat()
    request = {**check.body["request"], "on": on}
    body = {**check.body, "request": request, "answer": {**check.body["answer"], "on": on}}
    return Check(
        check.id, check.at_us, check.institution, check.practitioner, check.person,
        check.on_us, check.policy, body,
    )  # fmt: skip


def _refusing(check: Check, used: Used, books: Books) -> frozenset[str] | None:
    """The rules of gates 0 to 2 that refuse the used result; None if it is not judged."""
    found = judged(check, books)
    refs = [order["ref"] for order in check.body["answer"]["orders"]]
    if found is None or used.decision.ref not in refs:
        return None
    for one in found[refs.index(used.decision.ref)].assessments:
        if one.candidate.resource == used.resource:
            return _early(one, books)
    return None


def _early(one: Assessment, books: Books) -> frozenset[str]:
    early = {rule.id for gate in books.rulebook.gates if gate.number <= 2 for rule in gate.rules}
    refusing = (f.rule for f in one.findings if f.effect is Effect.REFUSE)
    return frozenset(rule for rule in refusing if rule in early)


async def _note(hub: Hub, actor: Actor, number: int, found: Sequence[tuple[Touched, str]]) -> None:
    """Keep what was found, and reopen what lies after: once for each import."""
    if not found:
        return
    was = {one.decision: verdict for one, verdict in found}
    async with hub.db.unit() as unit:
        await hold(unit, [f"register-touched:{number}"])
        fresh = await looks.note(unit, number, [one for one, _ in found])
        reasons = {
            one.decision: [_reason(actor, one, was[one.decision])]
            for one in fresh
            if one.lies == AFTER
        }
        await reopen_each(unit, reasons, time.time_ns() // 1000)


def _reason(actor: Actor, one: Touched, was: str) -> Reason:
    changes = (
        Change("outcome", was, Outcome.REFUSE.value),
        Change("rules", None, " ".join(one.rules)),
    )
    return Reason(Cause.REGISTER, actor, changes)


async def told_touched(hub: Hub, number: int) -> list[dict[str, Any]]:
    """All decisions an import touches, by who decided and when; nothing of a patient."""
    async with hub.db.reading() as reader:
        found = await looks.touched(reader, number)
        told = []
        for one, decided in found:
            check = await checks.get(reader, decided.check)
            for used in used_of(check, [decided]):
                told.append({**told_used(used), "lies": one.lies, "rules": list(one.rules)})
    return told
