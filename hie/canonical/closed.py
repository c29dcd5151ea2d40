"""A resource without the references that lead out of a document.

What is not given is not named either: of a report's results those that were not used, of a Patient
its other institutions. A reference keeps its words (`display`, `identifier`); one that has none
goes whole.
"""

from collections.abc import Collection, Mapping
from typing import Any

from hie.fhir import Resource
from hie.fhir.elements import referenced


def closed(tree: Mapping[str, Any], known: Collection[tuple[str, str]]) -> tuple[Resource, bool]:
    """The tree, and whether it lost anything; `known` are type and id of what may be named."""
    kept: Resource = {}
    lost = False
    for name, value in tree.items():
        part = _kept(value, known)
        lost = lost or part != value
        if part is not None:
            kept[name] = part
    return kept, lost


def _kept(value: Any, known: Collection[tuple[str, str]]) -> Any:
    """A part without strangers; None when nothing of it is left."""
    if isinstance(value, list):
        return [part for one in value if (part := _kept(one, known)) is not None] or None
    if not isinstance(value, Mapping):
        return value
    named = referenced(value)
    if named is not None and named not in known:
        value = {name: part for name, part in value.items() if name != "reference"}
    return closed(value, known)[0] or None
