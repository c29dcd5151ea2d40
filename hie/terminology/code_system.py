"""A code system: its codes, how they are displayed, which stands under which.

FHIR R4 codesystem.html. Read from a CodeSystem resource; concepts stand under the one they are
nested in, and under those their properties `parent` and `subsumedBy` name.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from hie.fhir import Resource

_ABOVE = frozenset({"parent", "subsumedBy"})


class Concept(NamedTuple):
    """One code. `names`: other displays by language; `abstract`: for grouping, not for choosing."""

    code: str
    display: str | None = None
    names: Mapping[str, str] = {}
    parents: tuple[str, ...] = ()
    properties: tuple[tuple[str, Any], ...] = ()
    definition: str | None = None
    abstract: bool = False

    def shown(self, language: str | None) -> str | None:
        """The display in a language ("zh", "en-GB"), else as the system has it."""
        if language is not None:
            for one in (language, language.partition("-")[0]):
                if one in self.names:
                    return self.names[one]
        return self.display


@dataclass(frozen=True, slots=True)
class CodeSystem:
    """A code system; `whole`: a code that is not in it does not exist."""

    url: str
    concepts: Mapping[str, Concept]
    version: str | None = None
    name: str = ""
    title: str | None = None
    whole: bool = True
    properties: Mapping[str, str] = field(default_factory=dict)  # code to type

    def above(self, code: str) -> frozenset[str]:
        """The codes that a code stands under, at any height, without itself."""
        return self._reached(code, {one.code: one.parents for one in self.concepts.values()})

    def below(self, code: str) -> frozenset[str]:
        """The codes that stand under a code, at any depth, without itself."""
        children: dict[str, list[str]] = {}
        for one in self.concepts.values():
            for parent in one.parents:
                children.setdefault(parent, []).append(one.code)
        return self._reached(code, children)

    def _reached(self, code: str, ways: Mapping[str, Sequence[str]]) -> frozenset[str]:
        """What can be reached, each looked at once: a circle ends where it began."""
        found: dict[str, None] = dict.fromkeys(ways.get(code, ()))
        waiting = list(found)
        while waiting:
            for one in ways.get(waiting.pop(), ()):
                if one not in found:
                    found[one] = None
                    waiting.append(one)
        return frozenset(one for one in found if one in self.concepts and one != code)


def read_code_system(resource: Resource) -> CodeSystem:
    """The code system of a CodeSystem resource that R4 accepts."""
    return CodeSystem(
        url=resource.get("url", ""),
        concepts={one.code: one for one in _concepts(resource.get("concept", ()))},
        version=resource.get("version"),
        name=resource.get("name", ""),
        title=resource.get("title"),
        whole=resource.get("content") == "complete",
        properties={
            one["code"]: one["type"] for one in resource.get("property", ()) if "type" in one
        },
    )


def _concepts(listed: Any) -> Iterator[Concept]:
    waiting: list[tuple[Mapping[str, Any], tuple[str, ...]]] = [
        (one, ()) for one in reversed(listed)
    ]
    while waiting:
        one, above = waiting.pop()
        if "code" not in one:
            continue
        properties = tuple(
            (each["code"], value)
            for each in one.get("property", ())
            for key, value in each.items()
            if key.startswith("value") and "code" in each
        )
        more = tuple(str(value) for code, value in properties if code in _ABOVE)
        yield Concept(
            code=one["code"],
            display=one.get("display"),
            names={
                each["language"]: each["value"]
                for each in one.get("designation", ())
                if "language" in each and "value" in each
            },
            parents=tuple(dict.fromkeys((*above, *more))),
            properties=tuple(pair for pair in properties if pair[0] not in _ABOVE),
            definition=one.get("definition"),
            abstract=("notSelectable", True) in properties,
        )
        waiting += [(each, (one["code"],)) for each in reversed(one.get("concept", ()))]
