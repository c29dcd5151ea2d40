"""Whether a reference, a canonical or a uri is the one asked for (search.html#reference, #uri)."""

from typing import Any

from hie.fhir.elements import referenced
from hie.fhir.search.asked import Pointer, Token, Words


def is_pointer(datatype: str, element: Any, asked: Pointer, targets: frozenset[str]) -> bool:
    """Whether the element leads there; an id alone leads to any type the parameter may lead to."""
    if datatype in {"canonical", "uri", "url"} or isinstance(element, str):
        return isinstance(element, str) and _same_address(element, asked.address or asked.id)
    if not isinstance(element, dict):
        return False
    stated = element.get("reference")
    if asked.address is not None:
        return stated == asked.address
    found = referenced(element)
    if found is None or "://" in str(stated):
        return False
    kind, key = found
    if key != asked.id or (targets and kind not in targets):
        return False
    return asked.type in (None, kind)


def is_identified(element: Any, asked: Token) -> bool:
    """Whether a reference names this identifier (`:identifier`)."""
    if not isinstance(element, dict):
        return False
    one = element.get("identifier", {})
    return (
        "value" in one
        and asked.code in (None, one["value"])
        and (asked.system in (None, one.get("system", "")))
    )


def is_uri(element: Any, asked: Words, modifier: str) -> bool:
    """Whether a uri is this one, or stands below or above it by its slashes."""
    if not isinstance(element, str):
        return False
    if modifier == "below":
        return element == asked.text or element.startswith(asked.text.rstrip("/") + "/")
    if modifier == "above":
        return element == asked.text or asked.text.startswith(element.rstrip("/") + "/")
    return _same_address(element, asked.text)


def _same_address(stated: str, asked: str) -> bool:
    """A canonical asked for without a version is any version of it."""
    return stated == asked or ("|" not in asked and stated.partition("|")[0] == asked)
