"""The elements a path leads to in one resource: lists are walked, filters pick among them."""

from collections.abc import Iterable, Iterator
from typing import Any

from hie.fhir.search.definitions import Path, Step


def reached(tree: Any, steps: tuple[Step, ...]) -> Iterator[Any]:
    """Every element at the end of these steps, in document order; none of them is a list."""
    if not steps:
        yield from _each(tree)
        return
    first, rest = steps[0], steps[1:]
    for one in _each(tree):
        if isinstance(one, dict) and first.name in one:
            for below in _each(one[first.name]):
                if not first.member or _says(below, first):
                    yield from reached(below, rest)


def elements(tree: Any, paths: Iterable[Path]) -> Iterator[tuple[Path, Any]]:
    """Each element that any of the paths leads to, with its path."""
    for path in paths:
        for one in reached(tree, path.steps):
            yield path, one


def _each(tree: Any) -> Iterable[Any]:
    if not isinstance(tree, list):
        return (tree,)
    return tree if None not in tree else [one for one in tree if one is not None]


def _says(element: Any, step: Step) -> bool:
    return isinstance(element, dict) and element.get(step.member) == step.value
