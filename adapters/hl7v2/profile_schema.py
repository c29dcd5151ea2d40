"""The JSON Schema of a site profile, made from the profile's own classes."""

import functools
from collections.abc import Mapping
from typing import Any

import msgspec

from adapters.hl7v2.profile import Profile
from adapters.hl7v2.profile_words import BINDABLE
from adapters.hl7v2.shipped import SHIPPED


@functools.cache
def profile_schema() -> Mapping[str, Any]:
    """The JSON Schema of a site profile (draft 2020-12)."""
    _, parts = msgspec.json.schema_components((Profile,), ref_template="#/$defs/{name}")
    schema = {**parts["Profile"], "$defs": {k: v for k, v in parts.items() if k != "Profile"}}
    bindings = schema["properties"]["bindings"]
    bindings["propertyNames"] = {"enum": sorted(BINDABLE)}
    schema["properties"]["extends"] = {
        **schema["properties"]["extends"],
        "anyOf": [{"enum": sorted(SHIPPED)}, {"type": "null"}],
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://hie.example/json-schema/site-profile-hl7v2.json",
        **_plain(schema),
    }


def _plain(node: Any) -> Any:
    """The schema in JSON's own types: no tuples, no empty `required`, no class names."""
    if isinstance(node, dict):
        return {
            k: _plain(v)
            for k, v in node.items()
            if not (k == "required" and not v) and k != "title"
        }
    if isinstance(node, list | tuple):
        return [_plain(v) for v in node]
    return node
