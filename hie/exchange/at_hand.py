"""What the hub itself has of the patient and the encounter that a hook names by their ids.

A hook's ids are those of the caller's own server. Only where they happen to be the hub's, and the
caller may see what they name, is it taken from here; to the caller's server the hub never calls.
"""

import re

from hie.access.actor import Actor
from hie.access.reaching import sight_of_call
from hie.exchange.hub import Hub
from hie.fhir import Resource
from hie.fhir.elements import referenced
from hie.store.versions import read_many

_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")


async def at_hand(
    hub: Hub, actor: Actor, patient: str, encounter: str | None
) -> tuple[Resource | None, Resource | None]:
    """The Patient of this id, and the Encounter of that one, if it is this patient's."""
    if _ID.fullmatch(patient) is None:
        return None, None
    sight = sight_of_call(actor, [patient])
    async with hub.db.reading() as reader:
        who = (await read_many(reader, "Patient", [patient], sight)).get(patient)
        if who is None or encounter is None or _ID.fullmatch(encounter) is None:
            return None if who is None else who.resource(), None
        visit = (await read_many(reader, "Encounter", [encounter], sight)).get(encounter)
    found = None if visit is None else visit.resource()
    mine = found is not None and referenced(found.get("subject")) == ("Patient", patient)
    return who.resource(), found if mine else None
