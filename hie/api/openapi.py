"""GET /openapi.json: the whole interface as one OpenAPI 3.1 document, for whoever has a token.

The doors that speak flat JSON are written by hand in `schemas/openapi/hie.json`; the FHIR door is
described from the routes that are mounted and the registry of search parameters, with the parts in
`schemas/openapi/fhir.json`. So nothing that is mounted can be missing, and nothing else is named.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from hie import __version__
from hie.api.openapi_fhir import operation
from hie.api.places import ONLY_REFUSE
from hie.oauth.door import actor_in
from hie.schemas import schema
from hie.store.search.registry import PARAMETERS

PATH = "/openapi.json"
_SHAPES = "../json-schema/"
_DEFINED = "#/$defs/"


async def openapi(request: Request) -> Response:
    """The document of this application."""
    actor_in(request)
    state = request.app.state
    if not hasattr(state, "openapi"):
        state.openapi = msgspec.json.encode(document(request.app.routes))
    return Response(state.openapi, media_type="application/json")


def document(routes: Iterable[BaseRoute]) -> dict[str, Any]:
    """The document of these routes."""
    whole = _hand_written()
    parts: dict[str, Any] = msgspec.json.decode(schema("openapi", "fhir.json").read_bytes())
    components = whole["components"]
    for kind, found in parts.items():
        components.setdefault(kind, {}).update(found)
    components["schemas"]["Type"] = {"enum": sorted(PARAMETERS)}
    for path, method, about in offered(routes):
        whole["paths"].setdefault(path, {})[method.lower()] = operation(path, method, about)
    whole["info"] |= {"title": "hie exchange hub", "version": __version__}
    return whole


def offered(routes: Iterable[BaseRoute]) -> Iterator[tuple[str, str, str]]:
    """Path, method and first line of documentation of what is offered below /fhir."""
    for route in routes:
        if not isinstance(route, Route) or not route.path.startswith("/fhir"):
            continue
        handlers = getattr(route, "handlers", {})
        for method in sorted((route.methods or set()) - {"HEAD"}):
            handler = handlers.get(method, route.endpoint)
            if handler.__name__ not in ONLY_REFUSE and "well-known" not in route.path:
                yield route.path, method, (handler.__doc__ or "").partition("\n")[0]


@cache
def _shape(name: str) -> bytes:
    return schema("json-schema", name).read_bytes()


def _hand_written() -> dict[str, Any]:
    """The document of the flat doors, with the shapes it points at inside."""
    whole: dict[str, Any] = msgspec.json.decode(schema("openapi", "hie.json").read_bytes())
    inside: dict[str, Any] = {}
    _gather(whole, inside)
    whole["components"]["schemas"] |= inside
    return whole


def _gather(tree: Any, inside: dict[str, Any], home: str = "") -> None:
    """Make references to shape files, and those within them, references into `inside`."""
    if isinstance(tree, list):
        for part in tree:
            _gather(part, inside, home)
    if not isinstance(tree, dict):
        return
    target = tree.get("$ref")
    if isinstance(target, str) and target.startswith(_SHAPES):
        name = target.removeprefix(_SHAPES).removesuffix(".json")
        tree["$ref"] = f"#/components/schemas/{name}"
        if name not in inside:
            inside[name] = msgspec.json.decode(_shape(f"{name}.json"))
            for gone in ("$schema", "$id"):
                inside[name].pop(gone, None)
            _gather(inside[name], inside, name)
    elif isinstance(target, str) and home and target.startswith(_DEFINED):
        tree["$ref"] = f"#/components/schemas/{home}/$defs/{target.removeprefix(_DEFINED)}"
    for part in list(tree.values()):
        _gather(part, inside, home)
