"""What building resources needs to know, and what it makes.

Handed from the road to every builder: ids by business key, what stands, the site's maps.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from hie.adapter import Issue, Site
from hie.canonical.keys import Key
from hie.canonical.patient import Defects
from hie.fhir import Resource
from hie.terminology.concept_map import MapEntry
from hie.terminology.units import ItemUnits


class CodeSeen(msgspec.Struct, frozen=True):
    """A local code that was met, for the site's mapping list."""

    system: str
    code: str
    name: str
    unit: str | None
    specimen: str | None
    method: str | None
    value_type: str
    sample: str | None


@dataclass(frozen=True, slots=True)
class BuildContext:
    """What building needs to know: ids by key, what stands, the site's maps, the items' units."""

    site: Site
    message: str
    message_hash: str
    sent: str | None
    adapter: str
    ids: Mapping[Key, str]
    existing: Mapping[Key, Resource]
    maps: Mapping[tuple[str, str], MapEntry]
    items: Mapping[str, ItemUnits]
    loinc: Mapping[str, tuple[str, bool]]
    defects: Defects
    recorded: str


@dataclass(slots=True)
class Built:
    """The resources of one report by key, in order, with issues and the codes that were met."""

    resources: dict[Key, Resource]
    issues: list[Issue] = field(default_factory=list)
    codes: list[CodeSeen] = field(default_factory=list)
