"""Answers as of an earlier instant, the facts kept with an answer, and pages of people with many
homes: what was known, what it rested on, and who saw it."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hie.access.actor import Actor, ActorKind, Purpose
from hie.access.policy import Restriction
from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.exchange.prior_results import prior_results
from hie.store import checks
from hie.store.results import by_item
from hie.synthetic import example
from tests.integration.exchange.reopening import K_VALUE
from tests.integration.test_road import TODAY, _packed, connected
from tests.treated import treats_everybody

pytestmark = pytest.mark.anyio
CASE = example(today=TODAY)
TEXT = CASE.message.decode()
LOINC_OF_K = "^2823-3^Potassium SerPl^LN"


async def _receive(hub: Hub, text: str) -> None:
    await run(hub, "receive", {"site": CASE.site, "files": [_packed(text.encode())]})


async def _ask(hub: Hub, **changed: Any) -> dict[str, Any]:
    body = {**json.loads(CASE.order_check), "orders": [{"ref": "1", "item": "K"}], **changed}
    return await run(hub, "order-check", {"request": json.dumps(body)})


async def test_a_result_that_lost_its_item_later_is_still_what_was_known_before(
    place: Any, tmp_path: Path
) -> None:
    async with connected(place, tmp_path) as (hub, _):
        before = datetime.now(UTC)
        await _receive(hub, TEXT)
        then = datetime.now(UTC)
        known = await _ask(hub)
        # The laboratory sends the result again, corrected, under its local code alone.
        corrected = TEXT.replace(LOINC_OF_K, "").replace("BJEXAMPLE0001", "BJEXAMPLE0002")
        corrected = corrected.replace("|3.5-5.3|N|||F|", "|3.5-5.3|N|||C|")
        await _receive(hub, corrected)
        now = await _ask(hub)
        assert now["orders"][0]["outcome"] == "none"
        earlier = await _ask(hub, as_known_at=then.isoformat())
        offered = [one["orders"][0]["candidates"][0]["resource"] for one in (known, earlier)]
        assert offered[0] == offered[1]
        assert offered[0].endswith("/_history/1")
        nothing = await _ask(hub, as_known_at=before.isoformat())
        assert nothing["orders"][0]["outcome"] == "none"


async def test_a_result_gained_later_or_deleted_by_then_was_not_known(
    place: Any, tmp_path: Path
) -> None:
    async with connected(place, tmp_path) as (hub, _):
        await _receive(hub, TEXT.replace(LOINC_OF_K, ""))
        then = datetime.now(UTC)
        await _receive(hub, TEXT.replace("BJEXAMPLE0001", "BJEXAMPLE0002"))
        assert (await _ask(hub))["orders"][0]["candidates"]
        earlier = await _ask(hub, as_known_at=then.isoformat())
        assert earlier["orders"][0]["candidates"] == []
        async with hub.db.unit() as unit:  # as if the first version had deleted it
            await unit.execute("UPDATE resource_history SET deleted = true WHERE version = 1")
        async with hub.db.reading() as reader:
            rows = await reader.fetch("SELECT DISTINCT home FROM observation")
            at = int(then.timestamp() * 1_000_000)
            homes = [row[0] for row in rows]
            found = await by_item(reader, homes, ["K"], Restriction(), known_at_us=at)
        assert found == []


async def test_a_check_is_kept_with_the_facts_it_rested_on(place: Any, tmp_path: Path) -> None:
    async with connected(place, tmp_path) as (hub, _):
        await _receive(hub, TEXT)
        answer = await _ask(hub)
        async with hub.db.reading() as reader:
            kept = await checks.get(reader, answer["check"])
        assert set(kept.body) == {"request", "answer", "facts", "data", "engine"}
        facts = kept.body["facts"]
        assert facts["identity"]["state"] == "matched"
        assert list(facts["identity"]["homes"]) == facts["patients"]
        (candidate,) = facts["candidates"]
        assert candidate["resource"] == answer["orders"][0]["candidates"][0]["resource"]
        assert candidate["value"]["number"] == K_VALUE
        assert candidate["collected"]["text"].startswith(
            answer["orders"][0]["candidates"][0]["effective"][:10]
        )


async def test_a_page_of_a_person_with_many_homes_shows_and_records_all(
    place: Any, tmp_path: Path
) -> None:
    homes = 53
    async with connected(place, tmp_path) as (hub, _):
        kept = ("MSH", "PID", "PV1", "ORC", "OBR", "OBX|1|", "OBX|19|", "ZSY")
        text = "\r".join(part for part in TEXT.split("\r") if part.startswith(kept)) + "\r"
        number = re.findall(r"\|BJ(\d{13})\|", text)[0]  # of the order, and of its report
        files = []
        for n in range(homes):
            mine = text.replace("BJ100037", f"BJ2{n:05}").replace("BJEXAMPLE0001", f"BJMANY{n:06}")
            mine = mine.replace(f"BJ{number}", f"BJ3{n:012}").replace(number, f"{n}")
            files.append(_packed(mine.encode(), f"{n}.hl7"))
        await run(hub, "receive", {"site": CASE.site, "files": files})
        async with hub.db.reading() as reader:
            patients = [row[0] for row in await reader.fetch("SELECT home FROM person_home")]
        assert len(patients) == homes
        await treats_everybody(hub, CASE.institution)
        seen = await prior_results(hub, _clinician(), patients[0])
        assert seen is not None
        assert len(seen["others"]) + seen["others_left_out"] == homes
        async with hub.db.reading() as reader:
            rows = await reader.fetch(
                "SELECT s.home, s.resources FROM audit_subject AS s JOIN audit_access AS a"
                " ON a.id = s.access WHERE a.type = 'page'"
            )
            owners = dict(await reader.fetch("SELECT id, home FROM observation"))
        named = {row[0]: row[1].split() for row in rows}
        assert set(named) == set(patients)
        shown = [one for resources in named.values() for one in resources]
        assert len(shown) == len(set(shown))
        for home, resources in named.items():
            assert f"Patient/{home}/_history/1" in resources
            results = [one.split("/")[1] for one in resources if one.startswith("Observation/")]
            assert {owners[one] for one in results} <= {home}
        recorded = [one for one in shown if one.startswith("Observation/")]
        assert len(recorded) >= len(seen["others"]) > 10


def _clinician() -> Actor:
    return Actor(
        kind=ActorKind.USER,
        client="pages",
        subject="someone",
        institution=CASE.institution,
        purpose=Purpose.TREATMENT,
        scopes=frozenset({"user/*.rs"}),
        role="clinician",
    )
