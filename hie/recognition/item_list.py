"""A named list of the catalogue: which items and classes it holds, on which day.

A list is data (`schemas/catalogue/lists/*.yaml`): a region's list is one more file. A policy names
it as `list:<key>`; `all` is every list that says `in_all`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from hie.recognition.item import Evidence
from hie.recognition.timeline import Timeline

PREFIX: Final = "list:"


@dataclass(frozen=True, slots=True)
class Membership:
    """What a list holds from a day on, and why."""

    keys: frozenset[str]
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class ItemList:
    """A list of items and imaging classes; `in_all`: the policy value `all` includes it."""

    key: str
    zh: str
    en: str
    in_all: bool
    members: Timeline[Membership]

    def on(self, day: date) -> frozenset[str]:
        """The keys in the list on a day."""
        found = self.members.on(day)
        return found.keys if found is not None else frozenset()


def read_list(data: Mapping[str, Any]) -> ItemList:
    """A list's file, already of the right shape and without flaws."""
    days, states = [], []
    for text, entry in sorted(data["items"].items()):
        since = date.fromisoformat(text)
        evidence = Evidence(since, entry["basis"], entry["certainty"], entry.get("source", ""))
        days.append(since)
        states.append(Membership(frozenset(entry["value"] or ()), evidence))
    return ItemList(
        data["key"],
        data["zh"],
        data["en"],
        data.get("in_all", False),
        Timeline(tuple(days), tuple(states)),
    )
