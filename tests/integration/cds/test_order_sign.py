"""order-sign: one card for each draft order that has something to say, kept before it leaves."""

from pathlib import Path
from typing import Any

import pytest

from tests.integration.cds.support import (
    CREATININE,
    HBA1C,
    MEDICINE,
    POTASSIUM,
    RECEIVER,
    region,
    sign,
)

pytestmark = pytest.mark.anyio
SIGN = "hie-order-sign"


async def test_a_draft_with_an_earlier_result_brings_one_card(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as his:
        body = sign(MEDICINE, POTASSIUM, CREATININE, HBA1C)
        cards = await his.cards(SIGN, body, **{"Accept-Language": "en-GB,en;q=0.8"})
        assert len(cards) == 2
        first = cards[0]
        assert first["indicator"] == "info"
        assert RECEIVER
