"""A code through a ConceptMap, forwards and back (FHIR R4 conceptmap-operation-translate.html).

A target that depends on other elements is left out: nobody says here what they are.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from hie.fhir import Resource

# How a target stands to its source, seen from the target.
_BACK = {
    "wider": "narrower",
    "narrower": "wider",
    "subsumes": "specializes",
    "specializes": "subsumes",
}
NO_MATCH = frozenset({"unmatched", "disjoint"})


class Match(NamedTuple):
    """One code that a code is translated to; `source` is the map that says so."""

    system: str | None
    code: str
    equivalence: str
    display: str | None = None
    source: str | None = None


def translated(
    concept_map: Resource, system: str | None, code: str, *, reverse: bool = False
) -> list[Match]:
    """What a map says of a code; of any system when `system` is None."""
    found = [
        one
        for group in concept_map.get("group", ())
        for one in (_back if reverse else _forth)(group, system, code)
    ]
    source = concept_map.get("url")
    return list(dict.fromkeys(one._replace(source=source) for one in found))


def _forth(group: dict[str, Any], system: str | None, code: str) -> Iterator[Match]:
    if system not in (None, group.get("source")):
        return
    listed = [one for one in group.get("element", ()) if one.get("code") == code]
    for one in listed:
        for target in one.get("target", ()):
            if "code" in target and "dependsOn" not in target:
                yield Match(
                    group.get("target"),
                    target["code"],
                    target["equivalence"],
                    target.get("display"),
                )
    unmapped = group.get("unmapped", {})
    if not listed and unmapped.get("mode") == "provided":
        yield Match(group.get("target"), code, "equal")
    elif not listed and unmapped.get("mode") == "fixed":
        yield Match(group.get("target"), unmapped["code"], "inexact", unmapped.get("display"))


def _back(group: dict[str, Any], system: str | None, code: str) -> Iterator[Match]:
    if system not in (None, group.get("target")):
        return
    for one in group.get("element", ()):
        for target in one.get("target", ()):
            if target.get("code") == code and "code" in one and "dependsOn" not in target:
                seen = target["equivalence"]
                yield Match(
                    group.get("source"), one["code"], _BACK.get(seen, seen), one.get("display")
                )
