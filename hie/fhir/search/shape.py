"""A resource as `_summary` and `_elements` ask for it: fewer members, and marked as fewer.

FHIR R4 search.html#summary, #elements. What must be there always is; a resource with members left
out carries the tag SUBSETTED, so that nobody writes it back as the whole.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any

import msgspec

from hie.schemas import schema

SUBSETTED = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "code": "SUBSETTED",
}
_ALWAYS = frozenset({"resourceType", "id", "meta"})
SUMMARIES = frozenset({"true", "text", "data"})  # beside "count" and "false"


def is_whole(summary: str, elements: Collection[str]) -> bool:
    """Whether nothing is asked to be left out."""
    return summary not in SUMMARIES and not elements


def shaped(tree: Mapping[str, Any], summary: str, elements: Sequence[str]) -> dict[str, Any]:
    """The resource with the members asked for. `elements` are names of the top level."""
    known = _members().get(tree["resourceType"], {"summary": (), "required": ()})
    required = _ALWAYS | frozenset(known["required"])
    if summary == "data":
        kept = {key: value for key, value in tree.items() if key != "text"}
    elif summary == "text":
        kept = {key: value for key, value in tree.items() if key in required or key == "text"}
    elif summary == "true":
        kept = _only(tree, required | frozenset(known["summary"]))
    else:
        kept = _only(tree, required | frozenset(elements))
    meta = tree.get("meta", {})
    kept["meta"] = {**meta, "tag": [*meta.get("tag", ()), SUBSETTED]}
    return kept


def _only(tree: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """A primitive's extensions ("_birthDate") go where it goes; "value" is any value[x]."""
    return {
        key: value
        for key, value in tree.items()
        if (name := key.removeprefix("_")) in names or _choice(name) in names
    }


def _choice(name: str) -> str:
    """The stem before the type in "valueQuantity"; a name without one is itself."""
    for place, char in enumerate(name):
        if char.isupper():
            return name[:place]
    return name


@cache
def _members() -> Mapping[str, Mapping[str, Sequence[str]]]:
    text = schema("fhir", "r4.summary.json").read_bytes()
    found: dict[str, dict[str, list[str]]] = msgspec.json.decode(text)
    return found
