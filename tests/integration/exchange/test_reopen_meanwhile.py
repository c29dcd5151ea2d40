"""Corrections beside decisions, many in one message, and killed: each is told once."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from hie.app import opened
from hie.exchange.commands import operator, run
from hie.exchange.decide import ResultChanged, decide
from hie.exchange.reopen import Cause, reopen
from hie.recognition.changes import Change
from hie.synthetic import example
from tests.integration.exchange.reopening import (
    K_VALUE,
    K,
    decided,
    received,
    sent_again,
    state_of,
    told,
    used,
    waiting,
)
from tests.integration.test_road import TODAY, _connected, _settings, connected

pytestmark = pytest.mark.anyio


async def test_a_decision_on_a_version_that_is_gone_is_reopened_at_once(
    place: Any, tmp_path: Path
) -> None:
    async with connected(place, tmp_path) as (hub, _):
        case = example(today=TODAY)
        await received(hub, case.site, case.message)
        answer = await run(hub, "order-check", {"request": case.order_check.decode()})
        await received(
            hub, case.site, sent_again(case.message, "C1", (K, "|5.62|mmol/L|3.5-5.3|H|||C|"))
        )
        candidate = answer["orders"][0]["candidates"][0]["assessment"]
        one = {"ref": "1", "assessment": candidate, "decision": "use"}
        body = {"check": answer["check"], "key": "p", "practitioner": "D1", "decisions": [one]}
        with pytest.raises(ResultChanged) as refused:  # a page lets the clinician look again
            await decide(hub, operator(), json.dumps(body).encode(), refuse_changed=True)
        assert refused.value.reasons["1"].changes[1] == Change("value", K_VALUE, "5.62")
        assert await waiting(hub) == []
        mine = await decided(hub, answer)
        assert mine["state"] == "reopened"
        assert await state_of(hub, mine["decision"]) == "reopened"
        (item,) = await waiting(hub)
        assert item.decision == mine["decision"]
        sodium = await decided(hub, answer, "2")
        assert sodium["state"] == "recorded"


async def test_correction_and_decision_at_once_never_miss_each_other(
    place: Any, tmp_path: Path
) -> None:
    async with connected(place, tmp_path) as (hub, _):
        case = example(today=TODAY)
        await received(hub, case.site, case.message)
        for n in range(12):
            answer = await run(hub, "order-check", {"request": case.order_check.decode()})
            following = f"{4 + n / 100:.2f}"
            corrected = (K, f"|{following}|mmol/L|3.5-5.3|N|||C|")
            message = sent_again(case.message, f"C{n}", corrected)
            pause = n / 1000

            async def later() -> dict[str, Any]:
                await asyncio.sleep(pause)  # noqa: B023 - awaited in this turn
                return await decided(hub, answer)  # noqa: B023

            mine, _ = await asyncio.gather(later(), received(hub, case.site, message))
            assert await state_of(hub, mine["decision"]) == "reopened"
        assert len(await waiting(hub)) == 12


async def test_fifty_corrections_of_used_results_stay_fast(place: Any, tmp_path: Path) -> None:
    async with connected(place, tmp_path) as (hub, _):
        case = example(today=TODAY)
        await received(hub, case.site, case.message)
        asked = json.loads(case.order_check)
        asked["orders"] = [{"ref": str(n), "item": "K"} for n in range(50)]
        answer = await run(hub, "order-check", {"request": json.dumps(asked)})
        listed = [
            {
                "ref": order["ref"],
                "assessment": order["candidates"][0]["assessment"],
                "decision": "use",
            }
            for order in answer["orders"]
        ]
        body = {"check": answer["check"], "key": "k", "practitioner": "D1", "decisions": listed}
        await run(hub, "decide", {"request": json.dumps(body)})
        await received(
            hub, case.site, sent_again(case.message, "C1", (K, "|5.62|mmol/L|3.5-5.3|H|||C|"))
        )
        receiver = asked["receiver"]["institution"]
        assert len(await waiting(hub)) == 50
        assert [one.seq for one in await told(hub, receiver)] == list(range(1, 51))
        every = [
            one["decision"]
            for one in (await run(hub, "decide", {"request": json.dumps(body)}))["decisions"]
        ]
        begun = time.perf_counter()
        async with hub.db.unit() as unit:
            again = await reopen(unit, every, Cause.REGISTER, operator(), time.time_ns() // 1000)
        assert len(again) == 50
        assert time.perf_counter() - begun < 2
        assert len(await waiting(hub)) == 50


async def test_killed_at_any_moment_every_correction_is_told_once(
    place: Any, tmp_path: Path
) -> None:
    settings = _settings(place)
    case = example(today=TODAY)
    async with opened(settings) as hub:
        await _connected(hub, tmp_path)
        await received(hub, case.site, case.message)
        _, mine = await used(hub, case)
    folder = tmp_path / "corrections"
    folder.mkdir()
    for n in range(30):
        changed = (K, f"|4.{n + 10}|mmol/L|3.5-5.3|N|||C|")
        (folder / f"{n:02}.hl7").write_bytes(sent_again(case.message, f"C{n}", changed))
    environment = {**os.environ, "HIE_DATA_DIR": str(settings.data_dir)}
    if settings.database_url:
        environment["HIE_DATABASE_URL"] = settings.database_url
    command = [sys.executable, "-m", "hie", "receive", "--site", case.site, str(folder), "--json"]
    for pause in (1.0, 1.4, 1.8, 2.2):
        running = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)  # noqa: S603
        time.sleep(pause)
        running.send_signal(signal.SIGKILL)
        running.wait()
    done = subprocess.run(command, env=environment, capture_output=True, check=False)  # noqa: S603
    assert done.returncode in {0, 3}, done.stderr
    async with opened(settings) as hub:
        (item,) = await waiting(hub)
        assert item.decision == mine["decision"]
        assert await state_of(hub, mine["decision"]) == "reopened"
        resource = item.events[0]["was"]["resource"].split("/")[1]
        async with hub.db.reading() as reader:
            version = await reader.fetchval(
                "SELECT version FROM observation WHERE id = $1", resource
            )
        assert version == 31
        assert len(item.events) == 30
        following = [
            (event["was"]["resource"][-2:], event["now"]["resource"]) for event in item.events
        ]
        assert len(set(following)) == 30
        notes = await told(hub, item.institution)
        assert [one.seq for one in notes] == list(range(1, 31))
