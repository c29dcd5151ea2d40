"""fhir.resources as a checker of structure: the second opinion, never on a hot path.

It has no R4 classes; its R4B classes fit the types the hub serves. It takes about a millisecond a
resource and lets wrong codes pass, so `hie.fhir.profile` decides; tests, new sites and a sample of
live traffic ask here as well. Alone imports the library, and only when asked.
"""

import importlib

import pydantic

from hie.errors import Fault
from hie.fhir import Resource
from hie.fhir.profile import types
from hie.fhir.wire import write


def check(resource: Resource) -> list[Fault]:
    """What fhir.resources finds wrong with the structure of a resource; [] if nothing."""
    kind = resource.get("resourceType")
    if not isinstance(kind, str) or kind not in types():
        return [Fault("resourceType", "unknown-type", "an R4 resource type served here")]
    module = importlib.import_module(f"fhir.resources.R4B.{kind.lower()}")
    try:
        getattr(module, kind).model_validate_json(write(resource))
    except pydantic.ValidationError as problem:
        return [
            Fault(".".join(str(step) for step in error["loc"]), str(error["type"]), "R4B structure")
            for error in problem.errors(include_url=False, include_input=False)
        ]
    return []
