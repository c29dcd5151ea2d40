"""Members of staff a hospital vouches for: who left is shut out here, whatever is vouched for.

Their live tokens die within five seconds, in every process; a person with an account of the hub is
suspended by `hie user suspend` instead.
"""

from collections.abc import Mapping
from typing import Any

from hie.access.actor import Actor
from hie.audit.event import Action, Event, EventType
from hie.errors import Fault, UnprocessableRequest
from hie.oauth.entrance import Entrance
from hie.recognition.credit_code import is_credit_code
from hie.store import ledger, vouched


async def set_leaver(
    entrance: Entrance, actor: Actor, institution: str, number: str, *, back: bool = False
) -> str:
    """Shut out the person of this staff number, or let them back in; their pseudonym.

    Raises UnprocessableRequest.
    """
    faults = []
    if not is_credit_code(institution):
        expected = "a unified social credit code (GB 32100)"
        faults.append(Fault("institution", "invalid-code", expected))
    if not 1 <= len(number) <= 64:
        faults.append(Fault("number", "number-format", "the staff number, 1 to 64 characters"))
    if faults:
        raise UnprocessableRequest("nobody can be meant", tuple(faults))
    status = "active" if back else "suspended"
    async with entrance.db.unit() as unit:
        person = await vouched.set_status(
            unit, institution, number, status, int(entrance.clock() * 1_000_000)
        )
        event = Event(
            type=EventType.USER_CHANGE,
            action=Action.UPDATE,
            actor=actor,
            detail=f"{status} {institution}{vouched.MARK}{person}",
        )
        await ledger.append(unit, event)
    entrance.standing.forget()
    return person


async def user_leaver(
    entrance: Entrance, actor: Actor, arguments: Mapping[str, Any]
) -> dict[str, Any]:
    """{institution, number, back?} -> {person, status}; the number is not repeated."""
    back = arguments.get("back") is True
    institution, number = str(arguments.get("institution")), str(arguments.get("number"))
    person = await set_leaver(entrance, actor, institution, number, back=back)
    return {"person": person, "status": "active" if back else "suspended"}


async def user_who(
    entrance: Entrance, actor: Actor, arguments: Mapping[str, Any]
) -> dict[str, Any]:
    """{person} -> {person, institution, number}: whom a pseudonym of the log means; recorded."""
    person = str(arguments.get("person")).rpartition(vouched.MARK)[2]
    async with entrance.db.unit() as unit:
        found = await vouched.find(unit, person)
        number = await vouched.number_of(unit, person)
        event = Event(
            type=EventType.AUDIT_VIEW, action=Action.READ, actor=actor, detail=f"who {person}"
        )
        await ledger.append(unit, event)
    return {
        "person": person,
        "institution": "" if found is None else found.institution,
        "number": number,
    }


COMMANDS = {"user-leaver": user_leaver, "user-who": user_who}
