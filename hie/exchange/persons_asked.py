"""Who is asked about: the homes a request leads to, read through what the asker may see."""

from collections.abc import Iterable
from datetime import date

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
from hie.store import identifiers, persons
from hie.store.session import Reader
from hie.store.versions import read_many


async def find_asked(
    reader: Reader, asked: Asked, on: date, restriction: Restriction
) -> tuple[IdentityAnswer, dict[str, Resource]]:
    """Whether one person is meant, and the Patients found, by id.

    Every holder of a usable number takes part, whether it may be seen or not: whether a number is
    shared is no secret that a reader's rights could change.
    """
    person = read_asked(asked, normalise, lambda kind, value: is_usable(kind, value, on))
    found = await _homes(reader, person)
    everyone = await persons.persons_of(reader, found)
    every = set(found)
    for one in sorted(set(everyone.values())):
        every.update(await persons.homes_of(reader, one))
    owners = await persons.persons_of(reader, every)
    patients = {
        key: stored.resource()
        for key, stored in (await read_many(reader, "Patient", sorted(every), restriction)).items()
    }
    homes = [
        read_home(patient, owners[key], normalise)
        for key, patient in patients.items()
        if key in owners
    ]
    return check_identity(person, homes, names_agree), patients


async def _homes(reader: Reader, person: AskedPerson) -> Iterable[str]:
    found: set[str] = set()
    for kind, value in sorted(person.usable):
        found.update(await identifiers.homes_by_identifier(reader, kind, value))
    if person.home is not None:
        found.add(person.home)
    return found
