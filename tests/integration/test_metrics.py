"""/metrics counts what happened at the doors, names nobody, and is described in full."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.two_hospitals import CASE, TEXT, asked_with, opened_doors

pytestmark = pytest.mark.anyio
DOCS = Path(__file__).parents[2] / "docs" / "operations.md"
NOBODY = ("王秀英", "130199196807240026", "19680724", "BJ100037", "his-sj")


async def _figures(client: httpx.AsyncClient) -> dict[str, float]:
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert not any(word in answer.text for word in NOBODY)
    lines = [line for line in answer.text.splitlines() if line.startswith("hie_")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


async def test_what_happens_at_the_doors_is_counted(place: Any, tmp_path: Path) -> None:
    async with opened_doors(place, tmp_path) as doors:
        before = await _figures(doors.client)
        await doors.send(TEXT.encode())
        await doors.send(TEXT.encode())
        await doors.send(b"no message")
        answer = (await doors.ask(asked_with())).json()
        offered = answer["orders"][0]["candidates"][0]["assessment"]
        decision = {"ref": "1", "assessment": offered, "decision": "use"}
        decided = {
            "check": answer["check"],
            "key": "k",
            "practitioner": "D1",
            "decisions": [decision],
        }
        assert (await doors.ask(decided, "/v1/decisions")).status_code == 200
        await doors.client.get("/fhir/Patient", headers={"Authorization": "Bearer nonsense"})
        wrong = asked_with(receiver={"institution": CASE.institution})
        assert (await doors.ask(wrong)).status_code == 403
        after = await _figures(doors.client)

        def grown(name: str, **labels: str) -> float:
            told = ",".join(f'{key}="{value}"' for key, value in sorted(labels.items()))
            full = f"{name}{{{told}}}" if told else name
            return after[full] - before.get(full, 0)

        http = {"site": "bj-lis", "channel": "http"}
        assert grown("hie_messages_received_total", again="no", **http) == 2
        assert grown("hie_messages_received_total", again="yes", **http) == 1
        assert grown("hie_order_checks_total", identity="matched") == 1
        assert grown("hie_order_check_seconds_count") == 1
        assert grown("hie_orders_assessed_total", outcome="recognise") == 2
        assert grown("hie_orders_assessed_total", outcome="none") == 1
        assert grown("hie_decisions_total", decision="use", state="recorded") == 1
        assert grown("hie_audit_events_total", type="order-check", outcome="0") == 1
        assert grown("hie_refusals_total", reason="shape") == 1
        assert grown("hie_refusals_total", reason="org-spoof") == 1
        assert after["hie_database_up"] == 1
        assert after["hie_oldest_waiting_seconds"] == 0


async def test_where_messages_stand_is_told_by_site_and_channel(place: Any, tmp_path: Path) -> None:
    async with opened_doors(place, tmp_path) as doors:
        await doors.send(TEXT.encode())
        await doors.send(b"no message")
        figures = await _figures(doors.client)
        told = {name: value for name, value in figures.items() if name.startswith("hie_messages{")}
        assert told == {
            'hie_messages{channel="http",site="bj-lis",state="stored"}': 1,
            'hie_messages{channel="http",site="bj-lis",state="held"}': 1,
        }
        await doors.send(b"another that is none")
        assert (await _figures(doors.client)) | told == await _figures(doors.client)


async def test_a_database_that_is_away_is_a_figure(postgres_place: Any, tmp_path: Path) -> None:
    async with opened_doors(postgres_place, tmp_path) as doors:
        assert (await _figures(doors.client))["hie_database_up"] == 1
        await doors.hub.db.close()
        assert (await _figures(doors.client))["hie_database_up"] == 0


async def test_every_metric_is_described_and_nothing_else(place: Any, tmp_path: Path) -> None:
    async with opened_doors(place, tmp_path) as doors:
        text = (await doors.client.get("/metrics")).text
    exposed = set(re.findall(r"^# TYPE (hie_\w+) \w+$", text, re.M))
    exposed = {name for name in exposed if not name.endswith("_created")}
    described = set(re.findall(r"^\| `(hie_\w+)` \|", DOCS.read_text("utf-8"), re.M))
    assert described == exposed
