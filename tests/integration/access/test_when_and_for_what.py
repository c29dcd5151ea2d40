"""Until when a patient is treated, for which purpose, by which scope, and from where is asked."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from hie.access.actor import Purpose
from hie.exchange.commands import run
from tests.integration.access.support import (
    INSTITUTIONS,
    Region,
    encounter_of,
    instant_of,
    region,
    shown,
)
from tests.integration.fhir.auditing import client_with

pytestmark = pytest.mark.anyio


async def test_a_visit_counts_to_the_last_second_of_its_window(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        home, key = found.patients["P2a"], ""
        url = f"Observation/{found.results['P2b']}"
        for code, days in (("AMB", 3), ("IMP", 7)):
            for left, status in ((timedelta(seconds=60), 200), (-timedelta(seconds=1), 404)):
                end = datetime.now(UTC) - timedelta(days=days) + left
                visit = encounter_of(home, "finished", code, end - timedelta(hours=1), end)
                if key:
                    answer = await found.put(f"Encounter/{key}", "a", {**visit, "id": key})
                    assert answer.status_code == 200
                else:
                    key = await found.made("a", visit)
                for who in ("a1", "a"):
                    answer = await found.get(url, who)
                    assert answer.status_code == status, (code, left)
                    assert (shown(answer, [found.canary("P2b")]) != []) is (status == 200)


async def test_a_window_that_ends_ends_by_itself(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        url = f"Observation/{found.results['P1b']}"
        assert (await found.get(url, "a1")).status_code == 200
        async with found.hub.db.unit() as unit:
            now_us = int(datetime.now(UTC).timestamp() * 1_000_000)
            await unit.execute("UPDATE reach SET until_us = $1 WHERE kind = 'visit'", now_us)
        assert (await found.get(url, "a1")).status_code == 404


async def test_results_are_for_treatment_alone(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        url = f"Observation/{found.results['P1b']}"
        for purpose in Purpose:
            if purpose is Purpose.BREAK_GLASS:
                continue
            name = f"for-{purpose.value.lower()}"
            found.headers[name] = await client_with(
                found.hub,
                name,
                "system/*.rs",
                purpose=purpose.value,
                institution=INSTITUTIONS["a"],
            )
            answer = await found.get(url, name)
            treats = purpose in {Purpose.TREATMENT, Purpose.EMERGENCY}
            assert answer.status_code == (200 if treats else 403), purpose
            if not treats:
                assert await found.last_audit() == ("4", "purpose")
                assert shown(answer, [found.canary("P1b")]) == []


SCOPES = [
    ("system/Observation.r", 200, 403),
    ("system/Observation.s", 403, 200),
    ("system/Observation.rs", 200, 200),
    ("system/Patient.rs", 403, 403),
    ("hie/order-check", 403, 403),
]


async def test_a_scope_opens_what_it_says(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        for number, (scope, read, search) in enumerate(SCOPES):
            name = f"scoped-{number}"
            found.headers[name] = await client_with(
                found.hub, name, scope, institution=INSTITUTIONS["a"]
            )
            one = await found.get(f"Observation/{found.results['P1b']}", name)
            many = await found.get(f"Observation?patient={found.patients['P1b']}", name)
            assert (one.status_code, many.status_code) == (read, search), scope
            if read == 403:
                assert await found.last_audit() in {("4", "scope"), ("0", None)}


async def test_no_role_but_the_clinicians_sees_patients(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        url = f"Observation/{found.results['P1b']}"
        for role in ("integrator", "auditor", "manager", "administrator"):
            await found.person(f"{role}-1", "a", role)
            answer = await found.get(url, f"{role}-1")
            assert answer.status_code == 403
            assert await found.last_audit() == ("4", "role")
            assert shown(answer, [found.canary("P1b")]) == []
        assert (await found.get(url, "a1")).status_code == 200


async def test_an_agreement_bounds_scopes_purposes_and_relations(
    place: Any, tmp_path: Path
) -> None:
    async with region(place, tmp_path) as found:
        result, report = f"Observation/{found.results['P1b']}", "DiagnosticReport?patient="
        agreed: dict[str, Any] = {"institution": INSTITUTIONS["a"]}
        cases = [
            ({"scopes": ["system/Observation.rs", "user/Observation.rs"]}, 200, 403),
            ({"scopes": ["system/DiagnosticReport.rs", "user/DiagnosticReport.rs"]}, 403, 200),
            ({"purposes": ["ETREAT"]}, 403, 403),
            ({"encounter": True}, 200, 200),
            ({}, 200, 200),
        ]
        for said, read, search in cases:
            await run(found.hub, "agreement-put", {**agreed, **said})
            for who in ("a", "a1"):
                one = await found.get(result, who)
                many = await found.get(f"{report}{found.patients['P1b']}", who)
                assert (one.status_code, many.status_code) == (read, search), (said, who)
        assert (await found.get(f"Observation/{found.results['P1b']}", "b")).status_code == 200
        listed = await run(found.hub, "agreement-list", {})
        assert [one["institution"] for one in listed["agreements"]] == ["*", INSTITUTIONS["a"]]
        await run(found.hub, "agreement-drop", agreed)
        assert len((await run(found.hub, "agreement-list", {}))["agreements"]) == 1


async def test_an_order_is_no_encounter(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        order = {
            "resourceType": "ServiceRequest",
            "status": "active",
            "intent": "order",
            "subject": {"reference": f"Patient/{found.patients['P2a']}"},
            "authoredOn": instant_of(datetime.now(UTC)),
        }
        await found.made("a", order)
        url = f"Observation/{found.results['P2b']}"
        assert (await found.get(url, "a")).status_code == 200
        said = {"institution": INSTITUTIONS["a"], "encounter": True}
        await run(found.hub, "agreement-put", said)
        for who in ("a", "a1"):
            assert (await found.get(url, who)).status_code == 404
        await found.made("a", encounter_of(found.patients["P2a"]))
        for who in ("a", "a1"):
            assert (await found.get(url, who)).status_code == 200


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"institution": "x"}, "invalid-code"),
        ({"scopes": ["system/Observation.x"]}, "scope-format"),
        ({"purposes": ["FUN"]}, "purpose-unknown"),
        ({"clearance": "Q"}, "clearance-unknown"),
    ],
)
async def test_an_agreement_that_makes_no_sense_is_not_kept(
    place: Any, tmp_path: Path, said: dict[str, Any], code: str
) -> None:
    from hie.app import opened
    from hie.errors import UnprocessableRequest
    from tests.integration.test_doors import _settings

    async with opened(_settings(place)) as hub:
        with pytest.raises(UnprocessableRequest) as refused:
            await run(hub, "agreement-put", {"institution": INSTITUTIONS["a"], **said})
        assert [fault.code for fault in refused.value.faults] == [code]


def _from(found: Region, address: str) -> httpx.AsyncClient:
    application = found.client._transport.app  # type: ignore[attr-defined]
    transport = httpx.ASGITransport(app=application, client=(address, 40000))
    return httpx.AsyncClient(transport=transport, base_url=found.client.base_url)


async def test_a_client_is_held_to_its_networks(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        url = f"/fhir/Observation/{found.results['P1b']}"
        networks = {"client": "his-a", "networks": ["10.20.0.0/16", "2001:db8::/32"]}
        await run(found.hub, "client-networks", networks)
        for address, status in (
            ("10.20.3.4", 200),
            ("10.21.3.4", 403),
            ("2001:db8::7", 200),
            ("2001:db9::7", 403),
            ("::ffff:10.20.9.9", 200),
            ("127.0.0.1", 403),
        ):
            async with _from(found, address) as client:
                said = {**found.headers["a"], "X-Forwarded-For": "10.20.3.4"}
                answer = await client.get(url, headers=said)
                assert answer.status_code == status, address
                if status == 403:
                    assert await found.last_audit() == ("4", "network")
                    assert shown(answer, [found.canary("P1b"), "10.20"]) == []
        assert (await found.get(f"Observation/{found.results['P1b']}", "b")).status_code == 200
        await run(found.hub, "client-networks", {"client": "his-a", "networks": []})
        assert (await found.client.get(url, headers=found.headers["a"])).status_code == 200
