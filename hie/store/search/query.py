"""A query string becomes a query, or a refusal that names the parameter.

Unknown and empty parameters, and repeats of single-valued ones, are refused (with `lenient` left
out and named); other repeats are AND, comma-separated values are OR (FHIR R4
search.html#combining). What a value escapes is itself (`separators`).
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from hie.errors import RequestRefused
from hie.fhir.search.refusal import bad, costly, unanswered, unknown
from hie.fhir.search.shape import SUMMARIES
from hie.fhir.search.unanswered import UNANSWERED
from hie.store.search.condition import Condition, is_known, read_condition
from hie.store.search.include import Include, read_include
from hie.store.search.registry import (
    COUNT,
    MOST_ALL_VALUES,
    MOST_COUNT,
    PARAMETERS,
    RESULTS,
    SINGLE,
)
from hie.store.search.sorting import Key, read_sort
from hie.store.tables import HOMELESS

_T = TypeVar("_T")
_PATIENT = frozenset({"patient", "subject"})
_NAMES = _PATIENT | {"_id", "identifier"}
_INCLUDES = frozenset({"_include", "_revinclude"})
_SUMMARY = {"false": "", "count": "", **{one: one for one in sorted(SUMMARIES)}}
_TOTAL = {"none": False, "estimate": True, "accurate": True}  # an estimate is no dearer here
_MOST_ELEMENTS = 50
_MOST_INCLUDES = 10
_MOST_DIGITS = 18  # of a number of matches


@dataclass(frozen=True, slots=True)
class Query:
    """A whole search: all conditions hold; results sorted, counted and cut as asked."""

    type: str
    conditions: tuple[Condition, ...]
    count: int = COUNT
    sort: tuple[Key, ...] = ()
    total: bool = False
    count_only: bool = False
    page: str | None = None
    pretty: bool = False
    summary: str = ""
    elements: tuple[str, ...] = ()
    includes: tuple[Include, ...] = ()
    used: tuple[tuple[str, str], ...] = ()
    ignored: tuple[str, ...] = ()
    within: tuple[str, ...] = ()  # homes that whatever is found must have (of a chain's end)

    def ids(self, *names: str) -> tuple[str, ...]:
        """The ids of the first condition of one of these names that an index answers."""
        found = (c.ids for c in self.conditions if c.name in names and c.indexed)
        return next((ids for ids in found if ids), ())

    @property
    def homes(self) -> tuple[str, ...] | None:
        """The patients whose rows alone it can find; None: anybody's."""
        if self.type in HOMELESS:
            return None
        return next((one.ids for one in self.conditions if _names_homes(one)), self.within or None)

    def beside(self, homes: tuple[str, ...] | None) -> list[Condition]:
        """The conditions an index answers, but for one that names these patients."""
        return [
            one
            for one in self.conditions
            if one.indexed and not (_names_homes(one) and one.ids == homes)
        ]

    @property
    def names_somebody(self) -> bool:
        """Whether it asks about a patient, or for resources by their ids or identifiers."""
        return any(one.name in _NAMES and not one.negated for one in self.conditions)

    @property
    def evaluated(self) -> tuple[Condition, ...]:
        """The conditions no index answers."""
        return tuple(one for one in self.conditions if not one.indexed)


def _names_homes(one: Condition) -> bool:
    return one.indexed and one.name in _PATIENT and not one.negated and bool(one.ids)


def parse_query(
    kind: str, pairs: Sequence[tuple[str, str]], *, lenient: bool = False, base: str = ""
) -> Query:
    """The query asked; `base` is this server's address, below which references are its own.

    Raises InvalidRequest, NotSupported and TooCostly naming the parameter.
    """
    seen: set[str] = set()
    conditions: list[Condition] = []
    includes: list[Include] = []
    results: dict[str, str] = {}
    used: list[tuple[str, str]] = []
    ignored: list[str] = []
    for key, value in pairs:
        name, _, modifier = key.partition(":")
        wrong = _wrong(kind, key, value, seen)
        if wrong is not None and lenient:
            ignored.append(key[:64])
            continue
        if wrong is not None:
            raise wrong
        if "\0" in value:
            raise bad(key, "control-character", "text without NUL")
        seen.add(_once(key))
        used.append((key, _clamped(value) if key == "_count" else value))
        if name in _INCLUDES:
            includes.append(read_include(kind, name, modifier, value))
        elif name in RESULTS:
            if modifier:
                raise bad(key, "unknown-modifier", "no modifier")
            results[name] = value
        else:
            conditions.append(read_condition(kind, key, value, base))
    if sum(one.count for one in conditions) > MOST_ALL_VALUES:
        raise costly("", "too-many-values", f"at most {MOST_ALL_VALUES} values in one search")
    if len(includes) > _MOST_INCLUDES:
        raise bad("_include", "too-many-values", f"at most {_MOST_INCLUDES} in one search")
    return Query(
        type=kind,
        conditions=tuple(conditions),
        count=_count(results),
        sort=read_sort(kind, results.get("_sort")),
        total=_choice(results, "_total", _TOTAL, False),
        count_only=results.get("_summary") == "count" or _count(results) == 0,
        page=results.get("page"),
        pretty=_choice(results, "_pretty", {"true": True, "false": False}, False),
        summary=_choice(results, "_summary", _SUMMARY, ""),
        elements=_elements(results),
        includes=tuple(includes),
        used=tuple(used),
        ignored=tuple(ignored),
    )


def _wrong(kind: str, key: str, value: str, seen: Container[str]) -> RequestRefused | None:
    name = key.partition(":")[0]
    if name in UNANSWERED and not is_known(kind, key):
        return unanswered(key, UNANSWERED[name])
    if not is_known(kind, key) and name not in RESULTS:
        return unknown(key, {*PARAMETERS[kind], *RESULTS})
    if not value:
        return bad(key, "empty", "a value")
    if name in SINGLE and _once(key) in seen:
        return bad(key, "repeated", "this parameter once")
    return None


def _once(key: str) -> str:
    """What may stand once: a parameter whatever its modifier; a chain is one of its own."""
    return key if "." in key else key.partition(":")[0]


def _elements(results: dict[str, str]) -> tuple[str, ...]:
    text = results.get("_elements")
    if text is None:
        return ()
    names = tuple(text.split(","))
    if len(names) > _MOST_ELEMENTS or not all(one.isalnum() and one.isascii() for one in names):
        raise bad("_elements", "invalid-value", "names of elements of the top level")
    if results.get("_summary", "false") != "false":
        raise bad("_elements", "invalid-value", "no _summary beside it")
    return names


def _count(results: dict[str, str]) -> int:
    return int(_clamped(results.get("_count", str(COUNT))))


def _clamped(text: str) -> str:
    """A number of matches a page may have; what is more than the most is the most."""
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise bad("_count", "invalid-value", f"0 to {MOST_COUNT}")
    return str(min(int(text), MOST_COUNT))


def _choice(results: dict[str, str], name: str, choices: Mapping[str, _T], default: _T) -> _T:
    text = results.get(name)
    if text is None:
        return default
    if text not in choices:
        raise bad(name, "invalid-value", ", ".join(choices))
    return choices[text]
