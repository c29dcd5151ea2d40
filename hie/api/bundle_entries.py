"""The entries of a batch or transaction Bundle as requests, or a refusal naming each bad one."""

from base64 import b64decode
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from hie.api.patched import MEDIA as JSON_PATCH
from hie.api.patched import patched
from hie.api.preconditions import version_of
from hie.errors import Fault, InvalidRequest, TooLarge
from hie.exchange.bundle_entry import METHODS, MOST_ENTRIES, Change, Entry
from hie.exchange.conditional import read_criteria
from hie.exchange.links import rewritten
from hie.fhir import Resource
from hie.fhir.wire import read, write
from hie.store.search.registry import PARAMETERS

_FHIR = "application/fhir+json"


def listed(bundle: Resource) -> list[Mapping[str, Any]]:
    """The entries of a Bundle. Raises InvalidRequest and TooLarge."""
    found = bundle.get("entry", [])
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise InvalidRequest("entries", (Fault("Bundle.entry", "wrong-type", "a list of entries"),))
    if len(found) > MOST_ENTRIES:
        fault = Fault("Bundle.entry", "too-many", f"at most {MOST_ENTRIES} entries")
        raise TooLarge("too many entries", (fault,))
    return found


def method_and_url(entry: Mapping[str, Any], place: int, base: str) -> tuple[str, str]:
    """What an entry asks: the method, and the address below the base. Raises InvalidRequest."""
    request = entry.get("request")
    request = request if isinstance(request, dict) else {}
    method, url = request.get("method"), request.get("url")
    is_known = isinstance(method, str) and method in METHODS
    if not is_known or not isinstance(url, str) or not url:
        words = f"a method ({', '.join(sorted(METHODS))}) and a url"
        fault = Fault(f"Bundle.entry[{place}].request", "required", words)
        raise InvalidRequest("an entry without a request", (fault,))
    path = url.removeprefix(base).lstrip("/")
    if not path.partition("?")[0]:
        fault = Fault(f"Bundle.entry[{place}].request.url", "url", "a type: no bundle in a bundle")
        raise InvalidRequest("an entry for the base", (fault,))
    return str(method), path


def read_entry(entry: Mapping[str, Any], place: int, base: str) -> Entry:
    """An entry of a transaction that writes. Raises InvalidRequest naming it."""
    method, url = method_and_url(entry, place, base)
    path, _, criteria = url.partition("?")
    kind, _, key = unquote(path).partition("/")
    request: Mapping[str, Any] = entry["request"]
    if kind not in PARAMETERS or "/" in key or (method == "POST" and (key or criteria)):
        raise _bad(place, "request.url", "url", "Type, Type/<id> or Type?condition of served types")
    if method != "POST" and bool(key) == bool(criteria):
        raise _bad(place, "request.url", "url", "an id or a condition")
    tree = entry.get("resource")
    change = None
    if method == "PATCH":
        change, tree = _patch(tree, place), None
    elif method == "DELETE":
        tree = None
    elif not isinstance(tree, dict) or tree.get("resourceType") != kind:
        raise _bad(place, "resource", "other-type", kind)
    if method == "POST":
        criteria = request.get("ifNoneExist", "")
        if not isinstance(criteria, str) or (not criteria and "ifNoneExist" in request):
            raise _bad(place, "request.ifNoneExist", "not-a-condition", "search parameters")
    full_url = entry.get("fullUrl", "")
    if not isinstance(full_url, str):
        raise _bad(place, "fullUrl", "wrong-type", "a uri")
    match, none_match = request.get("ifMatch"), request.get("ifNoneMatch")
    where = f"Bundle.entry[{place}].request"
    if not isinstance(match, str | None):
        raise _bad(place, "request.ifMatch", "wrong-type", 'a version such as W/"3"')
    if none_match is not None and (none_match != "*" or method != "PUT"):
        raise _bad(place, "request.ifNoneMatch", "invalid-value", "*, of a PUT")
    return Entry(
        place,
        method,
        kind,
        full_url,
        tree,
        key or None,
        read_criteria(kind, criteria, where) if criteria else None,
        version_of(match, f"{where}.ifMatch"),
        only_new=none_match == "*",
        change=change,
    )


def _patch(tree: Any, place: int) -> Change:
    """What a PATCH entry does: Parameters (FHIRPath Patch), or a Binary with a JSON Patch.

    FHIR R4 http.html#patch: in a Bundle a JSON Patch is a Binary.
    """
    kind = tree.get("resourceType") if isinstance(tree, dict) else None
    if kind == "Parameters":
        return lambda old, links: patched(old, write(rewritten(tree, links)), _FHIR)
    media, data = (tree.get("contentType"), tree.get("data")) if kind == "Binary" else (None, None)
    if media != JSON_PATCH or not isinstance(data, str):
        raise _bad(place, "resource", "other-type", f"Parameters, or a Binary of {JSON_PATCH}")
    try:
        body = b64decode("".join(data.split()), validate=True)
    except ValueError:
        raise _bad(place, "resource.data", "invalid-value", "base64") from None
    return lambda old, links: patched(old, write(_linked(read(body), links)), JSON_PATCH)


def _linked(operations: Any, links: Mapping[str, str]) -> Any:
    """A JSON Patch with what its links stand for, also where the value is the link itself."""
    found = rewritten(operations, links)
    for one in found if isinstance(found, list) else ():
        if isinstance(one, dict) and isinstance(one.get("value"), str):
            one["value"] = links.get(one["value"], one["value"])
    return found


def _bad(place: int, path: str, code: str, expected: str) -> InvalidRequest:
    return InvalidRequest("an entry", (Fault(f"Bundle.entry[{place}].{path}", code, expected),))
