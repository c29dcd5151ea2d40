"""What an imported policy entry must not say: things that do not exist, or that cannot hold.

The entry has the shape of json-schema/policy.json already; here it meets the catalogue, the
regions and the reasons.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from hie.errors import Fault
from hie.recognition.catalogue import Catalogue
from hie.recognition.credit_code import is_credit_code
from hie.recognition.item_list import PREFIX
from hie.recognition.reasons import load_reasons
from hie.recognition.region import Regions
from hie.recognition.register import PolicyEntry


def policy_faults(
    place: str, entry: PolicyEntry, catalogue: Catalogue, regions: Regions
) -> Iterator[Fault]:
    """Each fault of an entry, e.g. at "policies.yaml:policies[3].time_limits.K"."""
    kind, _, code = entry.scope.partition(":")
    if kind == "region" and not regions.knows_province(code):
        yield Fault(f"{place}.scope", "unknown-region", "a region of GB/T 2260")
    if kind == "receiver" and not is_credit_code(code):
        yield Fault(f"{place}.scope", "invalid-code", "a unified social credit code (GB 32100)")
    if entry.end is not None and entry.end < entry.start:
        yield Fault(f"{place}.to", "from-after-to", "a day not before `from`, or none")
    if "methods" in entry.values and kind != "receiver":
        yield Fault(f"{place}.methods", "not-here", "methods only under receiver:<code>")
    yield from _unknown_keys(place, entry.values, catalogue)
    yield from _methods(place, entry.values.get("methods", {}), catalogue)
    yield from _exits(place, entry.values.get("exit_list", []), catalogue)
    for item, sides in entry.values.get("critical_limits", {}).items():
        yield from _order(f"{place}.critical_limits.{item}", sides.get("low"), sides.get("high"))
    for item, found in entry.values.get("reference_intervals", {}).items():
        intervals = found.values() if isinstance(found, Mapping) else [found]
        for low, high in intervals:
            yield from _order(f"{place}.reference_intervals.{item}", low, high)
    for reason in entry.values.get("local_reasons", []):
        if reason not in load_reasons().by_key:
            expected = f"one of {', '.join(load_reasons().by_key)}"
            yield Fault(f"{place}.local_reasons", "unknown-reason", expected)


def _unknown_keys(place: str, values: Mapping[str, Any], catalogue: Catalogue) -> Iterator[Fault]:
    laboratory = frozenset(catalogue.items)
    listed = values.get("catalogue", "all")
    names = [listed] if isinstance(listed, str) else listed
    for name in (one for one in names if one.startswith(PREFIX)):
        if name.removeprefix(PREFIX) not in catalogue.lists:
            expected = f"one of {', '.join(PREFIX + key for key in catalogue.lists) or 'no list'}"
            yield Fault(f"{place}.catalogue.{name}", "unknown-list", expected)
    named = {
        "catalogue": (
            [one for one in names if one != "all" and not one.startswith(PREFIX)],
            catalogue.keys,
        ),
        "time_limits": (
            values.get("time_limits", {}),
            catalogue.keys | {"laboratory", "imaging"},
        ),
        "critical_limits": (values.get("critical_limits", {}), laboratory),
        "reference_intervals": (values.get("reference_intervals", {}), laboratory),
        "methods": (values.get("methods", {}), laboratory),
    }
    for key, (items, known) in named.items():
        for item in items:
            if item not in known:
                expected = "an item or class of the catalogue"
                yield Fault(f"{place}.{key}.{item}", "unknown-item", expected)


def _methods(place: str, methods: Mapping[str, str], catalogue: Catalogue) -> Iterator[Fault]:
    for item, group in methods.items():
        groups = [g.key for g in catalogue.items[item].methods] if item in catalogue.items else None
        if groups is not None and group not in groups:
            expected = f"one of {', '.join(groups)}" if groups else "no method for this item"
            yield Fault(f"{place}.methods.{item}", "unknown-method", expected)


def _exits(place: str, exits: list[Mapping[str, Any]], catalogue: Catalogue) -> Iterator[Fault]:
    for number, row in enumerate(exits):
        where = f"{place}.exit_list[{number}]"
        if not is_credit_code(row["institution"]):
            expected = "a unified social credit code (GB 32100)"
            yield Fault(f"{where}.institution", "invalid-code", expected)
        for item in [] if row["items"] == "all" else row["items"]:
            if item not in catalogue.keys:
                expected = "an item or class of the catalogue"
                yield Fault(f"{where}.items", "unknown-item", expected)
        start, end = _day(row["from"]), _day(row["to"]) if row.get("to") else date.max
        if start is None or end is None:
            yield Fault(where, "not-a-day", "days as 2026-06-15")
        elif end < start:
            yield Fault(f"{where}.to", "from-after-to", "a day not before `from`, or none")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _order(place: str, low: Any, high: Any) -> Iterator[Fault]:
    if low is not None and high is not None and Decimal(str(low)) > Decimal(str(high)):
        yield Fault(place, "low-above-high", "low not above high")
