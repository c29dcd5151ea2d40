"""Whether a reference, a canonical or a uri is the one asked for (search.html#reference, #uri)."""

from collections.abc import Iterator
from typing import Any

from hie.fhir.elements import referenced
from hie.fhir.search.values import Pointer, Token, Words


def is_pointer(datatype: str, element: Any, asked: Pointer, targets: frozenset[str]) -> bool:
    """Whether the element leads there; an id alone leads to any type the parameter may lead to.

    A reference with a version is met by one that names none, as R4 has it, and by that version.
    """
    if isinstance(element, str):
        return any(_same_address(element, one) for one in _addresses(asked))
    if not isinstance(element, dict):
        return False
    stated = element.get("url" if datatype == "Attachment" else "reference")
    if not isinstance(stated, str):
        return False
    if asked.address is not None:
        return stated == asked.address
    if asked.base:
        stated = stated.removeprefix(f"{asked.base}/")
    found = referenced({"reference": stated})
    if found is None or "://" in stated:
        return False
    kind, key = found
    if key != asked.id or (targets and kind not in targets):
        return False
    if asked.version is not None and not stated.endswith(f"/_history/{asked.version}"):
        return False
    return asked.type in (None, kind)


def _addresses(asked: Pointer) -> Iterator[str]:
    """The texts a canonical or a uri may have that means what is asked for."""
    if asked.address is not None:
        yield asked.address
        return
    local = f"{asked.type}/{asked.id}" if asked.type else asked.id
    yield local
    if asked.base:
        yield f"{asked.base}/{local}"


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
    """Whether a uri is this one, or stands below or above it by its slashes.

    A URN is opaque: nothing stands below or above it but itself.
    """
    if not isinstance(element, str):
        return False
    if modifier == "below":
        return element == asked.text or _is_below(element, asked.text)
    if modifier == "above":
        return element == asked.text or _is_below(asked.text, element)
    return _same_address(element, asked.text)


def _is_below(lower: str, upper: str) -> bool:
    return "://" in upper and lower.startswith(upper.rstrip("/") + "/")


def _same_address(stated: str, asked: str) -> bool:
    """A canonical asked for without a version is any version of it."""
    return stated == asked or ("|" not in asked and stated.partition("|")[0] == asked)
