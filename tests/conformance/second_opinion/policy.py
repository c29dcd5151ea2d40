"""Sections 1, 6 and 10: what the receiver's policy says on a day."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from tests.conformance.second_opinion.items import ITEMS, is_imaging
from tests.conformance.second_opinion.times import covers

# Section 10. A case's own entries come after these.
SHIPPED: tuple[dict[str, Any], ...] = (
    {
        "scope": "default", "catalogue": "all", "voluntary": True, "level_rule": "none",
        "time_limits": {}, "exit_list": [], "critical_limits": {}, "reference_intervals": {},
        "methods": {}, "prices": {}, "local_reasons": [], "lookback_days": 365,
        "max_candidates": 5, "delta_window_days": 30,
    },
    {
        "scope": "region:42",
        "time_limits": {
            "TP": 30, "ALB": 30, "GLU": 30, "HBA1C": 60, "TC": 30, "TG": 30,
            "K": 7, "NA": 7, "CL": 7, "CA": 7, "P": 7,
        },
    },
    {"scope": "region:429004", "time_limits": {"laboratory": 15, "imaging": 30}},
    {"scope": "region:50", "time_limits": {"laboratory": 90, "imaging": 90}},
    {"scope": "region:51", "time_limits": {"laboratory": 90, "imaging": 90}},
)  # fmt: skip
_START = "2022-03-01"


@dataclass(frozen=True)
class Policy:
    """All entries, and the receiver and day they are asked for."""

    entries: tuple[dict[str, Any], ...]
    receiver: str
    region: str
    on: date

    def at(self, scope: str, key: str) -> Any:
        """What one level says: the entry in force with the latest start that has the key."""
        best, start = _NOTHING, ""
        for entry in self.entries:
            since, until = entry.get("from", _START), entry.get("to")
            end = date.fromisoformat(until) if until else None
            if entry["scope"] != scope or key not in entry:
                continue
            if covers(date.fromisoformat(since), end, self.on) and since >= start:
                best, start = entry[key], since
        return best

    def levels(self, key: str) -> Iterator[Any]:
        """What the receiver's levels say, the most particular first; silent ones left out."""
        regions = [f"region:{self.region[:n]}" for n in (6, 4, 2)]
        for scope in (f"receiver:{self.receiver}", *dict.fromkeys(regions), "default"):
            found = self.at(scope, key)
            if found is not _NOTHING:
                yield found

    def value(self, key: str) -> Any:
        return next(self.levels(key))

    def of_map(self, key: str, entry: str) -> Any:
        """A map is asked key by key."""
        return next((one[entry] for one in self.levels(key) if entry in one), None)

    def critical(self, item: str, side: str) -> Any:
        """A critical limit, side by side: the receiver's, else the catalogue's."""
        for limits in self.levels("critical_limits"):
            if side in (limits.get(item) or {}):
                return limits[item][side]
        return ITEMS[item]["critical"][("low", "high").index(side)]

    def method(self, institution: str | None, item: str) -> str | None:
        """The method an institution says it uses; no other level is asked."""
        found = self.at(f"receiver:{institution}", "methods")
        return None if found is _NOTHING else found.get(item)

    def limit_days(self, item: str) -> int:
        """The least of the catalogue's days and of every level's limit."""
        kind = "imaging" if is_imaging(item) else "laboratory"
        days = [int(ITEMS[item]["days"])]
        for limits in self.levels("time_limits"):
            found = limits.get(item, limits.get(kind))
            days += [] if found is None else [int(found)]
        return min(days)

    def exited(self, institution: str | None, item: str | None) -> bool:
        """An exit list of any level names the institution and the item on the day."""
        for rows in self.levels("exit_list"):
            for row in rows:
                until = row.get("to")
                end = date.fromisoformat(until) if until else None
                named = row["items"] == "all" or item in row["items"]
                in_force = covers(date.fromisoformat(row["from"]), end, self.on)
                if row["institution"] == institution and named and in_force:
                    return True
        return False


_NOTHING: Any = object()
