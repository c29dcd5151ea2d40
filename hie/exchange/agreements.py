"""What institutions have agreed on: an operator's act, a wider one under dual control of two."""

from typing import Any

from hie.access.actor import Actor, Purpose
from hie.access.agreement import CLEARANCES, LETTERS, STANDARD, Agreement, unknown_scopes
from hie.access.widening import State
from hie.audit.event import Action
from hie.errors import Fault, ResourceNotFound, UnprocessableRequest
from hie.exchange.hub import Hub
from hie.oauth.arguments import waits
from hie.oauth.dual_control import Change, settle
from hie.oauth.registered import Kind, agreement_state
from hie.recognition.credit_code import is_credit_code
from hie.store import agreements as store

_SWITCHES = ("declares", "people_declare", "encounter")


async def put_command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """{institution, scopes?, purposes?, declares?, people_declare?, encounter?, clearance?} -> it.

    What is not said is as in the standard agreement; null scopes or purposes are all. With a
    `proposal` in the answer it waits for another operator.
    """
    institution = str(arguments["institution"])
    scopes, purposes = arguments.get("scopes"), arguments.get("purposes")
    letter = str(arguments.get("clearance") or "N")
    faults = []
    if not is_credit_code(institution):
        faults.append(Fault("institution", "invalid-code", "a unified social credit code"))
    for scope in unknown_scopes(scopes or ()):
        place = list(scopes or ()).index(scope)
        faults.append(Fault(f"scopes[{place}]", "scope-format", "a scope of docs/access.md"))
    for place, purpose in enumerate(purposes or ()):
        if purpose not in set(Purpose):
            expected = ", ".join(sorted(Purpose))
            faults.append(Fault(f"purposes[{place}]", "purpose-unknown", expected))
    if letter not in CLEARANCES:
        faults.append(Fault("clearance", "clearance-unknown", ", ".join(CLEARANCES)))
    if faults:
        raise UnprocessableRequest("the agreement was not kept", tuple(faults))
    switches = {name: bool(arguments.get(name, getattr(STANDARD, name))) for name in _SWITCHES}
    agreed = Agreement(
        scopes=None if scopes is None else tuple(dict.fromkeys(scopes)),
        purposes=None if purposes is None else frozenset(purposes),
        clearance=CLEARANCES[letter],
        **switches,
    )
    what = f"agreement {institution}"
    after = agreement_state(agreed, own=True)
    change = Change(Kind.AGREEMENT, institution, what, Action.UPDATE, lambda _: after)
    proposal = await settle(hub.entrance, actor, change)
    return {**_shown(institution, agreed), **waits(proposal)}


async def drop_command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """{institution} -> {institution, proposal?}: the standard agreement again.

    Raises ResourceNotFound where the institution has no other.
    """
    institution = str(arguments["institution"])

    def then(before: State | None) -> State:
        if before is None or not before["own"]:
            raise ResourceNotFound("no agreement of this institution")
        return agreement_state(STANDARD, own=False)

    change = Change(Kind.AGREEMENT, institution, f"agreement {institution}", Action.DELETE, then)
    return {"institution": institution, **waits(await settle(hub.entrance, actor, change))}


async def list_command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """{} -> {agreements: [...]}, the standard one first."""
    async with hub.db.reading() as reader:
        every = await store.every(reader)
    shown = [_shown(institution, agreed) for institution, agreed in every.items()]
    return {"agreements": [_shown("*", STANDARD), *shown]}


def _shown(institution: str, agreed: Agreement) -> dict[str, Any]:
    return {
        "institution": institution,
        "scopes": None if agreed.scopes is None else " ".join(agreed.scopes),
        "purposes": None if agreed.purposes is None else " ".join(sorted(agreed.purposes)),
        **{name: getattr(agreed, name) for name in _SWITCHES},
        "clearance": LETTERS[agreed.clearance],
    }
