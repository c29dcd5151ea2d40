"""Does a resource conform to a profile? What is asked, and an honest word on what is not.

Cardinality, types, fixed values and patterns, required bindings, slices and extensions, and those
constraints that are known by their key (R4 profiling.html, validation.html). The resource passed
the check of R4 before. What a value set holds, and what another profile says, is handed in
(`Known`); what nobody could check is a note.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hie.errors import Fault
from hie.fhir import Resource, extension
from hie.fhir.elements import find_extension, referenced
from hie.fhir.profile import is_invariant
from hie.fhir.profile_tree import R4, Node, Profile

# Whether a value set holds a code (system, code); None: its content is not known here.
Member = Callable[[str, str | None, str], bool | None]
Element = Mapping[str, Any]
_MOST = 100
_WORK = 100_000  # values looked at, and compared with those of a profile
_NESTED = 8  # profiles within profiles
_EXTENSIONS = frozenset({"extension", "modifierExtension"})


@dataclass(frozen=True, slots=True)
class Known:
    """What a check may ask: value sets, and the other profiles by their address."""

    member: Member
    profiles: Mapping[str, Profile]


@dataclass(slots=True)
class Findings:
    """What is wrong, and what could not be checked (place, words)."""

    faults: list[Fault] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)


def check_profile(resource: Resource, profile: Profile, known: Known) -> Findings:
    """What in a resource is not as a profile, and the profiles it rests on, demand."""
    found = Findings()
    if resource.get("resourceType") != profile.type:
        found.faults.append(Fault("resourceType", "other-type", f"a {profile.type}"))
        return found
    try:
        _Check(known, found).profile(profile, resource, profile.type, 0)
    except _Enough:
        found.notes.insert(0, (profile.type, "the rest: there is too much to look at"))
    found.faults = list(dict.fromkeys(found.faults))[:_MOST]
    found.notes = list(dict.fromkeys(found.notes))[:_MOST]
    return found


class _Enough(Exception):
    """More was looked at than any resource needs."""


class _Check:
    """One check while it is made; `left`: how much may still be looked at."""

    def __init__(self, known: Known, found: Findings) -> None:
        self.known, self.found = known, found
        self.left = _WORK

    def spend(self, number: int = 1) -> None:
        """Count what is looked at. Raises _Enough."""
        self.left -= number
        if self.left < 0:
            raise _Enough

    def profile(self, profile: Profile, element: Element, path: str, depth: int) -> None:
        if depth > _NESTED:
            self.found.notes.append((path, "profiles within profiles, deeper than eight"))
            return
        self.found.notes += profile.untold
        if profile.base is not None and not profile.base.startswith(R4):
            base = self.known.profiles.get(profile.base.partition("|")[0])
            if base is None:
                self.found.notes.append((path, f"the profile {profile.base}, which is not known"))
            else:
                self.profile(base, element, path, depth + 1)
        self.node(profile.root, element, path, depth)

    def node(self, node: Node, element: Any, path: str, depth: int) -> None:
        """One element against its definition, and everything below it."""
        self.spend()
        self._value(node, element, path)
        for rule in node.constraints:
            self._constraint(rule, element, path)
        if not isinstance(element, Mapping):
            return
        for child in node.children.values():
            self._child(child, element, path, depth)

    def _child(self, child: Node, element: Element, path: str, depth: int) -> None:
        values = list(_values(child, element, path))
        name = child.name.removesuffix("[x]")
        self._count(child, len(values), f"{path}.{name}")
        for place, kind, value in values:
            self._type(child, kind, value, place, depth)
            self.node(child, value, place, depth)
        if child.slices:
            self._slices(child, values, f"{path}.{name}", depth)

    def _slices(
        self, node: Node, values: Sequence[tuple[str, str, Any]], path: str, depth: int
    ) -> None:
        by = node.discriminators
        if by is None and node.name in _EXTENSIONS:
            by = ("url",)
        if by is None and not node.choice:
            return  # noted by whoever read the profile
        left = list(values)
        for name, one in node.slices.items():
            self.spend(len(left))
            own: list[tuple[str, str, Any]] = []
            others: list[tuple[str, str, Any]] = []
            for value in left:
                (own if self._is_in(one, by, value) else others).append(value)
            left = others
            self._count(one, len(own), f"{path}:{name}")
            for place, kind, value in own:
                self._type(one, kind, value, place, depth)
                self.node(one, value, place, depth)
        if node.closed:
            for place, _, _ in left:
                self._fault(place, "slice", f"one of {', '.join(node.slices)}")

    def _is_in(self, node: Node, by: Sequence[str] | None, value: tuple[str, str, Any]) -> bool:
        """Whether an element belongs to a slice: every discriminator has its value."""
        _, kind, element = value
        if by is None or (by == ("$this",) and not (node.fixed or node.pattern)):
            return any(one.get("code") == kind for one in node.types)
        for way in by:
            found, wanted = _reach(element, way), _wanted(node, way)
            if wanted is None and way == "url":
                urls = [u.partition("|")[0] for t in node.types for u in t.get("profile", ())]
                if found not in [[url] for url in urls]:
                    return False
            elif wanted is None or not any(self._fits(one, *wanted) for one in found):
                return False
        return True

    def _value(self, node: Node, value: Any, path: str) -> None:
        if node.fixed is not None and value != node.fixed:
            self._fault(path, "fixed", _shown(node.fixed))
        if node.pattern is not None and not self._contains(value, node.pattern):
            self._fault(path, "pattern", _shown(node.pattern))
        if node.longest is not None and isinstance(value, str) and len(value) > node.longest:
            self._fault(path, "value", f"at most {node.longest} characters")
        if node.binding is not None and node.binding[0] == "required":
            self._bound(node.binding[1], value, path)

    def _fits(self, value: Any, fixed: Any, pattern: Any) -> bool:
        is_fixed = fixed is None or value == fixed
        return is_fixed and (pattern is None or self._contains(value, pattern))

    def _contains(self, value: Any, pattern: Any) -> bool:
        """Whether a value has all that a pattern has; of a list one that fits, for each."""
        self.spend()
        if isinstance(pattern, Mapping):
            return isinstance(value, Mapping) and all(
                key in value and self._contains(value[key], part) for key, part in pattern.items()
            )
        if isinstance(pattern, list):
            return isinstance(value, list) and all(
                any(self._contains(one, part) for one in value) for part in pattern
            )
        return bool(value == pattern)

    def _bound(self, url: str, value: Any, path: str) -> None:
        codes = list(_codes(value))
        answers = [self.known.member(url, system, code) for system, code in codes]
        if True in answers:
            return
        if None in answers:
            self.found.notes.append((path, f"the value set {url}, whose content is not known"))
        elif codes or (isinstance(value, Mapping) and not value.keys() <= {"id", "extension"}):
            self._fault(path, "binding", f"a code of {url}")

    def _type(self, node: Node, kind: str, value: Any, path: str, depth: int) -> None:
        """The type of a choice, the target of a reference, the profile of an extension."""
        if not node.types:
            return
        same = [one for one in node.types if one.get("code") == kind or not node.choice]
        if not same:
            kinds = " or ".join(str(one.get("code")) for one in node.types)
            self._fault(path, "type", kinds)
            return
        targets = {url for one in same for url in one.get("targetProfile", ())}
        if targets and isinstance(value, Mapping):
            self._target(targets, value, path)
        for url in {url.partition("|")[0] for one in same for url in one.get("profile", ())}:
            other = self.known.profiles.get(url)
            if other is not None and isinstance(value, Mapping):
                self.profile(other, value, path, depth + 1)
            elif other is None and not url.startswith(R4):
                self.found.notes.append((path, f"the profile {url}, which is not known"))

    def _target(self, targets: set[str], value: Element, path: str) -> None:
        kinds = {url.removeprefix(R4) for url in targets if url.startswith(R4)}
        led = referenced(value)
        is_told = len(kinds) == len(targets) and "Resource" not in kinds
        if led is not None and is_told and led[0] not in kinds:
            self._fault(path, "reference-target", " or ".join(sorted(kinds)))

    def _constraint(self, rule: Element, element: Any, path: str) -> None:
        holds = CONSTRAINTS.get(str(rule.get("key")))
        if holds is None:
            if rule.get("severity") == "error" and not is_invariant(str(rule.get("key"))):
                text = f"the constraint {rule.get('key')}: {rule.get('human', '')}"
                self.found.notes.append((path, text))
        elif isinstance(element, Mapping) and not holds(element):
            self._fault(path, str(rule["key"]), str(rule.get("human", "")))

    def _count(self, node: Node, number: int, path: str) -> None:
        if number < node.least:
            self._fault(path, "required", f"at least {node.least}")
        if node.most is not None and number > node.most:
            self._fault(path, "max", f"at most {node.most}" if node.most else "none")

    def _fault(self, path: str, code: str, expected: str) -> None:
        if len(self.found.faults) < _MOST:
            self.found.faults.append(Fault(path, code, expected))


def _values(node: Node, element: Element, path: str) -> Iterator[tuple[str, str, Any]]:
    """Place, type (of a choice) and value of each element with the name of a node."""
    stem = node.name.removesuffix("[x]")
    names = [stem]
    if node.choice:
        names = [key for key in element if key.startswith(stem) and key[len(stem) :][:1].isupper()]
        names += [k[1:] for k in element if k.startswith(f"_{stem}") and k[1:] not in element]
    for name in names:
        kind = _kind(name.removeprefix(stem)) if node.choice else ""
        value = element.get(name, element.get(f"_{name}"))
        if isinstance(value, list):
            for number, one in enumerate(value):
                if one is not None:
                    yield f"{path}.{name}[{number}]", kind, one
        elif value is not None:
            yield f"{path}.{name}", kind, value


_COMPLEX = frozenset(
    {
        "Address", "Age", "Annotation", "Attachment", "CodeableConcept", "Coding", "ContactDetail",
        "ContactPoint", "Contributor", "Count", "DataRequirement", "Distance", "Dosage", "Duration",
        "Expression", "HumanName", "Identifier", "Meta", "Money", "ParameterDefinition", "Period",
        "Quantity", "Range", "Ratio", "Reference", "RelatedArtifact", "SampledData", "Signature",
        "Timing", "TriggerDefinition", "UsageContext",
    }
)  # fmt: skip


def _kind(ending: str) -> str:
    """The type in the name of a choice: `DateTime` is dateTime, `Quantity` itself."""
    return ending if ending in _COMPLEX else ending[:1].lower() + ending[1:]


def _reach(element: Any, way: str) -> list[Any]:
    """The values at a discriminator's path."""
    found = [element]
    for step in way.split(".") if way != "$this" else ():
        parts = [one[step] for one in found if isinstance(one, Mapping) and step in one]
        found = [one for part in parts for one in (part if isinstance(part, list) else [part])]
    return found


def _wanted(node: Node, way: str) -> tuple[Any, Any] | None:
    """The fixed value and the pattern a slice has at a discriminator's path."""
    pattern = node.pattern
    for step in way.split(".") if way != "$this" else ():
        pattern = pattern.get(step) if isinstance(pattern, Mapping) else None
        below = node.children.get(step)
        if below is None:
            return None if pattern is None else (None, pattern)
        node = below
        pattern = node.pattern if node.pattern is not None else pattern
    if node.fixed is None and pattern is None:
        return None
    return node.fixed, pattern


def _codes(value: Any) -> Iterator[tuple[str | None, str]]:
    """The codes of a bound element: code, Coding, CodeableConcept, Quantity."""
    if isinstance(value, str):
        yield None, value
    elif isinstance(value, Mapping):
        for one in value.get("coding", [value]):
            if "code" in one:
                yield one.get("system"), one["code"]


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else repr(value)[:200]


def _has(element: Element, stem: str) -> bool:
    return any(key.lstrip("_").startswith(stem) and key.lstrip("_") != stem for key in element)


def _extended(element: Element, name: str) -> bool:
    return find_extension(element, extension(name)) is not None


# The constraints of this project's profiles, by key (schemas/profiles/).
CONSTRAINTS: Mapping[str, Callable[[Element], bool]] = {
    "hie-1": lambda one: _has(one, "value") or "component" in one or "dataAbsentReason" in one,
    "hie-2": lambda one: not _extended(one, "reported") or "valueQuantity" in one,
}
