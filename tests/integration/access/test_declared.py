"""A hospital's system that asks about a patient declares to treat them: for this call, and marked.

P2 has a record in A and B and is treated nowhere; an order-check of A's system is answered with B's
result all the same, where A's agreement lets it declare.
"""

from pathlib import Path
from typing import Any

import httpx
import pytest

from hie.errors import Conflict, ResourceNotFound
from hie.exchange.commands import run
from hie.fhir import identifier_system
from tests.integration.access.support import (
    INSTITUTIONS,
    Region,
    encounter_of,
    ids_of,
    patient_of,
    region,
    shown,
)

pytestmark = pytest.mark.anyio
NUMBERS = {f"P{n + 1}": n for n in range(6)}


def check_of(name: str, who: str = "a", **receiver: str) -> dict[str, Any]:
    """An order-check about a patient by their resident number."""
    known = patient_of(name, who, NUMBERS[name])
    system = identifier_system("resident-id")
    number = next(one["value"] for one in known["identifier"] if one["system"] == system)
    return {
        "patient": {
            "identifiers": [{"type": "resident-id", "value": number}],
            "name": known["name"][0]["text"],
            "sex": known["gender"],
            "birth_date": known["birthDate"],
        },
        "receiver": {
            "institution": INSTITUTIONS[who],
            "department": "cardiology",
            "practitioner": "D1",
            **receiver,
        },
        "encounter": {
            "class": "outpatient",
            "purpose": "treatment",
            "before": None,
            "events": [],
        },
        "orders": [{"ref": "1", "item": "K"}],
    }


async def ask(found: Region, who: str, body: dict[str, Any]) -> httpx.Response:
    headers = {**found.headers[who], "Content-Type": "application/json"}
    return await found.client.post("/v1/order-check", json=body, headers=headers)


def offered(answer: httpx.Response) -> set[str]:
    """The results an answer offers, without their versions."""
    assert answer.status_code == 200, answer.text
    (order,) = answer.json()["orders"]
    return {one["resource"].split("/")[1] for one in order["candidates"]}


async def details(found: Region) -> list[str]:
    """What the log says of every order-check, in order."""
    async with found.hub.db.reading() as reader:
        rows = await reader.fetch(
            "SELECT detail FROM audit_access WHERE type = 'order-check' ORDER BY at_us, n"
        )
    return [row[0].partition(" rel=")[2] for row in rows]


async def test_a_declared_relation_answers_one_call_and_is_marked(
    place: Any, tmp_path: Path
) -> None:
    async with region(place, tmp_path) as found:
        answer = await ask(found, "a", check_of("P2"))
        assert offered(answer) == {found.results["P2a"], found.results["P2b"]}
        assert await details(found) == ["declared"]
        for url in (
            f"Observation/{found.results['P2b']}",
            f"Observation?patient={found.patients['P2b']}",
        ):
            after = await found.get(url, "a")
            assert after.status_code == 404 or ids_of(after) == []
            assert shown(after, [found.canary("P2b")]) == []
        known = await ask(found, "a", check_of("P1"))
        assert offered(known) == {found.results["P1a"], found.results["P1b"]}
        assert await details(found) == ["declared", "hub"]


async def test_the_operation_declares_like_the_door(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        parameters = {
            "resourceType": "Parameters",
            "parameter": [
                {
                    "name": "receiver",
                    "part": [{"name": "institution", "valueString": INSTITUTIONS["a"]}],
                },
                {
                    "name": "encounter",
                    "part": [
                        {"name": "class", "valueCode": "outpatient"},
                        {"name": "purpose", "valueCode": "treatment"},
                    ],
                },
                {
                    "name": "orders",
                    "part": [
                        {"name": "ref", "valueString": "1"},
                        {"name": "item", "valueString": "K"},
                    ],
                },
            ],
        }
        answer = await found.post(f"Patient/{found.patients['P2a']}/$assess", "a", parameters)
        assert answer.status_code == 200, answer.text
        assert found.results["P2b"] in answer.text
        assert await details(found) == ["declared"]


async def test_another_receiver_than_the_caller_is_refused(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        answer = await ask(found, "a", check_of("P1", institution=INSTITUTIONS["b"]))
        assert answer.status_code == 403
        assert await found.last_audit() == ("8", "org-spoof")
        assert shown(answer, [found.canary("P1b"), found.results["P1b"]]) == []
        assert (await ask(found, "a", check_of("P1"))).status_code == 200


async def test_where_nothing_may_be_declared_a_patient_not_treated_is_nobody(
    place: Any, tmp_path: Path
) -> None:
    async with region(place, tmp_path) as found:
        for agreed in ({"declares": False}, {"encounter": True}):
            await run(found.hub, "agreement-put", {"institution": INSTITUTIONS["c"], **agreed})
            body = check_of("P2", "c")
            nobody = {
                **body,
                "patient": {
                    **body["patient"],
                    "identifiers": [{"type": "resident-id", "value": "110199197507081235"}],
                },
            }
            answer, absent = await ask(found, "c", body), await ask(found, "c", nobody)
            for one in (answer, absent):
                assert one.status_code == 200, one.text
                assert one.json()["identity"] == "none"
                assert one.json()["orders"][0]["candidates"] == []
            assert shown(answer, [found.results["P2a"], found.results["P2b"]]) == []
        assert await details(found) == [""] * 4
        own = await found.made("c", patient_of("P2", "c", NUMBERS["P2"]))
        assert offered(await ask(found, "c", check_of("P2", "c"))) == set()
        await found.made("c", encounter_of(own))
        answer = await ask(found, "c", check_of("P2", "c"))
        assert offered(answer) == {found.results["P2a"], found.results["P2b"]}
        assert (await details(found))[-1] == "hub"


async def test_where_nothing_may_be_declared_a_record_of_ones_own_is_no_declaration(
    place: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hie.exchange.assess._SAMPLED", 1)
    async with region(place, tmp_path) as found:
        for agreed in ({"declares": False}, {"encounter": True}):
            await run(found.hub, "agreement-put", {"institution": INSTITUTIONS["a"], **agreed})
            answer = await ask(found, "a", check_of("P2"))
            assert offered(answer) == {found.results["P2a"]}
            assert (await details(found))[-1] == ""
        assert (await run(found.hub, "relation-reviews", {}))["reviews"] == []
        await run(found.hub, "agreement-put", {"institution": INSTITUTIONS["a"]})
        await ask(found, "a", check_of("P2"))
        assert (await details(found))[-1] == "declared"
        assert len((await run(found.hub, "relation-reviews", {}))["reviews"]) == 1


async def test_a_person_does_not_declare(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        answer = await ask(found, "a1", check_of("P2"))
        assert answer.json()["identity"] == "none"
        assert shown(answer, [found.results["P2a"], found.results["P2b"]]) == []
        twin = await ask(found, "a1", check_of("P1"))
        assert offered(twin) == {found.results["P1a"], found.results["P1b"]}


async def test_declared_relations_are_sampled_for_review(
    place: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hie.exchange.assess._SAMPLED", 1)
    async with region(place, tmp_path) as found:
        check = (await ask(found, "a", check_of("P2"))).json()["check"]
        await ask(found, "a", check_of("P1"))  # known to the hub: nothing to look at
        (review,) = (await run(found.hub, "relation-reviews", {}))["reviews"]
        assert (review["check"], review["institution"]) == (check, INSTITUTIONS["a"])
        closing = {"review": review["review"], "outcome": "justified"}
        await run(found.hub, "relation-close", closing)
        assert (await run(found.hub, "relation-reviews", {}))["reviews"] == []
        with pytest.raises(Conflict):
            await run(found.hub, "relation-close", closing)
        with pytest.raises(ResourceNotFound):
            await run(found.hub, "relation-close", {"review": "x", "outcome": "justified"})
        shown_ = await run(found.hub, "relation-show", {"patient": found.patients["P1a"]})
        kinds = {(one["kind"], one["holds"]) for one in shown_["relations"]}
        assert kinds == {("own", True), ("visit", True)}
