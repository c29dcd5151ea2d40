"""What of all that is known of a patient may stand in for a new test: everything is asked at once.

Each item the receiver recognises, and each kind of examination that is known, is asked about like
an order placed now. Nobody is about to order anything: it counts as a look, in no indicator.
"""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hie.access.actor import Actor
from hie.access.reaching import may_declare
from hie.errors import Fault
from hie.exchange.assess import checked, sight_of
from hie.exchange.hub import Hub
from hie.exchange.order_desk import orderable
from hie.exchange.persons_asked import find_asked
from hie.exchange.prior_studies import ask_about, find_examinations
from hie.recognition.identity_check import IdentityState
from hie.recognition.moment import moment_at
from hie.recognition.request import read_patient
from hie.recognition.request_fields import Fields
from hie.recognition.request_order import MAX_ORDERS


async def standing_in(
    hub: Hub, actor: Actor, asked: Mapping[str, Any], raw: bytes
) -> dict[str, Any] | None:
    """The answer about everything known of the patient of `asked`, an order-check without orders.

    None: there is nothing to ask about.

    Raises what an order-check raises.
    """
    examined = await _examined(hub, actor, asked["patient"])
    items = [key for key in await orderable(hub, actor) if key in hub.catalogue.items]
    laboratory = [{"ref": key, "item": key} for key in items[: MAX_ORDERS - len(examined)]]
    if not laboratory and not examined:
        return None
    stated = [{key: value for key, value in one.items() if value is not None} for one in examined]
    return await checked(hub, actor, {**asked, "orders": [*laboratory, *stated]}, raw, look=True)


async def _examined(hub: Hub, actor: Actor, patient: Mapping[str, Any]) -> list[dict[str, Any]]:
    """An order line for each kind of examination that is known of the patient."""
    on, faults = moment_at(time.time_ns() // 1000), list[Fault]()
    person = read_patient(Fields({"patient": patient}, "", ("patient",), faults), on)
    if faults:
        return []  # the order-check names them
    sight, declares = sight_of(actor), may_declare(actor)
    async with hub.db.reading() as reader:
        identity, _ = await find_asked(reader, person, on.day, sight, declares=declares)
        homes = sorted(identity.homes)
        if identity.state is not IdentityState.MATCHED or not homes:
            return []
        sight = replace(sight, declared=frozenset(homes if declares else ()))
        found = await find_examinations(reader, homes, sight, hub.catalogue)
    return ask_about(found)[0]
