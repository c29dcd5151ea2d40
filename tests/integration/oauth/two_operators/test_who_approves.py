"""Who may approve: another person than who proposed it, as far as the machine can tell."""

import asyncio

import pytest

from hie.access.actor import Actor
from hie.errors import Conflict, HubError, NotPermitted, ResourceNotFound
from hie.oauth.upkeep import tidy
from tests.integration.oauth.conftest import SCOPES, Hub, Making
from tests.integration.oauth.two_operators.operators import (
    ALICE,
    BOB,
    NEW,
    ROOT,
    WEEK,
    act,
    an_operator,
    propose_new,
    scopes_of,
    told,
    waiting,
    widen,
)
from tests.unit.access.tokens import CLIENT

pytestmark = pytest.mark.anyio
MORE = {*SCOPES, "system/Encounter.rs"}


@pytest.mark.parametrize(
    "who",
    [
        ALICE,
        an_operator("alice", "bob", subject="bob"),  # became bob after logging in as alice
        an_operator("carol", "alice", subject="carol"),
        ROOT,
        an_operator("alice", subject="bob"),  # whatever the log would call them
    ],
)
async def test_the_same_person_and_nobody_known_are_refused_and_told_of(
    hub: Hub, who: Actor
) -> None:
    proposal = await widen(hub)
    with pytest.raises(NotPermitted):
        await act(hub, who, "client-approve", proposal=proposal)
    assert await scopes_of(hub) == set(SCOPES)
    (refused,) = await hub.audit("refused")
    assert (refused["reason"], refused["outcome"]) == ("operator", "4")
    assert [action for _, action, _ in await told(hub)] == ["C"]
    await act(hub, BOB, "client-approve", proposal=proposal)  # it waits still, for another
    assert await scopes_of(hub) == MORE


async def test_nobody_known_proposes_nothing(hub: Hub) -> None:
    with pytest.raises(NotPermitted):
        await widen(hub, ROOT)
    with pytest.raises(NotPermitted):
        await propose_new(hub, ROOT)
    assert await waiting(hub) == []
    assert await hub.reasons() == ["operator", "operator"]


async def test_a_proposal_of_nobody_known_is_approved_by_nobody(hub: Hub) -> None:
    proposal = await widen(hub)
    async with hub.entrance.db.unit() as unit:
        await unit.execute("UPDATE proposal SET names = ''")
    with pytest.raises(NotPermitted):
        await act(hub, BOB, "client-approve", proposal=proposal)


@pytest.mark.parametrize("who", [ALICE, BOB, ROOT])
async def test_whoever_it_is_may_reject(hub: Hub, who: Actor) -> None:
    proposal = await propose_new(hub)
    await act(hub, who, "client-reject", proposal=proposal)
    assert await waiting(hub) == []
    for name in ("client-approve", "client-reject"):
        with pytest.raises(Conflict):
            await act(hub, BOB, name, proposal=proposal)
    assert await told(hub) == [
        ("alice", "C", f"proposed #: add {NEW}"),
        (who.subject, "D", f"rejected #: add {NEW}"),
    ]


@pytest.mark.parametrize("name", ["client-approve", "client-reject"])
async def test_what_is_no_proposal_is_not_found(hub: Hub, name: str) -> None:
    with pytest.raises(ResourceNotFound):
        await act(hub, BOB, name, proposal="nothing2")


@pytest.mark.parametrize(("after", "holds"), [(WEEK - 1, True), (WEEK, False), (WEEK + 1, False)])
async def test_a_proposal_is_open_for_a_week(hub: Hub, after: int, holds: bool) -> None:
    proposal = await widen(hub)
    hub.clock.now += after
    if holds:
        await act(hub, BOB, "client-approve", proposal=proposal)
    else:
        with pytest.raises(Conflict):
            await act(hub, BOB, "client-approve", proposal=proposal)
    assert (await scopes_of(hub) == MORE) is holds
    ended = (await told(hub))[1]
    assert ended[:2] == (("bob", "U") if holds else ("", "D"))
    assert ended[2].split()[0] == ("approved" if holds else "expired")


async def test_what_is_over_is_recorded_once_by_whoever_looks_first(
    hub: Hub, making: Making
) -> None:
    other = making(clock=hub.clock)
    await widen(hub)
    hub.clock.now += WEEK
    await asyncio.gather(tidy(hub.entrance), tidy(other.entrance), waiting(hub), waiting(other))
    assert [action for _, action, _ in await told(hub)] == ["C", "D"]
    await other.ledger.close()


async def test_a_proposal_survives_a_restart_and_is_seen_in_every_process(
    hub: Hub, making: Making
) -> None:
    proposal = await propose_new(hub)
    other = making(clock=hub.clock, dual_control=True)
    assert [one["proposal"] for one in await waiting(other)] == [proposal]
    await act(other, BOB, "client-approve", proposal=proposal)
    assert await waiting(hub) == []
    hub.clock.now += 3
    assert await hub.entrance.clients.find(NEW) is not None
    await other.ledger.close()


async def test_of_two_who_approve_at_once_one_finds_it_closed(hub: Hub, making: Making) -> None:
    proposal = await propose_new(hub)
    other = making(clock=hub.clock, dual_control=True)
    carol = an_operator("carol")
    done = await asyncio.gather(
        act(hub, BOB, "client-approve", proposal=proposal),
        act(other, carol, "client-approve", proposal=proposal),
        act(other, carol, "client-reject", proposal=proposal),
        return_exceptions=True,
    )
    refused = [one for one in done if isinstance(one, HubError)]
    assert [type(one) for one in refused] == [Conflict, Conflict]
    assert len(await told(hub)) == 2
    await other.ledger.close()


async def test_what_was_changed_meanwhile_is_proposed_anew(hub: Hub) -> None:
    proposal = await widen(hub)
    await act(hub, BOB, "client-change", client=CLIENT, scopes=["system/Observation.rs"])
    (shown,) = await waiting(hub)
    assert shown["is_current"] is False
    with pytest.raises(Conflict):
        await act(hub, BOB, "client-approve", proposal=proposal)
    assert await scopes_of(hub) == {"system/Observation.rs"}
    await act(hub, BOB, "client-approve", proposal=await widen(hub))
    assert await scopes_of(hub) == MORE


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("client-suspend", {}), ("client-networks", {"networks": ["10.0.0.0/8"]})],
)
async def test_another_item_that_changed_counts_as_well(
    hub: Hub, name: str, arguments: dict[str, list[str]]
) -> None:
    proposal = await widen(hub)
    await act(hub, ALICE, name, client=CLIENT, **arguments)
    with pytest.raises(Conflict):
        await act(hub, BOB, "client-approve", proposal=proposal)


async def test_of_two_registrations_of_one_id_one_is_approved(hub: Hub) -> None:
    first, second = await propose_new(hub), await propose_new(hub, BOB, name="another")
    await act(hub, BOB, "client-approve", proposal=first)
    with pytest.raises(Conflict):
        await act(hub, ALICE, "client-approve", proposal=second)
    async with hub.entrance.db.reading() as reader:
        assert await reader.fetchval("SELECT name FROM client WHERE id = $1", NEW) == "RIS"


async def test_of_two_changes_the_second_is_proposed_anew(hub: Hub) -> None:
    first = await widen(hub)
    answer = await act(hub, ALICE, "client-change", client=CLIENT, purposes=["TREAT", "PUBHLTH"])
    await act(hub, BOB, "client-approve", proposal=first)
    with pytest.raises(Conflict):
        await act(hub, BOB, "client-approve", proposal=answer["proposal"])
