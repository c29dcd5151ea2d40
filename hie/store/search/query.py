"""A query string becomes a query, or a refusal that names the parameter.

Unknown and empty parameters, and repeats of single-valued ones, are refused (with `lenient` left
out and named); other repeats are AND, comma-separated values are OR (FHIR R4
search.html#combining). What a value escapes is itself (`separators`).
"""

import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

from hie.errors import Fault, InvalidRequest, NotSupported
from hie.fhir.elements import bounds
from hie.store.search.registry import (
    COUNT,
    DATED,
    MOST_ALL_VALUES,
    MOST_COUNT,
    MOST_VALUES,
    PARAMETERS,
    RESULTS,
    SINGLE,
    Kind,
)
from hie.store.search.separators import split, unescape

_ZONE = re.compile(r"T.*(?:Z|[+-]\d\d:\d\d)\Z", re.ASCII)
_HERE = "+08:00"  # the zone of a time that names none (FHIR R4 search.html#date)
_DAY = 86_400_000_000
PREFIXES = frozenset({"eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"})


@dataclass(frozen=True, slots=True)
class Token:
    """One token value: `system` None is any, "" is none; `code` None is any."""

    system: str | None
    code: str | None


@dataclass(frozen=True, slots=True)
class When:
    """One date value: a prefix, and the interval [start, end) in microseconds it means.

    `ap` has its margin in the interval already.
    """

    prefix: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Condition:
    """One parameter: any of its values; `negated` for :not."""

    name: str
    tokens: tuple[Token, ...] = ()
    dates: tuple[When, ...] = ()
    ids: tuple[str, ...] = ()
    negated: bool = False


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
        """The ids of the first condition of one of these names."""
        return next((c.ids for c in self.conditions if c.name in names), ())


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
            raise _bad(key, "control-character", "text without NUL")
        seen.add(name)
        used.append((key, value))
        if name in RESULTS:
            if modifier:
                raise _bad(key, "unknown-modifier", "no modifier")
            results[name] = value
        else:
            conditions.append(_condition(name, modifier, value, known[name]))
    if sum(len(c.tokens) + len(c.dates) + len(c.ids) for c in conditions) > MOST_ALL_VALUES:
        raise _bad("", "too-many-values", f"at most {MOST_ALL_VALUES} values in one search")
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
    key: str, name: str, value: str, known: Mapping[str, Kind], seen: Container[str]
) -> InvalidRequest | None:
    if name not in known and name not in RESULTS:
        return _bad(key, "unknown-parameter", ", ".join(sorted({*known, *RESULTS})))
    if not value:
        return _bad(key, "empty", "a value")
    if name in SINGLE and name in seen:
        return _bad(key, "repeated", "this parameter once")
    return None


def _condition(name: str, modifier: str, value: str, kind: Kind) -> Condition:
    values = split(value, ",")
    if len(values) > MOST_VALUES:
        raise _bad(name, "too-many-values", f"at most {MOST_VALUES}")
    if modifier and not (kind is Kind.TOKEN and modifier == "not" and name != "_id"):
        fault = Fault(name, "modifier", "no modifier" if kind is not Kind.TOKEN else ":not or none")
        raise NotSupported(f"{name}:{modifier[:64]} is not answered", (fault,))
    if any(not one for one in values):
        raise _bad(name, "empty", "a value between commas")
    if kind is Kind.DATE:
        return Condition(name, dates=tuple(_when(name, one) for one in values))
    if kind is Kind.REFERENCE:
        return Condition(name, ids=tuple(_patient(name, _plain(name, one)) for one in values))
    if name == "_id":
        return Condition(name, ids=tuple(_plain(name, one) for one in values))
    return Condition(
        name, tokens=tuple(_token(name, one) for one in values), negated=modifier == "not"
    )


def _plain(name: str, text: str) -> str:
    found = unescape(text)
    if found is None:
        raise _bad(name, "wrong-escape", "a backslash before , | $ or a backslash")
    return found


def _token(name: str, text: str) -> Token:
    parts = [_plain(name, part) for part in split(text, "|")]
    if len(parts) == 1:
        return Token(None, parts[0])
    if len(parts) > 2 or not any(parts):
        raise _bad(name, "not-a-token", "code, system|code, |code or system|")
    return Token(parts[0], parts[1] or None)


def _when(name: str, text: str) -> When:
    prefix, rest = (text[:2], text[2:]) if text[:2] in PREFIXES else ("eq", text)
    rest = rest.replace(" ", "+")  # a plus that was not encoded
    if "T" in rest and not _ZONE.search(rest):
        rest += _HERE
    found = bounds(rest)
    if found is None:
        raise _bad(name, "not-a-date", "an optional prefix and a FHIR date or dateTime")
    start, end = found
    if prefix == "ap":
        return When(prefix, start - _DAY, end + _DAY)
    return When(prefix, start, end)


def _patient(name: str, text: str) -> str:
    kind, slash, key = text.partition("/")
    if not slash:
        return text
    if kind != "Patient" or not key or "/" in key:
        raise _bad(name, "wrong-reference", "Patient/<id>")
    return key


def _count(results: dict[str, str]) -> int:
    text = results.get("_count", str(COUNT))
    if not (text.isascii() and text.isdigit() and len(text) <= 6 and int(text) <= MOST_COUNT):
        raise _bad("_count", "invalid-value", f"0 to {MOST_COUNT}")
    return int(text)


def _sort(kind: str, results: dict[str, str]) -> str:
    text = results.get("_sort", "")
    allowed = {"", "_lastUpdated", "-_lastUpdated"}
    if kind in DATED:
        allowed |= {DATED[kind], f"-{DATED[kind]}"}
    if text not in allowed:
        raise _bad("_sort", "invalid-value", ", ".join(sorted(allowed - {""})))
    return text


def _choice(results: dict[str, str], name: str, choices: dict[str, bool], default: bool) -> bool:
    text = results.get(name)
    if text is None:
        return default
    if text not in choices:
        raise _bad(name, "invalid-value", ", ".join(choices))
    return choices[text]


def _bad(name: str, code: str, expected: str) -> InvalidRequest:
    return InvalidRequest(f"parameter {name[:64]!r}", (Fault(name[:64], code, expected),))
