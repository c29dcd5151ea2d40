"""One search parameter of a query string becomes a condition, or a refusal that names it.

Commas are OR (FHIR R4 search.html#combining); a dot goes on to what a reference leads to, `_has`
back to what leads here (search.html#chaining, #has).
"""

from dataclasses import dataclass
from functools import lru_cache

from hie.fhir.search.asked import read_value
from hie.fhir.search.definitions import Kind, Parameter
from hie.fhir.search.modifiers import modifiers
from hie.fhir.search.refusal import bad, costly, plain, unanswered
from hie.fhir.search.separators import split
from hie.fhir.search.values import Pointer, Token, Typed, Value, When
from hie.store import names
from hie.store.index import DICOM_UID
from hie.store.search.registry import INDEXED, LOOKED_UP, MOST_VALUES, PARAMETERS

MOST_LINKS = 3  # of one chain
_REMEMBERED = 4_096  # characters of a list of codes


@dataclass(frozen=True, slots=True)
class Condition:
    """One parameter: any of its values. `indexed`: SQL answers it, else it is evaluated.

    `looks_up`: it is evaluated, and an index leaves few rows to look at.

    With `inner` it asks that of the resources of `type` the reference leads to; `back`: of those
    whose reference leads here.
    """

    parameter: Parameter
    values: tuple[Value, ...] = ()
    modifier: str = ""
    indexed: bool = True
    inner: "Condition | None" = None
    type: str = ""
    back: bool = False
    looks_up: bool = False

    @property
    def name(self) -> str:
        """The parameter's name."""
        return self.parameter.name

    @property
    def by_value(self) -> bool:
        """Whether SQL answers an identifier with the help of what is looked up by value."""
        return self.indexed and self.name in LOOKED_UP

    @property
    def negated(self) -> bool:
        """Whether none of the values is wanted."""
        return self.modifier == "not"

    @property
    def count(self) -> int:
        """How many values it asks for, with those of what it leads to."""
        return len(self.values) + (self.inner.count if self.inner else 0)

    @property
    def tokens(self) -> tuple[Token, ...]:
        """The values that are tokens."""
        return tuple(one for one in self.values if isinstance(one, Token))

    @property
    def dates(self) -> tuple[When, ...]:
        """The values that are dates."""
        return tuple(one for one in self.values if isinstance(one, When))

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids asked for by `_id`, or by a reference to a patient."""
        if self.name == "_id":
            return tuple(one.code for one in self.tokens if one.code is not None)
        return tuple(one.id for one in self.values if isinstance(one, Pointer))


def _names_one(kind: str, value: Value) -> bool:
    """Whether an identifier is one of few. A result's is found by its system and value together."""
    if isinstance(value, Typed):
        return kind != "Observation"
    if not isinstance(value, Token) or value.code is None:
        return False
    return kind != "Observation" or bool(value.system)


def _is_study(value: Value) -> bool:
    """Whether an identifier is a StudyInstanceUID, or says no system."""
    return isinstance(value, Token) and value.system in (None, DICOM_UID)


def is_known(kind: str, key: str) -> bool:
    """Whether the first link of a parameter's key is known for a type; the rest is read later."""
    name = key.partition(":")[0].partition(".")[0]
    return name in PARAMETERS[kind] or key.startswith("_has:")


def read_condition(kind: str, key: str, value: str, base: str = "", links: int = 0) -> Condition:
    """The condition of `key=value` on a type; `base` is this server's address.

    Raises InvalidRequest, NotSupported and TooCostly by the parameter's name.
    """
    if links > MOST_LINKS:
        raise bad(key, "too-many-links", f"at most {MOST_LINKS} links")
    if key.startswith("_has:"):
        return _back(key, value, base, links)
    head, dot, rest = key.partition(".")
    name, colon, modifier = head.partition(":")
    parameter = PARAMETERS[kind].get(name)
    if parameter is None:
        raise bad(key, "unknown-parameter", ", ".join(sorted(PARAMETERS[kind])))
    if colon and not modifier:
        raise bad(key, "unknown-modifier", "a modifier after the colon")
    if dot:
        chosen = _target(kind, parameter, modifier, key, rest)
        inner = read_condition(chosen, rest, value, base, links + 1)
        return Condition(parameter, (), "", _by_home(kind, parameter.name), inner, chosen)
    if name == "code" and not modifier and len(value) <= _REMEMBERED:
        return _codes(kind, value)
    return _plain(kind, parameter, modifier, value, base)


@lru_cache(maxsize=256)
def _codes(kind: str, value: str) -> Condition:
    """Codes of results: callers ask for the same panels again and again."""
    return _plain(kind, PARAMETERS[kind]["code"], "", value, "")


def _target(kind: str, parameter: Parameter, target: str, key: str, rest: str) -> str:
    """The one type a chain goes on in. Raises InvalidRequest where that is not clear."""
    able = sorted(one for one in parameter.targets if one in PARAMETERS)
    if _by_home(kind, parameter.name):
        able = ["Patient"]
    chosen = [target] if target else able
    if parameter.kind is not Kind.REFERENCE or not set(chosen) <= set(able):
        raise bad(key, "not-a-chain", "a reference parameter, and a type it may lead to")
    if len(chosen) != 1:
        chosen = [one for one in chosen if is_known(one, rest)]
        if len(chosen) != 1:
            raise bad(key, "ambiguous-chain", " or ".join(f"{parameter.name}:{t}" for t in able))
    return chosen[0]


def _back(key: str, value: str, base: str, links: int) -> Condition:
    parts = key.split(":", 3)
    kind = parts[1] if len(parts) == 4 else ""
    parameter = PARAMETERS.get(kind, {}).get(parts[2]) if len(parts) == 4 else None
    if parameter is None or parameter.kind is not Kind.REFERENCE:
        raise bad(key, "not-a-has", "_has:Type:reference:parameter of served types")
    inner = read_condition(kind, parts[3], value, base, links + 1)
    return Condition(parameter, (), "", False, inner, kind, back=True)


def _plain(kind: str, parameter: Parameter, modifier: str, value: str, base: str) -> Condition:
    name = parameter.name
    values = split(value, ",")
    if len(values) > MOST_VALUES:
        raise costly(name, "too-many-values", f"at most {MOST_VALUES} values")
    if any(not one for one in values):
        raise bad(name, "empty", "a value between commas")
    _check(parameter, modifier)
    if name == "_id" and not modifier:
        return Condition(parameter, tuple(Token(None, plain(name, one)) for one in values))
    asked = tuple(read_value(parameter, modifier, one, base) for one in values)
    indexed = name in INDEXED[kind]
    if indexed and _by_home(kind, name):
        indexed = modifier in {"", "Patient"} and all(_is_patient(one) for one in asked)
    elif modifier:
        indexed = indexed and modifier == "not" and name != "_id"
    if kind == "ImagingStudy" and name == "identifier":
        indexed = indexed and all(_is_study(one) for one in asked)
    looks_up = name in LOOKED_UP and modifier in {"", "of-type"}
    looks_up = looks_up and all(_names_one(kind, one) for one in asked)
    if kind == "Patient" and name in names.PARAMETERS and modifier in {"", "exact", "contains"}:
        looks_up = names.can_look_up(modifier, asked)
    return Condition(parameter, asked, modifier, indexed, looks_up=looks_up)


def _by_home(kind: str, name: str) -> bool:
    """Whether a parameter names the patient whose rows lie together."""
    return name in {"patient", "subject"} and name in INDEXED[kind]


def _is_patient(value: Value) -> bool:
    """Whether a reference names a patient of this hub, whichever version of them."""
    return (
        isinstance(value, Pointer)
        and value.type in (None, "Patient")
        and value.address is None
        and value.version is None
    )


def _check(parameter: Parameter, modifier: str) -> None:
    if not parameter.paths and parameter.kind is not Kind.COMPOSITE:
        raise unanswered(parameter.name, "another parameter of the type")
    known = modifiers(parameter)
    if modifier and modifier not in known:
        words = ", ".join(f":{one}" for one in sorted(known)) or "no modifier"
        raise unanswered(f"{parameter.name}:{modifier}", words)
