"""The demo's orders: asked and decided through the doors, alike at each start, seen as outcomes."""

from pathlib import Path
from typing import Any

import pytest

from hie.app import opened
from hie.exchange.commands import operator
from hie.exchange.demo import fill
from hie.exchange.demo_orders import order
from hie.exchange.indicators import indicators
from hie.synthetic import generate
from tests.integration.test_road import TODAY, _settings

pytestmark = pytest.mark.anyio


async def test_the_demo_has_orders_that_were_offered_and_decided(
    place: Any, tmp_path: Path
) -> None:
    region = generate(tmp_path / "region", seed=1, today=TODAY, people=34)
    async with opened(_settings(place)) as hub:
        await fill(hub, region, lambda *_: None)
        leader = await order(hub, region, checks=25)
        assert leader["login"] == "manager-sjz"
        said = {"from": str(TODAY), "to": str(TODAY), "by": "institution"}
        report = await indicators(hub, operator(), said)
        found = {one["key"]: one["value"] for one in report["total"]["indicators"]}
        assert int(found["asked"]) > int(found["offered"]) > 0
        assert int(found["viewed"]) > 0
        assert int(found["used"]) > 0
        assert int(found["repeated"]) > 0
        assert len(report["groups"]) > 1
        assert float(found["saved"]) > 0
