"""All orders of a check decided on by one form: at once, twice, beside a colleague, too late.

Either everything that was chosen is recorded, or nothing is; and what was chosen is kept.
"""

import re
from asyncio import gather
from pathlib import Path
from typing import Any

import pytest

from hie.app import opened
from hie.exchange.hub import Hub
from hie.synthetic import example
from tests.integration.deciding import (
    CORRECTION,
    colleague,
    fields,
    institution_of,
    ordered,
    repeating,
    sign_in,
    using,
)
from tests.integration.exchange.reopening import received, sent_again
from tests.integration.test_doors import _client, _ready, _settings
from tests.integration.test_road import TODAY

pytestmark = pytest.mark.anyio
ITEMS = ("CRE", "K", "NA", "HBA1C")  # as the page lists them; of the last nothing is known


async def standing(hub: Hub) -> list[tuple[str, ...]]:
    """Every decision there is: ref, what, why, who was told."""
    async with hub.db.reading() as reader:
        rows = await reader.fetch(
            "SELECT ref, decision, state, reason FROM decision ORDER BY ref, at_us"
        )
    return [tuple(one for one in row if one is not None) for row in rows]


def place_of(page: str, name: str) -> int:
    """The place of an order on the card."""
    found = re.search(rf'id="line-(\d+)"(?:(?!<li).)*<b>{name}</b>', page, re.S)
    assert found, name
    return int(found[1])


async def test_all_orders_are_one_decision_that_may_be_sent_twice(
    place: Any, tmp_path: Path
) -> None:
    async with opened(_settings(place)) as hub:
        await _ready(hub, tmp_path)
        async with _client(hub) as client:
            await sign_in(client)
            check = await ordered(client, *ITEMS)
            page = (await client.get(f"{check}?lang=en")).text
            k, na = place_of(page, "Potassium"), place_of(page, "Sodium")
            cre = place_of(page, "Creatinine")
            assert "3 of 4 orders already have a recognisable result" in page
            assert re.search(r"saves ¥\d+\.\d\d\.", page)
            assert page.count("data-use checked") == 3
            assert not re.search(r'type="radio"[^>]* checked', page)
            # A reason beside a use says neither; both are asked for anew, and nothing is recorded.
            chosen = using(page, cre, na) | repeating(page, "N2_RAPIDLY_CHANGING", place=k)
            both = await client.post(check, data=chosen | {f"use-{k}": "yes"})
            assert both.status_code == 422
            assert "Both a use and a reason to repeat were chosen" in both.text
            assert both.text.count("data-use checked") == 2
            lacking = repeating(page, "N6_OTHER_NECESSARY", place=k) | using(page, cre)
            refused = await client.post(check, data=lacking)
            assert refused.status_code == 422
            assert f'<a href="#line-{k}">Potassium</a> This reason needs a sentence' in refused.text
            assert re.search(r'value="N6_OTHER_NECESSARY"[^>]* checked', refused.text)
            forged = await client.post(check, data=chosen | {f"offer-{cre}": chosen[f"offer-{na}"]})
            assert forged.status_code == 422
            assert await standing(hub) == []
            for _ in range(2):  # pressed twice
                assert (await client.post(check, data=chosen)).status_code == 303
            made = await standing(hub)
            assert sorted(one[1] for one in made) == ["repeat", "use", "use"]
            shown = (await client.get(f"{check}?lang=en")).text
            assert "Decided: 2 used, 1 to be repeated" in shown
            assert f'href="{check}/notice"' in shown
            notice = (await client.get(f"{check}/notice?lang=en")).text
            assert all(name in notice for name in ("Potassium", "Sodium", "Creatinine"))


async def test_two_clinicians_decide_at_once_and_nothing_is_decided_twice(
    place: Any, tmp_path: Path
) -> None:
    async with opened(_settings(place)) as hub:
        await _ready(hub, tmp_path)
        await colleague(hub, await institution_of(hub))
        async with _client(hub) as one, _client(hub) as two:
            await sign_in(one)
            await sign_in(two, "second")
            check = await ordered(one, *ITEMS)
            mine, theirs = [(await each.get(f"{check}?lang=en")).text for each in (one, two)]
            k, na, cre = (place_of(mine, name) for name in ("Potassium", "Sodium", "Creatinine"))
            first = using(mine, k, na)
            second = repeating(theirs, "N1_CONDITION_CHANGED", place=na) | {f"use-{cre}": "yes"}
            answers = await gather(
                one.post(check, data=first), two.post(check, data=second), return_exceptions=False
            )
            assert sorted(answer.status_code for answer in answers) == [303, 409]
            late = next(answer for answer in answers if answer.status_code == 409)
            who = (one, two)[answers.index(late)]
            assert "Somebody decided on some of these first" in late.text
            assert len(await standing(hub)) == 2
            # What nobody decided on is still chosen, and is recorded by sending it again.
            (left,) = re.findall(r'name="use-(\d+)"[^>]*checked', late.text)
            assert int(left) == (k if who is one else cre)
            again = fields(late.text, "data-decide") | {f"use-{left}": "yes"}
            assert (await who.post(check, data=again)).status_code == 303
            made = await standing(hub)
            assert [one[2] for one in made] == ["recorded"] * 3
            assert len({one[0] for one in made}) == 3


async def test_when_a_result_changed_nothing_is_recorded_and_the_rest_is_asked_again(
    place: Any, tmp_path: Path
) -> None:
    async with opened(_settings(place)) as hub:
        await _ready(hub, tmp_path)
        case = example(today=TODAY)
        async with _client(hub) as client:
            await sign_in(client)
            check = await ordered(client, *ITEMS)
            page = (await client.get(f"{check}?lang=en")).text
            k, na, cre = (place_of(page, name) for name in ("Potassium", "Sodium", "Creatinine"))
            assert (await client.post(check, data=using(page, cre))).status_code == 303
            page = (await client.get(check)).text
            await received(hub, case.site, sent_again(case.message, "C1", CORRECTION))
            refused = await client.post(check, data=using(page, k, na))
            assert refused.status_code == 409
            assert "A result has changed since this check" in refused.text
            assert "<ins>5.62 mmol/L</ins>" in refused.text
            assert "data-decide" not in refused.text
            assert len(await standing(hub)) == 1
            again = await client.post(f"{check}/again", data=fields(refused.text, "whole"))
            assert again.status_code == 303
            anew = again.headers["location"]
            fresh = (await client.get(anew)).text
            assert "5.62 mmol/L" in fresh
            assert "Creatinine" not in fresh  # it was decided on
            # All as usual: one reason for whatever was offered.
            usual = fields(fresh, "data-decide") | {"do": "all", "explained": "yes"}
            asked = await client.post(anew, data=usual)
            assert asked.status_code == 422
            assert "Choose a reason." in asked.text
            given = usual | {"reason-all": "N3_CRITICAL_DECISION"}
            assert (await client.post(anew, data=given)).status_code == 303
            made = await standing(hub)
            assert [one[1] for one in made].count("repeat") == 2
            assert {one[3] for one in made if one[1] == "repeat"} == {"N3_CRITICAL_DECISION"}
