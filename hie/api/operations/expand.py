"""ValueSet/$expand: the codes of a value set, page by page.

FHIR R4 valueset-operation-expand.html.
"""

import time
from typing import Any

from starlette.requests import Request

from hie.access.policy import Restriction
from hie.api.operations.asked import Asked, refused
from hie.api.operations.terms import operation, the_resource
from hie.api.respond import hub_of
from hie.errors import Fault, NotSupported
from hie.fhir import Resource
from hie.fhir.profile import check
from hie.store.instants import written
from hie.store.session import Reader
from hie.store.value_sets import at_hand, find_with_library, library_for
from hie.terminology.expansion import Library, Member, expand

_MOST = 1_000
_FARTHEST = 10_000
_KEPT = ("url", "version", "name", "title", "status")


@operation(
    "ValueSet", "url", "valueSet", "valueSetVersion", "filter", "count", "offset",
    "displayLanguage", "includeDesignations", "activeOnly", "excludeNested",
)  # fmt: skip
async def expand_value_set(request: Request, asked: Asked, sight: Restriction) -> Resource:
    """GET or POST /fhir/ValueSet/$expand, also /{id}/$expand: the codes, those the filter fits."""
    async with hub_of(request).db.reading() as reader:
        value_set, library = await value_set_asked(request, reader, asked, sight)
    found = expand(value_set, library)
    if found.open_systems:
        names = ", ".join(sorted(found.open_systems))[:300]
        fault = Fault("url", "not-supported", f"a value set without all codes of {names}")
        raise NotSupported("its codes are not known here; $validate-code asks for one", (fault,))
    wanted = (asked.text("filter") or "").casefold()
    members = [one for one in found.members.values() if wanted in _texts(one)]
    offset = asked.number("offset", 0, most=_FARTHEST)
    count = asked.number("count", _MOST, most=_MOST)
    language = asked.text("displayLanguage", "zh")
    with_names = asked.truth("includeDesignations")
    expansion: dict[str, Any] = {
        "timestamp": written(time.time_ns() // 1000),
        "total": len(members),
        "offset": offset,
    }
    page = members[offset : offset + count]
    if page:
        expansion["contains"] = [_contained(one, language, names=with_names) for one in page]
    kept = {name: value_set[name] for name in _KEPT if name in value_set}
    return {"resourceType": "ValueSet", "status": "active", **kept, "expansion": expansion}


async def value_set_asked(
    request: Request, reader: Reader, asked: Asked, sight: Restriction
) -> tuple[Resource, Library]:
    """The value set an operation is about: the one it is called on, given along, or by address.

    Raises InvalidRequest without one, ResourceNotFound for one that is not known.
    """
    own = await the_resource(request, "ValueSet", sight)
    given = asked.element("valueSet")
    if sum(one is not None for one in (own, given, asked.one("url"))) != 1:
        raise refused("url", "required", "one value set: by url, as valueSet, or as /{id}")
    value_set = own if given is None else dict(given)
    if value_set is None:
        url, version = asked.required("url"), asked.text("valueSetVersion")
        return await find_with_library(reader, f"{url}|{version}" if version else url, sight)
    if given is not None and (value_set.get("resourceType") != "ValueSet" or check(value_set)):
        raise refused("valueSet", "structure", "a ValueSet that R4 accepts")
    return value_set, await library_for(reader, value_set, at_hand(), sight)


def _texts(one: Member) -> str:
    concept = one.concept
    return "\n".join((concept.code, concept.display or "", *concept.names.values())).casefold()


def _contained(one: Member, language: str | None, *, names: bool) -> dict[str, Any]:
    made: dict[str, Any] = {"system": one.system, "code": one.concept.code}
    display = one.concept.shown(language)
    if display:
        made["display"] = display
    if names and one.concept.names:
        made["designation"] = [
            {"language": key, "value": text} for key, text in sorted(one.concept.names.items())
        ]
    return made
