"""What an operator changes of a registered client: scopes, purposes, audiences, networks.

What permits more waits for another operator where the deployment demands it (`dual_control`).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hie.access.actor import Actor, Purpose
from hie.access.profile import AudPolicy
from hie.access.scopes import check_client_scopes
from hie.access.widening import State
from hie.audit.event import Action
from hie.errors import Fault, ResourceNotFound, UnprocessableRequest
from hie.oauth.app_scopes import check_app_scopes
from hie.oauth.client_keys import KeyOffer
from hie.oauth.dual_control import NO_OFFER, Change, settle
from hie.oauth.entrance import Entrance
from hie.oauth.networks import network_faults, read_network
from hie.oauth.registered import Kind
from hie.store.tables import TABLES

_GRANTED = frozenset(Purpose) - {Purpose.BREAK_GLASS}


async def change_client(
    entrance: Entrance,
    actor: Actor,
    client: str,
    what: str,
    items: Callable[[State], Mapping[str, Any]],
    offer: KeyOffer = NO_OFFER,
) -> str | None:
    """Give a client other items; the proposal, when that waits. Raises ResourceNotFound.

    `items` is told the state of before, and may refuse.
    """

    def then(before: State | None) -> State:
        if before is None:
            raise ResourceNotFound(f"no client {client!r}")
        return {**before, **items(before)}

    change = Change(Kind.CLIENT, client, what, Action.UPDATE, then, offer)
    return await settle(entrance, actor, change)


async def set_client_networks(
    entrance: Entrance, actor: Actor, client: str, networks: Sequence[str]
) -> tuple[list[str], str | None]:
    """Let a client call from these networks alone; none: from anywhere. They, and the proposal.

    Raises UnprocessableRequest naming every fault, ResourceNotFound.
    """
    faults = network_faults(networks)
    if faults:
        raise UnprocessableRequest("the networks were not kept", tuple(faults))
    kept = sorted({str(read_network(one)) for one in networks})
    what = f"networks of {client}: {' '.join(kept) or 'any'}"
    items = {"networks": kept}
    return kept, await change_client(entrance, actor, client, what, lambda _: items)


async def set_client_bounds(
    entrance: Entrance,
    actor: Actor,
    client: str,
    *,
    scopes: Sequence[str] | None = None,
    purposes: Sequence[str] | None = None,
    aud_policy: str | None = None,
) -> str | None:
    """Give a client other scopes, purposes or audiences; None leaves them. The proposal, if any.

    Raises UnprocessableRequest naming every fault, ResourceNotFound.
    """

    def items(before: State) -> Mapping[str, Any]:
        is_app, found = before.get("app") is not None, dict[str, Any]()
        faults = [] if aud_policy is None else aud_faults(aud_policy)
        if scopes is not None:
            check = check_app_scopes if is_app else check_client_scopes
            types = frozenset(TABLES)
            faults += check(scopes, types if is_app else types | {"AuditEvent"})
            found["scopes"] = sorted(set(scopes))
        if purposes is not None:
            faults += purpose_faults(purposes)
            found["purposes"] = list(dict.fromkeys(str(one) for one in purposes))
        if is_app and purposes is not None:
            faults.append(Fault("purposes", "app-purposes", "none: those of who signs in count"))
        if aud_policy is not None:
            found["aud_policy"] = aud_policy
        if not found:
            faults.append(Fault("client", "nothing-to-change", "scopes, purposes or aud_policy"))
        if faults:
            raise UnprocessableRequest("the client cannot be changed", tuple(faults))
        return found

    return await change_client(entrance, actor, client, f"change {client}", items)


def purpose_faults(purposes: Sequence[str]) -> list[Fault]:
    """What is wrong with the purposes a client is to be registered for."""
    if not purposes:
        return [Fault("purposes", "purpose-missing", "at least one purpose of use")]
    expected = ", ".join(sorted(_GRANTED))
    return [
        Fault(f"purposes[{n}]", "purpose-unknown", expected)
        for n, purpose in enumerate(purposes)
        if purpose not in _GRANTED
    ]


def aud_faults(aud_policy: str) -> list[Fault]:
    """What is wrong with what a client's assertions are to be made for."""
    if aud_policy in set(AudPolicy):
        return []
    return [Fault("aud_policy", "aud-policy-unknown", ", ".join(AudPolicy))]
