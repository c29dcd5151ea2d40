"""A decision on images is reopened by what their archive and their report say later."""

import time
from pathlib import Path
from typing import Any

import pytest
from pydicom.uid import generate_uid

from hie.app import opened
from hie.exchange.commands import operator, run
from hie.exchange.hub import Hub
from hie.exchange.reopen import corrected, revision
from hie.recognition.changes import Role
from hie.store import checks, decision_uses, decisions, resources, work_items
from hie.store.decision_uses import Use
from hie.store.decisions import Decision
from tests.integration.exchange.reopening import decided, state_of, waiting
from tests.integration.exchange.test_imaging_orders import (
    HEAD,
    _ask,
    _home,
    _put,
    _settings,
    a_report,
    a_study,
)
from tests.integration.imaging.support import (
    INSTITUTION,
    imaging_hub,
    instance,
    rejection,
    studies,
    take,
)

pytestmark = pytest.mark.anyio


async def used(hub: Hub, study: dict[str, Any]) -> str:
    """A decision that used a study, as the order-check of another hospital would have made it."""
    now_us = time.time_ns() // 1000
    async with hub.db.unit() as unit:
        body = {"request": {}, "answer": {"orders": []}, "facts": {}}
        check = await checks.add(
            unit,
            at_us=now_us,
            institution=INSTITUTION,
            practitioner="d",
            person=None,
            on_us=now_us,
            policy="1",
            body=body,
        )
        made, _ = await decisions.record(
            unit,
            Decision(
                check, "1", "a", "use", None, None, None, "d", INSTITUTION, now_us, check, "h"
            ),
        )
        stored = (await resources.current(unit, [("ImagingStudy", study["id"])])).popitem()[1]
        use = Use(stored.id, made.id, "ImagingStudy", stored.version, stored.home, Role.RESULT)
        await decision_uses.add(unit, [use])
    return made.id


async def test_more_images_reopen_nothing_and_rejected_ones_do(place: Any, tmp_path: Path) -> None:
    async with imaging_hub(place) as hub:
        bad = generate_uid()
        first = [instance(SOPInstanceUID=bad), instance(InstanceNumber=2)]
        await take(hub, tmp_path / "in", *first)
        (study,) = await studies(hub)
        mine = await used(hub, study)
        await take(hub, tmp_path / "in", instance(InstanceNumber=3))
        await studies(hub)
        assert await state_of(hub, mine) == "recorded"
        await take(hub, tmp_path / "in", rejection(bad))
        await studies(hub)
        (item,) = await waiting(hub)
        assert (item.decision, item.cause) == (mine, "corrected")
        assert "rejected" in {one["what"] for one in item.events[0]["changes"]}


async def test_a_study_that_is_taken_back_whole_is_withdrawn(place: Any, tmp_path: Path) -> None:
    async with imaging_hub(place) as hub:
        bad = generate_uid()
        await take(hub, tmp_path / "in", instance(SOPInstanceUID=bad))
        (study,) = await studies(hub)
        mine = await used(hub, study)
        await take(hub, tmp_path / "in", rejection(bad))
        await studies(hub)
        (item,) = await waiting(hub)
        assert (item.decision, item.cause) == (mine, "withdrawn")
        assert item.events[0]["now"]["status"] == "entered-in-error"


async def test_a_decision_on_images_rests_on_the_study_and_on_its_report(
    place: Any, tmp_path: Path
) -> None:
    async with opened(_settings(place)) as hub:
        home = await _home(hub, tmp_path)
        report = a_report("r1", "s1") | {"conclusion": "未见异常"}
        await _put(hub, home, a_study("s1"), report, a_study("s2"), a_report("r2", "s2"))
        answer = await _ask(hub, HEAD)
        judged = {c["resource"].split("/")[1]: c for c in answer["orders"][0]["candidates"]}
        chosen = next(one for one in judged.values() if one["outcome"] != "do_not_recognise")
        key = chosen["resource"].split("/")[1]
        mine = await decided(hub, answer, assessment=chosen["assessment"])
        assert mine["state"] == "recorded"
        async with hub.db.reading() as reader:
            rows = await reader.fetch("SELECT type, id, role FROM decision_use ORDER BY type")
        told = {"s1": "r1", "s2": "r2"}[key]
        assert [tuple(row) for row in rows] == [
            ("DiagnosticReport", told, "result"),
            ("ImagingStudy", key, "result"),
        ]
        old = a_report(told, key)
        new = old | {"status": "corrected", "conclusion": "左侧额叶小结节"}
        await _put(hub, home, new)
        async with hub.db.unit() as unit:
            changed = revision(operator(), "DiagnosticReport", told, old, 1, new)
            await corrected(unit, changed, time.time_ns() // 1000)
        (item,) = await waiting(hub)
        assert [one["what"] for one in item.events[0]["changes"]] == ["status", "conclusion"]
        late = await decided(
            hub, answer, assessment=chosen["assessment"], replaces=mine["decision"]
        )
        assert late["state"] == "reopened"  # the report it rests on is not the one that was judged
        async with hub.db.reading() as reader:
            done = await work_items.of_decisions(reader, [mine["decision"]])
        assert [one.state for one in done] == ["done"]
        listed = (await run(hub, "work-list", {}))["items"]
        assert [one["decision"] for one in listed] == [late["decision"]]
