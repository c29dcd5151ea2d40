"""What several policy entries of one scope and day say together: the later import counts.

Entries are kept one beside the other for ever; here is told which of what they say still counts.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from hie.recognition.register import PolicyEntry

Period = tuple[str, date, date | None]  # scope, first day, last day


def new_entries(known: Iterable[PolicyEntry], coming: Iterable[PolicyEntry]) -> list[PolicyEntry]:
    """The coming entries that say something the known ones do not say already, word for word."""
    said: dict[tuple[str, date, str], tuple[Any, date | None]] = {}
    for entry in sorted(known, key=lambda one: one.order):
        said |= {(entry.scope, entry.start, k): (v, entry.end) for k, v in entry.values.items()}
    return [
        entry
        for entry in coming
        if any(
            said.get((entry.scope, entry.start, key)) != (value, entry.end)
            for key, value in entry.values.items()
        )
    ]


def counting(entries: Iterable[PolicyEntry]) -> dict[Period, dict[str, Any]]:
    """What entries say together, each key of a scope only where it counts.

    Of one scope and first day the later import counts as long as it is in force; where it ends
    earlier, what the former says goes on the day after.
    """
    found: dict[Period, dict[str, Any]] = {}
    lasting: dict[tuple[str, date, str], date] = {}  # until when a later import's key counts
    for entry in sorted(entries, key=lambda one: one.order, reverse=True):
        for key, value in entry.values.items():
            place = (entry.scope, entry.start, key)
            until, last = lasting.get(place), entry.end or date.max
            if until is not None and last <= until:
                continue
            start = entry.start if until is None else until + timedelta(days=1)
            lasting[place] = last
            found.setdefault((entry.scope, start, entry.end), {})[key] = value
    return dict(sorted(found.items(), key=lambda one: (*one[0][:2], one[0][2] or date.max)))
