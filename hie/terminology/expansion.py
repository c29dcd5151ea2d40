"""A value set becomes the codes that are in it.

FHIR R4 valueset.html#compositions: the includes together, without the excludes; within one include
the system, its concepts or filters, and every value set named must agree. What is known of code
systems and value sets is handed in (`Library`). A system whose content is not known can be in a
value set as a whole: then `open_systems` names it, and membership is asked by the system alone.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from hie.errors import Fault, NotSupported, ResourceNotFound, TooCostly
from hie.fhir import Resource
from hie.terminology.code_system import CodeSystem, Concept

MOST = 10_000  # codes of one value set
_WORK = 500_000  # codes looked at on the way
_DEEPEST = 8  # value sets within value sets
_PARENTS = frozenset({"concept", "parent", "child"})


class Member(NamedTuple):
    """One code of a value set."""

    system: str
    concept: Concept


@dataclass(frozen=True, slots=True)
class Library:
    """The code systems and value sets that are known, by address (without a version)."""

    systems: Mapping[str, CodeSystem]
    value_sets: Mapping[str, Resource]


@dataclass(frozen=True, slots=True)
class Expansion:
    """What is in a value set: codes, and systems that are in it as a whole."""

    members: Mapping[tuple[str, str], Member] = field(default_factory=dict)
    open_systems: frozenset[str] = frozenset()

    def has(self, system: str | None, code: str) -> bool:
        """Whether a code is in it; without a system any system will do."""
        if system is None:
            return any(key[1] == code for key in self.members)
        return (system, code) in self.members or system in self.open_systems


def find_value_set(url: str, library: Library) -> Resource | None:
    """The value set of an address, `url` or `url|version`; None when it is not known."""
    bare, _, version = url.partition("|")
    found = library.value_sets.get(bare)
    if found is None or (version and found.get("version", version) != version):
        return None
    return found


def needed(value_set: Resource) -> frozenset[tuple[str, str]]:
    """What a value set names: ("ValueSet", address) and ("CodeSystem", address)."""
    found: set[tuple[str, str]] = set()
    for part in _parts(value_set, "include", "exclude"):
        if "system" in part:
            found.add(("CodeSystem", part["system"]))
        found |= {("ValueSet", url.partition("|")[0]) for url in part.get("valueSet", ())}
    return frozenset(found)


def expand(value_set: Resource, library: Library) -> Expansion:
    """The codes of a value set.

    Raises NotSupported for a filter or a content that is not known here, ResourceNotFound for a
    value set it names that is not known, TooCostly when there are too many codes.
    """
    return _Expanding(library).whole(value_set, 0)


class _Expanding:
    """One expansion while it is made; `left`: how many codes may still be looked at."""

    def __init__(self, library: Library) -> None:
        self.library, self.left = library, _WORK
        self.known: dict[str, Expansion] = {}

    def whole(self, value_set: Resource, depth: int) -> Expansion:
        if depth > _DEEPEST:
            raise TooCostly(f"value sets within value sets, deeper than {_DEEPEST}")
        if "compose" not in value_set:
            return _stated(value_set)
        members: dict[tuple[str, str], Member] = {}
        whole: set[str] = set()
        for part in _parts(value_set, "include"):
            found = self._part(part, depth)
            for key, one in found.members.items():
                members.setdefault(key, one)
            whole |= found.open_systems
            if len(members) > MOST:
                raise TooCostly(f"a value set of more than {MOST} codes")
        for part in _parts(value_set, "exclude"):
            found = self._part(part, depth)
            self._spend(len(members))
            members = {key: one for key, one in members.items() if not found.has(*key)}
            if whole & {system for system, _ in found.members}:
                raise _refused(
                    "ValueSet.compose.exclude", "codes of a system whose content is known here"
                )
            whole -= found.open_systems
        return Expansion(members, frozenset(whole))

    def _part(self, part: Mapping[str, Any], depth: int) -> Expansion:
        """One include or exclude."""
        found = self._of_system(part) if "system" in part else None
        for url in part.get("valueSet", ()):
            other = self._named(url, depth)
            self._spend(len(other.members))
            found = other if found is None else _both(found, other)
        return found or Expansion()

    def _named(self, url: str, depth: int) -> Expansion:
        if url not in self.known:
            named = find_value_set(url, self.library)
            if named is None:
                fault = Fault(
                    "ValueSet.compose.include.valueSet", "unknown-value-set", "a known one"
                )
                raise ResourceNotFound(f"no value set {url[:200]}", (fault,))
            self.known[url] = self.whole(named, depth + 1)
        return self.known[url]

    def _of_system(self, part: Mapping[str, Any]) -> Expansion:
        url = part["system"]
        system = self.library.systems.get(url)
        if "concept" in part:
            known = system.concepts if system is not None else {}
            self._spend(len(part["concept"]))
            listed = [_listed(one, known) for one in part["concept"] if "code" in one]
            return Expansion({(url, one.code): Member(url, one) for one in listed})
        rules = part.get("filter", ())
        if system is None or not system.whole:
            if rules:
                raise _refused(
                    "ValueSet.compose.include.filter", "filters over systems with content here"
                )
            known = {} if system is None else system.concepts
        else:
            known = system.concepts
        self._spend(len(known) * (1 + len(rules)))
        codes = {code for code, one in known.items() if not one.abstract}
        for rule in rules:
            codes &= _meeting(system, rule) if system is not None else set()
        members = {(url, code): Member(url, known[code]) for code in known if code in codes}
        is_open = system is None or not system.whole
        return Expansion(members, frozenset({url}) if is_open else frozenset())

    def _spend(self, number: int) -> None:
        self.left -= number + 1
        if self.left < 0:
            raise TooCostly(f"more than {_WORK} codes to look at")


def _stated(value_set: Resource) -> Expansion:
    """The expansion that a value set without a definition brings along."""
    members: dict[tuple[str, str], Member] = {}
    waiting = list(value_set.get("expansion", {}).get("contains", ()))
    for one in waiting:
        if "code" in one and not one.get("abstract"):
            system = one.get("system", "")
            members[system, one["code"]] = Member(system, Concept(one["code"], one.get("display")))
        waiting += one.get("contains", ())
    return Expansion(members)


def _parts(value_set: Resource, *names: str) -> Iterator[Mapping[str, Any]]:
    for name in names:
        yield from value_set.get("compose", {}).get(name, ())


def _both(one: Expansion, other: Expansion) -> Expansion:
    members = {key: member for key, member in one.members.items() if other.has(*key)}
    members |= {key: member for key, member in other.members.items() if key[0] in one.open_systems}
    return Expansion(members, one.open_systems & other.open_systems)


def _listed(one: Mapping[str, Any], known: Mapping[str, Concept]) -> Concept:
    """A code written out in the value set; its own display goes before the system's."""
    concept = known.get(one["code"], Concept(one["code"]))
    own = {
        each["language"]: each["value"] for each in one.get("designation", ()) if "language" in each
    }
    return concept._replace(
        display=one.get("display", concept.display),
        names={**concept.names, **own},
        abstract=False,
    )


def _meeting(system: CodeSystem, rule: Mapping[str, Any]) -> set[str]:
    """The codes that meet a filter: by the hierarchy, or by the value of a property."""
    name, operator, value = rule.get("property"), rule.get("op"), str(rule.get("value", ""))
    every = set(system.concepts)
    if name in _PARENTS:
        match operator:
            case "is-a":
                return {value} & every | system.below(value)
            case "descendent-of":
                return set(system.below(value))
            case "is-not-a":
                return every - {value} - system.below(value)
            case "=":
                return {code for code, one in system.concepts.items() if value in one.parents}
        raise _refused("ValueSet.compose.include.filter.op", "is-a, descendent-of, is-not-a, =")
    values = {code: _values(system, code, str(name)) for code in every}
    wanted = frozenset(value.split(","))
    match operator:
        case "=":
            return {code for code, own in values.items() if value in own}
        case "in":
            return {code for code, own in values.items() if not wanted.isdisjoint(own)}
        case "not-in":
            return {code for code, own in values.items() if wanted.isdisjoint(own)}
        case "exists":
            return {code for code, own in values.items() if bool(own) == (value == "true")}
    raise _refused("ValueSet.compose.include.filter.op", "=, in, not-in, exists")


def _values(system: CodeSystem, code: str, name: str) -> list[str]:
    """What a concept says of a property; `code` and `display` are properties too."""
    concept = system.concepts[code]
    if name == "code":
        return [code]
    if name == "display":
        return [concept.display or ""]
    own = [_text(value) for key, value in concept.properties if key == name]
    if not own and name not in system.properties:
        raise _refused("ValueSet.compose.include.filter.property", "a property of the code system")
    return own


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value.get("code", "")) if isinstance(value, Mapping) else str(value)


def _refused(path: str, expected: str) -> NotSupported:
    fault = Fault(path, "not-supported", expected)
    return NotSupported("the value set cannot be expanded here", (fault,))
