"""CodeSystem/$lookup, ValueSet/$expand and ConceptMap/$translate over the hub's own codes.

FHIR R4 codesystem-operation-lookup.html, valueset-operation-expand.html,
conceptmap-operation-translate.html. What is known is the catalogue in force: items and classes,
the classes of coded results, LOINC codes of items, and each site's approved maps.
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hie.access.policy import permit_type
from hie.access.scopes import Interaction
from hie.api.operations.given import listed
from hie.api.respond import answered, fhir, hub_of
from hie.audit.event import Action, Event, EventType
from hie.errors import Fault, InvalidRequest, ResourceNotFound
from hie.exchange import sites
from hie.exchange.hub import Hub
from hie.fhir import CANONICAL, ITEM, LOINC, RESULT_CLASS, local_code_system
from hie.fhir.elements import coding
from hie.fhir.wire import read_object, write
from hie.oauth.door import actor_in
from hie.store import code_maps
from hie.store.code_maps import MapState
from hie.store.instants import written
from hie.terminology.codes import INDETERMINATE, NON_REACTIVE, REACTIVE

ITEMS = f"{CANONICAL}/ValueSet/item"
RESULT_CLASSES = f"{CANONICAL}/ValueSet/result-class"
_CLASSES = {
    REACTIVE: ("阳性", "reactive"),
    NON_REACTIVE: ("阴性", "non-reactive"),
    INDETERMINATE: ("不确定", "indeterminate"),
}
_MOST = 1_000

Asked = Mapping[str, str]
Answer = Callable[[Request, Asked], Awaitable[dict[str, Any]]]


def _operation(kind: str, *names: str) -> Callable[[Answer], Callable[..., Awaitable[Response]]]:
    """A door by GET with a query, or by POST with Parameters, that takes these names only."""

    def made(answer: Answer) -> Callable[..., Awaitable[Response]]:
        @answered
        @wraps(answer)
        async def door(request: Request) -> Response:
            actor = actor_in(request)
            permit_type(actor, kind, Interaction.READ)
            asked = dict(request.query_params)
            if request.method == "POST":
                asked |= _parameters(read_object(await request.body()))
            for name in asked:
                if name not in (*names, "_format"):
                    fault = Fault(name[:64], "unknown-parameter", ", ".join(names))
                    raise InvalidRequest("unknown parameter", (fault,))
            found = await answer(request, asked)
            await hub_of(request).ledger.record(
                Event(EventType.SEARCH, Action.EXECUTE, actor, query=request.url.path.encode())
            )
            return fhir(write(found))

        return door

    return made


@_operation("CodeSystem", "system", "code", "displayLanguage")
async def lookup(request: Request, asked: Asked) -> dict[str, Any]:
    """What a code of the catalogue or of a result's class means."""
    system, code = _required(asked, "system"), _required(asked, "code")
    known = _known(hub_of(request), system)
    found = known.get(code)
    if found is None:
        raise ResourceNotFound("no such code", (Fault("code", "unknown-code", system[:200]),))
    zh, en = found
    shown = en if asked.get("displayLanguage", "zh").startswith("en") else zh
    parts: list[dict[str, Any]] = [
        {"name": "name", "valueString": system.rsplit("/", 1)[-1]},
        {"name": "display", "valueString": shown},
    ]
    for language, text in (("zh", zh), ("en", en)):
        parts.append(
            {
                "name": "designation",
                "part": [
                    {"name": "language", "valueCode": language},
                    {"name": "value", "valueString": text},
                ],
            }
        )
    return {"resourceType": "Parameters", "parameter": parts}


@_operation("ValueSet", "url", "filter", "count", "offset", "displayLanguage")
async def expand(request: Request, asked: Asked) -> dict[str, Any]:
    """The codes of a value set of the hub's, those whose code or names contain the filter."""
    url = _required(asked, "url")
    system = {ITEMS: ITEM, RESULT_CLASSES: RESULT_CLASS}.get(url)
    if system is None:
        fault = Fault("url", "unknown-value-set", f"{ITEMS} or {RESULT_CLASSES}")
        raise ResourceNotFound("no such value set", (fault,))
    wanted = asked.get("filter", "").casefold()
    english = asked.get("displayLanguage", "zh").startswith("en")
    every = [
        coding(system, code, en if english else zh)
        for code, (zh, en) in _known(hub_of(request), system).items()
        if wanted in f"{code}\n{zh}\n{en}".casefold()
    ]
    offset, count = _number(asked, "offset", 0), _number(asked, "count", _MOST)
    expansion: dict[str, Any] = {
        "timestamp": written(time.time_ns() // 1000),
        "total": len(every),
        "offset": offset,
    }
    page = every[offset : offset + count]
    if page:
        expansion["contains"] = page
    return {"resourceType": "ValueSet", "url": url, "status": "active", "expansion": expansion}


@_operation("ConceptMap", "system", "code", "targetsystem", "target")
async def translate(request: Request, asked: Asked) -> dict[str, Any]:
    """The item a LOINC code, or a code of one of the caller's sites, stands for."""
    system, code = _required(asked, "system"), _required(asked, "code")
    if asked.get("targetsystem", ITEM) != ITEM or asked.get("target", ITEMS) != ITEMS:
        fault = Fault("targetsystem", "unknown-target", ITEM)
        raise InvalidRequest("codes are translated to items", (fault,))
    key, equivalence = await _item_of(request, system, code)
    if key is None:
        parts = [
            {"name": "result", "valueBoolean": False},
            {"name": "message", "valueString": "no item is known for this code"},
        ]
        return {"resourceType": "Parameters", "parameter": parts}
    item = hub_of(request).catalogue.items[key]
    match = [
        {"name": "equivalence", "valueCode": equivalence},
        {"name": "concept", "valueCoding": coding(ITEM, key, item.zh)},
    ]
    return {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "result", "valueBoolean": True},
            {"name": "match", "part": match},
        ],
    }


async def _item_of(request: Request, system: str, code: str) -> tuple[str | None, str]:
    """The item, and how sure it is: confirmed is equivalent, anything else relates to it."""
    hub, actor = hub_of(request), actor_in(request)
    if system == LOINC:
        found = hub.loinc.get(code)
        return (None, "") if found is None else (found[0], _sure(confirmed=found[1]))
    for name, site in (await sites.all_sites(hub)).items():
        if actor.institution not in (None, site.site.institution):
            continue
        async with hub.db.reading() as reader:
            maps = await code_maps.maps_of(reader, name)
        for (named, local), one in maps.items():
            if local == code and local_code_system(name, named or None) == system:
                is_known = one.item in hub.catalogue.items and one.state != MapState.REJECTED
                sure = _sure(confirmed=one.state == MapState.APPROVED)
                return (one.item if is_known else None), sure
    return None, ""


def _sure(*, confirmed: bool) -> str:
    return "equivalent" if confirmed else "relatedto"


def _known(hub: Hub, system: str) -> Mapping[str, tuple[str, str]]:
    """The codes of a system with their names, Chinese and English. Raises ResourceNotFound."""
    if system == ITEM:
        items = {key: (one.zh, one.en) for key, one in hub.catalogue.items.items()}
        return items | {key: (one.zh, one.en) for key, one in hub.catalogue.classes.items()}
    if system == RESULT_CLASS:
        return _CLASSES
    fault = Fault("system", "unknown-system", f"{ITEM} or {RESULT_CLASS}")
    raise ResourceNotFound("no such code system", (fault,))


def _parameters(tree: Mapping[str, Any]) -> dict[str, str]:
    """The plain values of a Parameters resource; of a coding its system and code."""
    if tree.get("resourceType") != "Parameters":
        raise InvalidRequest("Parameters", (Fault("resourceType", "other-type", "Parameters"),))
    found: dict[str, str] = {}
    for one in listed(tree):
        name, value = one.get("name"), one.get("valueCoding")
        if name == "coding" and isinstance(value, dict):
            found |= {part: str(value[part]) for part in ("system", "code") if part in value}
            continue
        plain = [v for k, v in one.items() if k.startswith("value") and not isinstance(v, dict)]
        if isinstance(name, str) and plain:
            found[name] = str(plain[0])
    return found


def _required(asked: Asked, name: str) -> str:
    text = asked.get(name, "")
    if not text:
        raise InvalidRequest(name, (Fault(name, "required", "a value"),))
    return text


def _number(asked: Asked, name: str, default: int) -> int:
    text = asked.get(name, str(default))
    if not (text.isascii() and text.isdigit() and int(text[:6]) <= _MOST):
        raise InvalidRequest(name, (Fault(name, "invalid-value", f"0 to {_MOST}"),))
    return int(text)
