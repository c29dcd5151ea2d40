"""What the operations over codes have in common: their door, the code asked about, what is known.

FHIR R4 terminology-service.html. Known are R4's own code systems, the project's, the catalogue's
items, and what was written here as CodeSystem, ValueSet and ConceptMap.
"""

from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hie.access.policy import Restriction, permit_type
from hie.access.scopes import Interaction
from hie.api.operations.asked import Asked, read_asked, refused
from hie.api.respond import answered, fhir, hub_of
from hie.audit.event import Action, Event, EventType
from hie.errors import Fault, ResourceNotFound
from hie.fhir import Resource
from hie.fhir.wire import write
from hie.oauth.door import actor_in
from hie.store import versions
from hie.store.definitions import find_definition
from hie.store.session import Reader
from hie.store.value_sets import at_hand
from hie.terminology.code_system import CodeSystem, read_code_system

Answer = Callable[[Request, Asked, Restriction], Awaitable[Resource]]
Coded = tuple[str | None, str]  # system, code


def operation(
    kind: str, *names: str, repeats: frozenset[str] = frozenset()
) -> Callable[[Answer], Callable[[Request], Awaitable[Response]]]:
    """A door by GET with a query, or by POST with Parameters, that takes these names only."""

    def made(answer: Answer) -> Callable[[Request], Awaitable[Response]]:
        @answered
        @wraps(answer)
        async def door(request: Request) -> Response:
            actor = actor_in(request)
            sight = permit_type(actor, kind, Interaction.READ)
            found = await answer(request, await read_asked(request, *names, repeats=repeats), sight)
            await hub_of(request).ledger.record(
                Event(EventType.SEARCH, Action.EXECUTE, actor, query=request.url.path.encode())
            )
            return fhir(write(found))

        return door

    return made


async def the_resource(request: Request, kind: str, sight: Restriction) -> Resource | None:
    """The resource an operation is called on; None when it is called on the type."""
    key = request.path_params.get("id")
    if key is None:
        return None
    async with hub_of(request).db.reading() as reader:
        return (await versions.read(reader, kind, key, sight)).resource()


def codes_asked(asked: Asked, system_name: str = "system") -> list[Coded]:
    """The codes asked about: code (and system), coding, or those of a codeableConcept.

    Raises InvalidRequest when it is none of these, or more than one.
    """
    ways = [name for name in ("code", "coding", "codeableConcept") if name in asked]
    if len(ways) != 1:
        raise refused("code", "required", "one of code, coding and codeableConcept")
    if ways == ["code"]:
        return [(asked.text(system_name), asked.required("code"))]
    element = asked.element(ways[0]) or {}
    listed = element.get("coding", []) if ways == ["codeableConcept"] else [element]
    found = [
        (one.get("system"), one["code"])
        for one in (listed if isinstance(listed, list) else [])
        if isinstance(one, dict) and isinstance(one.get("code"), str)
    ]
    if not found:
        raise refused(ways[0], "required", "a system and a code")
    return found


def coding_asked(asked: Asked, code: str, coding: str) -> Coded:
    """One code: `codeA` (and system), or `codingA`. Raises InvalidRequest."""
    element = asked.element(coding)
    if element is None:
        return asked.text("system"), asked.required(code)
    if not isinstance(element.get("code"), str):
        raise refused(coding, "required", "a system and a code")
    return element.get("system"), element["code"]


async def code_system(
    reader: Reader, url: str | None, sight: Restriction, version: str | None = None
) -> CodeSystem:
    """The code system of an address. Raises InvalidRequest without one, else ResourceNotFound."""
    if not url:
        raise refused("system", "required", "the code system's address")
    found = at_hand().systems.get(url)
    if found is None:
        stored = await find_definition(reader, "CodeSystem", url, sight)
        found = None if stored is None else read_code_system(stored)
    if found is None or (version and found.version not in (None, version)):
        fault = Fault("system", "unknown-system", "a code system that ships or was written here")
        raise ResourceNotFound(f"no code system {url[:200]}", (fault,))
    return found


def parameters_of(*parts: Mapping[str, Any] | None) -> Resource:
    """Parameters, without those that are None."""
    return {"resourceType": "Parameters", "parameter": [one for one in parts if one is not None]}


def part(name: str, kind: str, value: Any) -> dict[str, Any] | None:
    """One output; None when there is nothing to say."""
    return None if value is None else {"name": name, f"value{kind}": value}
