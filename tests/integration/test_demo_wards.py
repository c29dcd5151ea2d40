"""The demo's wards are full: a doctor sees who lies in her hospital, and stays seeing them."""

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from hie.access.windows import EVER_US
from hie.exchange.commands import run
from hie.exchange.demo_wards import admit
from tests.integration.test_road import connected

pytestmark = pytest.mark.anyio
TODAY = datetime.now(timezone(timedelta(hours=8))).date()


async def test_every_hospital_of_the_demo_has_people_in_its_beds(
    place: Any, tmp_path: Path
) -> None:
    async with connected(place, tmp_path) as (hub, region):
        beds = await admit(hub, region)
        assert {one.institution for one in region.sites} >= set(beds)
        assert all(1 <= len(numbers) <= 12 for numbers in beds.values())
        held = await run(hub, "message-list", {"state": "held"})
        assert held["messages"] == []
        async with hub.db.reading() as reader:
            rows = await reader.fetch(
                "SELECT institution, count(*) FROM relation WHERE kind = 'visit'"
                " AND until_us = $1 GROUP BY institution",
                EVER_US,
            )
        assert {row[0]: row[1] for row in rows} == {
            institution: len(numbers) for institution, numbers in beds.items()
        }
