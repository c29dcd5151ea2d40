"""The JSON of a Consent walked through: what has not the shape of FHIR is passed over.

Whether it is sound is checked before it is written (`hie.fhir.profile`).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hie.consent.provision import DEPTH
from hie.fhir import Resource


def contained_in(consent: Resource) -> dict[str, Mapping[str, Any]]:
    """What it contains, by the references to it."""
    return {f"#{one.get('id')}": one for one in nodes(consent, "contained")}


def provisions(tree: Any, depth: int = 1) -> Iterator[Mapping[str, Any]]:
    """A provision and those in it, as deep as they are read."""
    if isinstance(tree, dict) and depth <= DEPTH:
        yield tree
        for one in nodes(tree, "provision"):
            yield from provisions(one, depth + 1)


def codings(concept: Mapping[str, Any]) -> Iterator[tuple[str | None, str | None]]:
    """System and code of each coding of a concept."""
    for one in nodes(concept, "coding"):
        yield one.get("system"), one.get("code")


def nodes(tree: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    """The elements of a list by this name."""
    found = tree.get(name, ())
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def node(value: Any) -> Mapping[str, Any]:
    """An element with elements of its own; of anything else none."""
    return value if isinstance(value, dict) else {}
