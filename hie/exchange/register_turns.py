"""What other registers would turn: stored order-checks judged again, before and after a change.

Each check is asked at the instant it was asked then, with the facts it rested on; only the
registers differ, so that whatever turns is turned by them. Work comes in pages of about a second:
whoever asks goes on where the answer says, and the hub serves others meanwhile.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from hie.access.actor import Actor
from hie.errors import Fault, InvalidRequest, UnprocessableRequest
from hie.exchange.hub import Hub
from hie.exchange.register_parsing import parsed_files
from hie.exchange.rejudge import Turn, rejudged, turns_between
from hie.fhir.elements import instant
from hie.recognition.books import Books
from hie.recognition.engine import Judged
from hie.recognition.region import load_regions
from hie.recognition.register import RegisterRows
from hie.recognition.register_difference import Difference, difference
from hie.recognition.register_files import apply_import, check_import
from hie.store import register_looks as looks
from hie.store import registers as store
from hie.store import traffic
from hie.store.checks import Check
from hie.store.register_looks import UsedResult
from hie.store.traffic import Place

DAYS = 90  # how far back is looked unless said otherwise
_MOST_DAYS = 3660
_PAGE = 100  # checks read at once
_SECONDS = 1.0  # of work on one page; what is begun is ended
_SHARE = 2  # but as many times what preparing the page took, so that most time is work
_DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Changed:
    """Two states of the registers, with the other books of today, and whom they differ in."""

    before: Books
    after: Books
    difference: Difference

    @classmethod
    def of(cls, hub: Hub, before: RegisterRows, after: RegisterRows) -> "Changed":
        """The books with these registers, and with those."""
        sources = hub.books.sources
        return cls(
            sources.with_registers(before),
            sources.with_registers(after),
            difference(before, after),
        )

    def concerns(self, check: Check) -> bool:
        """The change may turn something in a check; what was asked `as_known_at` it never does."""
        request, facts = check.body.get("request"), check.body.get("facts")
        if not isinstance(request, Mapping) or not isinstance(facts, Mapping):
            return False
        if request.get("as_known_at") is not None:
            return False
        issuers = (one.get("institution") or "" for one in facts.get("candidates", ()))
        return self.difference.concerns((check.institution, *issuers))


@dataclass(frozen=True, slots=True)
class Used:
    """What a decision used: the result by its reference, of whom, and the verdict it was shown."""

    decision: UsedResult
    item: str
    resource: str
    institution: str


def used_of(check: Check, decided: Iterable[UsedResult]) -> Iterator[Used]:
    """What the decisions of a check used, as its answer offered it."""
    offered = {
        one["assessment"]: (order["item"], one["resource"], one["institution"]["code"] or "")
        for order in check.body["answer"]["orders"]
        for one in order["candidates"]
    }
    for one in decided:
        if one.assessment in offered:
            yield Used(one, *offered[one.assessment])


def judged(check: Check, books: Books) -> tuple[Judged, ...] | None:
    """A check judged by some books; None when they know its receiver or an item no more."""
    try:
        return rejudged(check.body, books).judged
    except UnprocessableRequest:
        return None


def turned(check: Check, change: Changed) -> list[Turn] | None:
    """The verdicts of a check that the change turns; None when one side cannot be judged."""
    lines = [(order["ref"], order["item"]) for order in check.body["answer"]["orders"]]
    before, after = judged(check, change.before), judged(check, change.after)
    if before is None or after is None or not len(lines) == len(before) == len(after):
        return None
    return turns_between(lines, before, after)


def days_asked(arguments: Mapping[str, Any]) -> int:
    """How many days back to look. Raises InvalidRequest."""
    days = arguments.get("days", DAYS)
    if type(days) is not int or not 1 <= days <= _MOST_DAYS:
        fault = Fault("days", "invalid-value", f"a number from 1 to {_MOST_DAYS}")
        raise InvalidRequest("how far back to look is not understood", (fault,))
    return days


@dataclass(slots=True)
class Page:
    """The checks of one page of work, and how the page ended; `total` on the first page only."""

    since_us: int
    until_us: int
    place: Place | None
    total: int | None = None
    done: int = 0
    ended: bool = False
    begun: float = field(default_factory=time.perf_counter)
    seconds: float = 1.0

    @classmethod
    def asked(cls, arguments: Mapping[str, Any], until_us: int, begun: float) -> "Page":
        """The page that `after` names, or the first; `begun` is when preparing it began."""
        since_us = until_us - days_asked(arguments) * _DAY_US
        after = arguments.get("after")
        try:
            place = None if after is None else Place(int(after[0]), str(after[1]))
        except (TypeError, ValueError, IndexError, KeyError) as problem:
            fault = Fault("after", "invalid-value", "what the page before it ended with")
            raise InvalidRequest("where to go on is not understood", (fault,)) from problem
        now = time.perf_counter()
        seconds = max(_SECONDS, _SHARE * (now - begun))
        return cls(since_us, until_us, place, begun=now, seconds=seconds)

    def goes_on(self) -> bool:
        """There is more to look at, and time left for it on this page."""
        spent = time.perf_counter() - self.begun
        return not self.ended and (self.done == 0 or spent < self.seconds)

    async def checks(self, hub: Hub) -> "list[tuple[Check, list[UsedResult]]]":
        """The next checks and the decisions on them; none when the span is at its end."""
        async with hub.db.reading() as reader:
            if self.place is None and self.total is None:
                self.total = await traffic.count_since(reader, self.since_us, self.until_us)
            found = await traffic.checks_since(
                reader, self.since_us, self.place, _PAGE, self.until_us
            )
            decided = await looks.used(reader, (one.id for one in found))
        self.ended = len(found) < _PAGE
        return [(one, decided.get(one.id, [])) for one in found]

    def passed(self, check: Check) -> None:
        """A check has been looked at."""
        self.place = Place(check.at_us, check.id)
        self.done += 1

    def told(self) -> dict[str, Any]:
        """{done, total, after}: `after` is where to go on, null at the end."""
        place = None if self.ended else self.place
        after = [place.at_us, place.id] if place else None
        return {"done": self.done, "total": self.total, "after": after}


async def turns_command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """`register-turns`: {files, days?, after?} -> one page of what an import would turn.

    {done, total, after, concerned, not_judged, verdicts: [{from, to, count}], rules: [{rule,
    count}], used: [{decision, check, ref, item, institution, receiver, decided, from, to, rules}]}.
    Nothing is written, and nothing of a patient is told. Raises UnprocessableRequest as the import.
    """
    begun = time.perf_counter()
    files = parsed_files(arguments)
    async with hub.db.reading() as reader:
        known = await store.load(reader)
        faults, _ = check_import(
            files, known, hub.catalogue, load_regions(), await store.since(reader)
        )
    if faults:
        raise UnprocessableRequest("nothing was imported", tuple(faults))
    change = Changed.of(hub, known, apply_import(known, files))
    until_us = arguments.get("until") or time.time_ns() // 1000
    if type(until_us) is not int:
        fault = Fault("until", "invalid-value", "what the page before it told")
        raise InvalidRequest("where to go on is not understood", (fault,))
    page = Page.asked(arguments, until_us, begun)
    found = _Tally()
    if not change.difference:
        page.ended, page.total = True, 0
        return {**page.told(), "until": page.until_us, **found.told()}
    while page.goes_on():
        for check, decided in await page.checks(hub):
            page.passed(check)
            if change.concerns(check):
                # beside the loop: the doors of this process go on meanwhile
                found.add(check, await asyncio.to_thread(turned, check, change), decided)
    return {**page.told(), "until": page.until_us, **found.told()}


class _Tally:
    """What was turned on one page."""

    def __init__(self) -> None:
        self.verdicts: Counter[tuple[str, str]] = Counter()
        self.rules: Counter[str] = Counter()
        self.used: list[dict[str, Any]] = []
        self.concerned = self.not_judged = 0

    def add(self, check: Check, turns: list[Turn] | None, decided: list[UsedResult]) -> None:
        self.concerned += 1
        if turns is None:
            self.not_judged += 1
            return
        self.verdicts.update((one.was, one.now) for one in turns)
        self.rules.update(rule for one in turns for rule in one.rules)
        by_result = {(one.ref, one.resource): one for one in turns}
        for used in used_of(check, decided):
            turn = by_result.get((used.decision.ref, used.resource))
            if turn is not None:
                verdict = {"from": turn.was, "to": turn.now, "rules": list(turn.rules)}
                self.used.append({**told_used(used), **verdict})

    def told(self) -> dict[str, Any]:
        return {
            "concerned": self.concerned,
            "not_judged": self.not_judged,
            "verdicts": [
                {"from": was, "to": now, "count": count}
                for (was, now), count in sorted(self.verdicts.items())
            ],
            "rules": [{"rule": rule, "count": n} for rule, n in sorted(self.rules.items())],
            "used": self.used,
        }


def told_used(used: Used) -> dict[str, Any]:
    """A decision without anything of a patient: who decided when, on whose result of what."""
    one = used.decision
    return {
        "decision": one.decision,
        "check": one.check,
        "ref": one.ref,
        "item": used.item,
        "institution": used.institution,
        "receiver": one.institution,
        "decided": instant(one.at_us).isoformat(timespec="seconds"),
        "state": one.state,
    }
