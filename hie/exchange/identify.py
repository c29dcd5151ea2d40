"""A message's patient -> a person of the register.

A home that is new, or whose Patient changed, is compared with every home that holds one of its
usable numbers. What follows is decided by `hie.identity.linkage`; the register carries it out.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import date

from hie.exchange.protecting import protect
from hie.fhir import Resource, identifier_kind
from hie.identity import linkage
from hie.identity.identifiers import is_usable, normalise
from hie.identity.traits import Traits, is_deceased, read_traits
from hie.store import consents, identifiers, identity_tasks, names, persons, relations
from hie.store.families import families_of, hold_families
from hie.store.identifiers import PatientIdentifier
from hie.store.resources import current
from hie.store.session import Unit


def strong_numbers(patient: Resource, on: date) -> list[str]:
    """Names of the locks a Patient's usable numbers need: two homes that share one must meet."""
    return sorted(number_lock(kind, value) for kind, value in read_traits(patient, on).usable)


def number_lock(kind: str, value: str) -> str:
    """The lock of one number, by what it is compared as: however it is written, it is one."""
    return f"identity:{kind}:{normalise(kind, value)}"


async def hold(unit: Unit, homes: Collection[str], numbers: Iterable[tuple[str, str]]) -> None:
    """Hold whom `identify` may join to these homes, which are held next, or to who comes new.

    `numbers` are what messages say, (hub type, value), whose locks the unit holds. Most patients
    are known to nobody else: then there is nothing to hold here.
    """
    found = await identifiers.holders(unit, {(kind, normalise(kind, one)) for kind, one in numbers})
    every = {*homes, *(home for holders in found.values() for home in holders)}
    families = await families_of(unit, every) if every else []
    if any(home not in homes for _, family in families for home in family):
        await hold_families(unit, every)


async def identify(
    unit: Unit,
    patients: Mapping[str, Resource],
    on: date,
    now_us: int,
    fresh: Collection[str] = (),
) -> dict[str, str]:
    """Settle these homes among the persons; the person of each home, after all joins.

    `fresh` are the homes that were made in this unit.
    """
    mine = {home: found_by(patient, on) for home, patient in patients.items()}
    await identifiers.replace(unit, mine, fresh)
    await names.keep(unit, patients)
    settled = await persons.settle_in(unit, patients)
    await relations.own(unit, patients)
    await consents.refresh(unit, patients)
    traits = {home: read_traits(patient, on) for home, patient in patients.items()}
    known = await _known(unit, traits, settled)
    if not known:
        return settled
    joined = [
        home
        for home in sorted(known)
        if await _link(unit, home, patients[home], traits[home], on, now_us)
    ]
    found = await persons.persons_of(unit, patients)
    if joined:
        await protect(unit, {found[home] for home in joined})
    return found


async def _known(unit: Unit, traits: Mapping[str, Traits], settled: Mapping[str, str]) -> set[str]:
    """The homes that somebody else may be: another home holds their number, or is their person's.

    No link between two of these makes one of the others known: all numbers are written by now.
    """
    holders = await identifiers.holders(
        unit, (key for one in traits.values() for key in one.usable)
    )
    families = await persons.families(unit, settled.values())
    return {
        home
        for home, one in traits.items()
        if one.usable
        and (families[settled[home]] != [home] or any(holders[key] != {home} for key in one.usable))
    }


def found_by(patient: Resource, on: date) -> Iterable[PatientIdentifier]:
    """The identifiers a Patient is found by; its numbers are judged as of the day `on`."""
    for one in patient.get("identifier", ()):
        system, value = one.get("system", ""), one.get("value", "")
        kind = identifier_kind(system)
        if kind is None:
            yield PatientIdentifier(system, value, "site", usable=False)
        else:
            usable = is_usable(kind, value, on)
            yield PatientIdentifier(system, normalise(kind, value), kind, usable)


async def _link(
    unit: Unit, home: str, patient: Resource, traits: Traits, on: date, now_us: int
) -> bool:
    """Join a home to the persons it certainly belongs to; whether it was joined to any."""
    mine = await persons.person_of(unit, home)
    if mine is None:
        return False
    holders: set[str] = set()
    for kind, value in sorted(traits.usable):
        holders.update(await identifiers.homes_by_identifier(unit, kind, value))
    every = set(holders)
    for person in {*(await persons.persons_of(unit, holders)).values(), mine}:
        every.update(await persons.homes_of(unit, person))
    every.discard(home)
    if not every:
        return False
    known = await current(unit, [("Patient", key) for key in sorted(every)])
    by_home = await persons.persons_of(unit, every)
    others = [
        linkage.Home(one.id, by_home[one.id], read_traits(tree, on), is_deceased(tree))
        for one in known.values()
        if one.id in by_home and (tree := one.resource())
    ]
    new = linkage.Home(home, mine, traits, is_deceased(patient))
    is_joined = False
    for outcome in linkage.link(new, others):
        if isinstance(outcome, linkage.Join):
            made = await persons.join(
                unit,
                *outcome.homes[:2],
                reason=outcome.reason,
                score=None,
                author="hub",
                at_us=now_us,
            )
            is_joined |= made is not None
            continue
        task = outcome.task if isinstance(outcome, linkage.Shared) else outcome
        await identity_tasks.task(unit, str(task.kind), task.homes, task.reason, now_us)
    return is_joined
