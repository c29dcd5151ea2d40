"""Families: persons with all their homes, as they are, or held until the unit ends.

One order for all who hold anything of a patient: Patients by id, then persons, then other rows. Who
writes of a Patient holds it together with others who do (`locate.homes_of`, `held`). Who changes
what all of them lean on (which homes are one person, which rules a person has) holds the Patients
of the whole family alone: what is written beside it is there before, or comes after.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress

from hie.store.locate import hold_patients
from hie.store.locks import hold
from hie.store.session import Dialect, Reader, Unit


class _Grown(Exception):
    """Somebody was joined to a family before it was held."""


Family = tuple[str | None, list[str]]  # a person, and all their homes


async def families_of(reader: Reader, homes: Iterable[str]) -> list[Family]:
    """Each person these belong to with all homes; a home without a person stands for itself."""
    wanted = sorted(set(homes))
    rows = await reader.fetch(
        "SELECT person, home FROM person_home WHERE person IN"  # noqa: S608
        f" (SELECT person FROM person_home WHERE {reader.db.among('home', 1)}) ORDER BY home",
        reader.db.array(wanted),
    )
    persons: dict[str | None, list[str]] = {}
    for person, home in rows:
        persons.setdefault(person, []).append(home)
    settled = {row[1] for row in rows}
    return [*persons.items(), *((None, [home]) for home in wanted if home not in settled)]


async def hold_families(
    unit: Unit, homes: Iterable[str], persons: Iterable[str] = ()
) -> list[Family]:
    """Hold the families of these homes alone, with these persons; the families.

    To be called before any row of theirs is held. Where a Patient was deleted, the person alone
    keeps the family together.
    """
    wanted, held = sorted(set(homes)), set[str]()
    found = await families_of(unit, wanted)
    if unit.db.dialect is Dialect.SQLITE:
        return found  # its one writer is alone
    while True:
        found, is_kept = await _hold_patients(unit, wanted, found)
        names = _names(found) | {f"person:{person}" for person in persons}
        if names <= held:
            return found
        await hold(unit, names - held)
        held |= names
        if is_kept:  # nobody joins or parts whose Patients are held
            return found
        found = await families_of(unit, wanted)


async def _hold_patients(
    unit: Unit, wanted: Sequence[str], found: Sequence[Family]
) -> tuple[list[Family], bool]:
    """Hold the Patients of families that may still grow; the families, and whether all are there.

    Where somebody was joined to them meanwhile, all are let go and held again with those who came:
    who asks for more while holding some would be out of order.
    """
    while True:
        members = _members(found)
        with suppress(_Grown):
            async with unit.savepoint():
                is_kept = await hold_patients(unit, members) == len(members)
                found = await families_of(unit, wanted)
                if not _members(found) <= members:
                    raise _Grown
                return found, is_kept


async def hold_persons(unit: Unit, homes: Iterable[str]) -> list[Family]:
    """Hold the persons alone of homes whose Patients the unit holds already; their families."""
    found = await families_of(unit, homes)
    await hold(unit, _names(found))
    return found


def _members(found: Sequence[Family]) -> set[str]:
    return {home for _, family in found for home in family}


def _names(found: Sequence[Family]) -> set[str]:
    return {f"person:{person or family[0]}" for person, family in found}
