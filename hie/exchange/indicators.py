"""Indicators of a period, counted from what was asked, decided and done: R-905.

Persons come in pages, each page is counted and forgotten: memory follows the number of groups and
one page of persons, never the length of the period. What is counted is what the hub had received
by `as_known_at`; of decisions, those that stood then.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec

from hie.access.actor import Actor
from hie.audit.event import Action, Event, EventType
from hie.exchange.hub import Hub
from hie.exchange.indicator_question import Wanted, read_wanted
from hie.exchange.order_facts import AsOf, lines_of, performed_after
from hie.exchange.order_lines import Prices, read_check
from hie.fhir.elements import instant
from hie.recognition.indicator_facts import Line
from hie.recognition.indicator_report import Asked, write_report
from hie.recognition.indicator_tally import Dimension, Tallies, Tally, add_all, tally
from hie.store import indicator_rows

_PERSONS = 25  # of one page
_CHECKS = 200  # of one page of those that found nobody
_FIRST_US = -(2**62)


class Page(msgspec.Struct):
    """A part of the counting: its tallies, and where the next part begins (None: that was all)."""

    groups: list[tuple[str | None, Tally]]
    next: str | None
    persons: int

    @property
    def tallies(self) -> Tallies:
        """By group."""
        return dict(self.groups)


async def indicators(hub: Hub, actor: Actor, said: Mapping[str, Any]) -> dict[str, Any]:
    """The whole report at once (docs/indicators.md). Raises what `read_wanted` does."""
    wanted = read_wanted(actor, said, time.time_ns() // 1000)
    await _record(hub, actor, wanted)
    tallies: Tallies = {}
    after: str | None = ""
    while after is not None:
        page = await count_page(hub, wanted, after)
        add_all(tallies, page.tallies)
        after = page.next
        await asyncio.sleep(0)  # the doors of this process go on meanwhile
    return await report(hub, wanted, tallies)


async def command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """`indicators`: {asked: {...}, after, known_us} -> one page of the counting as JSON.

    `after` is "" for the first page, which also says of how many persons there are to count.
    """
    now_us = time.time_ns() // 1000
    wanted = read_wanted(actor, arguments["asked"], now_us)
    wanted = replace(
        wanted, known_us=min(wanted.known_us, int(arguments.get("known_us") or now_us))
    )
    after, total = str(arguments.get("after") or ""), None
    if not after:
        await _record(hub, actor, wanted)
        async with hub.db.reading() as reader:
            total = await indicator_rows.count_persons(reader, wanted.span)
    page = await count_page(hub, wanted, after)
    told: dict[str, Any] = msgspec.to_builtins(page)
    return {**told, "known_us": wanted.known_us, "total": total}


async def report_command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """`indicators-report`: {asked, known_us, groups: the pages' sums} -> the report."""
    wanted = read_wanted(actor, arguments["asked"], time.time_ns() // 1000)
    wanted = replace(wanted, known_us=min(wanted.known_us, int(arguments["known_us"])))
    page = msgspec.convert({"groups": arguments["groups"], "next": None, "persons": 0}, Page)
    return await report(hub, wanted, page.tallies)


async def report(hub: Hub, wanted: Wanted, tallies: Tallies) -> dict[str, Any]:
    """The tallies of a whole period as its report."""
    names: dict[str, str] = {}
    if wanted.by is Dimension.INSTITUTION:
        registers, _ = await hub.registers.current()
        day = instant(wanted.known_us).date()
        for code in tallies:
            row = registers.institution(code, day) if code else None
            if code and row is not None:
                names[code] = row.name
    settled = instant(wanted.known_us).date() > wanted.period.last + timedelta(days=wanted.days)
    asked = Asked(
        wanted.period,
        wanted.by,
        wanted.institution,
        wanted.days,
        instant(wanted.known_us).isoformat(),
        settled,
        wanted.threshold,
    )
    return write_report(asked, tallies, names)


async def count_page(hub: Hub, wanted: Wanted, after: str) -> Page:
    """Count the next persons, then what belongs to nobody; `after` is where the last page ended.

    "" begins; a person's id goes on after that person; "|<instant>|<id>" after a nobody's check.
    """
    registers, policy = await (
        hub.registers.known_at(wanted.known_us) if wanted.dated else hub.registers.current()
    )
    prices = Prices(hub.catalogue, registers, policy, hub.rulebook)
    as_of = AsOf(wanted.known_us, wanted.dated, wanted.days)
    async with hub.db.reading() as reader:
        if not after.startswith("|"):
            of = await indicator_rows.persons(reader, wanted.span, after, _PERSONS)
            rows = await indicator_rows.checks_of(reader, wanted.span, of)
            following: str | None = of[-1] if len(of) == _PERSONS else f"|{_FIRST_US}|"
        else:
            _, at_us, key = after.split("|", 2)
            of = []
            rows = await indicator_rows.nobodys(reader, wanted.span, (int(at_us), key), _CHECKS)
            following = f"|{rows[-1].on_us}|{rows[-1].id}" if len(rows) == _CHECKS else None
        checks = [read_check(reader, row) for row in rows]
        lines = await lines_of(reader, as_of, checks, prices)
        done = await performed_after(hub, reader, as_of, checks, lines)
    tallies: Tallies = {}
    today = instant(wanted.known_us).date()
    by_person: dict[str | None, list[Line]] = {}
    for line in lines:
        by_person.setdefault(line.person, []).append(line)
    for person, theirs in by_person.items():
        add_all(
            tallies,
            tally(theirs, done.get(person or "", ()), by=wanted.by, days=wanted.days, today=today),
        )
    return Page(list(tallies.items()), following, len(of))


async def _record(hub: Hub, actor: Actor, wanted: Wanted) -> None:
    """That somebody asked, before anything is told."""
    period, of = wanted.period, wanted.institution or "all"
    detail = f"{period.first}..{period.last} of {of}" + (f" by {wanted.by}" if wanted.by else "")
    await hub.ledger.record(Event(EventType.INDICATORS, Action.EXECUTE, actor, detail=detail))
