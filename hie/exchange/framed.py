"""Whether a page in a frame is one of the patient who was launched there.

What pages show of others is hidden by the session's own restriction already; order-checks and
decisions are the institution's, and are asked here whom they are about.
"""

from hie.exchange.hub import Hub
from hie.exchange.parted import led_to
from hie.store import checks, decisions, persons
from hie.store.session import Reader


async def is_of_patient(hub: Hub, patient: str, path: str) -> bool:
    """Whether the page of this path is about the person this Patient is; "" is nobody."""
    _, kind, key, *_ = [*path.split("/"), "", ""]
    async with hub.db.reading() as reader:
        person = await persons.person_of(reader, patient)
        if person is None:
            return False
        homes = await _about(reader, kind, key)
        return person in (await persons.persons_of(reader, homes)).values()


async def _about(reader: Reader, kind: str, key: str) -> set[str]:
    """The Patients a page is about."""
    if kind == "patients":
        return {key}
    if kind == "decisions":
        decision = await decisions.find(reader, key)
        key = "" if decision is None else decision.check
    found = await checks.get_many(reader, [key])
    return set().union(*map(led_to, found.values()))
