"""The code systems and value sets that ship with the hub: R4's own, and this project's.

`schemas/terminology/r4.codes.json` is made by scripts/make_r4_codes.py; `schemas/terminology/fhir/`
holds the project's, one file a resource. The catalogue's items are no file: they follow from the
catalogue in force, and are handed in by whoever knows it (`with_items`).
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec

from hie.fhir import CANONICAL, ITEM, Resource
from hie.schemas import schema
from hie.terminology.code_system import CodeSystem, Concept, read_code_system
from hie.terminology.expansion import Library

ITEMS = f"{CANONICAL}/ValueSet/item"


@cache
def own_terminology() -> tuple[Resource, ...]:
    """The project's CodeSystems, ValueSets and ConceptMaps, in the order of their files."""
    folder = schema("terminology", "fhir")
    files = sorted(
        (one for one in folder.iterdir() if one.name.endswith(".json")), key=lambda one: one.name
    )
    return tuple(msgspec.json.decode(one.read_bytes()) for one in files)


@cache
def shipped() -> Library:
    """Everything that ships, but for the items."""
    text = schema("terminology", "r4.codes.json").read_bytes()
    resources: list[Any] = [*msgspec.json.decode(text), *own_terminology()]
    systems, sets = {}, {}
    for one in resources:
        if one["resourceType"] == "CodeSystem":
            systems[one["url"]] = read_code_system(one)
        elif one["resourceType"] == "ValueSet":
            sets[one["url"]] = one
    return Library(systems, sets)


def with_items(names: Mapping[str, tuple[str, str]]) -> Library:
    """What ships, and the items of a catalogue: key to its Chinese and English name."""
    base = shipped()
    return Library({**base.systems, ITEM: item_system(names)}, base.value_sets)


def item_system(names: Mapping[str, tuple[str, str]]) -> CodeSystem:
    """The code system of a catalogue's items and classes."""
    concepts = {
        key: Concept(key, zh, {"zh": zh, "en": en}) for key, (zh, en) in sorted(names.items())
    }
    return CodeSystem(url=ITEM, concepts=concepts, name="Item")
