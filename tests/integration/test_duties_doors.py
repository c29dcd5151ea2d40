"""The doors for what follows an answer: reminders, views, notifications."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from hie.app import opened
from hie.exchange.commands import operator, run
from hie.exchange.hub import Hub
from hie.exchange.reopen import Cause, reopen
from hie.synthetic import example
from tests.integration.exchange.reopening import K_VALUE, K, received, sent_again
from tests.integration.fhir.support import writer
from tests.integration.test_doors import _client, _ready, _settings
from tests.integration.test_road import TODAY
from tests.integration.two_hospitals import token_for

pytestmark = pytest.mark.anyio
CORRECTION = (K, "|5.62|mmol/L|3.5-5.3|H|||C|")


async def used(client: httpx.AsyncClient, headers: dict[str, str], asked: str) -> dict[str, Any]:
    """A check of the example whose potassium is used; check and decision."""
    answer = (await client.post("/v1/order-check", content=asked, headers=headers)).json()
    candidate = answer["orders"][0]["candidates"][0]
    one = {"ref": "1", "assessment": candidate["assessment"], "decision": "use"}
    body = {"check": answer["check"], "key": answer["check"], "practitioner": "D0117"}
    told = await client.post("/v1/decisions", json=body | {"decisions": [one]}, headers=headers)
    assert told.status_code == 200, told.text
    return {"check": answer["check"], **told.json()["decisions"][0], "body": body, "one": one}


async def test_an_institution_is_told_once_and_reads_on_where_it_was(
    place: Any, tmp_path: Path
) -> None:
    async with opened(_settings(place)) as hub, _client(hub) as client:
        headers, asked = await _ready(hub, tmp_path)
        case = example(today=TODAY)
        other = await token_for(hub, "sender", case.institution)
        mine = await used(client, headers, asked)
        nothing = (await client.get("/v1/notifications", headers=headers)).json()
        assert nothing == {"notifications": [], "next": "0"}
        await received(hub, case.site, sent_again(case.message, "C1", CORRECTION))
        told = (await client.get("/v1/notifications", headers=headers)).json()
        (one,) = told["notifications"]
        assert (one["kind"], one["decision"], one["cause"], one["ref"]) == (
            "decision-reopened",
            mine["decision"],
            "corrected",
            "1",
        )
        assert {"what": "value", "old": K_VALUE, "new": "5.62"} in one["changes"]
        assert one["now"]["unit"] == "mmol/L"
        asked_on = f"/v1/notifications?after={told['next']}&limit=10"
        on = (await client.get(asked_on, headers=headers)).json()
        assert on == {"notifications": [], "next": told["next"]}
        theirs = (await client.get("/v1/notifications", headers=other)).json()
        assert theirs["notifications"] == []
        shown = (await client.get(f"/v1/decisions/{mine['decision']}", headers=headers)).json()
        assert shown["state"] == "reopened"
        assert shown["reopened"]["work_item"] == one["work_item"]
        assert shown["reopened"]["events"][0]["changes"] == one["changes"]
        body = mine["body"] | {"decisions": [mine["one"]]}
        again = await client.post("/v1/decisions", json=body, headers=headers)
        assert again.json()["decisions"][0]["state"] == "reopened"
        listed = (await run(hub, "work-list", {"institution": None, "state": "open"}))["items"]
        assert [item["item"] for item in listed] == [one["work_item"]]
        assert "5.62" not in json.dumps(listed)
        note = {"item": one["work_item"], "note": "seen"}
        await run(hub, "work-close", note)
        assert (await run(hub, "work-list", {}))["items"] == []


@pytest.mark.parametrize("query", ["after=x", "after=-1", "limit=0", "limit=101", "since=1"])
async def test_a_wrong_question_for_notifications_names_the_parameter(
    place: Any, tmp_path: Path, query: str
) -> None:
    async with opened(_settings(place)) as hub, _client(hub) as client:
        headers, _ = await _ready(hub, tmp_path)
        answer = await client.get(f"/v1/notifications?{query}", headers=headers)
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["path"] == query.partition("=")[0]


async def test_a_line_is_put_forward_until_somebody_saw_it_or_decided(
    place: Any, tmp_path: Path
) -> None:
    async with opened(_settings(place)) as hub, _client(hub) as client:
        headers, asked = await _ready(hub, tmp_path)
        answer = (await client.post("/v1/order-check", content=asked, headers=headers)).json()
        base = f"/v1/checks/{answer['check']}"

        async def lines(of: str) -> list[dict[str, Any]]:
            found = (await client.get(f"{of}/reminders", headers=headers)).json()["orders"]
            assert all(one["remind"] is (one["silent"] is None) for one in found)
            return list(found)

        async def said(of: str = base) -> dict[str, str | None]:
            return {one["ref"]: one["silent"] for one in await lines(of)}

        assert await said() == {"1": None, "2": None, "3": "nothing-to-offer"}
        view = {"practitioner": "D0117", "refs": ["2"]}
        first = await client.post(f"{base}/views", json=view, headers=headers)
        assert first.json() == {"check": answer["check"], "views": 1}
        again = await client.post(f"{base}/views", json=view, headers=headers)
        assert again.json()["views"] == 0
        assert await said() == {"1": None, "2": "reminded", "3": "nothing-to-offer"}
        second = await used(client, headers, asked)  # the same encounter: potassium is decided on
        assert (await said())["1"] == "decided"
        assert (await said(f"/v1/checks/{second['check']}"))["1"] == "decided"
        stands = {one["ref"]: one for one in await lines(f"/v1/checks/{second['check']}")}
        assert (stands["1"]["decided"], stands["1"]["decision"]) == ("use", second["decision"])
        assert (stands["2"]["decided"], stands["2"]["decision"]) == (None, None)
        assert all(one["decided"] is None for one in await lines(base))  # that was another check
        urgent = json.loads(asked)
        urgent["encounter"]["class"] = "emergency"
        third = (await client.post("/v1/order-check", json=urgent, headers=headers)).json()
        assert (await said(f"/v1/checks/{third['check']}"))["2"] == "emergency"
        wrong = {"practitioner": "", "refs": ["9"], "more": 1}
        refused = await client.post(f"{base}/views", json=wrong, headers=headers)
        assert refused.status_code == 422
        assert {one["path"] for one in refused.json()["errors"]} == {
            "practitioner",
            "refs[0]",
            "more",
        }
        other = await token_for(hub, "sender", example(today=TODAY).institution)
        for method, path in (("GET", f"{base}/reminders"), ("POST", f"{base}/views")):
            answer_ = await client.request(method, path, json=view, headers=other)
            assert answer_.status_code == 404


async def test_numbers_of_notifications_follow_commits_without_a_gap(
    place: Any, tmp_path: Path
) -> None:
    """Many decisions reopened from many sides at once: nothing is missed by who reads along."""
    async with opened(_settings(place)) as hub, _client(hub) as client:
        headers, asked = await _ready(hub, tmp_path)
        made = [(await used(client, headers, asked))["decision"] for _ in range(12)]
        read: list[str] = []

        async def reading_along() -> None:
            after = "0"
            while len(read) < len(made):
                url = f"/v1/notifications?after={after}&limit=3"
                found = (await client.get(url, headers=headers)).json()
                read.extend(one["decision"] for one in found["notifications"])
                after = found["next"]
                await asyncio.sleep(0.005)

        async with asyncio.timeout(30):
            await asyncio.gather(reading_along(), *(_reopened(hub, key) for key in made))
        assert sorted(read) == sorted(made)


async def _reopened(hub: Hub, key: str) -> None:
    async with hub.db.unit() as unit:
        found = await reopen(unit, [key], Cause.REGISTER, operator(), time.time_ns() // 1000)
        assert found == [key]


async def test_a_correction_over_fhir_reopens_and_a_deletion_withdraws(
    place: Any, tmp_path: Path
) -> None:
    async with opened(_settings(place)) as hub, _client(hub) as client:
        headers, asked = await _ready(hub, tmp_path)
        case = example(today=TODAY)
        source = await writer(hub, "source", case.institution)
        mine = await used(client, headers, asked)
        async with hub.db.reading() as reader:
            key = await reader.fetchval(
                "SELECT id FROM decision_use WHERE decision = $1 AND role = 'result'",
                mine["decision"],
            )
        path = f"/fhir/Observation/{key}"
        tree = json.loads((await client.get(path, headers=source)).text, parse_float=str)
        same = await client.get(path, headers=source)
        text = same.text.replace('"status":"final"', '"status":"corrected"')
        text = text.replace(f'"value":{tree["valueQuantity"]["value"]}', '"value":5.62', 1)
        changed = await client.put(path, content=text, headers=source)
        assert changed.status_code == 200, changed.text
        told = (await client.get("/v1/notifications", headers=headers)).json()["notifications"]
        assert [one["cause"] for one in told] == ["corrected"]
        assert {one["what"] for one in told[0]["changes"]} == {"status", "value"}
        again = await client.put(path, content=text, headers=source)
        assert again.status_code == 200
        late = (await client.post("/v1/order-check", content=asked, headers=headers)).json()
        deleted = await client.delete(path, headers=source)
        assert deleted.status_code in {200, 204}, deleted.text
        told = (await client.get("/v1/notifications", headers=headers)).json()["notifications"]
        assert [one["cause"] for one in told] == ["corrected", "withdrawn"]
        assert len((await run(hub, "work-list", {}))["items"]) == 1
        # A decision on what is gone by now: recorded as it was made, and reopened at once.
        chosen = next(
            one
            for order in late["orders"]
            for one in order["candidates"]
            if one["resource"].startswith(f"Observation/{key}/")
        )
        one = {"ref": "1", "assessment": chosen["assessment"], "decision": "use"}
        body = {"check": late["check"], "key": "late", "practitioner": "D1", "decisions": [one]}
        told = (await client.post("/v1/decisions", json=body, headers=headers)).json()
        assert [one["state"] for one in told["decisions"]] == ["reopened"]
        waits = (await run(hub, "work-list", {}))["items"]
        assert [one["cause"] for one in waits] == ["withdrawn", "withdrawn"]
