"""Ways around: other addresses, other methods, page links, binaries, subscriptions, deleted rows."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.access.support import NOT_THERE, ids_of, region, result_of, shown
from tests.integration.access.test_relation_is_asked import told

pytestmark = pytest.mark.anyio

ADDRESSES = [
    "/fhir/observation/{}",
    "/fhir/%4fbservation/{}",
    "/fhir//Observation/{}",
    "/fhir/Observation//{}",
    "/fhir/Observation/{};x",
    "/fhir/Observation/{}.",
    "/fhir/Observation/..%2f{}",
    "/fhir/Observation/{}%00",
    "/fhir/Observation/{}/",
    "/FHIR/Observation/{}",
    "/fhir/Patient/x/../../Observation/{}",
]


async def test_no_way_of_writing_an_address_leads_past(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        hidden = found.results["P2b"]
        for who in ("a1", "a"):
            for address in ADDRESSES:
                answers = [
                    await found.client.get(address.format(key), headers=found.headers[who])
                    for key in (hidden, NOT_THERE)
                ]
                assert told(answers[0], hidden) == told(answers[1], NOT_THERE), address
                assert answers[0].status_code in (400, 401, 404), address
                assert shown(answers[0], [found.canary("P2b")]) == []
            for method in ("HEAD", "TRACE", "OPTIONS"):
                answers = [
                    await found.client.request(
                        method, f"/fhir/Observation/{key}", headers=found.headers[who]
                    )
                    for key in (hidden, NOT_THERE)
                ]
                assert told(answers[0], hidden) == told(answers[1], NOT_THERE), method
                assert answers[0].status_code in (404, 405)


async def test_hidden_deleted_absent_and_malformed_are_one(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        deleted = await found.made("b", result_of(found.patients["P2b"], "gone"))
        gone = await found.client.delete(f"/fhir/Observation/{deleted}", headers=found.headers["b"])
        assert gone.status_code == 204
        assert (await found.get(f"Observation/{deleted}", "b")).status_code == 410
        for who in ("a1", "a"):
            answers = {
                told(await found.get(f"Observation/{key}", who), key)[2]
                for key in (found.results["P2b"], deleted, NOT_THERE)
            }
            assert len(answers) == 1
            versions = {
                told(await found.get(f"Observation/{key}/_history/1", who), key)[2]
                for key in (found.results["P2b"], deleted, NOT_THERE)
            }
            assert len(versions) == 1


async def test_what_is_no_parameter_is_no_way_to_ask(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        mine = f"Observation?patient={found.patients['P1b']}"
        for more in ("_sort=note", "_filter=x", "_text=x", "_content=x", "_query=x", "nothing=x"):
            answer = await found.get(f"{mine}&{more}", "a1")
            assert answer.status_code == 400, more
            assert await found.last_audit() == ("4", "param")
        assert (await found.get(mine, "a1")).status_code == 200


async def test_a_page_link_is_of_its_caller_and_its_question(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        for number in range(3):
            await found.made("a", result_of(found.patients["P1a"], f"page-{number}"))
        await found.person("a2", "a")
        first = await found.get(f"Observation?patient={found.patients['P1a']}&_count=2", "a1")
        links = {one["relation"]: one["url"] for one in first.json()["link"]}
        following = links["next"].partition("/fhir/")[2]
        assert len(ids_of(await found.get(following, "a1"))) == 2
        for who in ("a2", "a", "b"):
            other = await found.get(following, who)
            assert other.status_code in (400, 403, 410)
            assert shown(other, [found.canary("P1a")]) == []
        for wrong in (following[:-4] + "AAAA", following.replace(found.patients["P1a"], "x")):
            assert (await found.get(wrong, "a1")).status_code in (400, 403)


async def test_a_hidden_result_that_is_added_changes_nothing_that_is_polled(
    place: Any, tmp_path: Path
) -> None:
    async with region(place, tmp_path) as found:
        urls = [
            "Observation?_lastUpdated=gt2020-01-01&_total=accurate&_count=200",
            "Observation/_history?_count=200",
            f"Observation?patient={found.patients['P1a']}&_total=accurate",
        ]
        before = [(await found.get(url, "a")).text for url in urls]
        key = await found.made("b", result_of(found.patients["P2b"], "new"))
        assert [(await found.get(url, "a")).text for url in urls] == before
        assert key in (await found.get(urls[0], "b")).text


async def test_a_binary_is_seen_by_who_sees_whom_it_is_about(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        data = {"resourceType": "Binary", "contentType": "text/plain", "data": "Y2FuYXJ5"}

        def about(patient: str) -> dict[str, Any]:
            return {**data, "securityContext": {"reference": f"Patient/{patient}"}}

        mine = await found.made("a", about(found.patients["P1a"]))
        other = await found.made("a", about(found.patients["P2a"]))
        loose = await found.made("a", data)
        for key, seen in ((mine, {"a", "a1"}), (other, {"a"}), (loose, {"a"})):
            for who in ("a", "a1", "b", "c"):
                answer = await found.get(f"Binary/{key}", who)
                assert (answer.status_code == 200) is (who in seen), (key, who)
        hidden = await found.post("Binary", "a", about(found.patients["P2b"]))
        assert hidden.status_code == 422
        for key in (mine, other):
            moved = {**about(found.patients["P3a"]), "id": key}
            assert (await found.put(f"Binary/{key}", "a", moved)).status_code == 422
        kept = {**about(found.patients["P3a"]), "id": loose}
        assert (await found.put(f"Binary/{loose}", "a", kept)).status_code == 200
        assert (await found.get(f"Binary/{loose}", "a1")).status_code == 404


async def test_a_subscription_is_about_patients_who_are_treated(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        subscription = {
            "resourceType": "Subscription",
            "status": "requested",
            "reason": "示例",
            "channel": {
                "type": "rest-hook",
                "endpoint": "https://his.example/hook",
                "payload": "application/fhir+json",
            },
        }
        for criteria in (
            "Observation?patient={}",
            "Observation?subject=Patient/{}",
            "Patient?_id={}",
        ):
            texts = []
            for key in (found.patients["P2b"], NOT_THERE):
                tree = {**subscription, "criteria": criteria.format(key)}
                answer = await found.post("Subscription", "a", tree)
                assert answer.status_code == 403, criteria
                assert await found.last_audit() == ("4", "rel")
                texts.append(answer.text)
            assert texts[0] == texts[1]
            tree = {**subscription, "criteria": criteria.format(found.patients["P1b"])}
            made = await found.post("Subscription", "a", tree)
            assert made.status_code == 201, made.text
            changed = {
                **json.loads(made.text),
                "criteria": criteria.format(found.patients["P2b"]),
            }
            refused = await found.put(f"Subscription/{changed['id']}", "a", changed)
            assert refused.status_code == 403
        for criteria in ("nonsense", "Observation?nothing=1"):
            tree = {**subscription, "criteria": criteria}
            assert (await found.post("Subscription", "a", tree)).status_code == 422
