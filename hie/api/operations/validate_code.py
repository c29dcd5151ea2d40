"""$validate-code of CodeSystem and ValueSet: whether a code is in it, and has this display.

FHIR R4 codesystem-operation-validate-code.html, valueset-operation-validate-code.html. Of a
codeableConcept one coding is enough.
"""

from starlette.requests import Request

from hie.access.policy import Restriction
from hie.api.operations.asked import Asked
from hie.api.operations.expand import value_set_asked
from hie.api.operations.terms import (
    code_system,
    codes_asked,
    operation,
    parameters_of,
    part,
    the_resource,
)
from hie.api.respond import hub_of
from hie.fhir import Resource
from hie.terminology.code_system import Concept, read_code_system
from hie.terminology.expansion import expand

_CODE = ("code", "coding", "codeableConcept", "display", "displayLanguage")


@operation("CodeSystem", "url", "version", *_CODE)
async def validate_in_system(request: Request, asked: Asked, sight: Restriction) -> Resource:
    """GET or POST /fhir/CodeSystem/$validate-code, also /{id}/$validate-code."""
    own = await the_resource(request, "CodeSystem", sight)
    codes = codes_asked(asked, "url")
    if own is not None:
        known = read_code_system(own)
    else:
        url = asked.text("url") or codes[0][0]
        async with hub_of(request).db.reading() as reader:
            known = await code_system(reader, url, sight, asked.text("version"))
    concepts = [
        known.concepts[code]
        for system, code in codes
        if system in (None, known.url) and code in known.concepts
    ]
    return _answer(asked, concepts, known.url, whole=known.whole)


@operation(
    "ValueSet", "url", "valueSet", "valueSetVersion", "system", "systemVersion", *_CODE
)  # fmt: skip
async def validate_in_set(request: Request, asked: Asked, sight: Restriction) -> Resource:
    """GET or POST /fhir/ValueSet/$validate-code, also /{id}/$validate-code."""
    codes = codes_asked(asked)
    async with hub_of(request).db.reading() as reader:
        value_set, library = await value_set_asked(request, reader, asked, sight)
    held = expand(value_set, library)
    concepts = []
    for system, code in codes:
        if not held.has(system, code):
            continue
        listed = (one for key, one in held.members.items() if key[1] == code)
        found = next((one for one in listed if system in (None, one.system)), None)
        concepts.append(Concept(code) if found is None else found.concept)
    return _answer(asked, concepts, str(value_set.get("url", "the value set")), whole=True)


def _answer(asked: Asked, concepts: list[Concept], where: str, *, whole: bool) -> Resource:
    """result, message and display, as both operations have them."""
    display = asked.text("display")
    if not concepts:
        words = "is not in" if whole else "is not in the part that is known here of"
        return parameters_of(
            part("result", "Boolean", False), part("message", "String", f"the code {words} {where}")
        )
    concept = concepts[0]
    shown = concept.shown(asked.text("displayLanguage", "zh"))
    names = {text.casefold() for text in (concept.display, *concept.names.values()) if text}
    is_right = display is None or not names or display.casefold() in names
    return parameters_of(
        part("result", "Boolean", is_right),
        None if is_right else part("message", "String", "the display is another one"),
        part("display", "String", shown),
    )
