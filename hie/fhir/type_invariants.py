"""Invariants of single types that compare elements, so that no schema can ask them.

Each rule is given one resource of its type, wherever it stands (alone, contained, in a Bundle), and
yields the place within it, the key, and what is demanded. All take linear time.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from hie.fhir.elements import bounds
from hie.fhir.structure_invariants import structure_definition

Broken = tuple[str, str, str]  # place within the resource, key, what is demanded
Rule = Callable[[Mapping[str, Any]], Iterator[Broken]]


def _observation(resource: Mapping[str, Any]) -> Iterator[Broken]:
    """obs-7: a component that repeats the Observation's own code stands for its value."""
    if "component" not in resource:
        return
    if not any(key.startswith(("value", "_value")) for key in resource):
        return
    own = {_key(one) for one in resource.get("code", {}).get("coding", ())}
    for number, part in enumerate(resource["component"]):
        if any(_key(one) in own for one in part.get("code", {}).get("coding", ())):
            yield f".component[{number}].code", "obs-7", "no value beside a component of that code"


def _key(coding: Mapping[str, Any]) -> tuple[Any, ...]:
    return coding.get("system"), coding.get("version"), coding.get("code")


def _task(resource: Mapping[str, Any]) -> Iterator[Broken]:
    """inv-1: what is known of the two must not put the change before the making."""
    first = bounds(resource["authoredOn"]) if "authoredOn" in resource else None
    last = bounds(resource["lastModified"]) if "lastModified" in resource else None
    if first is not None and last is not None and last[1] <= first[0]:
        yield ".lastModified", "inv-1", "a time that is not before authoredOn"


def _code_system(resource: Mapping[str, Any]) -> Iterator[Broken]:
    """csd-1: no code twice, at whatever height."""
    seen: set[str] = set()
    waiting = [(f".concept[{n}]", one) for n, one in enumerate(resource.get("concept", ()))]
    for place, one in waiting:  # grows while it is read
        code = one.get("code")
        if code in seen:
            yield f"{place}.code", "csd-1", "a code that no other concept has"
        if code is not None:
            seen.add(code)
        waiting += [
            (f"{place}.concept[{n}]", inner) for n, inner in enumerate(one.get("concept", ()))
        ]


def _capability_statement(resource: Mapping[str, Any]) -> Iterator[Broken]:
    """cpb-7, cpb-9, cpb-12: documents, types and parameters are described once."""
    documents = ((d.get("profile"), d.get("mode")) for d in resource.get("document", ()))
    yield from _twice(documents, ".document", "cpb-7", "profile and mode together once")
    for place, rest in enumerate(resource.get("rest", ())):
        where = f".rest[{place}].resource"
        kinds = (one.get("type") for one in rest.get("resource", ()))
        yield from _twice(kinds, where, "cpb-9", "each type once")
        for number, one in enumerate(rest.get("resource", ())):
            names = (each.get("name") for each in one.get("searchParam", ()))
            at = f"{where}[{number}].searchParam"
            yield from _twice(names, at, "cpb-12", "each name once")


def _bundle(resource: Mapping[str, Any]) -> Iterator[Broken]:
    """bdl-7, bdl-8: an address names one version of one resource."""
    entries = resource.get("entry", ())
    for place, one in enumerate(entries):
        if "/_history/" in str(one.get("fullUrl", "")):
            yield f".entry[{place}].fullUrl", "bdl-8", "an address without a version"
    if resource.get("type") == "history":
        return
    seen: set[tuple[Any, Any]] = set()
    for place, one in enumerate(entries):
        url = one.get("fullUrl")
        meta = one.get("resource", {}).get("meta")  # of a type that is not served: unchecked
        pair = (url, str(meta.get("versionId")) if isinstance(meta, dict) else None)
        if url is not None and pair in seen:
            yield f".entry[{place}].fullUrl", "bdl-7", "an address that no other entry has"
        seen.add(pair)


def _twice(values: Iterable[Any], place: str, key: str, demand: str) -> Iterator[Broken]:
    seen: set[Any] = set()
    for number, one in enumerate(values):
        if one in seen:
            yield f"{place}[{number}]", key, demand
        seen.add(one)


RULES: Mapping[str, Rule] = {
    "Observation": _observation,
    "Task": _task,
    "CodeSystem": _code_system,
    "CapabilityStatement": _capability_statement,
    "Bundle": _bundle,
    "StructureDefinition": structure_definition,
}
