"""What a receiver's policy says on a day: the most particular scope that speaks wins.

Scopes are tried `receiver:<code>`, then `region:` with 6, 4 and 2 digits, then `default`. Maps
(critical_limits, reference_intervals, prices) are joined key by key, critical limits side by side.
Three keys follow their own law: `time_limits` (the strictest of all scopes), `exit_list` (all of
them together) and `methods` (only `receiver:` of the institution in question). Of several entries
of one scope in force, the latest `from` that has the key counts, then the later import.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from hie.recognition.catalogue import Catalogue
from hie.recognition.item import ImagingClass, Item
from hie.recognition.policy_file import shipped_policies
from hie.recognition.register import InstitutionRow, PolicyEntry, RegisterRows

Interval = tuple[Decimal | None, Decimal | None]


@dataclass(frozen=True, slots=True)
class Exit:
    """An institution's items off recognition over a period; `items` None is all of them."""

    institution: str
    items: frozenset[str] | None
    start: date
    end: date | None
    scope: str


@dataclass(frozen=True, slots=True)
class PolicyBook:
    """All policy entries, shipped and imported, by scope and newest first."""

    version: str
    _by_scope: Mapping[str, tuple[PolicyEntry, ...]]

    @classmethod
    def of(cls, rows: RegisterRows) -> "PolicyBook":
        """The shipped policy with the entries of the registers added to it."""
        return build_policy(rows.policies)

    def value(self, receiver: InstitutionRow | None, day: date, key: str) -> Any:
        """The policy value of `key` for a receiver, whose row is that of the same day.

        Numbers in maps are `Decimal`. A key nobody sets is None, as is an explicit null. For
        `exit_list` it is all exits in force, for `time_limits` the days each scope sets, and for
        `methods` the receiver's own.
        """
        match key:
            case "critical_limits":
                return self._critical_limits(receiver, day)
            case "reference_intervals":
                found = self._joined(receiver, day, key)
                return {item: _interval(value) for item, value in found.items()}
            case "prices":
                return {c: Decimal(a) for c, a in self._joined(receiver, day, key).items()}
            case "exit_list":
                return tuple(self._exits(receiver, day))
            case "time_limits":
                return tuple(self._time_limits(receiver, day))
            case "methods":
                own = self._latest(f"receiver:{receiver.code}", day, key) if receiver else None
                return dict(own or {})
            case "lookback_days" | "max_candidates" | "delta_window_days":
                return int(self._first(receiver, day, key) or 0)
        return self._first(receiver, day, key)

    def limit_days(
        self, receiver: InstitutionRow | None, day: date, item: Item | ImagingClass
    ) -> int | None:
        """How old a result of the item may be, in whole days: the strictest of all who say so.

        The item's own days and, for each scope, its entry for the item, else for the kind. None
        when nobody sets a limit: then nothing is recognisable.
        """
        limits = [] if item.validity_days is None else [item.validity_days]
        for entry in self._time_limits(receiver, day):
            days = entry.get(item.key, entry.get(item.kind))
            if days is not None:
                limits.append(int(days))
        return min(limits, default=None)

    def in_catalogue(
        self, receiver: InstitutionRow | None, day: date, key: str, catalogue: Catalogue
    ) -> bool:
        """The receiver recognises this item or class at all (R-103)."""
        return key in catalogue.listed(self._first(receiver, day, "catalogue"), day)

    def method_of(self, institution: str, day: date, key: str) -> str | None:
        """The method group an institution says it uses for an item, as issuer or as receiver."""
        methods = self._latest(f"receiver:{institution}", day, "methods")
        found = methods.get(key) if methods else None
        return str(found) if found is not None else None

    def _entries(self, scope: str, day: date) -> Iterator[PolicyEntry]:
        for entry in self._by_scope.get(scope, ()):
            if entry.start <= day and (entry.end is None or day <= entry.end):
                yield entry

    def _latest(self, scope: str, day: date, key: str) -> Any:
        return next((e.values[key] for e in self._entries(scope, day) if key in e.values), None)

    def _first(self, receiver: InstitutionRow | None, day: date, key: str) -> Any:
        for scope in scopes_of(receiver):
            for entry in self._entries(scope, day):
                if key in entry.values:
                    return entry.values[key]
        return None

    def _maps(self, receiver: InstitutionRow | None, day: date, key: str) -> Iterator[Any]:
        """The maps of all entries that count, the one that wins first."""
        for scope in scopes_of(receiver):
            for entry in self._entries(scope, day):
                yield entry.values.get(key) or {}

    def _joined(self, receiver: InstitutionRow | None, day: date, key: str) -> dict[str, Any]:
        joined: dict[str, Any] = {}
        for found in self._maps(receiver, day, key):
            for name, value in found.items():
                joined.setdefault(name, value)
        return joined

    def _critical_limits(
        self, receiver: InstitutionRow | None, day: date
    ) -> dict[str, dict[str, Decimal | None]]:
        joined: dict[str, dict[str, Decimal | None]] = {}
        for found in self._maps(receiver, day, "critical_limits"):
            for item, sides in found.items():
                for side, value in sides.items():
                    joined.setdefault(item, {}).setdefault(side, _number(value))
        return joined

    def _time_limits(
        self, receiver: InstitutionRow | None, day: date
    ) -> Iterator[Mapping[str, Any]]:
        for scope in scopes_of(receiver):
            limits = self._latest(scope, day, "time_limits")
            if limits:
                yield limits

    def _exits(self, receiver: InstitutionRow | None, day: date) -> Iterator[Exit]:
        for scope in scopes_of(receiver):
            for entry in self._latest(scope, day, "exit_list") or ():
                start = date.fromisoformat(entry["from"])
                end = date.fromisoformat(entry["to"]) if entry.get("to") else None
                if start <= day and (end is None or day <= end):
                    items = None if entry["items"] == "all" else frozenset(entry["items"])
                    yield Exit(entry["institution"], items, start, end, scope)


def build_policy(
    imported: Iterable[PolicyEntry] = (),
    shipped: tuple[str, tuple[PolicyEntry, ...]] | None = None,
) -> PolicyBook:
    """A shipped policy (version and entries; default: this hub's) with imported entries added."""
    version, entries = shipped or shipped_policies()
    by_scope: dict[str, list[PolicyEntry]] = {}
    for entry in (*entries, *imported):
        by_scope.setdefault(entry.scope, []).append(entry)
    return PolicyBook(
        version,
        MappingProxyType(
            {
                scope: tuple(sorted(entries, key=lambda e: (e.start, e.order), reverse=True))
                for scope, entries in by_scope.items()
            }
        ),
    )


def scopes_of(receiver: InstitutionRow | None) -> tuple[str, ...]:
    """The scopes that speak for a receiver, the most particular first."""
    if receiver is None:
        return ("default",)
    regions = dict.fromkeys(receiver.region[:digits] for digits in (6, 4, 2))
    return (f"receiver:{receiver.code}", *(f"region:{r}" for r in regions if r), "default")


def _number(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def _interval(value: Any) -> Interval | dict[str, Interval]:
    """One interval for all, or one for each sex."""
    if isinstance(value, Mapping):
        return {sex: (_number(low), _number(high)) for sex, (low, high) in value.items()}
    low, high = value
    return _number(low), _number(high)
