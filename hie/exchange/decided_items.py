"""What an institution decided last about each item that was ordered for a person."""

from typing import Any

from hie.store import decisions, users
from hie.store.instants import written
from hie.store.session import Reader


async def decided_items(
    reader: Reader, person: str | None, institution: str
) -> dict[str, dict[str, Any]]:
    """The decision that stands last about each item, by the item's key, with who made it and when.

    Replaced decisions are history and left out.
    """
    found = [] if person is None else await decisions.of_person(reader, person, institution)
    newest = {one.item: one for one in reversed(found) if one.item is not None}
    names = await users.names_of(reader, {one.practitioner for one in newest.values()})
    return {
        item: {
            "decision": one.decision,
            "state": one.state,
            "at": written(one.at_us),
            "by": names.get(one.practitioner, one.practitioner),
            "check": one.check,
            "ref": one.ref,
        }
        for item, one in newest.items()
    }
