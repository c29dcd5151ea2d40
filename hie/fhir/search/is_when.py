"""Whether a time is what a date search means: both are intervals (search.html#date, #prefix)."""

from typing import Any

from hie.fhir.elements import bounds
from hie.fhir.search.values import When

_ALWAYS, _NEVER = -(2**62), 2**62

Interval = tuple[int, int]  # the first microsecond and the last


def is_when(datatype: str, element: Any, asked: When) -> bool:
    """Whether the element's interval stands to the one asked for as the prefix says."""
    found = interval(datatype, element)
    return found is not None and compare(*found, asked)


def compare(low: int, high: int, asked: When) -> bool:
    """The prefixes, for an interval from its first to its last microsecond."""
    match asked.prefix:
        case "eq":
            return low >= asked.start and high < asked.end
        case "ne":
            return not (low >= asked.start and high < asked.end)
        case "gt":
            return high >= asked.end
        case "ge":
            return high >= asked.end or low >= asked.start
        case "lt":
            return low < asked.start
        case "le":
            return low < asked.start or high < asked.end
        case "sa":
            return low >= asked.end
        case "ap":
            return low < asked.end and high >= asked.start
        case _:
            return high < asked.start


def interval(datatype: str, element: Any) -> Interval | None:
    """What a time, a Period or a Timing spans; None for what is no time."""
    if isinstance(element, str):
        found = bounds(element)
        return None if found is None else (found[0], found[1] - 1)
    if not isinstance(element, dict):
        return None
    if datatype == "Timing":
        return _timing(element)
    if "start" not in element and "end" not in element:
        return None
    first = bounds(element["start"]) if "start" in element else (_ALWAYS, _ALWAYS)
    last = bounds(element["end"]) if "end" in element else (_NEVER, _NEVER)
    return (first[0], last[1] - 1) if first and last else None


def _timing(element: dict[str, Any]) -> Interval | None:
    """From the first of its events to the last; without events the bounds of its repeats."""
    events = [found for one in element.get("event", ()) if (found := bounds(one))]
    if events:
        return min(one[0] for one in events), max(one[1] for one in events) - 1
    period = element.get("repeat", {}).get("boundsPeriod")
    return interval("Period", period) if period else None
