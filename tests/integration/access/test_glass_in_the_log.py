"""What is looked at through broken glass is in the log as that, on every page and at order-check."""

from pathlib import Path
from typing import Any

import pytest

from hie.exchange.commands import run
from tests.integration.access.glass import plain
from tests.integration.access.support import region
from tests.integration.access.test_glass_pages import opening, person, signed_in, token_of

pytestmark = pytest.mark.anyio


async def test_every_look_at_the_opened_patient_has_its_purpose_and_no_other(
    place: Any, tmp_path: Path
) -> None:
    async with region(place, tmp_path) as found:
        await plain(found)
        secret = await person(found.hub, "doctor")
        home = found.patients["P2b"]
        async with signed_in(found.hub, "doctor") as client:
            assert (await opening(client, home, secret)).status_code == 303
            assert (await client.get(f"/patients/{home}")).status_code == 200
            form = await client.get(f"/patients/{home}/orders")
            sent = {"csrf": token_of(form), "class": "emergency", "purpose": "treatment"}
            placed = await client.post(f"/patients/{home}/orders", data=sent | {"item-K": "on"})
            assert placed.status_code == 303, placed.text
            assert (await client.get(placed.headers["location"])).status_code == 200
            mine = found.patients["P1a"]
            assert (await client.get(f"/patients/{mine}")).status_code == 200
        async with found.hub.db.reading() as reader:
            rows = await reader.fetch(
                "SELECT DISTINCT a.type, a.purpose, s.home FROM audit_access AS a"
                " JOIN audit_subject AS s ON s.access = a.id"
                " JOIN user_account AS u ON u.id = a.subject WHERE u.login = 'doctor'"
            )
        others = {found.patients["P1a"], found.patients["P1b"]}
        assert {row[1] for row in rows if row[2] in others} == {"TREAT"}
        seen = {row[0]: row[1] for row in rows if row[2] not in others}
        assert set(seen.values()) == {"BTG"}
        assert {"page", "order-check", "break-glass"} <= set(seen)
        (listed,) = (await run(found.hub, "glass-list", {}))["openings"]
        assert listed["looks"] >= 3
