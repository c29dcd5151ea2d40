"""What permits more waits for another operator; what permits less holds at once."""

from dataclasses import replace
from typing import Any

import pytest

from hie.errors import Conflict, NotPermitted, ResourceNotFound
from hie.oauth.dual_control import keep_demand
from hie.oauth.registration import operator_token
from tests.integration.oauth.asking import ask, form, get, numbered
from tests.integration.oauth.conftest import OPERATOR, SCOPES, Hub
from tests.integration.oauth.two_operators.operators import (
    ALICE,
    BOB,
    NEW,
    ROOT,
    act,
    propose_new,
    scopes_of,
    told,
    waiting,
    widen,
)
from tests.unit.access.tokens import CLIENT, INSTITUTION, ec_key, jwk_of

pytestmark = pytest.mark.anyio
K2 = ec_key("P-384", 9)
APP = {
    "client": "viewer",
    "institution": INSTITUTION,
    "redirect_uris": ["https://app.example/back"],
    "scopes": ["patient/Observation.rs", "user/Patient.r"],
}
WIDER: list[tuple[str, dict[str, Any]]] = [
    ("client-change", {"scopes": [*SCOPES, "system/Encounter.rs"]}),
    ("client-change", {"scopes": ["system/*.rs"]}),
    ("client-change", {"purposes": ["TREAT", "PUBHLTH"]}),
    ("client-change", {"scopes": ["hie/intake"], "purposes": ["PUBHLTH"]}),  # less and more
    ("client-key", {"key": jwk_of(K2, kid="k2")}),
    ("client-key", {"key": jwk_of(K2, kid="k1")}),
    ("client-key", {"key": {"keys": [jwk_of(ec_key(), kid="k1"), jwk_of(K2, kid="k2")]}}),
]
NARROWER: list[tuple[str, dict[str, Any]]] = [
    ("client-change", {"scopes": ["system/Observation.r"]}),
    ("client-change", {"aud_policy": "issuer"}),
    ("client-key", {"key": jwk_of(ec_key(), kid="k1")}),
    ("client-networks", {"networks": ["10.0.0.0/8"]}),
    ("client-suspend", {}),
]


async def state(hub: Hub) -> Any:
    """Everything that is registered."""
    async with hub.entrance.db.reading() as reader:
        clients = await reader.fetch(
            "SELECT id, jwks, scopes, purposes, status, jwks_uri, aud_policy FROM client"
            " ORDER BY id"
        )
        networks = await reader.fetch("SELECT client, network FROM client_network ORDER BY network")
    return [tuple(row) for row in clients], [tuple(row) for row in networks]


@pytest.mark.parametrize(("name", "more"), WIDER)
async def test_more_waits_and_holds_once_another_approved(
    hub: Hub, name: str, more: dict[str, Any]
) -> None:
    before = await state(hub)
    answer = await act(hub, ALICE, name, client=CLIENT, **more)
    assert await state(hub) == before
    (shown,) = await waiting(hub)
    assert (shown["proposal"], shown["proposed_by"]) == (answer["proposal"], "alice")
    assert shown["changes"]
    assert shown["is_current"] is True
    await act(hub, BOB, "client-approve", proposal=answer["proposal"])
    assert await state(hub) != before
    assert await waiting(hub) == []
    assert [(who, act) for who, act, _ in await told(hub)] == [("alice", "C"), ("bob", "U")]
    assert (await told(hub, "client-change"))[-1][0] == "bob"


@pytest.mark.parametrize(("name", "less"), NARROWER)
async def test_less_holds_at_once(hub: Hub, name: str, less: dict[str, Any]) -> None:
    before = await state(hub)
    answer = await act(hub, ROOT, name, client=CLIENT, **less)  # whoever it is
    assert "proposal" not in answer
    assert await waiting(hub) == []
    assert (await state(hub) != before) or name == "client-key"
    assert await told(hub) == []
    assert (await told(hub, "client-change"))[-1][0] == "root"


async def test_the_way_back_waits(hub: Hub) -> None:
    await act(hub, ALICE, "client-suspend", client=CLIENT)
    answer = await act(hub, ALICE, "client-resume", client=CLIENT)
    assert answer["status"] == "suspended"
    assert (await ask(hub, form(numbered(1)))).status_code == 401
    await act(hub, BOB, "client-approve", proposal=answer["proposal"])
    assert (await ask(hub, form(numbered(2)))).status_code == 200


@pytest.mark.parametrize("less", [["10.1.0.0/16"], ["10.0.0.0/8"]])
async def test_a_network_more_waits_and_one_less_does_not(hub: Hub, less: list[str]) -> None:
    await act(hub, ALICE, "client-networks", client=CLIENT, networks=["10.0.0.0/8"])
    for more in (["10.0.0.0/8", "192.168.0.0/24"], ["0.0.0.0/0"], []):
        answer = await act(hub, ALICE, "client-networks", client=CLIENT, networks=more)
        assert "proposal" in answer
    assert "proposal" not in await act(hub, ALICE, "client-networks", client=CLIENT, networks=less)


async def test_an_audience_more_waits(hub: Hub) -> None:
    await act(hub, ALICE, "client-change", client=CLIENT, aud_policy="issuer")
    for other in ("token-url", "either"):
        answer = await act(hub, ALICE, "client-change", client=CLIENT, aud_policy=other)
        assert "proposal" in answer


async def test_an_app_waits_like_a_client(hub: Hub) -> None:
    answer = await act(hub, ALICE, "app-add", **APP)
    assert (await act(hub, BOB, "app-list"))["apps"] == []
    await act(hub, BOB, "client-approve", proposal=answer["proposal"])
    (app,) = (await act(hub, BOB, "app-list"))["apps"]
    assert (app["client"], app["redirect_uris"]) == ("viewer", "https://app.example/back")
    less = ["patient/Observation.r"]
    assert "proposal" not in await act(hub, ALICE, "client-change", client="viewer", scopes=less)


async def test_where_nobody_demands_it_one_operator_is_enough(hub: Hub) -> None:
    hub.entrance = replace(hub.entrance, dual_control=False)
    await keep_demand(hub.entrance, OPERATOR)
    for name, more in WIDER:
        assert "proposal" not in await act(hub, ROOT, name, client=CLIENT, **more)
    await act(hub, ROOT, "client-add", client=NEW, institution=INSTITUTION,
              key=jwk_of(K2, kid="n1"), scopes=["hie/intake"])  # fmt: skip
    assert await told(hub) == []
    assert ("operator", "U", "dual control off") in await told(hub, "client-change")


async def test_a_process_with_another_environment_is_bound_by_the_hub_that_serves(
    hub: Hub, making: Any
) -> None:
    shell = making(clock=hub.clock)  # its own settings demand nothing
    assert shell.entrance.dual_control is False
    assert "proposal" in await act(
        shell, ALICE, "client-change", client=CLIENT, scopes=["system/*.rs"]
    )
    await shell.ledger.close()


async def test_a_client_that_waits_is_not_there(hub: Hub) -> None:
    await propose_new(hub)
    clients = (await act(hub, BOB, "client-list"))["clients"]
    assert [one["client"] for one in clients] == [CLIENT]
    for name in ("client-suspend", "client-token"):
        with pytest.raises(ResourceNotFound):
            await act(hub, BOB, name, client=NEW)


async def test_the_scope_that_waits_is_in_no_token(hub: Hub) -> None:
    proposal = await widen(hub)
    wanted = {"scope": "system/Encounter.rs"}
    refused = await ask(hub, form(numbered(1), **wanted))
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_scope")
    with pytest.raises(NotPermitted):
        await operator_token(hub.entrance, OPERATOR, CLIENT, ["system/Encounter.rs"])
    await act(hub, BOB, "client-approve", proposal=proposal)
    assert (await ask(hub, form(numbered(2), **wanted))).status_code == 200


async def test_what_one_has_is_good_while_more_waits(hub: Hub) -> None:
    await widen(hub)
    answer = await ask(hub, form(numbered(1)))
    assert (await get(hub, answer.json()["access_token"])).status_code == 200
    assert await scopes_of(hub) == set(SCOPES)


async def test_of_two_that_wait_with_one_name_for_services_one_is_registered(hub: Hub) -> None:
    first, second = await propose_new(hub), await propose_new(hub, client="ris-2")
    await act(hub, BOB, "client-approve", proposal=first)
    with pytest.raises(Conflict):
        await act(hub, BOB, "client-approve", proposal=second)
    with pytest.raises(Conflict):
        await propose_new(hub, client="ris-3")
    assert [one["proposal"] for one in await waiting(hub)] == [second]
    assert [action for _, action, _ in await told(hub)] == ["C", "C", "U"]


async def test_an_id_that_is_taken_is_no_proposal(hub: Hub) -> None:
    with pytest.raises(Conflict):
        await propose_new(hub, client=CLIENT)
    assert await waiting(hub) == []
