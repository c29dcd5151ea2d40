"""A correction that the source sends reopens what was decided on the result."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from hie.errors import Conflict, UnprocessableRequest
from hie.exchange.commands import run
from hie.store import decisions, work_items
from hie.store.decisions import AlreadyDecided
from hie.synthetic import example
from tests.integration.exchange.reopening import (
    K_VALUE,
    LATER,
    TAKEN,
    K,
    decided,
    received,
    sent_again,
    state_of,
    told,
    used,
    waiting,
)
from tests.integration.test_road import TODAY, connected
from tests.integration.two_hospitals import NUMBER

pytestmark = pytest.mark.anyio


async def test_a_corrected_value_reopens_the_decision_that_used_it(
    place: Any, tmp_path: Path
) -> None:
    async with connected(place, tmp_path) as (hub, _):
        case = example(today=TODAY)
        await received(hub, case.site, case.message)
        answer, mine = await used(hub, case)
        _, other = await used(hub, case, "2")  # creatinine, which is not corrected
        await received(
            hub, case.site, sent_again(case.message, "C1", (K, "|5.62|mmol/L|3.5-5.3|H|||C|"))
        )
        assert await state_of(hub, mine["decision"]) == "reopened"
        assert await state_of(hub, other["decision"]) == "recorded"
        (item,) = await waiting(hub)
        receiver = json.loads(case.order_check)["receiver"]["institution"]
        assert (item.institution, item.decision, item.cause) == (
            receiver,
            mine["decision"],
            "corrected",
        )
        (event,) = item.events
        assert {one["what"]: (one["old"], one["new"]) for one in event["changes"]} == {
            "status": ("final", "corrected"),
            "value": (K_VALUE, "5.62"),
            "interpretation": (None, "H"),
        }
        assert event["was"]["resource"] == answer["orders"][0]["candidates"][0]["resource"]
        assert event["now"]["resource"].endswith("/_history/2")
        assert (event["now"]["unit"], event["was"]["unit"]) == ("mmol/L", "mmol/L")
        assert event["now"]["issued"]
        assert event["now"]["effective"]
        (note,) = await told(hub, receiver)
        assert (note.seq, note.decision, note.work_item) == (1, mine["decision"], item.id)
        async with hub.db.reading() as reader:
            rows = await reader.fetch(
                "SELECT action, subject, detail FROM audit_access WHERE detail LIKE 'reopened%'"
            )
        assert [tuple(row) for row in rows] == [
            ("U", f"site:{case.site}", f"reopened (corrected): {mine['decision']}")
        ]


async def test_a_withdrawn_result_reopens_and_says_so(place: Any, tmp_path: Path) -> None:
    async with connected(place, tmp_path) as (hub, _):
        case = example(today=TODAY)
        await received(hub, case.site, case.message)
        _, mine = await used(hub, case)
        withdrawn = sent_again(case.message, "W1", (K, K.replace("F|", "W|")))
        await received(hub, case.site, withdrawn)
        (item,) = await waiting(hub)
        assert (item.cause, item.decision) == ("withdrawn", mine["decision"])
        assert item.events[0]["now"]["status"] == "entered-in-error"


async def test_what_nobody_used_makes_nothing(place: Any, tmp_path: Path) -> None:
    async with connected(place, tmp_path) as (hub, _):
        case = example(today=TODAY)
        await received(hub, case.site, case.message)
        answer = await run(hub, "order-check", {"request": case.order_check.decode()})
        repeat = {
            "decision": "repeat",
            "assessment": None,
            "reason": "N1_CONDITION_CHANGED",
            "explained_to_patient": True,
        }
        repeated = await decided(hub, answer, **repeat)
        await received(
            hub, case.site, sent_again(case.message, "C1", (K, "|5.62|mmol/L|3.5-5.3|H|||C|"))
        )
        assert await waiting(hub) == []
        assert await state_of(hub, repeated["decision"]) == "recorded"


async def test_a_correction_twice_makes_one_item_and_a_resend_none(
    place: Any, tmp_path: Path
) -> None:
    async with connected(place, tmp_path) as (hub, _):
        case = example(today=TODAY)
        await received(hub, case.site, case.message)
        _, mine = await used(hub, case)
        # Sent again as it was; then with another physician, unit spelling and trailing digit.
        await received(hub, case.site, sent_again(case.message, "R1"))
        reviewer = re.findall(r"R\d\d&\w审核", case.message.decode())[0]
        changed = ((K, f"|{K_VALUE}0|mmol/l|3.5-5.3|N|||F|"), (reviewer, "R09&赵审核"))
        await received(hub, case.site, sent_again(case.message, "R2", *changed))
        assert await state_of(hub, mine["decision"]) == "recorded"
        correction = (K, "|5.62|mmol/L|3.5-5.3|H|||C|")
        for number in ("C1", "C2", "C3"):
            await received(hub, case.site, sent_again(case.message, number, correction))
        (item,) = await waiting(hub)
        assert len(item.events) == 1
        second = (K, "|5.71|mmol/L|3.5-5.3|H|||C|")
        await received(hub, case.site, sent_again(case.message, "C4", second))
        (item,) = await waiting(hub)
        values = [
            one for event in item.events for one in event["changes"] if one["what"] == "value"
        ]
        assert [(one["old"], one["new"]) for one in values] == [
            (f"{K_VALUE}0", "5.62"),
            ("5.62", "5.71"),
        ]
        assert [one.seq for one in await told(hub, item.institution)] == [1, 2]


async def test_a_late_older_version_reopens_nothing(place: Any, tmp_path: Path) -> None:
    async with connected(place, tmp_path) as (hub, _):
        case = example(today=TODAY)
        await received(hub, case.site, case.message)
        _, mine = await used(hub, case)
        late = sent_again(case.message, "P1", (K, "|3.80|mmol/L|3.5-5.3|N|||P|"))
        await received(hub, case.site, late)
        assert await state_of(hub, mine["decision"]) == "recorded"
        assert await waiting(hub) == []


async def test_the_decision_is_made_anew_and_the_item_closes(place: Any, tmp_path: Path) -> None:
    async with connected(place, tmp_path) as (hub, _):
        case = example(today=TODAY)
        await received(hub, case.site, case.message)
        first, mine = await used(hub, case)
        assert (await decided(hub, first))["state"] == "unchanged"
        await received(
            hub, case.site, sent_again(case.message, "C1", (K, "|4.02|mmol/L|3.5-5.3|N|||C|"))
        )
        assert (await decided(hub, first))["state"] == "reopened"
        with pytest.raises(AlreadyDecided):  # confirming names what it replaces
            await decided(hub, first, text="still good")
        again = await run(hub, "order-check", {"request": case.order_check.decode()})
        with pytest.raises(UnprocessableRequest) as refused:  # sodium cannot take potassium's place
            await decided(hub, again, "2", replaces=mine["decision"])
        assert refused.value.faults[0].code == "another-order"
        confirmed = await decided(hub, again, replaces=mine["decision"])
        assert confirmed["state"] == "replaced"
        assert await state_of(hub, mine["decision"]) == "replaced"
        assert await waiting(hub) == []
        async with hub.db.reading() as reader:
            done = await work_items.of_decisions(reader, [mine["decision"]])
            standing = await decisions.standing_of(reader, first["check"], "1")
            chain = await decisions.chain(reader, confirmed["decision"])
        assert [(one.state, one.closed_with) for one in done] == [("done", confirmed["decision"])]
        assert standing is not None
        assert standing.id == confirmed["decision"]  # the order of the first check is decided too
        assert [one.id for one in chain] == [confirmed["decision"], mine["decision"]]
        with pytest.raises(AlreadyDecided):
            await decided(hub, again, "1", replaces=mine["decision"], text="a second time")
        # What replaced it is reopened by the next correction; what was replaced is not.
        await received(
            hub, case.site, sent_again(case.message, "C2", (K, "|4.10|mmol/L|3.5-5.3|N|||C|"))
        )
        assert await state_of(hub, mine["decision"]) == "replaced"
        assert await state_of(hub, confirmed["decision"]) == "reopened"


async def test_a_link_taken_back_reopens_what_it_led_to(place: Any, tmp_path: Path) -> None:
    async with connected(place, tmp_path) as (hub, _):
        case = example(today=TODAY)
        await received(hub, case.site, case.message)
        stranger = case.message.decode().replace("BJ100037", "BJ900001")
        stranger = stranger.replace(NUMBER, "E1234567").replace("NNCHN", "PPN")
        number = TODAY.strftime("%y")
        stranger = stranger.replace(f"|O{number}", "|O99").replace(f"|BJ{number}", "|BJ99")
        stranger = stranger.replace("BJEXAMPLE0001", "S1").replace(K, "|4.44|mmol/L|3.5-5.3|N|||F|")
        stranger = stranger.replace(TAKEN, LATER)  # the newest: it leads
        await received(hub, case.site, stranger.encode())
        async with hub.db.reading() as reader:
            homes = [row[0] for row in await reader.fetch("SELECT id FROM patient ORDER BY id")]
        assert len(homes) == 2
        link = (await run(hub, "identity-join", {"patients": homes, "reason": "one card"}))["link"]
        asked = json.loads(case.order_check)
        answer = await run(hub, "order-check", {"request": json.dumps(asked)})
        offered = answer["orders"][0]["candidates"]
        values = {one["value"]: one for one in offered}
        assert set(values) == {K_VALUE, "4.44"}, offered
        assert values["4.44"]["outcome"] != "do_not_recognise", values["4.44"]
        mine = await decided(hub, answer, assessment=values["4.44"]["assessment"])
        await run(hub, "identity-undo", {"link": link})
        assert await state_of(hub, mine["decision"]) == "reopened"
        assert [(one.cause, one.decision) for one in await waiting(hub)] == [
            ("identity", mine["decision"])
        ]


async def test_a_key_for_something_else_is_a_conflict(place: Any, tmp_path: Path) -> None:
    async with connected(place, tmp_path) as (hub, _):
        case = example(today=TODAY)
        await received(hub, case.site, case.message)
        answer = await run(hub, "order-check", {"request": case.order_check.decode()})
        with pytest.raises(Conflict):
            await decided(hub, answer, replaces="nothing")
