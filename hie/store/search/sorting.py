"""`_sort`: which keys, and what each stands in, a column or the resource itself.

FHIR R4 search.html#sort. A key with a column is sorted by SQL; any other is looked at, among what
the search leaves, like a parameter without an index (`rank`).
"""

from dataclasses import dataclass

from hie.fhir.search.definitions import Parameter
from hie.fhir.search.order import SORTABLE
from hie.fhir.search.refusal import bad, unanswered
from hie.store.search.registry import DATED, PARAMETERS

MOST_KEYS = 4
_FIRST, _LAST = -(2**62), 2**62  # before and after any time


@dataclass(frozen=True, slots=True)
class Key:
    """One key of an order. `column`: the SQL it is sorted by; "" when it is looked at."""

    name: str
    down: bool
    column: str
    parameter: Parameter | None = None


def read_sort(kind: str, text: str | None) -> tuple[Key, ...]:
    """The keys of `_sort=-date,code`; none for the type's own order. Raises by name."""
    if text is None:
        return ()
    names = text.split(",")
    if len(names) > MOST_KEYS:
        raise bad("_sort", "too-many-values", f"at most {MOST_KEYS} keys")
    if len({one.removeprefix("-") for one in names}) < len(names):
        raise bad("_sort", "repeated", "each key once")
    return tuple(_key(kind, one) for one in names)


def own_order(kind: str) -> tuple[Key, ...]:
    """The order of a search that asks for none: the newest first."""
    date = DATED.get(kind)
    return (_key(kind, "-_lastUpdated" if date is None else f"-{date}"),)


def _key(kind: str, text: str) -> Key:
    name = text.removeprefix("-")
    parameter = PARAMETERS[kind].get(name)
    able = sorted(n for n, one in PARAMETERS[kind].items() if one.kind in SORTABLE and one.paths)
    if parameter is None:
        raise bad("_sort", "invalid-value", ", ".join(able))
    if name not in able:
        raise unanswered(f"_sort={text}", ", ".join(able))
    down = text.startswith("-")
    return Key(name, down, _column(kind, parameter, down), parameter)


def _column(kind: str, parameter: Parameter, down: bool) -> str:
    """What has no date stands last, whichever way."""
    if parameter.name == "_lastUpdated":
        return "v.updated_us"
    if parameter.name == "_id":
        # The key of results begins with it: in its order all patients' would be looked through.
        return "(v.id || '')" if kind == "Observation" else "v.id"
    if parameter.name == DATED.get(kind):
        return f"coalesce(v.effective_us, {_FIRST if down else _LAST})"
    return ""
