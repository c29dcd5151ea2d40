"""The engine, measured: assessments a second on one core, and an order-check of a person of many.

The pure engine is timed over the candidates of many orders with new facts each time, beside the
same rules asked as conditions that do nothing: what is left is the machine's own price of keeping
every finding. The order-check runs whole, with its record and audit, over a person with 300
results; beside it the same rows are read bare. Both are measured in turns. The dearest steps are
those of a profile taken in the same run.
"""

import asyncio
import cProfile
import os
import pstats
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from hie.access.policy import Restriction
from hie.app import opened
from hie.exchange.assess import order_check
from hie.exchange.commands import operator
from hie.exchange.hub import Hub
from hie.exchange.process import process_waiting
from hie.exchange.receive import receive
from hie.recognition.assessment import Assessment, Effect, Finding, Outcome
from hie.recognition.candidate import Candidate
from hie.recognition.catalogue import load_catalogue
from hie.recognition.conditions import Answer
from hie.recognition.eligibility import Registers
from hie.recognition.engine import assess, assess_order
from hie.recognition.question import Question
from hie.recognition.rulebook import Kind, load_rulebook
from hie.settings import Settings
from hie.store.results import by_item
from hie.synthetic import generate
from hie.synthetic.example import question as asked_of
from hie.synthetic.institutions import BY_SITE, SHIJIAZHUANG
from hie.synthetic.messages import written
from hie.synthetic.panels import BLOOD_COUNT, CHEMISTRY
from hie.synthetic.people import make_person
from hie.synthetic.report import make_report
from tests.bench.bench_road import connect
from tests.bench.figure import Figure
from tests.postgres import server
from tests.unit.recognition.records import (
    a_candidate,
    an_imaging_candidate,
    an_order,
    question,
    registers,
)

ROUNDS = 5
_VALUES = {"K": "4.1", "NA": "140", "CRE": "80", "GLU": "5.1", "WBC": "6.2"}
ORDERED = tuple(_VALUES)
RESULTS = 300
CHECKS = 60  # order-checks of a round


def run() -> list[Figure]:
    """The pure engine, then the order-check on PostgreSQL and on SQLite."""
    figures = list(_pure())
    with tempfile.TemporaryDirectory() as folder, server(durable=True) as url:
        figures += asyncio.run(_whole(url, Path(folder)))
    with tempfile.TemporaryDirectory() as folder:
        figures += asyncio.run(_whole(None, Path(folder)))
    return figures


def _pure() -> Iterator[Figure]:
    """Assessments a second of processor time; every order's candidates are read anew."""
    lab = {item: [_result(item, n) for n in range(8)] for item in ORDERED}
    images = {item: [_images(item, n) for n in range(4)] for item in ("CT", "MRI")}
    every = [registers(item=item).rows for item in (*ORDERED, *images)]
    books = Registers(
        replace(
            every[0],
            qualifications=tuple(row for rows in every for row in rows.qualifications),
            precision=tuple(row for rows in every for row in rows.precision),
            marks=tuple(row for rows in every for row in rows.marks),
        )
    )
    asked = question(books=books)

    def judged() -> list[Assessment]:
        fresh = _again(asked)
        found: list[Assessment] = []
        for item, records in lab.items():
            found += assess_order(item, records, fresh).assessments
        for item, records in images.items():
            found += assess_order(item, records, fresh, order=an_order(item)).assessments
        return found

    def bare() -> list[Assessment]:
        return [_bare(one) for one in example]

    example = judged()
    assert {finding.rule for one in example for finding in one.findings} >= {"R-001", "R-508"}
    speeds, shares = [], []
    for _ in range(ROUNDS):
        engine = _speed(judged)
        speeds.append(engine)
        shares.append(engine / _speed(bare))
    newest = {item: records[1] for item, records in lab.items()}

    def whole() -> list[Assessment]:
        fresh = _again(asked)
        return [assess(one, fresh) for one in newest.values() for _ in range(5)]

    assert {len(one.findings) for one in whole()} == {len(_RULES[Kind.LABORATORY])}
    yield Figure(
        f"pure engine: assessments of all {len(_RULES[Kind.LABORATORY])} rules",
        statistics.median(_speed(whole) for _ in range(ROUNDS)),
        "/s",
        "3,000 or more",
    )
    rules = statistics.mean(len(one.findings) for one in example)
    yield Figure("pure engine: assessments", statistics.median(speeds), "/s", "3,000 or more")
    yield Figure("pure engine: lowest of the rounds", min(speeds), "/s", "3,000 or more")
    yield Figure("pure engine: findings of an assessment", rules, "")
    yield Figure("pure engine: beside rules that ask nothing", statistics.median(shares), "")
    yield from _dearest("pure engine", judged, 40)


def _result(item: str, n: int) -> Candidate:
    """A result of the item, the n-th newest; every third has something against it."""
    day = date(2026, 6, 14) - timedelta(days=n)
    value, unit = _VALUES[item], load_catalogue().items[item].unit
    odd: dict[str, Any] = {} if n % 3 else {"report_status": "preliminary"}
    return a_candidate(
        item=item, value=value, unit=unit, collected=f"{day}T08:00:00+08:00", report=f"F{n}", **odd
    )


def _images(item: str, n: int) -> Candidate:
    day = date(2026, 6, 14) - timedelta(days=3 * n)
    return an_imaging_candidate(
        item=item, collected=f"{day}T08:00:00+08:00", key=f"s{n}", report=f"F{n}"
    )


def _again(asked: Question) -> Question:
    """The same question with nothing looked up yet."""
    return replace(asked)


def _bare(like: Assessment) -> Assessment:
    """What an assessment costs when every condition answers at once, and nothing is compared."""
    findings = []
    for rule in _RULES[like.candidate.kind]:
        said = _nothing(like.candidate)
        findings.append(
            Finding(rule, said.fired, said.unknown, Effect.PASS, "TECH", said.data, said.case)
        )
    return Assessment(like.candidate, Outcome.RECOGNISE, tuple(findings), 1, 7, None, None)


def _nothing(candidate: Candidate) -> Answer:
    return Answer(False, False, {"status": candidate.status})


_RULES = {
    kind: [rule.id for rule in load_rulebook().rules.values() if kind in rule.kinds]
    for kind in Kind
}


def _speed(work: Any) -> float:
    """Assessments a second of this process's processor time, over about a third of a second."""
    began, count = time.process_time_ns(), 0
    while time.process_time_ns() - began < 333_000_000:
        count += len(work())
    return count * 1e9 / (time.process_time_ns() - began)


async def _whole(url: str | None, folder: Path) -> list[Figure]:
    """Order-checks of 5 orders over one person's results, and the same rows read bare."""
    name = "PostgreSQL" if url else "SQLite"
    async with opened(Settings(data_dir=folder, database_url=url, rate_limits=False)) as hub:
        asked = await _filled(hub, folder)
        spans, works, rows, count = [], [], [], 0
        for _ in range(ROUNDS):
            for _ in range(CHECKS):
                began, worked = time.perf_counter(), time.process_time()
                answer = await order_check(hub, operator(), asked)
                works.append((time.process_time() - worked) * 1000)
                spans.append((time.perf_counter() - began) * 1000)
                began = time.perf_counter()
                count = await _read_bare(hub)
                rows.append((time.perf_counter() - began) * 1000)
        assert all(len(order["candidates"]) == 5 for order in answer["orders"])
        whole, bare = statistics.median(spans), statistics.median(rows)
        what = f"{name}: order-check of 5 orders, {RESULTS} results"
        figures = [
            Figure(f"{what}, p50", whole, "ms"),
            Figure(f"{what}, p95", _p95(spans), "ms", "under 30 ms"),
            Figure(f"{name}: its processor time, p95", _p95(works), "ms"),
            Figure(
                f"{name}: load of the machine", os.getloadavg()[0], f"on {os.cpu_count()} cores"
            ),
            Figure(f"{name}: the {count} rows that matter, read bare", bare, "ms"),
            Figure(f"{name}: order-check beside the bare rows", whole / bare, "×"),
        ]
        profile = cProfile.Profile(time.process_time)
        profile.enable()
        for _ in range(CHECKS):
            await order_check(hub, operator(), asked)
        profile.disable()
        return [*figures, *_steps(name, profile, "checked", CHECKS)]


def _p95(spans: list[float]) -> float:
    return statistics.quantiles(spans, n=20)[-1]


async def _filled(hub: Hub, folder: Path) -> bytes:
    """One person with 300 results of 18 months, and an order-check about them."""
    today = datetime.now(timezone(timedelta(hours=8))).date()
    region = generate(folder / "region", seed=1, today=today, people=33)
    await connect(hub, region)
    person, sender, catalogue = make_person(1, today, 1), BY_SITE["bj-lis"], load_catalogue()
    count, day, number = 0, today - timedelta(days=1), 0
    while count < RESULTS:
        for panel in (CHEMISTRY, BLOOD_COUNT):
            report = make_report(1, person, sender, panel, day, catalogue)
            content = written(report, f"ENGINE{number:06}")
            await receive(hub, operator(), sender.site, content, channel="bench", media="")
            count, number = count + len(report.lines), number + 1
        day -= timedelta(days=30)
    while await process_waiting(hub):
        pass
    orders = [{"ref": str(n), "item": item} for n, item in enumerate(ORDERED)]
    return asked_of(person, SHIJIAZHUANG, orders)


async def _read_bare(hub: Hub) -> int:
    """The rows an order-check reads, and nothing done with them."""
    async with hub.db.reading() as reader:
        homes = [row[0] for row in await reader.fetch("SELECT DISTINCT home FROM person_home")]
        return len(await by_item(reader, homes, list(ORDERED), Restriction()))


def _dearest(name: str, work: Any, times: int) -> list[Figure]:
    profile = cProfile.Profile(time.process_time)
    profile.enable()
    done = sum(len(work()) for _ in range(times))
    profile.disable()
    own = [
        (numbers[2], f"{Path(place[0]).stem}.{place[2]}")
        for place, numbers in pstats.Stats(profile).stats.items()  # type: ignore[attr-defined]
    ]
    return [
        Figure(f"{name}: dearest, {step}", spent * 1e6 / done, "µs an assessment, profiled")
        for spent, step in sorted(own, reverse=True)[:3]
    ]


def _steps(name: str, profile: cProfile.Profile, within: str, times: int) -> list[Figure]:
    """What a function's own calls cost, the three dearest; each with all that it calls."""
    found: dict[str, float] = {}
    for place, numbers in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        for caller, of in numbers[4].items():
            if caller[2] == within and "assess" in caller[0]:
                step = f"{Path(place[0]).stem}.{place[2]}"
                found[step] = found.get(step, 0.0) + of[3]
    dearest = sorted(found.items(), key=lambda entry: -entry[1])[:3]
    return [
        Figure(f"{name}: dearest, {step}", spent * 1000 / times, "ms a check, profiled")
        for step, spent in dearest
    ]
