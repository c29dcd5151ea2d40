"""Cards nobody spoke of are settled once their days are over, and counted by the indicators."""

from pathlib import Path
from typing import Any

import pytest

from hie import metrics
from hie.exchange.card_outcomes import settle_cards
from hie.exchange.hub import Hub
from hie.store.cds_cards import Fate, due_us
from tests.integration.cds.given_cards import a_card, accepted, overridden, told
from tests.integration.exchange.test_indicators import (
    NOON,
    RECEIVER,
    a_hub,
    asked,
    decided,
    received,
    values,
)
from tests.integration.exchange.test_indicators import told as indicators

pytestmark = pytest.mark.anyio
YESTERDAY_US = int(NOON.timestamp() * 1_000_000) + 12 * 3_600_000_000
OVER_US = due_us(YESTERDAY_US)
KEYS = ("cards", "cards_ignored", "ignored_repeated", "ignored_avoided", "silently_repeated")


async def fates(hub: Hub) -> dict[str, str | None]:
    async with hub.db.reading() as reader:
        rows = await reader.fetch("SELECT id, fate FROM cds_card")
    return {row[0]: row[1] for row in rows}


def silently() -> tuple[int, int]:
    """The figures of /metrics: repeated, avoided."""
    found = (metrics.CARDS.labels(one.value)._value.get() for one in (Fate.REPEATED, Fate.AVOIDED))
    repeated, avoided = map(int, found)
    return repeated, avoided


async def test_ignored_cards_are_settled_from_what_was_done_afterwards(
    place: Any, tmp_path: Path
) -> None:
    async with a_hub(place, tmp_path) as hub:
        for number in (1, 2, 3):
            await received(hub, number)
        again, avoided = await asked(hub, 1, "K"), await asked(hub, 2, "K", "NA", "CRE")
        signing = await asked(hub, 1, "K", hour=13)  # the same order, at its signing
        other = await asked(hub, 3, "K", "NA")
        on: Any = {"at_us": YESTERDAY_US}
        wanted = {
            (await a_card(hub, again, **on)).uuid: "silently-repeated",
            (await a_card(hub, signing, **on)).uuid: "silently-repeated",
            (await a_card(hub, avoided, **on)).uuid: "silently-avoided",
            (await a_card(hub, other, None, **on, suggestions=())).uuid: "none",
        }
        on_page, said = await a_card(hub, avoided, "2", **on), await a_card(hub, avoided, "3", **on)
        await decided(hub, avoided, "2", "repeat")
        await told(hub, said, overridden(said))
        later = await a_card(hub, other)  # of today
        wanted |= {on_page.uuid: "decided", said.uuid: "said"}
        await received(hub, 1, RECEIVER, 0, "B")  # the receiver measured it all the same
        await received(hub, 3, RECEIVER, 0, "C")

        assert await settle_cards(hub, OVER_US - 1) == 0
        counted = silently()
        assert await settle_cards(hub, OVER_US, 4) == 4  # a stop leaves the rest
        assert await settle_cards(hub, OVER_US, 4) == 2
        assert await settle_cards(hub, OVER_US, 4) == 0
        assert await fates(hub) == wanted | {later.uuid: None}
        assert [a - b for a, b in zip(silently(), counted, strict=True)] == [2, 1]
        (answer,) = await told(hub, later, accepted(later))  # a card once ignored is acted upon
        assert answer.decision is not None

        found = values((await indicators(hub))["total"])
        assert [found[key] for key in KEYS] == ["5", "2", "1", "0", "2"]
        assert found["silently_avoided"] == "0"  # the seven days are not over
        assert (found["used"], found["repeated"], found["undecided"]) == ("1", "1", "4")
