"""What in the files of the catalogue cannot hold: one file by itself, and files beside each other.

The shape (json-schema/*.json) is known to be right. Each flaw names its place in the file, so that
whoever edits it is told the line; `build_catalogue` refuses on the first, `hie rulebook check`
lists all.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from hie.recognition.item_file import DATED

Path = tuple[str | int, ...]
Files = Mapping[str, Mapping[str, Any]]  # file name -> content
_NEEDED_ALWAYS = ("turnaround_days", "decimals")  # where given, then on every day in force


class Flaw(NamedTuple):
    """One thing wrong in a file: its place among the keys, which kind, and why in a sentence."""

    path: Path
    code: str
    reason: str


def find_day(text: str) -> date | None:
    """The day a text names, if the calendar has it."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def file_flaws(data: Mapping[str, Any]) -> Iterator[Flaw]:
    """What one item's or class's file says that cannot be."""
    wrong = [
        Flaw(path, "not-a-day", f"{text!r} is not a day of the calendar")
        for path, text in _days(data)
        if find_day(text) is None
    ]
    yield from wrong
    if wrong:
        return
    start = date.fromisoformat(data["from"])
    if "to" in data and date.fromisoformat(data["to"]) < start:
        yield Flaw(("to",), "from-after-to", "`to` lies before `from`")
    for field in _NEEDED_ALWAYS:
        values = data.get(field)
        if values and (
            date.fromisoformat(min(values)) > start
            or None in (entry["value"] for entry in values.values())
        ):
            yield Flaw((field,), "gap", f"{field}: expected a value on every day in force")
    yield from _limits(data)
    groups = {group["key"] for group in data.get("methods", ())}
    if data.get("order_method") not in {None, *groups}:
        reason = "order_method: expected one of the item's methods"
        yield Flaw(("order_method",), "unknown-method", reason)
    for code in _codes(data).values():
        if not _loinc_check(code):
            yield Flaw(_place(data, code), "check-digit", f"{code} fails the check digit of LOINC")


def cross_flaws(lab: Files, imaging: Files) -> Iterator[tuple[str, Flaw]]:
    """What files say that each might say alone: a key, a LOINC code or a modality of two."""
    keys: dict[str, str] = {}
    for name, data in (*lab.items(), *imaging.items()):
        first = keys.setdefault(data["key"], name)
        if first != name:
            yield name, Flaw(("key",), "key-twice", f"key {data['key']} is that of {first} too")
    owners: dict[str, str] = {}
    for name, data in lab.items():
        for path, code in _codes(data).items():
            if code in owners:
                reason = f"{code} is a code of {owners[code]} already"
                yield name, Flaw(path, "loinc-twice", reason)
            owners.setdefault(code, data["key"])
    owners = {}
    for name, data in imaging.items():
        for number, modality in enumerate(data["modalities"]):
            if owners.setdefault(modality, data["key"]) != data["key"]:
                reason = f"{modality} is a modality of {owners[modality]} too"
                yield name, Flaw(("modalities", number), "modality-twice", reason)


def list_flaws(lists: Files, known: frozenset[str]) -> Iterator[tuple[str, Flaw]]:
    """What lists say that cannot be: a day that is none, a key nobody has, a name of two lists."""
    keys: dict[str, str] = {}
    for name, data in lists.items():
        first = keys.setdefault(data["key"], name)
        if first != name:
            yield name, Flaw(("key",), "key-twice", f"list {data['key']} is that of {first} too")
        for day, entry in data["items"].items():
            if find_day(day) is None:
                reason = f"{day!r} is not a day of the calendar"
                yield name, Flaw(("items", day), "not-a-day", reason)
            for number, key in enumerate(entry["value"] or ()):
                if key not in known:
                    reason = f"{key} is no item or class of the catalogue"
                    yield name, Flaw(("items", day, "value", number), "unknown-item", reason)


def _days(data: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    for field in ("from", "to"):
        if field in data:
            yield (field,), data[field]
    for field in (*DATED, "validity_max_days"):
        for text in data.get(field, ()):
            yield (field, text), text


def _limits(data: Mapping[str, Any]) -> Iterator[Flaw]:
    """Intervals whose low end lies above their high one."""
    for field in ("plausible", "guideline_cutoff", "reference_intervals"):
        for day, entry in data.get(field, {}).items():
            value = entry["value"] or []
            several = isinstance(value, list)
            for number, limits in enumerate(value if several else [value]):
                path = (field, day, "value", *([number] if several else []))
                if _above(limits.get("low"), limits.get("high")):
                    yield Flaw(path, "low-above-high", f"{field}: low lies above high")
                if _above(limits.get("age_low"), limits.get("age_high")):
                    yield Flaw(path, "low-above-high", f"{field}: age_low lies above age_high")
    for day, entry in data.get("critical_low", {}).items():
        high = _on(data.get("critical_high", {}), day)
        if _above(entry["value"], high):
            path = ("critical_low", day)
            yield Flaw(path, "low-above-high", "critical_low lies above critical_high")


def _on(values: Mapping[str, Any], day: str) -> Any:
    begun = [text for text in values if text <= day]
    return values[max(begun)]["value"] if begun else None


def _above(low: Any, high: Any) -> bool:
    return low is not None and high is not None and Decimal(low) > Decimal(high)


def _codes(data: Mapping[str, Any]) -> dict[Path, str]:
    """Every LOINC code an item claims, by its place; confirmed ones first."""
    loinc = data.get("loinc", {})
    return {
        ("loinc", kind, number): code
        for kind in ("confirmed", "unconfirmed")
        for number, code in enumerate(loinc.get(kind, ()))
    }


def _place(data: Mapping[str, Any], code: str) -> Path:
    return next(path for path, found in _codes(data).items() if found == code)


def _loinc_check(code: str) -> bool:
    """LOINC codes end in a Mod 10 (Luhn) check digit (LOINC Users' Guide, appendix C)."""
    digits = [int(digit) for digit in code.replace("-", "")]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(doubled) + sum(digits[-1::-2])) % 10 == 0
