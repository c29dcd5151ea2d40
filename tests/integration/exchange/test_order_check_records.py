"""What an order-check leaves behind: its audit record by home, and questions for a person."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.recognition.catalogue import load_catalogue
from hie.synthetic import example
from hie.synthetic.institutions import BY_SITE
from hie.synthetic.messages import written
from hie.synthetic.panels import CHEMISTRY
from hie.synthetic.people import make_person
from hie.synthetic.report import make_report
from tests.integration.test_road import TODAY, _packed, connected

pytestmark = pytest.mark.anyio
SITE = "bj-lis"


async def _receive(hub: Hub, number: int) -> str:
    """A report of the numbered invented person; the resident number."""
    person = make_person(1, TODAY, number)
    day = TODAY - timedelta(days=2)
    report = make_report(1, person, BY_SITE[SITE], CHEMISTRY, day, load_catalogue())
    content = written(report, f"BJRECORDS{number:04}")
    await run(hub, "receive", {"site": SITE, "files": [_packed(content)]})
    return person.resident_id


def _question(*numbers: str) -> dict[str, str]:
    body = json.loads(example(today=TODAY).order_check)
    identifiers = [{"type": "resident-id", "value": number} for number in numbers]
    return {"request": json.dumps({**body, "patient": {"identifiers": identifiers}})}


async def test_two_peoples_numbers_are_answered_without_details_and_asked_of_a_person_once(
    place: Any, tmp_path: Path
) -> None:
    async with connected(place, tmp_path) as (hub, _):
        numbers = [await _receive(hub, number) for number in (1, 2)]
        for _ in range(2):
            answer = await run(hub, "order-check", _question(*numbers))
            assert answer["identity"] == "ambiguous"
            assert all(order["candidates"] == [] for order in answer["orders"])
        tasks = (await run(hub, "identity-list", {}))["tasks"]
        assert [task["kind"] for task in tasks] == ["ambiguous"]
        assert len(tasks[0]["patients"]) == 2


async def test_each_home_is_recorded_with_its_own_results_alone(place: Any, tmp_path: Path) -> None:
    async with connected(place, tmp_path) as (hub, _):
        number = await _receive(hub, 1)
        other = await _receive(hub, 2)
        async with hub.db.unit() as unit:  # as if both were one person's, by a person's word
            await unit.execute(
                "UPDATE person_home SET person = (SELECT min(person) FROM person_home)"
            )
        answer = await run(hub, "order-check", _question(number, other))
        assert answer["identity"] == "matched"
        shown = {c["resource"] for order in answer["orders"] for c in order["candidates"]}
        async with hub.db.reading() as reader:
            rows = await reader.fetch(
                "SELECT home, resources FROM audit_subject s JOIN audit_access a"
                " ON a.id = s.access WHERE a.type = 'order-check'"
            )
            owners = dict(await reader.fetch("SELECT id, home FROM observation"))
        named = {row[0]: set(row[1].split()) for row in rows}
        assert len(named) == 2
        assert set.union(*named.values()) == shown
        for home, resources in named.items():
            assert resources
            assert {owners[one.split("/")[1]] for one in resources} == {home}


async def test_an_answer_as_known_then_reads_every_part_as_known_then(
    place: Any, tmp_path: Path
) -> None:
    async with connected(place, tmp_path) as (hub, _):
        number = await _receive(hub, 1)
        then = datetime.now(UTC)
        question = _question(number)
        now = await run(hub, "order-check", question)
        async with hub.db.unit() as unit:  # the reports came a day after the results
            await unit.execute("UPDATE diagnostic_report SET updated_us = updated_us + 86400000000")
        body = {**json.loads(question["request"]), "as_known_at": then.isoformat()}
        earlier = await run(hub, "order-check", {"request": json.dumps(body)})
        offered = [order["candidates"][0] for order in (now["orders"][0], earlier["orders"][0])]
        assert offered[0]["resource"] == offered[1]["resource"]
        assert offered[0]["findings"] != offered[1]["findings"]
