"""A query string becomes a query, or a refusal that names the parameter.

Unknown and empty parameters, and repeats of single-valued ones, are refused (with `lenient` left
out and named); other repeats are AND, comma-separated values are OR (FHIR R4
search.html#combining). What a value escapes is itself (`separators`).
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

from hie.errors import Fault, InvalidRequest, NotSupported
from hie.fhir.search.asked import Pointer, Token, Value, When, Words, bad, plain, read_value
from hie.fhir.search.definitions import Kind, Parameter
from hie.fhir.search.match import MODIFIERS
from hie.fhir.search.separators import split
from hie.store.search.registry import (
    COUNT,
    DATED,
    INDEXED,
    MOST_ALL_VALUES,
    MOST_COUNT,
    MOST_VALUES,
    PARAMETERS,
    RESULTS,
    SINGLE,
)


@dataclass(frozen=True, slots=True)
class Condition:
    """One parameter: any of its values. `indexed`: SQL answers it, else it is evaluated."""

    parameter: Parameter
    values: tuple[Value, ...]
    modifier: str = ""
    indexed: bool = True

    @property
    def name(self) -> str:
        """The parameter's name."""
        return self.parameter.name

    @property
    def negated(self) -> bool:
        """Whether none of the values is wanted."""
        return self.modifier == "not"

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
        words = tuple(one.text for one in self.values if isinstance(one, Words))
        return words + tuple(one.id for one in self.values if isinstance(one, Pointer))


@dataclass(frozen=True, slots=True)
class Query:
    """A whole search: all conditions hold; results sorted, counted and cut as asked."""

    type: str
    conditions: tuple[Condition, ...]
    count: int = COUNT
    sort: str = ""  # "", "_lastUpdated", or the type's date (`registry.DATED`); "-" is downwards
    total: bool = False
    count_only: bool = False
    page: str | None = None
    pretty: bool = False
    used: tuple[tuple[str, str], ...] = ()
    ignored: tuple[str, ...] = ()

    def ids(self, *names: str) -> tuple[str, ...]:
        """The ids of the first condition of one of these names that an index answers."""
        return next((c.ids for c in self.conditions if c.name in names and c.indexed), ())

    @property
    def evaluated(self) -> tuple[Condition, ...]:
        """The conditions no index answers."""
        return tuple(one for one in self.conditions if not one.indexed)


def parse_query(kind: str, pairs: Sequence[tuple[str, str]], *, lenient: bool = False) -> Query:
    """The query asked; raises InvalidRequest or NotSupported naming the parameter."""
    known = PARAMETERS[kind]
    seen: set[str] = set()
    conditions: list[Condition] = []
    results: dict[str, str] = {}
    used: list[tuple[str, str]] = []
    ignored: list[str] = []
    for key, value in pairs:
        name, _, modifier = key.partition(":")
        wrong = _wrong(key, name, value, known, seen)
        if wrong is not None and lenient:
            ignored.append(key[:64])
            continue
        if wrong is not None:
            raise wrong
        if "\0" in value:
            raise bad(key, "control-character", "text without NUL")
        seen.add(name)
        used.append((key, value))
        if name in RESULTS:
            if modifier:
                raise bad(key, "unknown-modifier", "no modifier")
            results[name] = value
        else:
            conditions.append(_condition(kind, known[name], modifier, value))
    if sum(len(one.values) for one in conditions) > MOST_ALL_VALUES:
        raise bad("", "too-many-values", f"at most {MOST_ALL_VALUES} values in one search")
    return Query(
        type=kind,
        conditions=tuple(conditions),
        count=_count(results),
        sort=_sort(kind, results),
        total=_choice(results, "_total", {"none": False, "accurate": True}, False),
        count_only=_choice(results, "_summary", {"count": True, "false": False}, False),
        page=results.get("page"),
        pretty=_choice(results, "_pretty", {"true": True, "false": False}, False),
        used=tuple(used),
        ignored=tuple(ignored),
    )


def _wrong(
    key: str, name: str, value: str, known: Mapping[str, Parameter], seen: Container[str]
) -> InvalidRequest | None:
    if name not in known and name not in RESULTS:
        return bad(key, "unknown-parameter", ", ".join(sorted({*known, *RESULTS})))
    if not value:
        return bad(key, "empty", "a value")
    if name in SINGLE and name in seen:
        return bad(key, "repeated", "this parameter once")
    return None


def _condition(kind: str, parameter: Parameter, modifier: str, value: str) -> Condition:
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
        return Condition(parameter, tuple(Words(plain(name, one)) for one in values))
    if indexed and name in {"patient", "subject"}:
        return Condition(parameter, tuple(_patient(name, plain(name, one)) for one in values))
    asked = tuple(read_value(parameter, modifier, one) for one in values)
    return Condition(parameter, asked, modifier, indexed)


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


def _count(results: dict[str, str]) -> int:
    text = results.get("_count", str(COUNT))
    if not (text.isascii() and text.isdigit() and len(text) <= 6 and int(text) <= MOST_COUNT):
        raise bad("_count", "invalid-value", f"0 to {MOST_COUNT}")
    return int(text)


def _sort(kind: str, results: dict[str, str]) -> str:
    text = results.get("_sort", "")
    allowed = {"", "_lastUpdated", "-_lastUpdated"}
    if kind in DATED:
        allowed |= {DATED[kind], f"-{DATED[kind]}"}
    if text not in allowed:
        raise bad("_sort", "invalid-value", ", ".join(sorted(allowed - {""})))
    return text


def _choice(results: dict[str, str], name: str, choices: dict[str, bool], default: bool) -> bool:
    text = results.get(name)
    if text is None:
        return default
    if text not in choices:
        raise bad(name, "invalid-value", ", ".join(choices))
    return choices[text]
