"""What an operation is given in a Parameters resource (FHIR R4 parameters.html)."""

from collections.abc import Mapping
from typing import Any

from hie.errors import Fault, InvalidRequest


def listed(tree: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The parameters as they stand. Raises InvalidRequest when they are no list of objects."""
    found = tree.get("parameter", [])
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        fault = Fault("Parameters.parameter", "wrong-type", "a list of parameters")
        raise InvalidRequest("these are no parameters", (fault,))
    return found
