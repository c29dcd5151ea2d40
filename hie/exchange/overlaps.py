"""Two entries of a transaction that mean one resource, or may, fail it (FHIR R4 http.html#trules).

One condition twice; one resource by id and by condition, or by two conditions; and a condition that
nothing meets yet, while another entry makes what will.
"""

from collections import defaultdict
from collections.abc import Sequence

from hie.errors import Fault, InvalidRequest
from hie.exchange.bundle_entry import Entry
from hie.exchange.conditional import is_met, same


def check_conditions(entries: Sequence[Entry]) -> None:
    """Raises InvalidRequest for one condition in two entries, in whatever order it is written."""
    seen: dict[tuple[str, ...], int] = {}
    for one in entries:
        if one.criteria is not None:
            first = seen.setdefault(same(one.criteria), one.place)
            if first != one.place:
                raise _overlap(one.place, f"another condition than entry {first}")


def check_resources(entries: Sequence[Entry]) -> None:
    """Raises InvalidRequest for one resource in two entries, or one that would meet a condition.

    The entries have the ids they are about.
    """
    seen: dict[tuple[str, str], int] = {}
    made: dict[str, list[Entry]] = defaultdict(list)
    for one in entries:
        if one.id is not None:
            first = seen.setdefault((one.kind, one.id), one.place)
            if first != one.place:
                raise _overlap(one.place, f"another resource than entry {first}")
        if one.tree is not None and (one.found is None or one.method == "PUT"):
            made[one.kind].append(one)
    for one in entries:
        if one.criteria is None or one.found is not None:
            continue
        for other in made[one.kind]:
            if other.place != one.place and is_met(one.criteria, other.tree or {}):
                raise _overlap(one.place, f"a condition that entry {other.place} does not meet")


def _overlap(place: int, expected: str) -> InvalidRequest:
    fault = Fault(f"Bundle.entry[{place}].request", "overlap", expected)
    return InvalidRequest("two entries mean one resource", (fault,))
