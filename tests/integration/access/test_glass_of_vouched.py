"""A member of staff whom a hospital vouches for breaks the glass by an app, and is reviewed."""

import time
from pathlib import Path
from typing import Any

import pytest

from hie.exchange.commands import run
from hie.store import vouched
from tests.integration.access.glass import ACR, R, broken, labelled, plain, wish
from tests.integration.access.support import INSTITUTIONS, region, sees

pytestmark = pytest.mark.anyio


async def test_they_open_by_pseudonym_lose_the_right_and_get_it_back(
    place: Any, tmp_path: Path
) -> None:
    async with region(place, tmp_path) as found:
        await plain(found)
        await labelled(found, R, "P4b")
        async with found.hub.db.unit() as unit:
            staff = await vouched.meet(unit, INSTITUTIONS["a"], "D0117", time.time_ns() // 1000)
        await found.person("app", "a", acr=ACR, subject=staff.subject)
        home = found.patients["P4a"]
        assert not await sees(found, "app", "P4b")
        assert (await broken(found, "app", wish(home))).status_code == 201
        assert await sees(found, "app", "P4b")
        (listed,) = (await run(found.hub, "glass-list", {}))["openings"]
        assert (listed["subject"], listed["person"]) == (staff.subject, staff.id)
        assert "D0117" not in str(listed)
        verdict = {
            "opening": listed["opening"],
            "verdict": "unjustified",
            "note": "no such patient was in the emergency department",
        }
        await run(found.hub, "glass-review", verdict)
        assert not await sees(found, "app", "P4b")
        assert (await broken(found, "app", wish(home))).status_code == 403
        assert (await run(found.hub, "glass-restore", {"login": staff.subject}))["reviews"] == 1
        assert (await broken(found, "app", wish(home))).status_code == 201
