"""The elements of a resource that point at something: every Reference, wherever it stands.

Thousands a second pass here, so one loop walks the tree, and no place is kept: whoever has to name
a place looks again.
"""

from collections.abc import Mapping
from typing import Any


def pointers(tree: Any) -> list[Mapping[str, Any]]:
    """The elements with a text `reference`, the outer ones first."""
    found: list[Mapping[str, Any]] = []
    waiting: list[Mapping[str, Any]] = []
    _add(waiting, tree)
    for element in waiting:  # grows while it is read
        if "reference" in element and isinstance(element["reference"], str):
            found.append(element)
        for value in element.values():
            kind = type(value)
            if kind is dict:
                waiting.append(value)
            elif kind is list:
                _add(waiting, value)
    return found


def _add(waiting: list[Mapping[str, Any]], value: Any) -> None:
    if type(value) is dict:
        waiting.append(value)
    elif type(value) is list:
        for one in value:
            if type(one) is dict:
                waiting.append(one)
            elif type(one) is list:
                _add(waiting, one)
