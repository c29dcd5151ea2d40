"""What a patient withholds is withheld everywhere and at once: order-check, pages, joined persons."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from hie.app import opened
from hie.exchange.commands import run
from hie.exchange.still_seen import permitted_events
from tests.integration.access.consents import denying, give, treating, withdraw
from tests.integration.access.support import INSTITUTIONS, VIEWED, Region, patient_of, result_of
from tests.integration.test_doors import _client, _settings
from tests.unit.access.test_scopes import an_actor

pytestmark = pytest.mark.anyio


async def order_check(found: Region, who: str, patient: str) -> dict[str, Any]:
    """What a hospital is answered that is about to order potassium."""
    asked = {
        "patient": {"reference": f"Patient/{patient}"},
        "receiver": {"institution": INSTITUTIONS[who], "practitioner": "d-1"},
        "encounter": {"class": "outpatient", "purpose": "treatment"},
        "orders": [{"ref": "1", "item": "K"}],
    }
    headers = {**found.headers[who], "Content-Type": "application/json"}
    answer = await found.client.post("/v1/order-check", headers=headers, json=asked)
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()
    return result


def resources_of(answer: dict[str, Any]) -> set[str]:
    return {
        one["resource"].split("/")[1] for order in answer["orders"] for one in order["candidates"]
    }


async def test_an_order_check_is_answered_without_what_is_withheld(
    place: Any, tmp_path: Path
) -> None:
    async with treating(place, tmp_path) as found:
        patient = found.patients["P5b"]
        both = {found.results["P5a"], found.results["P5b"]}
        assert resources_of(await order_check(found, "b", patient)) == both
        key = await give(found, "a", found.patients["P5a"], denying())
        answer = await order_check(found, "b", patient)
        assert resources_of(answer) == set()
        assert answer["orders"][0]["outcome"] == "none"
        await withdraw(found, "a", key)
        assert resources_of(await order_check(found, "b", patient)) == both


async def test_an_order_check_has_what_one_hospital_alone_is_denied(
    place: Any, tmp_path: Path
) -> None:
    async with treating(place, tmp_path) as found:
        await give(found, "a", found.patients["P6a"], denying("c"))
        three = {found.results[one] for one in ("P6a", "P6b", "P6c")}
        assert resources_of(await order_check(found, "b", found.patients["P6b"])) == three
        assert resources_of(await order_check(found, "c", found.patients["P6c"])) == set()


async def test_the_next_page_after_a_denial_shows_nothing_of_it(place: Any, tmp_path: Path) -> None:
    async with treating(place, tmp_path) as found:
        query = f"Observation?patient={found.patients['P5b']}&_count=1"
        for number in ("more-1", "more-2"):
            await found.made("b", result_of(found.patients["P5b"], number))
        page = (await found.get(query, "b")).json()
        following = next(one["url"] for one in page["link"] if one["relation"] == "next")
        await give(found, "a", found.patients["P5a"], denying("b"))
        answer = await found.client.get(following, headers=found.headers["b"])
        assert answer.status_code in (200, 403, 410)
        assert not answer.json().get("entry")


async def test_a_denial_follows_the_person_when_records_are_joined_and_parted(
    place: Any, tmp_path: Path
) -> None:
    async with treating(place, tmp_path) as found:
        other = await found.made(
            "b", {"resourceType": "Patient", "identifier": [{"system": "urn:b", "value": "P5-old"}]}
        )
        result = await found.made("b", result_of(other, "old-1"))
        await give(found, "a", found.patients["P5a"], denying("b"))
        assert (await found.get(f"Observation/{result}", "b")).status_code == 200
        link = await run(
            found.hub,
            "identity-join",
            {"patients": [found.patients["P5b"], other], "reason": "the same"},
        )
        assert (await found.get(f"Observation/{result}", "b")).status_code == 404
        await run(found.hub, "identity-undo", {"link": link["link"]})
        assert (await found.get(f"Observation/{result}", "b")).status_code == 200


async def test_a_record_that_comes_later_is_withheld_like_the_others(
    place: Any, tmp_path: Path
) -> None:
    async with treating(place, tmp_path) as found:
        await give(found, "a", found.patients["P5a"], denying("c"))
        patient = await found.made("c", patient_of("P5", "c", list(VIEWED).index("P5")))
        result = await found.made("c", result_of(patient, "P5c-1"))
        assert (await found.get(f"Observation/{result}", "c")).status_code == 404
        assert (await found.get(f"Patient/{patient}", "c")).status_code == 200


async def test_a_denial_written_at_once_with_reads_never_shows_a_result_after_it(
    place: Any, tmp_path: Path
) -> None:
    async with treating(place, tmp_path) as found:
        done = asyncio.Event()

        async def reading() -> list[tuple[bool, int]]:
            seen = []
            for _ in range(40):
                after = done.is_set()
                answer = await found.get(f"Observation/{found.results['P5a']}", "b")
                seen.append((after, answer.status_code))
            return seen

        async def denied() -> None:
            await asyncio.sleep(0)
            await give(found, "a", found.patients["P5a"], denying())
            done.set()

        seen, _ = await asyncio.gather(reading(), denied())
        assert {status for after, status in seen if after} == {404}


async def test_what_was_answered_before_a_denial_is_not_shown_after_it(
    place: Any, tmp_path: Path
) -> None:
    async with treating(place, tmp_path) as found:
        answer = await order_check(found, "b", found.patients["P5b"])
        candidate = answer["orders"][0]["candidates"][0]
        headers = {**found.headers["b"], "Content-Type": "application/json"}
        url = f"/v1/assessments/{candidate['assessment']}/explanation"
        shown = await found.client.get(url, headers=headers)
        assert shown.status_code == 200, shown.text
        reminders = f"/v1/checks/{answer['check']}/reminders"
        key = await give(found, "a", found.patients["P5a"], denying("b"))
        told = await found.client.get(reminders, headers=headers)
        assert [one["outcome"] for one in told.json()["orders"]] == ["none"]
        hidden = await found.client.get(url, headers=headers)
        unknown = await found.client.get("/v1/assessments/nobodys/explanation", headers=headers)
        assert hidden.status_code == unknown.status_code == 404
        await withdraw(found, "a", key)
        assert (await found.client.get(url, headers=headers)).status_code == 200


async def test_a_denial_holds_in_every_process_at_once(postgres_place: Any, tmp_path: Path) -> None:
    async with (
        treating(postgres_place, tmp_path) as found,
        opened(_settings(postgres_place)) as other,
        _client(other) as client,
    ):
        url, headers = f"/fhir/Observation/{found.results['P5a']}", found.headers["b"]
        assert (await client.get(url, headers=headers)).status_code == 200
        key = await give(found, "a", found.patients["P5a"], denying())
        assert (await client.get(url, headers=headers)).status_code == 404
        await withdraw(found, "a", key)
        assert (await client.get(url, headers=headers)).status_code == 200


async def test_joins_and_denials_of_the_same_moment_meet(place: Any, tmp_path: Path) -> None:
    async with treating(place, tmp_path) as found:
        first, second = found.patients["P5a"], found.patients["P5b"]
        others = [
            await found.made(
                "b",
                {"resourceType": "Patient", "identifier": [{"system": "urn:b", "value": f"o-{n}"}]},
            )
            for n in range(6)
        ]

        async def join(other: str) -> None:
            asked = {"patients": [second, other], "reason": "the same"}
            await run(found.hub, "identity-join", asked)

        await asyncio.gather(
            *(join(one) for one in others[:3]),
            give(found, "a", first, denying("c")),
            *(join(one) for one in others[3:]),
            give(found, "b", second, denying("a"), dateTime="2026-06-02"),
        )
        async with found.hub.db.reading() as reader:
            for home in (first, second, *others):
                ruled = await reader.fetchval(
                    "SELECT count(*) FROM consent_rule WHERE home = $1", home
                )
                assert ruled == 2


async def test_that_a_used_result_changed_is_told_without_its_values_after_a_denial(
    place: Any, tmp_path: Path
) -> None:
    async with treating(place, tmp_path) as found:
        now = {"resource": f"Observation/{found.results['P5a']}/_history/2", "value": "5.77"}
        event = {
            "at": "2026-06-02T09:00:00+08:00",
            "cause": "corrected",
            "changes": [{"what": "value", "old": "4.1", "new": "5.77"}],
            "was": {**now, "value": "4.1"},
            "now": now,
        }
        actor = an_actor("hie/decide", institution=INSTITUTIONS["b"])

        async def told() -> list[dict[str, Any]]:
            async with found.hub.db.reading() as reader:
                return await permitted_events(reader, actor, [event])

        assert await told() == [event]
        await give(found, "a", found.patients["P5a"], denying("b"))
        assert await told() == [{**event, "changes": [], "was": None, "now": None}]
