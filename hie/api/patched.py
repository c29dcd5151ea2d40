"""A resource after a JSON Patch, a FHIRPath Patch or a JSON Merge Patch.

RFC 6902; FHIR R4 http.html#patch; RFC 7396, which R4 does not name and clients such as fhirpy send,
as plain `application/json`.
"""

from typing import Any

import jsonpatch
import jsonpointer

from hie.errors import Conflict, Fault, InvalidRequest, UnprocessableRequest, UnsupportedMedia
from hie.fhir import Resource, path_patch
from hie.fhir.wire import read, read_object

MEDIA = "application/json-patch+json"
MERGE = "application/merge-patch+json"
_PLAIN = "application/json"
_MOST = 500  # operations of one patch


def patched(tree: Resource, body: bytes, media: str) -> Resource:
    """The resource the patch makes of it; the one given stays as it is.

    Raises InvalidRequest for what is no patch, Conflict when one of its tests does not hold,
    UnprocessableRequest when it leads nowhere or changes type or id.
    """
    if media in ("application/fhir+json", MERGE, _PLAIN):
        given = read_object(body, nulls=media != "application/fhir+json")
        is_merge = media == MERGE or (media == _PLAIN and given.get("resourceType") != "Parameters")
        return _same(tree, _merged(tree, given) if is_merge else path_patch.patched(tree, given))
    if media != MEDIA:
        fault = Fault("Content-Type", "media", f"{MEDIA}, {MERGE}, or FHIR JSON with Parameters")
        raise UnsupportedMedia("a patch is JSON Patch or FHIRPath Patch", (fault,))
    operations: Any = read(body)
    if not isinstance(operations, list) or not 1 <= len(operations) <= _MOST:
        fault = Fault("body", "not-a-patch", f"a list of 1 to {_MOST} operations")
        raise InvalidRequest("this is no JSON Patch", (fault,))
    try:
        found = jsonpatch.JsonPatch(operations).apply(tree)
    except jsonpatch.JsonPatchTestFailed as problem:
        raise Conflict("a test of the patch does not hold") from problem
    except (jsonpatch.InvalidJsonPatch, TypeError, KeyError) as problem:
        fault = Fault("body", "not-a-patch", "operations of RFC 6902")
        raise InvalidRequest("this is no JSON Patch", (fault,)) from problem
    except (jsonpatch.JsonPatchConflict, jsonpointer.JsonPointerException) as problem:
        fault = Fault("body", "no-such-place", "paths that lead to something")
        raise UnprocessableRequest("the patch leads nowhere", (fault,)) from problem
    return _same(tree, found)


def _merged(target: Any, given: dict[str, Any]) -> dict[str, Any]:
    """RFC 7396, 2: members replace, objects are merged, null takes away."""
    found = dict(target) if isinstance(target, dict) else {}
    for name, value in given.items():
        if value is None:
            found.pop(name, None)
        elif isinstance(value, dict):
            found[name] = _merged(found.get(name), value)
        else:
            found[name] = value
    return found


def _same(tree: Resource, found: Any) -> Resource:
    """What was patched, if it is still the same resource. Raises UnprocessableRequest."""
    same = isinstance(found, dict) and all(
        found.get(name) == tree.get(name) for name in ("resourceType", "id")
    )
    if not same:
        fault = Fault("body", "other-id", "a patch that leaves type and id alone")
        raise UnprocessableRequest("the patch makes it another resource", (fault,))
    return dict(found)
