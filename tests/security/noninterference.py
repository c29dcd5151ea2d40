"""`python -m tests.security noninterference [--cases N] [--database NAME] [--seed N]`: hidden is absent.

A region is drawn, and somebody who asks. Every question they ask is answered by a hub that has the
rows they may not see, and by one that never had them; status, headers and body must be equal, byte
for byte, on every page. By default 20,000 questions, half on SQLite, half on PostgreSQL.
"""

import argparse
import asyncio
import re
import sys
import tempfile
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from hypothesis import HealthCheck, Phase, given, seed, settings

from hie.store.migrate import migrate
from tests.places import Place, at, statement
from tests.postgres import server
from tests.security.questions import Asked, Question
from tests.security.twins import (
    ASKERS,
    CLINICIAN,
    HELD,
    LAUNCHED,
    SYSTEM,
    WRITER,
    Known,
    Twin,
    show,
    twins,
)
from tests.security.worlds import World, worlds

CASES = 20_000
EACH = 60  # questions of one asker about one world, times its share
SHARES = {SYSTEM: 2.0, WRITER: 1.0, HELD: 0.5, CLINICIAN: 1.5, LAUNCHED: 0.5}
PAGES = 4
# Made anew for each answer: ids of checks and their assessments, of requests; days of the clock.
_MADE_ANEW = re.compile(r'"(check|assessment|at|asked_at)":"[^"]*"')
_DROPPED = frozenset({"date", "x-request-id", "hub-audit-id", "content-length"})


@dataclass
class Report:
    """What was asked and how it was answered; `leaks` is empty when nothing interferes."""

    asked: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)  # why, as the answer says it
    found: int = 0  # answers with a resource in them
    worlds: int = 0
    hidden: int = 0
    leaks: list[str] = field(default_factory=list)


class Interferes(AssertionError):
    """An answer that depends on what its asker may not see."""


def seen(answer: httpx.Response) -> tuple[int, list[tuple[str, str]], str]:
    """All of an answer that may be compared."""
    headers = sorted((k, v) for k, v in answer.headers.items() if k not in _DROPPED)
    return answer.status_code, headers, _MADE_ANEW.sub("", answer.text)


async def compare(twin: Twin, question: Question, report: Report) -> None:
    """Ask both hubs, page after page; raises Interferes."""
    now: Question | None = question
    for _ in range(PAGES):
        if now is None:
            return
        arguments = now.arguments(twin.headers)
        one, other = await twin.has.request(**arguments), await twin.lacks.request(**arguments)
        report.asked += 1
        report.statuses[one.status_code] += 1
        if seen(one) != seen(other):
            raise Interferes(f"{twin.name}: {now}\n  has   {show(one)}\n  lacks {show(other)}")
        whole = one.text + repr(one.headers)
        sent = f"{question.url} {question.content}"  # a link says again what was asked
        for words in twin.silent:
            if words in whole and words not in sent:
                raise Interferes(f"{twin.name}: {now}\n  says {words}: {show(one)}")
        if one.status_code >= 500:
            raise Interferes(f"{twin.name}: {now}\n  fails: {show(one)}")
        if one.status_code in {400, 403}:
            report.refusals[f"{twin.name} {_why(one)}"] += 1
        report.found += one.status_code == 200 and '"search":{"mode":"match"}' in one.text
        now = _following(one)


def _why(answer: httpx.Response) -> str:
    return re.sub(r'.*"(diagnostics|title)":"([a-z -]*).*', r"\2", answer.text, flags=re.DOTALL)[
        :40
    ]


def _following(answer: httpx.Response) -> Question | None:
    if answer.status_code != 200 or '"relation":"next"' not in answer.text:
        return None
    links = {one["relation"]: one["url"] for one in answer.json().get("link", ())}
    return Question("GET", links["next"]) if "next" in links else None


def examine(
    runner: asyncio.Runner, world: World, place: Place, folder: Path, report: Report, each: int,
    number: int, askers: tuple[str, ...] = ASKERS,
) -> None:  # fmt: skip
    """All askers of one world; a leak is shrunk to the shortest question, and told."""
    opening = twins(world, place, folder, askers)
    made, known = runner.run(opening.__aenter__())
    try:
        report.worlds += 1
        for twin in made:
            report.hidden += len(twin.hidden)
            share = max(1, int(each * SHARES[twin.name]))
            _examine(runner, twin, world, known, report, share, number)
    finally:
        runner.run(opening.__aexit__(None, None, None))


def _examine(
    runner: asyncio.Runner, twin: Twin, world: World, known: Known, report: Report, each: int,
    number: int,
) -> None:  # fmt: skip
    asks = twin.name in {SYSTEM, WRITER, CLINICIAN}
    asked = Asked(
        world, known, twin.shown, writes=twin.name == WRITER, asks=asks, written=twin.written
    )
    questions = asked.questions()

    @seed(number)
    @settings(
        max_examples=each, deadline=None, database=None, print_blob=False, report_multiple_bugs=False,
        phases=(Phase.generate, Phase.shrink), suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(questions)
    def is_equal(question: Question) -> None:
        runner.run(compare(twin, question, report))

    try:
        is_equal()
    except Interferes as leak:
        report.leaks.append(f"world {number}: {leak}")


def drawn(number: int) -> World:
    """The world of a number."""
    found: list[World] = []

    @seed(number)
    @settings(
        max_examples=4, database=None, phases=(Phase.generate,), deadline=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(worlds())
    def draw(world: World) -> None:
        found.append(world)

    draw()
    return max(found, key=lambda world: sum(len(person.records) for person in world.people))


def run(database: str, cases: int, first: int, each: int = EACH) -> Report:
    """As many questions on one kind of database; a world is made anew until they are asked."""
    report, number = Report(), first
    with ExitStack() as stack:
        runner = stack.enter_context(asyncio.Runner())
        url = None
        if database == "postgresql":
            url = stack.enter_context(server(durable=False))
        while report.asked < cases and len(report.leaks) < 5:
            with ExitStack() as one:
                folder = Path(one.enter_context(tempfile.TemporaryDirectory(prefix="hie-o1-")))
                place = Place(None if url is None else _database(one, url, number), folder / "hub")
                place.data_dir.mkdir()
                migrate(place.url, place.data_dir)
                examine(runner, drawn(number), place, folder / "twin", report, each, number)
            number += 1
            if number % 10 == 0:
                sys.stdout.write(f"  {database}: {report.asked} questions\n")
                sys.stdout.flush()
    return report


def _database(stack: ExitStack, url: str, number: int) -> str:
    name = f"o1_{number}"
    statement(url, f"CREATE DATABASE {name}")
    stack.callback(statement, url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    return at(url, name)


def main(words: list[str]) -> int:
    """Say what was asked and every leak; 1 when there is one."""
    parser = argparse.ArgumentParser("noninterference")
    parser.add_argument("--cases", type=int, default=CASES)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), action="append")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--why", action="store_true", help="say which refusals were met how often")
    given_ = parser.parse_args(words)
    names = given_.database or ["sqlite", "postgresql"]
    leaks = 0
    for name in names:
        report = run(name, given_.cases // len(names), given_.seed)
        leaks += len(report.leaks)
        sys.stdout.write("".join(f"  {leak}\n" for leak in report.leaks))
        sys.stdout.write(_told(name, report))
        if given_.why:
            lines = (f"    {number:6} {why}\n" for why, number in report.refusals.most_common(30))
            sys.stdout.write("".join(lines))
    return 1 if leaks else 0


def _told(name: str, report: Report) -> str:
    statuses: dict[Any, int] = dict(sorted(report.statuses.items()))
    return (
        f"  {name}: {report.asked} questions to {report.worlds} regions, {report.found} of them"
        f" answered with resources, {report.hidden} rows hidden; {statuses}; {len(report.leaks)} leaks\n"
    )
