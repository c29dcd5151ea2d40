"""Work of the hub's own that meets a label somebody lowered past it stops there, and says so."""

from typing import Any

import pytest

from hie.errors import Altered
from hie.exchange.commands import run
from hie.exchange.hub import Hub
from tests.integration.labels.support import SITE, laboratory, message, result, rows, sent

pytestmark = pytest.mark.anyio
K = "K^钾^99LAB^2823-3^Potassium^LN"
HIV = "HIVAB^HIV抗体^99LAB^75622-1^HIV 1 and 2 tests^LN"


async def _alarms(hub: Hub) -> list[tuple[str, str]]:
    async with hub.db.reading() as reader:
        found = await reader.fetch(
            "SELECT subject, detail FROM audit_access WHERE type = 'integrity' AND outcome = '8'"
            " ORDER BY at_us, n"
        )
    return [(row[0], row[1]) for row in found]


async def test_a_message_that_meets_it_waits_and_others_do_not(place: Any) -> None:
    async with laboratory(place) as hub:
        await sent(hub, message(result(HIV, "阴性", "")))
        await sent(hub, message(result(K), report="F-2", number="M2", person="P2"))
        (one,) = [row for row in await rows(hub, "Observation") if b"75622-1" in row.body]
        lower = "UPDATE observation SET label = 0 WHERE id = $1"
        async with hub.db.unit() as unit:
            was = await unit.fetchval("SELECT label FROM observation WHERE id = $1", one.id)
            await unit.execute(lower, one.id)
        again = message(result(HIV, "阳性", ""), number="M3", status="C")
        assert (await sent(hub, again))["state"] == "held"
        ((subject, detail),) = await _alarms(hub)
        assert (subject, f"Observation/{one.id}, version 1" in detail) == (f"site:{SITE}", True)
        other = message(result(K, "4.2"), report="F-2", number="M4", person="P2", status="C")
        assert (await sent(hub, other))["state"] == "stored"
        with pytest.raises(Altered):
            await run(hub, "label-show", {"resource": f"Observation/{one.id}"})
        assert len(await _alarms(hub)) == 2
        async with hub.db.unit() as unit:
            await unit.execute("UPDATE observation SET label = $2 WHERE id = $1", one.id, was)
        assert (await run(hub, "label-show", {"resource": f"Observation/{one.id}"}))["topics"]
        assert len(await _alarms(hub)) == 2
