"""What a search of the audit log asks: which events an index finds, what is looked at, and how.

FHIR R4 auditevent.html#search. `_id`, `patient` and the times (`date`, `_lastUpdated`) are answered
by an index; every other parameter is held against the events these leave.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from hie.fhir.search.asked import read_value
from hie.fhir.search.definitions import Kind, Parameter, parameters
from hie.fhir.search.modifiers import modifiers
from hie.fhir.search.refusal import bad, costly, unanswered, unknown
from hie.fhir.search.separators import split
from hie.fhir.search.shape import SUMMARIES
from hie.fhir.search.values import Pointer, Token, Value, When
from hie.store.search.condition import Condition
from hie.store.search.registry import COUNT, MOST_COUNT, MOST_VALUES, PARAMETERS

KNOWN = parameters("AuditEvent")
RESULTS = frozenset(
    {"_count", "_sort", "_total", "_summary", "_elements", "_format", "_pretty", "page"}
)
_TIMES = frozenset({"date", "_lastUpdated"})
_SORTS = {f"{sign}{name}" for name in _TIMES for sign in ("", "-")}
_IDENTIFIER = frozenset({"patient.identifier", "patient:Patient.identifier"})
_SETS = frozenset({"in", "not-in", "above", "below"})  # value sets and trees of codes
_MOST_ELEMENTS = 50


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """A search of the audit log. `people`: identifiers of patients, one parameter each."""

    times: tuple[tuple[When, ...], ...] = ()
    homes: tuple[tuple[str, ...], ...] = ()
    ids: tuple[tuple[str, ...], ...] = ()
    people: tuple[tuple[Token, ...], ...] = ()
    looked_at: tuple[Condition, ...] = ()
    count: int = COUNT
    down: bool = True
    total: bool = False
    summary: str = ""
    elements: tuple[str, ...] = ()
    page: str | None = None
    used: tuple[tuple[str, str], ...] = ()
    ignored: tuple[str, ...] = ()

    @property
    def counts_only(self) -> bool:
        """Whether only the number is wanted."""
        return self.summary == "count" or self.count == 0


def read_query(pairs: Sequence[tuple[str, str]], *, lenient: bool, base: str) -> AuditQuery:
    """The search asked; `base` is this server's address. Raises by the parameter's name."""
    results: dict[str, str] = {}
    found: dict[str, list[tuple[Value, ...]]] = {"date": [], "patient": [], "_id": [], "who": []}
    looked_at: list[Condition] = []
    used, ignored = [], []
    for key, text in pairs:
        name, _, modifier = key.partition(":")
        is_known = key in _IDENTIFIER or name in KNOWN or name in RESULTS
        if not is_known and lenient and "." not in key and not key.startswith("_has"):
            ignored.append(key[:64])
            continue
        _check(key, text, is_known=is_known, again=name in results)
        used.append((key, text))
        if name in RESULTS:
            results[name] = text
            continue
        if key in _IDENTIFIER:
            found["who"].append(_values(PARAMETERS["Patient"]["identifier"], "", text, base))
            continue
        parameter = KNOWN[name]
        _check_modifier(parameter, modifier)
        values = _values(parameter, modifier, text, base)
        if not modifier and name in _TIMES:
            found["date"].append(values)
        elif name == "_id" and not modifier:
            found["_id"].append(values)
        elif name == "patient" and modifier in ("", "Patient") and _are_ours(values):
            found["patient"].append(values)
        else:
            looked_at.append(Condition(parameter, values, modifier, indexed=False))
    summary = _choice(results, "_summary", {"false", "count", *SUMMARIES}, "false")
    return AuditQuery(
        tuple(tuple(v for v in values if isinstance(v, When)) for values in found["date"]),
        tuple(tuple(v.id for v in vs if isinstance(v, Pointer)) for vs in found["patient"]),
        tuple(tuple(str(v.code) for v in vs if isinstance(v, Token)) for vs in found["_id"]),
        tuple(tuple(v for v in vs if isinstance(v, Token)) for vs in found["who"]),
        tuple(looked_at),
        _count(results.get("_count")),
        _choice(results, "_sort", _SORTS, "-date").startswith("-"),
        _choice(results, "_total", {"none", "estimate", "accurate"}, "none") != "none",
        "" if summary == "false" else summary,
        _elements(results.get("_elements"), summary),
        results.get("page"),
        tuple(used),
        tuple(ignored),
    )


def _check(key: str, text: str, *, is_known: bool, again: bool) -> None:
    if not is_known and ("." in key or key.startswith(("_has", "_include", "_revinclude"))):
        raise costly(key, "no-index", "no chain but patient.identifier, and nothing that goes with")
    if not is_known:
        raise unknown(key, {*KNOWN, *RESULTS, *_IDENTIFIER})
    if not text:
        raise bad(key, "empty", "a value")
    if again:
        raise bad(key, "repeated", "this parameter once")
    if "\0" in text:
        raise bad(key, "control-character", "text without NUL")


def _check_modifier(parameter: Parameter, modifier: str) -> None:
    known = modifiers(parameter) - _SETS
    if modifier and modifier not in known:
        named = known if parameter.kind is not Kind.REFERENCE else known - parameter.targets
        words = ", ".join(f":{one}" for one in sorted(named)) or "no modifier"
        raise unanswered(f"{parameter.name}:{modifier}", words)


def _values(parameter: Parameter, modifier: str, text: str, base: str) -> tuple[Value, ...]:
    parts = split(text, ",")
    if len(parts) > MOST_VALUES:
        raise costly(parameter.name, "too-many-values", f"at most {MOST_VALUES}")
    if not all(parts):
        raise bad(parameter.name, "empty", "a value between commas")
    return tuple(read_value(parameter, modifier, one, base) for one in parts)


def _are_ours(values: Sequence[Value]) -> bool:
    """Whether these are Patients of this hub, by their ids."""
    return all(
        isinstance(v, Pointer)
        and (v.address, v.version) == (None, None)
        and v.type in (None, "Patient")
        for v in values
    )


def _count(text: str | None) -> int:
    if text is None:
        return COUNT
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise bad("_count", "invalid-value", f"0 to {MOST_COUNT}")
    return min(int(text), MOST_COUNT)


def _choice(results: dict[str, str], name: str, known: set[str], default: str) -> str:
    text = results.get(name, default)
    if text not in known:
        raise bad(name, "invalid-value", ", ".join(sorted(known)))
    return text


def _elements(text: str | None, summary: str) -> tuple[str, ...]:
    if text is None:
        return ()
    names = tuple(text.split(","))
    if len(names) > _MOST_ELEMENTS or not all(one.isalnum() and one.isascii() for one in names):
        raise bad("_elements", "invalid-value", "names of elements of the top level")
    if summary != "false":
        raise bad("_elements", "invalid-value", "no _summary beside it")
    return names
