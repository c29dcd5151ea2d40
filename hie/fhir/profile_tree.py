"""A StructureDefinition's constraints as a tree of elements: what `conforms` checks a resource by.

R4 profiling.html, elementdefinition.html. Only the differential is read (a snapshot where there is
none): what the base says is checked by the base. `untold` names what is in a profile that nobody
here checks; whoever uses the profile is told.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hie.errors import Fault, UnprocessableRequest
from hie.fhir import Resource

R4 = "http://hl7.org/fhir/StructureDefinition/"
_KNOWN = frozenset({"value", "pattern"})  # discriminators
_BY_TYPE = [("type", "$this")]  # of a choice
_UNTOLD = ("minValue", "maxValue", "contentReference")
_MOST_ELEMENTS = 2_000


@dataclass(slots=True)
class Node:
    """One element of a profile, or one slice of it.

    `choice`: the name ends in [x]. `discriminators` are paths within an element; None: not sliced.
    """

    name: str
    least: int = 0
    most: int | None = None
    types: tuple[Mapping[str, Any], ...] = ()
    fixed: Any = None
    pattern: Any = None
    binding: tuple[str, str] | None = None  # strength, value set
    longest: int | None = None
    constraints: tuple[Mapping[str, Any], ...] = ()
    discriminators: tuple[str, ...] | None = None
    closed: bool = False
    children: dict[str, "Node"] = field(default_factory=dict)
    slices: dict[str, "Node"] = field(default_factory=dict)

    @property
    def choice(self) -> bool:
        """Whether the element is of one of several types."""
        return self.name.endswith("[x]")


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile: the type it is about, what it rests on, its root, what is not checked of it."""

    url: str
    type: str
    base: str | None
    root: Node
    version: str | None = None
    untold: tuple[tuple[str, str], ...] = ()

    def named(self) -> frozenset[str]:
        """The other profiles it leads to: its base, and those of its extensions."""
        found = set() if self.base is None or self.base.startswith(R4) else {self.base}
        waiting = [self.root]
        for node in waiting:  # grows while it is read
            waiting += [*node.children.values(), *node.slices.values()]
            for one in node.types:
                if one.get("code") == "Extension":
                    found |= {url.partition("|")[0] for url in one.get("profile", ())}
        return frozenset(found)


def read_profile(resource: Resource) -> Profile:
    """The profile of a StructureDefinition that R4 accepts. Raises UnprocessableRequest."""
    view = resource.get("differential") or resource.get("snapshot") or {}
    elements: Sequence[Mapping[str, Any]] = view.get("element", ())
    if resource.get("kind") == "logical" or len(elements) > _MOST_ELEMENTS:
        fault = Fault("profile", "not-a-profile", f"of a type, at most {_MOST_ELEMENTS} elements")
        raise UnprocessableRequest("this profile cannot be checked", (fault,))
    root = Node(resource.get("type", ""))
    untold: list[tuple[str, str]] = []
    for element in elements:
        node = _place(root, element)
        _fill(node, element)
        untold += [(element["path"], text) for text in _left_out(node, element)]
    return Profile(
        url=resource.get("url", ""),
        type=resource.get("type", ""),
        base=resource.get("baseDefinition"),
        root=root,
        version=resource.get("version"),
        untold=tuple(untold),
    )


def _place(root: Node, element: Mapping[str, Any]) -> Node:
    """The node of an element, made with those above it; its id says where it stands."""
    path = str(element.get("path", ""))
    way = str(element.get("id", ""))
    if [step.partition(":")[0] for step in way.split(".")] != path.split("."):
        way = f"{path}:{element['sliceName']}" if "sliceName" in element else path
    node = root
    for step in way.split(".")[1:]:
        name, _, sliced = step.partition(":")
        node = node.children.setdefault(name, Node(name))
        if sliced:
            node = node.slices.setdefault(sliced, Node(name))
    return node


def _fill(node: Node, element: Mapping[str, Any]) -> None:
    """What one element definition says."""
    node.least = element.get("min", node.least)
    most = element.get("max", "*")
    node.most = None if most == "*" else int(most)
    node.types = tuple(element.get("type", node.types))
    node.fixed = _member(element, "fixed", node.fixed)
    node.pattern = _member(element, "pattern", node.pattern)
    node.longest = element.get("maxLength", node.longest)
    node.constraints += tuple(element.get("constraint", ()))
    binding = element.get("binding", {})
    if "valueSet" in binding:
        node.binding = (binding.get("strength", ""), binding["valueSet"])
    if "slicing" in element:
        slicing = element["slicing"]
        told = slicing.get("discriminator", ())
        by_type = node.choice and [(one["type"], one["path"]) for one in told] == _BY_TYPE
        if by_type or (told and all(one.get("type") in _KNOWN for one in told)):
            node.discriminators = tuple(one["path"] for one in told)
        node.closed = slicing.get("rules") == "closed"


def _left_out(node: Node, element: Mapping[str, Any]) -> Iterator[str]:
    if "slicing" in element and node.discriminators is None:
        yield "slices that are told apart by another thing than a value or a pattern"
    if any(key.startswith(_UNTOLD) for key in element):
        yield "smallest and largest values, and elements described elsewhere"
    if node.binding is not None and node.binding[0] == "extensible":
        yield f"the extensible binding to {node.binding[1]}"


def _member(element: Mapping[str, Any], stem: str, default: Any) -> Any:
    return next((value for key, value in element.items() if key.startswith(stem)), default)
