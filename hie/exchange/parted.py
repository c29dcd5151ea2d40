"""A link between Patients was taken back: what was decided on the other's results is reopened.

A result stays good where the request itself led to its Patient (an equal strong identifier, or the
Patient asked for); one that was reached through the link alone is no longer held to be the same
person's.
"""

from collections.abc import Iterable

from hie.access.actor import Actor
from hie.exchange.reopen import Cause, reopen, used_of_homes
from hie.recognition.candidate import Relation
from hie.recognition.changes import Change
from hie.store import checks, decisions, persons
from hie.store.checks import Check
from hie.store.session import Unit


async def parted(unit: Unit, homes: Iterable[str], actor: Actor, now_us: int) -> list[str]:
    """Reopen what used results of these homes or of those they were joined with; the decisions.

    `homes` are all of both sides, after the link was undone; to be called last in the unit.
    """
    found = []
    for key, uses in (await used_of_homes(unit, homes)).items():
        decision = await decisions.find(unit, key)
        if decision is None:
            continue
        asked_homes = led_to(await checks.get(unit, decision.check))
        used = {one.home for one in uses}
        holders = await persons.persons_of(unit, asked_homes | used)
        asked = {holders[home] for home in asked_homes if home in holders}
        if any(holders.get(home) not in asked for home in used):
            found.append(key)
    difference = Change("person", "same", "not-same")
    return await reopen(unit, found, Cause.IDENTITY, actor, now_us, [difference])


def led_to(check: Check) -> set[str]:
    """The homes that a check's request led to by itself."""
    reference = check.body["request"].get("patient", {}).get("reference")
    if isinstance(reference, str):
        return {reference.removeprefix("Patient/")}
    homes = check.body["facts"]["identity"]["homes"]
    return {home for home, one in homes.items() if one.get("relation") == Relation.STRONG.value}
