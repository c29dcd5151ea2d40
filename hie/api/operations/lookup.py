"""CodeSystem/$lookup and $subsumes: what a code means, and which of two stands over the other.

FHIR R4 codesystem-operation-lookup.html, codesystem-operation-subsumes.html.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from starlette.requests import Request

from hie.access.policy import Restriction
from hie.api.operations.asked import Asked, refused
from hie.api.operations.terms import (
    code_system,
    codes_asked,
    coding_asked,
    operation,
    parameters_of,
    part,
    the_resource,
)
from hie.api.respond import hub_of
from hie.errors import Fault, ResourceNotFound
from hie.fhir import Resource
from hie.terminology.code_system import CodeSystem, Concept, read_code_system

_TOLD = frozenset({"url", "name", "version", "display", "definition", "designation"})
_TYPES = {"string": "String", "integer": "Integer", "boolean": "Boolean", "dateTime": "DateTime",
          "decimal": "Decimal", "code": "Code", "Coding": "Coding"}  # fmt: skip


@operation(
    "CodeSystem", "system", "code", "coding", "version", "displayLanguage",
    repeats=frozenset({"property"}),
)  # fmt: skip
async def lookup(request: Request, asked: Asked, sight: Restriction) -> Resource:
    """GET or POST /fhir/CodeSystem/$lookup: name, displays and properties of a code."""
    ((system, code),) = codes_asked(asked)
    async with hub_of(request).db.reading() as reader:
        known = await code_system(reader, system, sight, asked.text("version"))
    concept = known.concepts.get(code)
    if concept is None:
        fault = Fault("code", "unknown-code", f"a code of {known.url[:200]}")
        raise ResourceNotFound("no such code", (fault,))
    wanted = frozenset(str(one) for one in asked.all("property"))
    language = asked.text("displayLanguage", "zh")
    told = wanted or _TOLD
    return parameters_of(
        part("name", "String", known.name or known.url),
        part("version", "String", known.version),
        part("display", "String", concept.shown(language) or code),
        part("definition", "String", concept.definition if "definition" in told else None),
        *(_designations(concept) if "designation" in told else ()),
        *_properties(known, concept, wanted),
    )


def _designations(concept: Concept) -> Iterator[Mapping[str, Any]]:
    for language, text in sorted(concept.names.items(), reverse=True):
        yield {
            "name": "designation",
            "part": [
                {"name": "language", "valueCode": language},
                {"name": "value", "valueString": text},
            ],
        }


def _properties(
    system: CodeSystem, concept: Concept, wanted: frozenset[str]
) -> Iterator[Mapping[str, Any]]:
    """Parents, children and the concept's own; all of them, or those asked for."""
    found: list[tuple[str, str, Any]] = [("parent", "Code", one) for one in concept.parents]
    found += [
        ("child", "Code", one.code)
        for one in system.concepts.values()
        if concept.code in one.parents
    ]
    for code, value in concept.properties:
        kind = _TYPES.get(system.properties.get(code, "string"), "String")
        found.append((code, "Boolean" if isinstance(value, bool) else kind, value))
    for name, kind, value in found:
        if not wanted or name in wanted:
            parts = [{"name": "code", "valueCode": name}, {"name": "value", f"value{kind}": value}]
            yield {"name": "property", "part": parts}


@operation("CodeSystem", "codeA", "codeB", "system", "version", "codingA", "codingB")
async def subsumes(request: Request, asked: Asked, sight: Restriction) -> Resource:
    """GET or POST /fhir/CodeSystem/$subsumes, also /{id}/$subsumes: how A stands to B."""
    own = await the_resource(request, "CodeSystem", sight)
    first, second = (coding_asked(asked, f"code{x}", f"coding{x}") for x in "AB")
    if first[0] != second[0]:
        raise refused("codingB", "invalid-value", "a code of the system of the other")
    if own is not None:
        known = read_code_system(own)
    else:
        async with hub_of(request).db.reading() as reader:
            known = await code_system(reader, first[0], sight, asked.text("version"))
    for name, (_, code) in (("codeA", first), ("codeB", second)):
        if code not in known.concepts:
            raise refused(name, "unknown-code", f"a code of {known.url[:200]}")
    return parameters_of(part("outcome", "Code", _outcome(known, first[1], second[1])))


def _outcome(system: CodeSystem, one: str, other: str) -> str:
    if one == other:
        return "equivalent"
    if one in system.above(other):
        return "subsumes"
    return "subsumed-by" if other in system.above(one) else "not-subsumed"
