"""The codes of a value set by its address: shipped ones, the catalogue's items, stored ones.

What ships stands before what was written over FHIR under the same address.
"""

from hie.access.policy import Restriction
from hie.errors import Fault, ResourceNotFound
from hie.fhir import Resource
from hie.recognition.catalogue import load_catalogue
from hie.store.definitions import find_among, find_definition, stored_definitions
from hie.store.served import Stored
from hie.store.session import Reader
from hie.terminology.code_system import read_code_system
from hie.terminology.expansion import Expansion, Library, expand, find_value_set, needed
from hie.terminology.shipped import with_items

_MOST = 50  # definitions that one value set may lead to


async def expansion_of(reader: Reader, url: str, restriction: Restriction) -> Expansion:
    """The codes of the value set `url` or `url|version`.

    Raises ResourceNotFound when there is none, NotSupported and TooCostly when it cannot be told.
    """
    value_set, library = await find_with_library(reader, url, restriction)
    return expand(value_set, library)


async def find_with_library(
    reader: Reader, url: str, restriction: Restriction
) -> tuple[Resource, Library]:
    """The value set of an address, and all that is needed to expand it."""
    library = at_hand()
    found = find_value_set(url, library)
    if found is None:
        found = await find_definition(reader, "ValueSet", url, restriction)
    if found is None:
        fault = Fault("url", "unknown-value-set", "a value set that ships or was written here")
        raise ResourceNotFound(f"no value set {url[:200]}", (fault,))
    return found, await library_for(reader, found, library, restriction)


async def library_for(
    reader: Reader, value_set: Resource, library: Library, restriction: Restriction
) -> Library:
    """The library with the stored definitions that a value set leads to."""
    systems, sets = dict(library.systems), dict(library.value_sets)
    stored: dict[str, list[Stored]] = {}
    asked: set[tuple[str, str]] = set()
    waiting = sorted(needed(value_set))
    while waiting and len(asked) < _MOST:
        kind, url = waiting.pop()
        if (kind, url) in asked or (kind == "CodeSystem" and url in systems):
            continue
        asked.add((kind, url))
        found = sets.get(url) if kind == "ValueSet" else None
        if found is None:
            if kind not in stored:
                stored[kind] = await stored_definitions(reader, kind, restriction)
            found = find_among(stored[kind], url)
        if found is not None and kind == "ValueSet":
            sets[url] = found
            waiting += sorted(needed(found))
        elif found is not None:
            systems[url] = read_code_system(found)
    return Library(systems, sets)


def at_hand() -> Library:
    """What ships, with the items and classes of the catalogue in force."""
    return with_items(item_names())


def item_names() -> dict[str, tuple[str, str]]:
    """The items and classes of the catalogue in force, with their Chinese and English names."""
    catalogue = load_catalogue()
    names = {key: (one.zh, one.en) for key, one in catalogue.items.items()}
    return names | {key: (one.zh, one.en) for key, one in catalogue.classes.items()}
