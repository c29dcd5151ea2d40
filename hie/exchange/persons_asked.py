"""Who is asked about: the homes a request leads to, read through what the asker may see."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date
from functools import partial

from hie.access.policy import Restriction
from hie.fhir import Resource
from hie.identity.identifiers import is_usable, normalise
from hie.identity.names import names_agree
from hie.recognition.identity_check import (
    AskedPerson,
    IdentityAnswer,
    check_identity,
    read_asked,
    read_home,
)
from hie.recognition.request import Asked
from hie.store import identifiers
from hie.store.families import families_of
from hie.store.persons_then import persons_then
from hie.store.results import known_then
from hie.store.session import Reader
from hie.store.versions import read_many

Look = Callable[[Iterable[str]], Restriction]  # what may be seen, once it is known of whom


async def find_asked(
    reader: Reader,
    asked: Asked,
    on: date,
    restriction: Restriction,
    known_at_us: int | None = None,
    *,
    declares: bool = False,
) -> tuple[IdentityAnswer, dict[str, Resource]]:
    """Whether one person is meant, and the Patients found, by id.

    Every holder of a usable number takes part, whether it may be seen or not: whether a number is
    shared is no secret that a reader's rights could change. With `known_at_us` Patients, their
    numbers and the links between them are those known at that instant. `declares`: who is asked
    about is treated by the asker, as the asker says, and so is in reach for this call.
    """
    person = read_asked(asked, normalise, lambda kind, value: is_usable(kind, value, on))
    look = partial(_reached, restriction) if declares else lambda _: restriction
    if known_at_us is None:
        owners, patients = await _now(reader, person, look)
    else:
        owners, patients = await _then(reader, person, look, known_at_us)
    homes = [
        read_home(patient, owners[key], normalise)
        for key, patient in patients.items()
        if key in owners
    ]
    return check_identity(person, homes, names_agree), patients


def _reached(restriction: Restriction, homes: Iterable[str]) -> Restriction:
    return replace(restriction, declared=frozenset(homes))


async def _now(
    reader: Reader, person: AskedPerson, look: Look
) -> tuple[Mapping[str, str], dict[str, Resource]]:
    """The person of each home a request leads to, and the Patients that may be seen."""
    found: set[str] = set()
    for kind, value in sorted(person.usable):
        found.update(await identifiers.homes_by_identifier(reader, kind, value))
    if person.home is not None:
        found.add(person.home)
    families = await families_of(reader, found)
    every = {home for _, homes in families for home in homes}
    owners = {home: one for one, homes in families if one is not None for home in homes}
    stored = await read_many(reader, "Patient", sorted(every), look(every))
    return owners, {key: one.resource() for key, one in stored.items()}


async def _then(
    reader: Reader, person: AskedPerson, look: Look, known_at_us: int
) -> tuple[Mapping[str, str], dict[str, Resource]]:
    """The same as it was known: who holds a number is read from the Patients of then."""
    found: set[str] = set()
    for kind, value in sorted(person.usable):
        found.update(await identifiers.ever_by_identifier(reader, kind, value))
    if person.home is not None:
        found.add(person.home)
    owners = await persons_then(reader, found, known_at_us)
    stored = await known_then(reader, "Patient", owners, owners, look(owners), known_at_us)
    patients = {key: stored[key].resource() for key in sorted(stored)}
    homes = [read_home(patient, owners[key], normalise) for key, patient in patients.items()]
    led_to = {
        home.person
        for home in homes
        if home.id == person.home or not home.identifiers.isdisjoint(person.usable)
    }
    return owners, {home.id: patients[home.id] for home in homes if home.person in led_to}
