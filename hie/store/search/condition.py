"""One search parameter of a query string becomes a condition, or a refusal that names it.

Commas are OR (FHIR R4 search.html#combining); a dot goes on to what a reference leads to, `_has`
back to what leads here (search.html#chaining, #has).
"""

from dataclasses import dataclass

from hie.errors import Fault, NotSupported
from hie.fhir.search.asked import Pointer, Token, Value, When, bad, plain, read_value
from hie.fhir.search.definitions import Kind, Parameter
from hie.fhir.search.match import MODIFIERS
from hie.fhir.search.separators import split
from hie.store.search.registry import INDEXED, MOST_VALUES, PARAMETERS

MOST_LINKS = 3  # of one chain


@dataclass(frozen=True, slots=True)
class Condition:
    """One parameter: any of its values. `indexed`: SQL answers it, else it is evaluated.

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

    @property
    def name(self) -> str:
        """The parameter's name."""
        return self.parameter.name

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


def is_known(kind: str, key: str) -> bool:
    """Whether the first link of a parameter's key is known for a type; the rest is read later."""
    name = key.partition(":")[0].partition(".")[0]
    return name in PARAMETERS[kind] or key.startswith("_has:")


def read_condition(kind: str, key: str, value: str, links: int = 0) -> Condition:
    """The condition of `key=value` on a type. Raises InvalidRequest and NotSupported by name."""
    if links > MOST_LINKS:
        raise bad(key, "too-many-links", f"at most {MOST_LINKS} links")
    if key.startswith("_has:"):
        return _back(key, value, links)
    head, dot, rest = key.partition(".")
    name, _, modifier = head.partition(":")
    parameter = PARAMETERS[kind].get(name)
    if parameter is None:
        raise bad(key, "unknown-parameter", ", ".join(sorted(PARAMETERS[kind])))
    if dot:
        return _chain(kind, parameter, modifier, key, rest, value, links)
    return _plain(kind, parameter, modifier, value)


def _chain(
    kind: str, parameter: Parameter, target: str, key: str, rest: str, value: str, links: int
) -> Condition:
    able = sorted(one for one in parameter.targets if one in PARAMETERS)
    if kind and parameter.name in INDEXED[kind] and parameter.name in {"patient", "subject"}:
        able = ["Patient"]
    chosen = [target] if target else able
    if parameter.kind is not Kind.REFERENCE or not set(chosen) <= set(able):
        raise bad(key, "not-a-chain", "a reference parameter, and a type it may lead to")
    if len(chosen) != 1:
        known = [one for one in chosen if is_known(one, rest)]
        if len(known) != 1:
            raise bad(key, "ambiguous-chain", " or ".join(f"{parameter.name}:{t}" for t in able))
        chosen = known
    inner = read_condition(chosen[0], rest, value, links + 1)
    return Condition(parameter, (), "", _by_home(kind, parameter.name), inner, chosen[0])


def _back(key: str, value: str, links: int) -> Condition:
    parts = key.split(":", 3)
    kind = parts[1] if len(parts) == 4 else ""
    parameter = PARAMETERS.get(kind, {}).get(parts[2]) if len(parts) == 4 else None
    if parameter is None or parameter.kind is not Kind.REFERENCE:
        raise bad(key, "not-a-has", "_has:Type:reference:parameter of served types")
    inner = read_condition(kind, parts[3], value, links + 1)
    return Condition(parameter, (), "", False, inner, kind, back=True)


def _plain(kind: str, parameter: Parameter, modifier: str, value: str) -> Condition:
    name = parameter.name
    values = split(value, ",")
    if len(values) > MOST_VALUES:
        raise bad(name, "too-many-values", f"at most {MOST_VALUES}")
    if any(not one for one in values):
        raise bad(name, "empty", "a value between commas")
    indexed = name in INDEXED[kind]
    if modifier:
        _check_modifier(parameter, modifier)
        indexed = indexed and modifier == "not"
    if name == "_id":
        return Condition(parameter, tuple(Token(None, plain(name, one)) for one in values))
    if indexed and _by_home(kind, name):
        return Condition(parameter, tuple(_patient(name, plain(name, one)) for one in values))
    asked = tuple(read_value(parameter, modifier, one) for one in values)
    return Condition(parameter, asked, modifier, indexed)


def _by_home(kind: str, name: str) -> bool:
    """Whether a parameter names the patient whose rows lie together."""
    return name in {"patient", "subject"} and name in INDEXED[kind]


def _check_modifier(parameter: Parameter, modifier: str) -> None:
    known = MODIFIERS[parameter.kind]
    if parameter.name == "_id":
        known = frozenset()
    if modifier in known or (parameter.kind is Kind.REFERENCE and modifier in parameter.targets):
        return
    words = ", ".join(f":{one}" for one in sorted(known)) or "no modifier"
    fault = Fault(parameter.name, "modifier", words)
    raise NotSupported(f"{parameter.name}:{modifier[:64]} is not answered", (fault,))


def _patient(name: str, text: str) -> Pointer:
    kind, slash, key = text.partition("/")
    if not slash:
        return Pointer("Patient", text)
    if kind != "Patient" or not key or "/" in key:
        raise bad(name, "wrong-reference", "Patient/<id>")
    return Pointer(kind, key)
