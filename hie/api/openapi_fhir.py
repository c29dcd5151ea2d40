"""One operation of the FHIR door for OpenAPI: its parameters, bodies, and every status it can have.

What an address is shows in its path: `{type}`, `{id}`, `_history`, `$name`. Search parameters are
those of all types together, each saying whose it is; the CapabilityStatement has them by type.
"""

import re
from functools import cache
from typing import Any

from hie.store.search.registry import PARAMETERS, RESULTS

MEDIA = "application/fhir+json"
_FORM = "application/x-www-form-urlencoded"
_PATCH = "application/json-patch+json"
_MERGE = "application/merge-patch+json"
_REFUSALS = (400, 403, 406, 414, 431)  # wherever a token is asked for
_OF_A_BODY = (408, 413, 415)
_OF_A_WRITE = (409, 412, 422)
_NOT_AGAIN = (429, 503)
# What comes back with 200: by the last part of the path, else by method.
_ANSWERS = {
    "metadata": "CapabilityStatement",
    "_history": "Bundle",
    "_search": "Bundle",
    "fhir": "Bundle",
    "$everything": "Bundle",
    "$lastn": "Bundle",
    "$validate": "OperationOutcome",
    "$meta": "Parameters",
    "$meta-add": "Parameters",
    "$meta-delete": "Parameters",
    "$lookup": "Parameters",
    "$subsumes": "Parameters",
    "$translate": "Parameters",
    "$validate-code": "Parameters",
}
_GENERAL = ("_format", "_pretty")
_SHAPING = ("_summary", "_elements")
_HISTORY = ("_count", "_since", "_at", "_sort", "page")
# The parameters an operation takes in its query, beside the general ones.
_ASKED = {
    "$everything": ("_count", "_since", "_type", "end", "page", "start"),
    "$lastn": ("max", "patient", "subject", "code", "category"),
    "$validate": ("mode", "profile"),
    "$lookup": ("system", "code", "version", "displayLanguage", "property"),
    "$subsumes": ("system", "version", "codeA", "codeB"),
    "$validate-code": ("url", "code", "display", "displayLanguage"),
    "$expand": (
        *("url", "valueSetVersion", "filter", "count", "offset", "displayLanguage"),
        *("includeDesignations", "activeOnly", "excludeNested"),
    ),
    "$translate": (
        *("url", "conceptMapVersion", "system", "code", "target", "targetsystem", "reverse"),
    ),
}
_SHARED = frozenset({*_GENERAL, *_SHAPING, "_count", "_since", "page"})


def operation(path: str, method: str, about: str) -> dict[str, Any]:
    """The operation of one route and method; `about` is what its handler says of itself."""
    last = path.rstrip("/").rpartition("/")[2]
    found: dict[str, Any] = {
        "operationId": _name(path, method),
        "summary": about.partition(": ")[2] or about or f"{method} {path}",
        "tags": ["FHIR"],
        "parameters": _parameters(path, method, last),
        "responses": {str(status): one for status, one in _responses(path, method, last)},
    }
    body = _body(path, method, last)
    if body:
        found["requestBody"] = {"required": True, "content": body}
    if last == "metadata":
        found["security"] = []
    return found


def _name(path: str, method: str) -> str:
    words = re.findall(r"[A-Za-z]+", path)
    slash = "Base" if path == "/fhir/" else ""
    return method.lower() + "".join(word[0].upper() + word[1:] for word in words) + slash


def _parameters(path: str, method: str, last: str) -> list[dict[str, Any]]:
    named = [_in_path(name) for name in re.findall(r"{(\w+)}", path)]
    if last.startswith("$"):
        asked = (*_GENERAL, *_ASKED.get(last, ()))
    elif last == "_history":
        asked = (*_GENERAL, *_SHAPING, *_HISTORY)
    elif last == "metadata":
        asked = (*_GENERAL, *_SHAPING, "mode")
    elif last in ("{id}", "{vid}") and method == "GET":
        asked = (*_GENERAL, *_SHAPING)
    else:
        asked = _GENERAL
    found = [*named, *(_query(name) for name in asked)]
    if last == "{type}" and method != "POST":
        found += _search_parameters() if method == "GET" else _criteria()
    return found + [_ref("parameters", name) for name in _headers(path, method, last)]


def _in_path(name: str) -> dict[str, Any]:
    if name in ("type", "id", "vid"):
        return _ref("parameters", name)
    shape = {"type": "string", "pattern": "^[A-Za-z0-9.-]{1,64}$"}
    return {"name": name, "in": "path", "required": True, "schema": shape}


def _headers(path: str, method: str, last: str) -> tuple[str, ...]:
    match method:
        case "GET" if last in ("{id}", "{vid}"):
            return ("ifNoneMatch", "ifModifiedSince")
        case "GET" if last == "{type}":
            return ("prefer",)
        case "POST" if last == "{type}":
            return ("ifNoneExist", "prefer")
        case "PUT" | "PATCH":
            return ("ifMatch", "prefer")
        case "DELETE":
            return ("ifMatch",)
        case "POST" if last in ("_search", "fhir") or path == "/fhir/":
            return ("prefer",)
    return ()


def _query(name: str) -> dict[str, Any]:
    if name in _SHARED:
        return _ref("parameters", name)
    return {"name": name, "in": "query", "schema": {"type": "string", "minLength": 1}}


@cache
def _search_parameters() -> list[dict[str, Any]]:
    """The result parameters, then every search parameter with the types that have it."""
    return [_query(name) for name in sorted(RESULTS - set(_GENERAL))] + _criteria()


@cache
def _criteria() -> list[dict[str, Any]]:
    kinds: dict[str, list[str]] = {}
    whose: dict[str, list[str]] = {}
    for kind, known in sorted(PARAMETERS.items()):
        for name, one in known.items():
            whose.setdefault(name, []).append(kind)
            if str(one.kind) not in kinds.setdefault(name, []):
                kinds[name].append(str(one.kind))
    return [
        {
            **_query(name),
            "description": f"{' or '.join(kinds[name])}: "
            + ("every type" if len(found) == len(PARAMETERS) else ", ".join(found)),
        }
        for name, found in sorted(whose.items())
    ]


def _body(path: str, method: str, last: str) -> dict[str, Any]:
    """Media types and shapes of what is sent; nothing for what has no body."""
    if method == "PATCH":
        merged = {"schema": {"type": "object"}}
        return {_PATCH: _schema("JsonPatch"), MEDIA: _schema("Parameters"), _MERGE: merged}
    if method not in ("POST", "PUT"):
        return {}
    if last == "_search":
        form = {"type": "object", "additionalProperties": {"type": "string"}}
        return {_FORM: {"schema": form}}
    if last == "fhir":
        name = "ToBeDone"
    elif last == "$validate":
        name = "Resource"
    else:
        name = "Parameters" if last.startswith("$") else "Resource"
    return {MEDIA: _schema(name), "application/json": _schema(name)}


def _responses(path: str, method: str, last: str) -> list[tuple[int, dict[str, Any]]]:
    is_open = last == "metadata"
    writes = method in ("PUT", "PATCH", "DELETE") or (
        method == "POST" and not last.startswith(("$", "_"))
    )
    found = {status: _ref("responses", "refused") for status in _REFUSALS if status != 403}
    if not is_open:
        found |= {401: _ref("responses", "notAuthenticated"), 403: _ref("responses", "refused")}
    refusals: list[int] = [405] if method == "PUT" else []
    if "{" in path or last.startswith("$") or last == "fhir":
        refusals += [404, 410]
    if method in ("POST", "PUT", "PATCH"):
        refusals += _OF_A_BODY
    if writes or last in ("$assess", "$meta-add", "$meta-delete"):
        refusals += _OF_A_WRITE
    found |= {status: _ref("responses", "refused") for status in refusals}
    found |= {status: _ref("responses", "later") for status in _NOT_AGAIN}
    if method == "GET" and last in ("{id}", "{vid}"):
        found[304] = _ref("responses", "notModified")
    if method == "DELETE":
        found[204] = {"description": "Deleted, or nothing to delete"}
    else:
        name = _ANSWERS.get(last, "Answer")
        content = {MEDIA: _schema(name)}
        if method == "GET" and last in ("{id}", "{vid}"):
            content["*/*"] = {"schema": {"description": "The bytes of a Binary, as their own type"}}
        found[200] = {"description": "The answer", "content": content}
    if (last == "{type}" and method in ("POST", "PUT")) or (last == "{id}" and method == "PUT"):
        found[201] = {
            "description": "Created",
            "headers": {
                name: {"required": True, "schema": {"type": "string"}}
                for name in ("Location", "ETag", "Last-Modified")
            },
            "content": {MEDIA: _schema("Answer")},
        }
    return sorted(found.items())


def _schema(name: str) -> dict[str, Any]:
    return {"schema": {"$ref": f"#/components/schemas/{name}"}}


def _ref(kind: str, name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/{kind}/{name}"}
