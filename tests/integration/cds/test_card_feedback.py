"""What a client says of its cards: decisions where all is said, notes where it is not, once each."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from hie import metrics
from hie.exchange.card_decision import Became, Feedback, apply
from hie.exchange.card_feedback import mark_of
from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.store import cds_feedback, decisions
from hie.store.cds_cards import Card
from tests.integration.cds.given_cards import a_card, accepted, client_of, overridden, told
from tests.integration.exchange.test_indicators import a_hub, asked, decided, received
from tests.integration.labels.test_desk import WHY, person

pytestmark = pytest.mark.anyio
WORDS = "王某不放心，要求复查"
FAST: Any = {"reason": "N2_RAPIDLY_CHANGING"}
OTHER: Any = {"reason": "N6_OTHER_NECESSARY", "explained": True}
USE = ("use", None, None, None)
# which card, what is said of it, what it becomes, the decision that stands then
CASES: list[tuple[dict[str, Any], Callable[[Card], Feedback], Became, tuple[Any, ...] | None]] = [
    ({}, accepted, Became.RECORDED, USE),
    ({}, partial(accepted, kind="keep"), Became.KEPT, None),
    ({}, overridden, Became.DISMISSED, None),
    ({}, partial(overridden, comment=WORDS), Became.DISMISSED, None),
    ({}, partial(overridden, **FAST), Became.EXPLAINED_UNKNOWN, None),
    (
        {},
        partial(overridden, **FAST, comment=WORDS, explained=False),
        Became.RECORDED,
        ("repeat", "N2_RAPIDLY_CHANGING", WORDS, False),
    ),
    ({}, partial(overridden, **OTHER, comment="。"), Became.WORDS_REQUIRED, None),
    (
        {},
        partial(overridden, **OTHER, comment=WORDS),
        Became.RECORDED,
        ("repeat", "N6_OTHER_NECESSARY", WORDS, True),
    ),
    ({}, partial(overridden, reason="urn:his|OWN", explained=True), Became.REASON_UNKNOWN, None),
    ({"practitioner": None}, accepted, Became.NOBODY_NAMED, None),
    ({"ref": None}, overridden, Became.NO_ORDER, None),
]


async def standing(hub: Hub, card: Card) -> tuple[Any, ...] | None:
    """The decision that stands for the card's order."""
    async with hub.db.reading() as reader:
        found = await decisions.standing_of(reader, card.check, str(card.ref))
    if found is None:
        return None
    return found.decision, found.reason, found.text, found.explained, found.practitioner


async def count(hub: Hub, table: str, where: str = "1 = 1") -> int:
    async with hub.db.reading() as reader:
        return int(await reader.fetchval(f"SELECT count(*) FROM {table} WHERE {where}"))  # noqa: S608


async def test_each_outcome_becomes_what_it_says_and_no_more(place: Any, tmp_path: Path) -> None:
    async with a_hub(place, tmp_path) as hub:
        await received(hub, 1)

        for other, entry, became, stands in CASES:
            one = await a_card(hub, await asked(hub, 1, "K"), **other)
            before = metrics.CARDS.labels(became.value)._value.get()
            (answer,) = await told(hub, one, entry(one))
            assert (answer.became, answer.again) == (became, False)
            found = None if one.ref is None else await standing(hub, one)
            assert found == (None if stands is None else (*stands, "D0117"))
            (again,) = await told(hub, one, entry(one))  # the very same, as after a lost answer
            assert (again.became, again.again, again.decision) == (became, True, answer.decision)
            assert metrics.CARDS.labels(became.value)._value.get() == before + 1
        assert await count(hub, "decision") == 3
        assert await count(hub, "cds_feedback") == 11
        assert await count(hub, "audit_access", "type = 'card-feedback'") == 22
        assert await count(hub, "audit_access", "type = 'decide'") == 3
        assert await count(hub, "cds_feedback", f"comment LIKE '%{WORDS}%'") == 0
        async with hub.db.reading() as reader:
            said = await cds_feedback.of_cards(reader, [one.uuid])
            assert [row.comment for row in said[one.uuid].values()] == [None]


async def test_what_is_unknown_is_told_and_the_rest_is_recorded(place: Any, tmp_path: Path) -> None:
    async with a_hub(place, tmp_path) as hub:
        await received(hub, 1)
        answer = await asked(hub, 1, "K", "NA")
        first, second = await a_card(hub, answer), await a_card(hub, answer, "2")
        foreign = await a_card(hub, answer, client="another-his")
        elsewhere = await a_card(hub, answer, service="hie-order-select")
        both = tuple(key for key, _ in first.suggestions)
        entries = [
            accepted(foreign),
            accepted(elsewhere),
            overridden(replace(first, uuid="no-uuid")),
            replace(accepted(first), suggestions=accepted(second).suggestions),
            replace(accepted(first), suggestions=both),
            accepted(second),
        ]
        answers = await told(hub, first, *entries)
        assert [one.became for one in answers] == [
            Became.UNKNOWN_CARD, Became.UNKNOWN_CARD, Became.UNKNOWN_CARD,
            Became.UNKNOWN_SUGGESTION, Became.CONTRADICTION, Became.RECORDED,
        ]  # fmt: skip
        assert {one.check for one in answers[:3]} == {None}  # nothing of another's card is told
        assert await standing(hub, first) is None
        assert (await standing(hub, second) or ())[0] == "use"
        assert await count(hub, "cds_feedback") == 1
        (gone,) = await told(hub, first, accepted(first), institution="91110000SOURCE000X")
        assert gone.became is Became.UNKNOWN_CARD
        (own,) = await told(hub, elsewhere, accepted(elsewhere))
        assert own.became is Became.RECORDED


async def test_what_was_said_last_stands_in_whichever_order_it_comes(
    place: Any, tmp_path: Path
) -> None:
    async with a_hub(place, tmp_path) as hub:
        await received(hub, 1)
        for order in permutations(range(3)):
            card = await a_card(hub, await asked(hub, 1, "K"))
            said = [
                accepted(card),
                overridden(card, **FAST, explained=True, later=5),
                accepted(card, later=10),
            ]
            await told(hub, card, said[order[0]], overridden(card, later=15))  # no decision
            await told(hub, card, *(said[place_] for place_ in order[1:]))
            assert (await standing(hub, card) or ())[0] == "use", order
            assert await count(hub, "cds_feedback", f"card = '{card.uuid}'") == 4
            live = f"check_id = '{card.check}' AND state <> 'replaced'"
            assert await count(hub, "decision", live) == 1
        at_once = [await a_card(hub, await asked(hub, 1, "K")) for _ in range(3)]
        for card in at_once:
            said = [
                accepted(card),
                overridden(card, **FAST, explained=True, later=5),
                accepted(card),
            ]
            await asyncio.gather(*(told(hub, card, one) for one in said))
            assert (await standing(hub, card) or ())[0] == "repeat"


async def test_a_clock_that_runs_ahead_does_not_outdo_what_is_said_after(
    place: Any, tmp_path: Path
) -> None:
    async with a_hub(place, tmp_path) as hub:
        await received(hub, 1)
        card = await a_card(hub, await asked(hub, 1, "K"))
        ahead = accepted(card, later=10**9)
        (used,) = await told(hub, card, ahead)
        now = replace(overridden(card, **FAST, explained=True), outcome_us=time.time_ns() // 1000)
        (repeated,) = await told(hub, card, now)
        assert (used.became, repeated.became) == (Became.RECORDED, Became.RECORDED)
        (again,) = await told(hub, card, ahead)
        assert again.again
        assert (await standing(hub, card) or ())[0] == "repeat"


async def test_a_clock_that_was_never_set_is_outdone_by_one_that_was(
    place: Any, tmp_path: Path
) -> None:
    async with a_hub(place, tmp_path) as hub:
        await received(hub, 1)
        card = await a_card(hub, await asked(hub, 1, "K"))
        unset = replace(accepted(card), outcome_us=-62_135_510_400_000_000)
        answers = await told(hub, card, unset, overridden(card, **FAST, explained=True))
        assert [one.became for one in answers] == [Became.RECORDED, Became.RECORDED]
        assert (await standing(hub, card) or ())[0] == "repeat"


async def test_what_a_person_decided_is_never_overwritten(place: Any, tmp_path: Path) -> None:
    async with a_hub(place, tmp_path) as hub:
        await received(hub, 1)
        answer = await asked(hub, 1, "K", "NA", "CRE")
        cards = [await a_card(hub, answer, ref) for ref in ("1", "2", "3")]
        kept = await decided(hub, answer, "1", "repeat")
        same = await decided(hub, answer, "2", "use")
        answers = await told(hub, cards[0], *(accepted(card) for card in cards))
        assert [(one.became, one.decision) for one in answers[:2]] == [
            (Became.ALREADY_DECIDED, kept), (Became.STANDS, same),
        ]  # fmt: skip
        assert (await standing(hub, cards[0]) or ())[0] == "repeat"
        changed = await decided(hub, answer, "3", "repeat", replaces=answers[2].decision)
        (later,) = await told(hub, cards[2], overridden(cards[2], **OTHER, comment=WORDS, later=60))
        assert (later.became, later.decision) == (Became.ALREADY_DECIDED, changed)


async def test_a_stop_before_it_is_kept_decides_nothing_twice(place: Any, tmp_path: Path) -> None:
    async with a_hub(place, tmp_path) as hub:
        await received(hub, 1)
        card = await a_card(hub, await asked(hub, 1, "K"))
        async with hub.db.reading() as reader:
            mark = mark_of(reader, accepted(card))
        left = await apply(hub, client_of(card), card, accepted(card), mark, {})
        (answer,) = await told(hub, card, accepted(card))  # sent again, as no answer came
        assert (answer.became, answer.decision, answer.again) == (*left, False)
        assert await count(hub, "decision") == await count(hub, "cds_feedback") == 1


async def test_a_result_that_may_not_be_seen_any_more_is_not_used(
    place: Any, tmp_path: Path
) -> None:
    async with a_hub(place, tmp_path) as hub:
        await person(hub, WHY["officer"], "security-officer")
        await received(hub, 1)
        answer = await asked(hub, 1, "K", "NA")
        hidden, other = await a_card(hub, answer), await a_card(hub, answer, "2")
        result = answer["orders"][0]["candidates"][0]["resource"].split("/_history/")[0]
        await run(hub, "label-raise", {"resource": result, "topics": ["VIP"], **WHY})
        answers = await told(hub, hidden, accepted(hidden), accepted(other))
        assert [one.became for one in answers] == [Became.NO_LONGER_OFFERED, Became.RECORDED]
        assert await standing(hub, hidden) is None
