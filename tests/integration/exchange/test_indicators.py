"""Indicators from the store: what stands is counted, as of any instant, a page of persons at a time."""

import csv
import io
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hie.access.actor import Actor, ActorKind, Purpose
from hie.access.scopes import Door
from hie.app import opened
from hie.cli.indicators import _row
from hie.errors import NotPermitted, UnprocessableRequest
from hie.exchange.commands import operator, run
from hie.exchange.hub import Hub
from hie.exchange.indicators import Page, indicators
from hie.exchange.reopen import Cause, reopen
from hie.recognition.catalogue import load_catalogue
from hie.recognition.indicator_report import write_csv
from hie.recognition.indicator_tally import Tallies, add_all
from hie.store import order_views
from hie.synthetic.example import question
from hie.synthetic.institutions import BY_SITE, SHIJIAZHUANG
from hie.synthetic.messages import written
from hie.synthetic.panels import CHEMISTRY
from hie.synthetic.people import make_person
from hie.synthetic.report import make_report
from tests.integration.test_road import TODAY, _packed, _settings, connected

pytestmark = pytest.mark.anyio
DOCUMENT = (Path(__file__).parents[3] / "docs" / "indicators.md").read_text("utf-8")
SENDER = "bj-lis"
RECEIVER = "sjz-lis"
NOON = datetime.combine(
    TODAY - timedelta(days=1), datetime.min.time(), timezone(timedelta(hours=8))
)
PERIOD = {"from": str(TODAY - timedelta(days=1)), "to": str(TODAY)}


@asynccontextmanager
async def a_hub(place: Any, tmp_path: Path) -> AsyncIterator[Hub]:
    async with connected(place, tmp_path) as (hub, region):
        maps = next(one.code_map for one in region.sites if one.site == RECEIVER)
        assert maps is not None
        named = {"site": RECEIVER, "name": maps.name, "content": maps.read_text("utf-8-sig")}
        await run(hub, "map-import", {**named, "approve": True})
        yield hub


async def received(
    hub: Hub, number: int, site: str = SENDER, ago: int = 2, name: str = "A"
) -> None:
    """A chemistry panel of the numbered invented person, so many days old."""
    person = make_person(1, TODAY, number)
    day = TODAY - timedelta(days=ago)
    report = make_report(1, person, BY_SITE[site], CHEMISTRY, day, load_catalogue())
    content = written(report, f"IND{name}{number:04}")
    await run(hub, "receive", {"site": site, "files": [_packed(content)]})


async def asked(hub: Hub, number: int, *items: str, hour: int = 12, **other: Any) -> dict[str, Any]:
    """What the receiver is told of these orders of a person, asked yesterday at some hour."""
    orders = [{"ref": str(n), "item": item} for n, item in enumerate(items, 1)]
    on = NOON + timedelta(hours=hour)
    body = json.loads(question(make_person(1, TODAY, number), SHIJIAZHUANG, orders, on))
    answer: dict[str, Any] = await run(
        hub, "order-check", {"request": json.dumps({**body, **other})}
    )
    return answer


async def decided(hub: Hub, answer: dict[str, Any], ref: str, kind: str, **other: Any) -> str:
    order = next(one for one in answer["orders"] if one["ref"] == ref)
    one: dict[str, Any] = {"ref": ref, "decision": kind, **other}
    if kind == "use":
        one["assessment"] = order["candidates"][0]["assessment"]
    else:
        one |= {"reason": "N2_RAPIDLY_CHANGING", "explained_to_patient": True}
    key = f"{answer['check']}-{ref}-{kind}-{len(other)}"
    body = {"check": answer["check"], "key": key, "practitioner": "D1", "decisions": [one]}
    told = await run(hub, "decide", {"request": json.dumps(body)})
    return str(told["decisions"][0]["decision"])


async def told(hub: Hub, **said: Any) -> dict[str, Any]:
    """The report of the two days, as the operator gets it from pages."""
    asked_: dict[str, Any] = {**PERIOD, **said}
    after, known_us = "", None

    sums: Tallies = {}
    while after is not None:
        page = await run(hub, "indicators", {"asked": asked_, "after": after, "known_us": known_us})
        wire = json.loads(json.dumps(page))
        add_all(sums, msgspec.convert(wire, Page).tallies)
        after, known_us = page["next"], page["known_us"]
    groups = json.loads(json.dumps(msgspec.to_builtins(list(sums.items()))))
    return await run(
        hub, "indicators-report", {"asked": asked_, "known_us": known_us, "groups": groups}
    )


def values(group: dict[str, Any]) -> dict[str, Any]:
    return {one["key"]: one["value"] for one in group["indicators"]}


async def worked_example(hub: Hub) -> None:
    """What docs/indicators.md tells: seven orders for four people of one hospital."""
    for number in (1, 2, 3):
        await received(hub, number)
    first = await asked(hub, 1, "K", "NA", "CRE", "HBA1C")
    await decided(hub, first, "1", "use")
    await decided(hub, first, "2", "repeat")
    second = await asked(hub, 2, "K")
    await decided(hub, second, "1", "use")
    await asked(hub, 3, "K")
    await asked(hub, 3, "K", hour=15)  # the same order, asked about again
    await asked(hub, 9, "K")  # nobody knows this person
    await received(hub, 2, RECEIVER, 0, "B")  # the receiver did it again all the same
    await received(hub, 3, RECEIVER, 0, "C")


async def test_a_region_is_counted_from_end_to_end(place: Any, tmp_path: Path) -> None:
    async with a_hub(place, tmp_path) as hub:
        await worked_example(hub)
        report = await told(hub)
        found = values(report["total"])
        assert {key: found[key] for key in ("asked", "with_earlier", "eligible", "offered")} == {
            "asked": "7", "with_earlier": "5", "eligible": "5", "offered": "5",
        }  # fmt: skip
        assert {key: found[key] for key in ("used", "repeated", "undecided", "reopened")} == {
            "used": "2", "repeated": "1", "undecided": "2", "reopened": "0",
        }  # fmt: skip
        assert (found["silently_repeated"], found["avoided"]) == ("1", "1")
        assert found["patients"] == "3"
        assert found["viewed"] is None
        assert (found["saved_gross"], found["saved_taken_back"], found["saved"]) == (
            "17.00", "8.50", "8.50",
        )  # fmt: skip
        assert report["total"]["reasons"] == {"N2_RAPIDLY_CHANGING": 1}
        assert report["settled"] is False
        whole = await indicators(hub, operator(), dict(PERIOD))
        assert whole["total"] == report["total"]
        said = {one["key"]: one for one in report["definitions"]}
        for one in report["total"]["indicators"]:
            row = _row(one, said[one["key"]], report, "en")
            told_ = f"{row['title']:<32}{row['value']:>10}   {row['ratio'] or '':<12}{row['n']:>3}"
            assert told_.rstrip() in DOCUMENT, row["title"]


async def test_groups_add_up_to_the_total(place: Any, tmp_path: Path) -> None:
    async with a_hub(place, tmp_path) as hub:
        await received(hub, 1)
        await received(hub, 2)
        await decided(hub, await asked(hub, 1, "K", "NA"), "1", "use")
        await asked(hub, 2, "K")
        for by, names in (
            ("item", ["K", "NA"]),
            ("institution", [SHIJIAZHUANG.code]),
            ("department", ["cardiology"]),
            ("month", [PERIOD["from"][:7]]),
        ):
            report = await told(hub, by=by)
            assert [one["group"] for one in report["groups"]] == names
            for key in ("asked", "offered", "used", "undecided"):
                parts = sum(int(values(one)[key]) for one in report["groups"])
                assert parts == int(values(report["total"])[key]), (by, key)
        by_institution = await told(hub, by="institution")
        assert by_institution["groups"][0]["name"] == SHIJIAZHUANG.name


async def test_a_replaced_or_reopened_use_saves_nothing(place: Any, tmp_path: Path) -> None:
    async with a_hub(place, tmp_path) as hub:
        await received(hub, 1)
        answer = await asked(hub, 1, "K", "NA")
        kept = await decided(hub, answer, "1", "use")
        used = await decided(hub, answer, "2", "use")
        assert values((await told(hub))["total"])["saved"] == "17.00"
        before = datetime.now(UTC).isoformat()
        await decided(hub, answer, "1", "repeat", replaces=kept)
        async with hub.db.unit() as unit:
            now_us = time.time_ns() // 1000
            await reopen(unit, [used], Cause.REGISTER, operator(), now_us)
        found = values((await told(hub))["total"])
        wanted = {"used": "0", "repeated": "1", "undecided": "1", "reopened": "1", "saved": "0.00"}
        assert {key: found[key] for key in wanted} == wanted
        then = values((await told(hub, as_known_at=before))["total"])
        assert (then["used"], then["repeated"], then["reopened"]) == ("2", "0", "0")


async def test_what_came_later_was_not_known_then(place: Any, tmp_path: Path) -> None:
    async with a_hub(place, tmp_path) as hub:
        await received(hub, 1)
        await asked(hub, 1, "K")
        before = datetime.now(UTC).isoformat()
        await received(hub, 1, RECEIVER, 0, "B")
        assert values((await told(hub))["total"])["silently_repeated"] == "1"
        then = await told(hub, as_known_at=before)
        assert values(then["total"])["silently_repeated"] == "0"
        assert values(then["total"])["undecided"] == "1"
        empty = await told(hub, as_known_at="2020-01-01T00:00:00+08:00")
        assert values(empty["total"])["asked"] == "0"
        assert values(empty["total"])["recognition_rate"] is None


async def test_who_was_joined_later_was_not_the_same_person_then(
    place: Any, tmp_path: Path
) -> None:
    async with a_hub(place, tmp_path) as hub:
        await received(hub, 1)
        await asked(hub, 1, "K")
        await received(hub, 2, RECEIVER, 0, "B")
        assert values((await told(hub))["total"])["silently_repeated"] == "0"
        before = datetime.now(UTC).isoformat()
        async with hub.db.reading() as reader:
            homes = [row[0] for row in await reader.fetch("SELECT home FROM person_home")]
        await run(hub, "identity-join", {"patients": homes, "reason": "one person after all"})
        assert values((await told(hub))["total"])["silently_repeated"] == "1"
        then = await told(hub, as_known_at=before)
        assert values(then["total"])["silently_repeated"] == "0"


async def test_an_emergency_is_not_reminded_and_a_question_about_the_past_is_no_order(
    place: Any, tmp_path: Path
) -> None:
    async with a_hub(place, tmp_path) as hub:
        await received(hub, 1)
        urgent = {"class": "emergency", "purpose": "treatment"}
        await asked(hub, 1, "K", encounter=urgent)
        now = datetime.now(UTC).isoformat()
        await asked(hub, 1, "NA", as_known_at=now)
        found = values((await told(hub))["total"])
        assert (found["asked"], found["eligible"], found["offered"]) == ("1", "1", "0")


async def test_what_was_opened_is_known_once_somebody_records_it(
    place: Any, tmp_path: Path
) -> None:
    async with a_hub(place, tmp_path) as hub:
        await received(hub, 1)
        await received(hub, 2)
        first, second = await asked(hub, 1, "K"), await asked(hub, 2, "K")
        async with hub.db.unit() as unit:
            at_us = await unit.fetchval("SELECT min(at_us) FROM order_check")
            await order_views.add(
                unit, first["check"], ["1"], practitioner="D1", institution=SHIJIAZHUANG.code,
                at_us=at_us, reminded=True,
            )  # fmt: skip
        assert second["check"]
        found = values((await told(hub))["total"])
        assert (found["viewed"], found["view_rate"]) == ("1", "0.5000")


def _client(institution: str, purpose: Purpose = Purpose.OPERATIONS) -> Actor:
    scopes = frozenset({Door.INDICATORS.value})
    return Actor(ActorKind.CLIENT, "c", "c", institution, purpose, scopes)


async def test_an_institution_sees_its_own_numbers_and_the_commission_hides_few(
    place: Any, tmp_path: Path
) -> None:
    async with a_hub(place, tmp_path) as hub:
        await received(hub, 1)
        await decided(hub, await asked(hub, 1, "K"), "1", "use")
        own = await indicators(hub, _client(SHIJIAZHUANG.code), dict(PERIOD))
        assert values(own["total"])["used"] == "1"
        assert own["institution"] == SHIJIAZHUANG.code
        assert own["hidden_below"] is None
        with pytest.raises(NotPermitted):
            await indicators(
                hub, _client(BY_SITE[SENDER].institution.code),
                {**PERIOD, "institution": SHIJIAZHUANG.code},
            )  # fmt: skip
        theirs = _client(BY_SITE[SENDER].institution.code, Purpose.PUBLIC_HEALTH)
        every = await indicators(hub, theirs, {**PERIOD, "by": "institution"})
        assert every["hidden_below"] == 5
        for group in (every["total"], *every["groups"]):
            used = next(one for one in group["indicators"] if one["key"] == "used")
            assert used["value"] is None
            assert used["hidden"] is True
        elsewhere = await indicators(hub, _client(BY_SITE[SENDER].institution.code), dict(PERIOD))
        assert values(elsewhere["total"])["asked"] == "0"
        async with hub.db.reading() as reader:
            rows = await reader.fetch("SELECT detail FROM audit_access WHERE type = 'indicators'")
        assert len(rows) == 3
        assert any("by institution" in row[0] for row in rows)


WRONG: list[dict[str, str]] = [
    {}, {"from": "2026-06-01"}, {"from": "2026-6-1", "to": "2026-06-30"},
    {"from": "2026-06-30", "to": "2026-06-01"}, {"from": "1026-06-01", "to": "2026-06-30"},
    {**PERIOD, "by": "patient"}, {**PERIOD, "days": "0"}, {**PERIOD, "days": "٣"},
    {**PERIOD, "as_known_at": "2026-06-01"}, {**PERIOD, "which": "x"},
    {"from": "9999-12-31", "to": "9999-12-31"}, {"from": "2001-01-01", "to": "2199-12-31"},
]  # fmt: skip


async def test_a_question_that_is_wrong_names_its_faults(place: Any, tmp_path: Path) -> None:
    async with opened(_settings(place)) as hub:
        for said in WRONG:
            with pytest.raises(UnprocessableRequest) as refused:
                await indicators(hub, operator(), said)
            assert refused.value.faults, said


async def test_the_csv_says_the_same_and_holds_no_formula(place: Any, tmp_path: Path) -> None:
    async with a_hub(place, tmp_path) as hub:
        await received(hub, 1)
        receiver = {"institution": SHIJIAZHUANG.code, "department": "=HYPERLINK(1)"}
        await asked(hub, 1, "K", receiver=receiver)
        report = await told(hub, by="department")
        text = write_csv(report).decode("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text)))
        assert {row["group"] for row in rows} == {"", "'=HYPERLINK(1)"}
        total = {row["key"]: row["value"] for row in rows if row["group"] == ""}
        assert total == {key: v or "" for key, v in values(report["total"]).items()}
