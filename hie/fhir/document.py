"""Is a Bundle a sound document? Its own R4 invariants, and that everything named is inside.

FHIR R4 bundle.html#invs (bdl-1 to bdl-12), documents.html, bundle.html#references. Each entry is
checked by `profile` as well: a document holds nothing that would not stand alone.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from hie.errors import Fault
from hie.fhir import Resource
from hie.fhir.profile import check
from hie.fhir.wire import write


def check_document(bundle: Resource) -> list[Fault]:
    """What is wrong with a document: place, invariant, what was expected; [] if nothing."""
    faults = check(bundle)
    if faults:
        return faults
    faults = list(_invariants(bundle))
    return faults or [*_entries(bundle), *_references(bundle)]


def _invariants(bundle: Resource) -> Iterator[Fault]:
    identifier, entries = bundle.get("identifier", {}), bundle.get("entry", [])
    if bundle.get("type") != "document":
        yield Fault("Bundle.type", "value", "document")
    if "total" in bundle:
        yield Fault("Bundle.total", "bdl-1", "no total outside a search")
    if any("search" in entry for entry in entries):
        yield Fault("Bundle.entry.search", "bdl-2", "no search outside a search")
    if any("request" in entry or "response" in entry for entry in entries):
        yield Fault("Bundle.entry", "bdl-3", "neither request nor response")
    if not (identifier.get("system") and identifier.get("value")):
        yield Fault("Bundle.identifier", "bdl-9", "a system and a value")
    if "timestamp" not in bundle:
        yield Fault("Bundle.timestamp", "bdl-10", "a timestamp")
    if not entries or entries[0].get("resource", {}).get("resourceType") != "Composition":
        yield Fault("Bundle.entry[0]", "bdl-11", "a Composition")
    seen: set[tuple[str, str]] = set()
    for number, entry in enumerate(entries):
        address = entry.get("fullUrl", "")
        version = entry.get("resource", {}).get("meta", {}).get("versionId", "")
        if "/_history/" in address:
            yield Fault(f"Bundle.entry[{number}].fullUrl", "bdl-8", "no version in it")
        if (address, version) in seen:
            yield Fault(f"Bundle.entry[{number}].fullUrl", "bdl-7", "an address of its own")
        seen.add((address, version))
        if not address:
            yield Fault(f"Bundle.entry[{number}].fullUrl", "bdl-7", "an address")


def _entries(bundle: Resource) -> Iterator[Fault]:
    for number, entry in enumerate(bundle["entry"]):
        for fault in check(entry["resource"]):
            yield Fault(f"Bundle.entry[{number}].{fault.path}", fault.code, fault.expected)
        address, resource = entry["fullUrl"], entry["resource"]
        if not address.startswith("urn:") and not address.endswith(
            f"/{resource['resourceType']}/{resource.get('id')}"
        ):
            yield Fault(f"Bundle.entry[{number}].fullUrl", "full-url", "the id of its resource")


def _references(bundle: Resource) -> Iterator[Fault]:
    """Every literal reference leads to an entry, by the rules for references within a Bundle."""
    known = {entry["fullUrl"] for entry in bundle["entry"]}
    for number, entry in enumerate(bundle["entry"]):
        resource, address = entry["resource"], entry["fullUrl"]
        base = address.removesuffix(f"{resource['resourceType']}/{resource.get('id')}")
        for text in _literal(resource):
            target = text.split("/_history/")[0]
            if target.startswith("#"):
                continue
            whole = target if ":" in target else base + target
            if whole not in known:
                path = f"Bundle.entry[{number}].{resource['resourceType']}"
                yield Fault(path, "reference-outside", "an entry of the document")


def _literal(tree: Any) -> Iterator[str]:
    parts: list[Any] = [tree]
    for part in parts:  # grows while it is read
        if isinstance(part, Mapping):
            text = part.get("reference")
            if isinstance(text, str):
                yield text
            parts.extend(part.values())
        elif isinstance(part, list):
            parts.extend(part)


def document_bytes(bundle: Resource) -> bytes:
    """The document's JSON text; raises ValueError for one that is not sound: the hub made it."""
    faults = check_document(bundle)
    if faults:
        raise ValueError(f"{faults[0].path}: {faults[0].code}: expected {faults[0].expected}")
    return write(bundle)
