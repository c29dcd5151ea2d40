"""A resource after a JSON Patch (RFC 6902; FHIR R4 http.html#patch)."""

from typing import Any

import jsonpatch
import jsonpointer

from hie.errors import Conflict, Fault, InvalidRequest, UnprocessableRequest, UnsupportedMedia
from hie.fhir import Resource
from hie.fhir.wire import read

MEDIA = "application/json-patch+json"
_MOST = 500  # operations of one patch


def patched(tree: Resource, body: bytes, media: str) -> Resource:
    """The resource the patch makes of it; the one given stays as it is.

    Raises InvalidRequest for what is no patch, Conflict when one of its tests does not hold,
    UnprocessableRequest when it leads nowhere or changes type or id.
    """
    if media != MEDIA:
        raise UnsupportedMedia("a patch is JSON Patch", (Fault("Content-Type", "media", MEDIA),))
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
    same = isinstance(found, dict) and all(
        found.get(name) == tree.get(name) for name in ("resourceType", "id")
    )
    if not same:
        fault = Fault("body", "other-id", "a patch that leaves type and id alone")
        raise UnprocessableRequest("the patch makes it another resource", (fault,))
    return dict(found)
