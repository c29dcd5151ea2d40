"""A site's local code -> a catalogue item: looked up, proposed by exact name, approved by a person.

A LOINC code of the item's confirmed list needs nobody; one of its unconfirmed list, or a local
code whose map is only proposed, maps unconfirmed (R-102). Nothing else maps.
"""

import csv
import io
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from hie.errors import Fault, UnprocessableRequest
from hie.fhir import CANONICAL, ITEM, LOINC, local_code_system
from hie.fhir.wire import read_object
from hie.terminology.units import ItemUnits


class MapState(StrEnum):
    """How far the map of one local code has come."""

    UNMAPPED = "unmapped"
    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"  # a person said: none of the catalogue's items


@dataclass(frozen=True, slots=True)
class MapEntry:
    """The map of one local code of one site."""

    item: str | None
    loinc: str | None
    state: MapState


@dataclass(frozen=True, slots=True)
class Mapped:
    """What a result's code means: the item, whether a person or a LOINC code confirms it."""

    item: str
    loinc: str | None
    confirmed: bool


@dataclass(frozen=True, slots=True)
class MapRow:
    """One row of an imported map."""

    system: str
    code: str
    name: str
    item: str | None
    loinc: str | None


def propose(names: Iterable[str | None], items: Mapping[str, ItemUnits]) -> str | None:
    """The one item whose name or alias is exactly one of these; None if none or several."""
    wanted = {_bare(name) for name in names if name}
    wanted.discard("")
    found = {
        key for key, item in items.items() if any(_bare(name) in wanted for name in item.names)
    }
    return found.pop() if len(found) == 1 else None


def _bare(name: str) -> str:
    """A name without width, case, spaces, stars and a trailing bracket such as (ALT)."""
    text = unicodedata.normalize("NFKC", name).casefold()
    for mark in "*★☆":
        text = text.replace(mark, "")
    return "".join(text.split())


def read_maps(name: str, content: str, items: Iterable[str]) -> list[MapRow]:
    """The rows of a ConceptMap (JSON) or of a CSV `system,code,name,item,loinc`.

    Raises UnprocessableRequest naming each row that is wrong; all or nothing.
    """
    known = frozenset(items)
    rows, faults = _from_concept_map(content) if name.endswith(".json") else _from_csv(content)
    seen: set[tuple[str, str]] = set()
    for place, row in enumerate(rows, 2):
        where = f"{name}:{place}"
        if not row.code:
            faults.append(Fault(f"{where}:code", "required", "a local code"))
        if row.item is not None and row.item not in known:
            faults.append(Fault(f"{where}:item", "unknown-item", "an item of the catalogue"))
        if (row.system, row.code) in seen:
            faults.append(Fault(f"{where}:code", "repeated", "each code once"))
        seen.add((row.system, row.code))
    if faults:
        raise UnprocessableRequest("the map was not imported", tuple(faults))
    return rows


def _from_csv(content: str) -> tuple[list[MapRow], list[Fault]]:
    reader = csv.DictReader(io.StringIO(content))
    columns = set(reader.fieldnames or ())
    allowed = {"system", "code", "name", "item", "loinc"}
    faults = [
        Fault(f"header:{c}", "unknown-column", ", ".join(sorted(allowed)))
        for c in columns - allowed
    ]
    faults += [Fault(f"header:{c}", "missing-column", c) for c in {"code", "item"} - columns]
    if faults:
        return [], faults
    return [
        MapRow(
            (row.get("system") or "").strip(),
            (row.get("code") or "").strip(),
            (row.get("name") or "").strip(),
            (row.get("item") or "").strip() or None,
            (row.get("loinc") or "").strip() or None,
        )
        for row in reader
    ], []


def _from_concept_map(content: str) -> tuple[list[MapRow], list[Fault]]:
    resource = read_object(content.encode())
    if resource.get("resourceType") != "ConceptMap":
        return [], [Fault("resourceType", "wrong-type", "ConceptMap")]
    rows: list[MapRow] = []
    for group in resource.get("group", ()):
        target, source = group.get("target"), group.get("source", "")
        system = source.rsplit("/", 1)[-1] if source.startswith(CANONICAL) else source
        for element in group.get("element", ()):
            code = next(
                (
                    t.get("code")
                    for t in element.get("target", ())
                    if t.get("equivalence") in {"equal", "equivalent"}
                ),
                None,
            )
            rows.append(
                MapRow(
                    "" if system == "local" else system,
                    element.get("code", ""),
                    element.get("display", ""),
                    code if target == ITEM else None,
                    code if target == LOINC else None,
                )
            )
    return rows, []


def concept_map(site: str, entries: Iterable[tuple[MapRow, str]]) -> dict[str, Any]:
    """A site's approved maps as a FHIR R4 ConceptMap; `entries` are rows with the item's name."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for row, display in entries:
        target = {"code": row.item, "display": display, "equivalence": "equivalent"}
        element: dict[str, Any] = {"code": row.code, "target": [target]}
        if row.name:
            element["display"] = row.name
        groups.setdefault(row.system, []).append(element)
    return {
        "resourceType": "ConceptMap",
        "url": f"{CANONICAL}/ConceptMap/{site}",
        "status": "active",
        "group": [
            {
                "source": local_code_system(site, system or None),
                "target": ITEM,
                "element": sorted(elements, key=lambda e: str(e["code"])),
            }
            for system, elements in sorted(groups.items())
        ],
    }
