"""Whether an element carries a token: by its datatype, system and code (search.html#token)."""

from collections.abc import Iterator
from typing import Any

from hie.fhir.search.definitions import Path
from hie.fhir.search.is_named import is_named
from hie.fhir.search.values import Among, Token, Typed, Words

_BOOLEANS = "http://terminology.hl7.org/CodeSystem/special-values"


def is_token(path: Path, element: Any, asked: Token) -> bool:
    """Whether the element is one of this system and code; codes are compared as they are written.

    A code element has the systems its binding names, or none; a ContactPoint's is its use.
    """
    if isinstance(element, bool):
        said = "true" if element else "false"
        return asked.code in (None, said) and asked.system in (None, "", _BOOLEANS)
    if isinstance(element, str):
        return asked.code in (None, element) and (
            asked.system in (None, "") or asked.system in path.systems
        )
    return any(
        asked.code in (None, code) and asked.system in (None, system)
        for system, code in _pairs(path.datatype, element)
    )


def is_among(path: Path, element: Any, asked: Among) -> bool:
    """Whether the element is one of several codes (`:in`, `:below`, `:above`).

    A code element is of the systems its binding names; where it names none, its code decides.
    """
    if isinstance(element, str):
        if not path.systems:
            return any(code == element for _, code in asked.codes)
        pairs = [(system, element) for system in path.systems]
    else:
        pairs = list(_pairs(path.datatype, element))
    return any(one in asked.codes or one[0] in asked.systems for one in pairs)


def is_typed(element: Any, asked: Typed) -> bool:
    """Whether an Identifier has this value and a type with this code (`:of-type`)."""
    if not isinstance(element, dict) or element.get("value") != asked.value:
        return False
    return any(
        one.get("system", "") == asked.system and one.get("code") == asked.code
        for one in element.get("type", {}).get("coding", ())
    )


def is_text(element: Any, asked: Words) -> bool:
    """Whether the words that go with a code begin so (`:text`)."""
    return any(is_named(text, asked.text, "") for text in _texts(element))


def pairs(path: Path, element: Any) -> list[tuple[str, str]]:
    """System and code of each code an element has; "" where it names no system."""
    if isinstance(element, bool):
        return [("", "true" if element else "false")]
    if isinstance(element, str):
        return [(path.systems[0] if path.systems else "", element)]
    return list(_pairs(path.datatype, element))


def _pairs(datatype: str, element: Any) -> Iterator[tuple[str, str]]:
    """System and code of an element; "" where it names none."""
    if not isinstance(element, dict):
        return
    match datatype:
        case "CodeableConcept":
            for one in element.get("coding", ()):
                if "code" in one:
                    yield one.get("system", ""), one["code"]
        case "Coding":
            if "code" in element:
                yield element.get("system", ""), element["code"]
        case "Identifier":
            if "value" in element:
                yield element.get("system", ""), element["value"]
        case "ContactPoint":
            if "value" in element:
                yield element.get("use", ""), element["value"]


def _texts(element: Any) -> Iterator[str]:
    if not isinstance(element, dict):
        return
    type_ = element.get("type")
    wrapped = [type_.get("text")] if isinstance(type_, dict) else []
    displays = [one.get("display") for one in element.get("coding", ())]
    for text in (element.get("text"), element.get("display"), *displays, *wrapped):
        if isinstance(text, str):
            yield text
