"""The example decided on, and sent again by its source with other words."""

import json
from datetime import datetime, timedelta
from typing import Any

from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.store import decisions, notifications, work_items
from hie.synthetic.example import Example, example
from tests.integration.test_road import TODAY, _packed


def _said(loinc: str) -> list[str]:
    """The fields of the example's result with this code; its values differ from day to day."""
    lines = example(today=TODAY).message.decode().split("\r")
    return next(one.split("|") for one in lines if one.startswith("OBX") and f"^{loinc}^" in one)


# Value to status as the example's message has them; when the specimen was taken, and a bit later.
K, NA = (f"|{'|'.join(_said(loinc)[5:12])}|" for loinc in ("2823-3", "2951-2"))
K_VALUE, TAKEN = _said("2823-3")[5], _said("2823-3")[14]
LATER = (datetime.strptime(TAKEN, "%Y%m%d%H%M%S%z") + timedelta(minutes=10)).strftime(
    "%Y%m%d%H%M%S%z"
)


def sent_again(message: bytes, number: str, *changes: tuple[str, str]) -> bytes:
    """The message once more under another number, an hour later, with words exchanged."""
    text = message.decode()
    day = TODAY.strftime("%Y%m%d")
    later = text.split("|")[6]
    text = text.replace(later, f"{day}000500+0800", 1).replace("BJEXAMPLE0001", number)
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text.encode()


async def received(hub: Hub, site: str, message: bytes) -> dict[str, Any]:
    """One message in by the door; it was stored."""
    answer = await run(hub, "receive", {"site": site, "files": [_packed(message)]})
    receipt: dict[str, Any] = answer["receipts"][0]
    held = {one["code"] for one in receipt["issues"] if one["severity"] == "hold"}
    assert held <= {"unmapped-code"}, receipt["issues"]
    return receipt


async def used(hub: Hub, case: Example, ref: str = "1", **more: Any) -> tuple[dict[str, Any], Any]:
    """Ask, and decide to use the first result of an order; the answer, and what was told."""
    answer = await run(hub, "order-check", {"request": case.order_check.decode()})
    return answer, await decided(hub, answer, ref, **more)


async def decided(hub: Hub, answer: dict[str, Any], ref: str = "1", **more: Any) -> dict[str, Any]:
    """The decision to use the first result of an order, with these members changed."""
    order = next(one for one in answer["orders"] if one["ref"] == ref)
    one = {"ref": ref, "assessment": order["candidates"][0]["assessment"], "decision": "use"} | more
    key = f"{answer['check']}-{ref}-{json.dumps(more, sort_keys=True)}"
    body = {"check": answer["check"], "key": key, "practitioner": "D0117", "decisions": [one]}
    told = await run(hub, "decide", {"request": json.dumps(body)})
    found: dict[str, Any] = told["decisions"][0]
    return found


async def state_of(hub: Hub, decision: str) -> str:
    async with hub.db.reading() as reader:
        found = await decisions.find(reader, decision)
    assert found is not None
    return found.state


async def waiting(hub: Hub) -> list[work_items.WorkItem]:
    async with hub.db.reading() as reader:
        return await work_items.find(reader, None)


async def told(hub: Hub, institution: str) -> list[notifications.Notification]:
    async with hub.db.reading() as reader:
        return await notifications.after(reader, institution, 0, 100)
