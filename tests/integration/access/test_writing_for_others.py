"""A hospital writes in its own name and changes only what is its own: all people are invented."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from hie.fhir import INSTITUTION
from tests.integration.access.support import (
    INSTITUTIONS,
    NOT_THERE,
    Region,
    region,
    result_of,
    shown,
)
from tests.integration.fhir.support import bundle_of, entry_of

pytestmark = pytest.mark.anyio
PATCH = {"Content-Type": "application/json-patch+json"}


async def kept(found: Region, place: str) -> tuple[str, str]:
    """Version and text of a result as its own hospital sees it."""
    answer = await found.get(f"Observation/{found.results[place]}", place[-1])
    assert answer.status_code == 200
    return answer.json()["meta"]["versionId"], answer.text


async def send(
    found: Region, method: str, url: str, who: str, body: Any = None, **headers: str
) -> httpx.Response:
    sent = {**found.headers[who], **headers}
    return await found.client.request(method, f"/fhir/{url}", headers=sent, json=body)


async def test_what_another_hospital_wrote_is_not_changed(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        hidden, seen = found.results["P2b"], found.results["P1b"]
        before = await kept(found, "P2b"), await kept(found, "P1b")
        test = [{"op": "test", "path": "/status", "value": "final"}]
        for key in (hidden, NOT_THERE):
            tree = {**result_of(found.patients["P1a"], "x"), "id": key}
            assert (await send(found, "PUT", f"Observation/{key}", "a", tree)).status_code == 405
            for patch in (test, [{"op": "replace", "path": "/status", "value": "amended"}]):
                answer = await send(found, "PATCH", f"Observation/{key}", "a", patch, **PATCH)
                assert answer.status_code == 404
            assert (await send(found, "DELETE", f"Observation/{key}", "a")).status_code == 204
        tree = {**result_of(found.patients["P1b"], "P1b-1"), "id": seen}
        for method, body in (("PUT", tree), ("DELETE", None)):
            answer = await send(found, method, f"Observation/{seen}", "a", body)
            assert answer.status_code == 403, answer.text
        replaced = [{"op": "replace", "path": "/status", "value": "amended"}]
        answer = await send(found, "PATCH", f"Observation/{seen}", "a", replaced, **PATCH)
        assert answer.status_code == 403
        assert (await kept(found, "P2b"), await kept(found, "P1b")) == before
        own = await send(
            found, "PATCH", f"Observation/{found.results['P1a']}", "a", replaced, **PATCH
        )
        assert own.status_code == 200


async def test_a_condition_matches_nothing_of_another_hospital_that_is_hidden(
    place: Any, tmp_path: Path
) -> None:
    async with region(place, tmp_path) as found:
        before = await kept(found, "P2b")
        criteria = "identifier=urn:lab|P2b-1"
        tree = result_of(found.patients["P1a"], "P2b-1")
        for method, body, extra, status in (
            ("DELETE", None, {}, {204, 404}),
            ("PATCH", [{"op": "test", "path": "/status", "value": "final"}], PATCH, {404, 412}),
        ):
            answer = await send(found, method, f"Observation?{criteria}", "a", body, **extra)
            assert answer.status_code in status, answer.text
        once = {"If-None-Exist": criteria}
        made = await send(found, "POST", "Observation", "a", tree, **once)
        assert made.status_code == 201, made.text
        assert made.json()["id"] != found.results["P2b"]
        again = await send(found, "POST", "Observation", "a", tree, **once)
        assert (again.status_code, again.json()["id"]) == (200, made.json()["id"])
        changed = {**tree, "status": "amended"}
        updated = await send(found, "PUT", f"Observation?{criteria}", "a", changed)
        assert (updated.status_code, updated.json()["id"]) == (200, made.json()["id"])
        assert await kept(found, "P2b") == before
        assert shown(made, [found.canary("P2b")]) == []


def doers(code: str) -> list[dict[str, Any]]:
    by_code = {"identifier": {"system": INSTITUTION, "value": code}}
    subject = {"reference": "Patient/…"}
    return [
        {**result_of("…", "x"), "performer": [by_code]},
        {**result_of("…", "x"), "performer": [{"display": "我院检验科"}, by_code]},
        {
            "resourceType": "DiagnosticReport",
            "status": "final",
            "code": {"text": "示例"},
            "subject": subject,
            "performer": [by_code],
        },
        {
            "resourceType": "Encounter",
            "status": "in-progress",
            "class": {"code": "AMB"},
            "subject": subject,
            "serviceProvider": by_code,
        },
        {
            "resourceType": "DocumentReference",
            "status": "current",
            "subject": subject,
            "custodian": by_code,
            "content": [{"attachment": {"title": "示例"}}],
        },
    ]


async def test_nobody_writes_that_another_hospital_did_it(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        patient = found.patients["P1a"]
        for who, status in (("b", 403), ("a", 201)):
            for tree in doers(INSTITUTIONS[who]):
                tree["subject"] = {"reference": f"Patient/{patient}"}
                tree.pop("identifier", None)
                answer = await found.post(tree["resourceType"], "a", tree)
                assert answer.status_code == status, (tree, answer.text)
                if status == 403:
                    assert await found.last_audit() == ("8", "org-spoof")
        organization = {
            "resourceType": "Organization",
            "identifier": [{"system": INSTITUTION, "value": INSTITUTIONS["b"]}],
            "name": "乙院",
        }
        key = await found.made("b", organization)
        tree = {
            **result_of(patient, "y"),
            "performer": [{"reference": f"Organization/{key}"}],
        }
        assert (await found.post("Observation", "a", tree)).status_code == 403
        known = found.results["P1a"]
        tree = {**tree, "id": known, "identifier": [{"system": "urn:lab", "value": "P1a-1"}]}
        assert (await found.put(f"Observation/{known}", "a", tree)).status_code == 403
        inside = bundle_of(
            "transaction",
            entry_of("POST", "Organization", organization, "urn:uuid:1b1e4c5a-0000-4000-8000-1"),
            entry_of(
                "POST",
                "Observation",
                {
                    **result_of(patient, "z"),
                    "performer": [{"reference": "urn:uuid:1b1e4c5a-0000-4000-8000-1"}],
                },
            ),
        )
        assert (await found.post("", "a", inside)).status_code == 403


async def test_a_reference_to_what_is_hidden_leads_nowhere(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        report = {
            "resourceType": "DiagnosticReport",
            "status": "final",
            "code": {"text": "示例"},
            "subject": {"reference": f"Patient/{found.patients['P1a']}"},
        }
        texts = []
        for key in (found.results["P2b"], NOT_THERE):
            result = [{"reference": f"Observation/{key}"}]
            answer = await found.post("DiagnosticReport", "a", {**report, "result": result})
            assert answer.status_code == 422
            texts.append(answer.text.replace(key, "…"))
        assert texts[0] == texts[1]
        for key in (found.patients["P2b"], NOT_THERE):
            answer = await found.post("Observation", "a", result_of(key, "q"))
            assert answer.status_code == 422
            texts.append(answer.text.replace(key, "…"))
        assert texts[2] == texts[3]
        result = [{"reference": f"Observation/{found.results['P1b']}"}]
        answer = await found.post("DiagnosticReport", "a", {**report, "result": result})
        assert answer.status_code == 201


async def test_a_bundle_is_held_to_the_same(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        patient, other = found.patients["P1a"], found.results["P1b"]
        good = [
            entry_of("POST", "Observation", result_of(patient, f"n-{number}"))
            for number in range(9)
        ]
        wrong = entry_of(
            "PUT",
            f"Observation/{other}",
            {**result_of(found.patients["P1b"], "P1b-1"), "id": other, "status": "amended"},
        )
        whole = await found.post("", "a", bundle_of("transaction", *good, wrong))
        assert whole.status_code == 403
        counted = await found.get(f"Observation?patient={patient}&_summary=count", "a")
        assert counted.json()["total"] == 1
        each = await found.post("", "a", bundle_of("batch", *good, wrong))
        statuses = [one["response"]["status"][:3] for one in each.json()["entry"]]
        assert statuses == ["201"] * 9 + ["403"]
        hidden = found.results["P2b"]
        reads = [entry_of("GET", f"Observation/{key}") for key in (hidden, NOT_THERE, other)]
        answer = await found.post("", "a", bundle_of("batch", *reads))
        statuses = [one["response"]["status"][:3] for one in answer.json()["entry"]]
        assert statuses == ["404", "404", "200"]
        assert shown(answer, [found.canary("P2b")]) == []


async def test_what_a_caller_says_of_itself_counts_for_nothing(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        forged = {
            "X-Forwarded-User": "his-b",
            "X-Institution": INSTITUTIONS["b"],
            "X-Hub-Internal": "1",
            "X-HTTP-Method-Override": "DELETE",
        }
        for url in (
            f"Observation/{found.results['P2b']}",
            f"Observation/{found.results['P1b']}",
            f"Observation?patient={found.patients['P2b']}",
        ):
            plain, said = await found.get(url, "a"), await found.get(url, "a", **forged)
            assert (plain.status_code, plain.text) == (said.status_code, said.text)
        deleted = await found.post("Observation", "a", result_of(found.patients["P1a"], "m"))
        assert deleted.status_code == 201
