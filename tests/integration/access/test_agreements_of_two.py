"""An agreement that becomes wider waits for another operator; one that narrows holds at once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hie.access.actor import Actor
from hie.errors import Conflict, NotPermitted
from hie.exchange.commands import operator, run
from hie.exchange.hub import Hub
from tests.integration.access.support import INSTITUTIONS, region

pytestmark = pytest.mark.anyio
CODE = INSTITUTIONS["a"]
ALICE = replace(operator(), subject="alice", names=frozenset({"alice"}))
BOB = replace(operator(), subject="bob", names=frozenset({"bob"}))
TIGHT = {
    "scopes": ["system/Observation.rs"],
    "purposes": ["TREAT"],
    "declares": False,
    "encounter": True,
}
WIDER: list[dict[str, Any]] = [
    {"scopes": ["system/Observation.rs", "system/Patient.r"]},
    {"scopes": None},
    {"purposes": ["TREAT", "PUBHLTH"]},
    {"purposes": None},
    {"declares": True},
    {"people_declare": True},
    {"encounter": False},
    {"clearance": "R"},
    {"scopes": ["system/Observation.r"], "clearance": "V"},  # less and more
]
NARROWER: list[dict[str, Any]] = [
    {"scopes": ["system/Observation.r"]},
    {"scopes": []},
    {"purposes": []},
    {},
]


@asynccontextmanager
async def demanding(place: Any, tmp_path: Path) -> AsyncIterator[Hub]:
    """A hub that demands two operators, where an institution has a tight agreement."""
    async with region(place, tmp_path) as found:
        await run(found.hub, "agreement-put", {"institution": CODE, **TIGHT})
        yield replace(found.hub, entrance=replace(found.hub.entrance, dual_control=True))


async def agreed(hub: Hub) -> Any:
    rows = (await run(hub, "agreement-list", {}))["agreements"]
    return next((one for one in rows if one["institution"] == CODE), None)


async def put(hub: Hub, who: Actor, **changes: Any) -> dict[str, Any]:
    return await run(hub, "agreement-put", {"institution": CODE, **TIGHT, **changes}, who)


async def events(hub: Hub) -> list[tuple[str, str, str]]:
    async with hub.db.reading() as reader:
        rows = await reader.fetch(
            "SELECT type, subject, action FROM audit_access WHERE subject IN ('alice', 'bob')"
            " ORDER BY at_us, n"
        )
    return [(row[0], row[1], row[2]) for row in rows]


@pytest.mark.parametrize("more", WIDER)
async def test_a_wider_one_waits(place: Any, tmp_path: Path, more: dict[str, Any]) -> None:
    async with demanding(place, tmp_path) as hub:
        before = await agreed(hub)
        proposal = (await put(hub, ALICE, **more))["proposal"]
        assert await agreed(hub) == before
        with pytest.raises(NotPermitted):
            await run(hub, "client-approve", {"proposal": proposal}, ALICE)
        (shown,) = (await run(hub, "client-list", {}, BOB))["waiting"]
        assert {one["item"] for one in shown["changes"]} == set(more)
        await run(hub, "client-approve", {"proposal": proposal}, BOB)
        assert await agreed(hub) != before
        assert await events(hub) == [
            ("proposal", "alice", "C"),
            ("refused", "alice", "E"),
            ("proposal", "bob", "U"),
            ("client-change", "bob", "U"),
        ]


@pytest.mark.parametrize("less", NARROWER)
async def test_a_narrower_one_holds_at_once(
    place: Any, tmp_path: Path, less: dict[str, Any]
) -> None:
    async with demanding(place, tmp_path) as hub:
        assert "proposal" not in await put(hub, ALICE, **less)
        assert await events(hub) == [("client-change", "alice", "U")]
        other = INSTITUTIONS["b"]  # which has the standard one
        narrow = {"institution": other, "purposes": ["TREAT"], "declares": False}
        assert "proposal" not in await run(hub, "agreement-put", narrow, ALICE)
        wide = {"institution": other, "clearance": "R"}
        assert "proposal" in await run(hub, "agreement-put", wide, ALICE)


async def test_to_drop_one_for_the_standard_one_waits_where_that_is_wider(
    place: Any, tmp_path: Path
) -> None:
    async with demanding(place, tmp_path) as hub:
        proposal = (await run(hub, "agreement-drop", {"institution": CODE}, ALICE))["proposal"]
        assert (await agreed(hub))["purposes"] == "TREAT"
        await run(hub, "client-approve", {"proposal": proposal}, BOB)
        assert await agreed(hub) is None


async def test_to_drop_a_wider_one_holds_at_once(place: Any, tmp_path: Path) -> None:
    async with demanding(place, tmp_path) as hub:
        wide = {"institution": CODE, "clearance": "V", "people_declare": True}
        proposal = (await run(hub, "agreement-put", wide, ALICE))["proposal"]
        await run(hub, "client-approve", {"proposal": proposal}, BOB)
        assert "proposal" not in await run(hub, "agreement-drop", {"institution": CODE}, ALICE)
        assert await agreed(hub) is None


async def test_one_that_was_changed_meanwhile_is_proposed_anew(place: Any, tmp_path: Path) -> None:
    async with demanding(place, tmp_path) as hub:
        proposal = (await put(hub, ALICE, clearance="R"))["proposal"]
        await put(hub, BOB, purposes=[])
        with pytest.raises(Conflict):
            await run(hub, "client-approve", {"proposal": proposal}, BOB)
        assert (await agreed(hub))["clearance"] == "N"


async def test_what_an_institution_may_is_what_was_approved(place: Any, tmp_path: Path) -> None:
    async with demanding(place, tmp_path) as hub:
        proposal = (await put(hub, ALICE, purposes=["TREAT", "PUBHLTH"]))["proposal"]
        held = await hub.entrance.agreements.of(CODE)
        assert not held.permits_purpose("PUBHLTH")
        await run(hub, "client-approve", {"proposal": proposal}, BOB)
        held = await hub.entrance.agreements.of(CODE)
        assert held.permits_purpose("PUBHLTH")
