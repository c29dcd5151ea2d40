"""What in the catalogue can be read and is surely a slip: names of two, days out of order, holes.

None of it keeps the catalogue from being built; each would mislead somebody. Files have their
shape and no flaw of `catalogue_check`.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from hie.recognition.catalogue_check import Files, Flaw, Path
from hie.recognition.item_file import DATED
from hie.terminology.units import folded as folded_unit

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FROM_THE_START = ("validity_days", "plausible")  # where given, then as long as the item is there


def lint_flaws(
    trees: Mapping[str, Any], lab: Files, imaging: Files, lists: Files
) -> Iterator[tuple[str, Flaw]]:
    """Everything of the catalogue that is surely a slip."""
    sources = {
        source
        for name, data in trees.items()
        if name.startswith("catalogue/sources")
        for source in data
    }
    for name, data in (*lab.items(), *imaging.items(), *lists.items()):
        own = [*_file_name(name, data), *_sources(data, sources), *_days_in_order(data)]
        yield from ((name, flaw) for flaw in own)
    for name, data in (*lab.items(), *imaging.items()):
        yield from ((name, flaw) for flaw in _holes(data))
    for name, data in lab.items():
        own = [*_units(data), *_codes(data), *_methods(data), *_limits(data), *_intervals(data)]
        yield from ((name, flaw) for flaw in own)
    yield from _names(lab)
    yield from _prices(lab)


def _file_name(name: str, data: Mapping[str, Any]) -> Iterator[Flaw]:
    stem = name.rpartition("/")[2].removesuffix(".yaml")
    if stem != data["key"]:
        yield Flaw(("key",), "file-name", f"{data['key']} lies in {stem}.yaml: name the file so")


def _sources(data: Mapping[str, Any], known: set[str]) -> Iterator[Flaw]:
    named: list[tuple[Path, str]] = [
        (("sources", number), source) for number, source in enumerate(data.get("sources", ()))
    ]
    named += [
        ((field, day, "source"), entry["source"])
        for field, day, entry in _entries(data)
        if "source" in entry
    ]
    for path, source in named:
        if not source.startswith(("http://", "https://")) and source not in known:
            reason = f"{source!r} is no address and not in catalogue/sources.yaml"
            yield Flaw(path, "unknown-source", reason)


def _entries(data: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Each dated value of a file: field, day, entry."""
    for field, value in data.items():
        if isinstance(value, Mapping):
            for day, entry in value.items():
                if _DAY.fullmatch(day):
                    yield field, day, entry


def _days_in_order(data: Mapping[str, Any]) -> Iterator[Flaw]:
    before: dict[str, str] = {}
    for field, day, _ in _entries(data):
        if field in before and day < before[field]:
            reason = f"{field}: {day} stands after {before[field]}: the older day comes first"
            yield Flaw((field, day), "out-of-order", reason)
        before[field] = max(day, before.get(field, day))


def _holes(data: Mapping[str, Any]) -> Iterator[Flaw]:
    """Days on which a value is missing between others, or that it never reaches."""
    for field in DATED:
        values = data.get(field, {})
        days = sorted(values)
        for day, after in pairwise(days):
            if values[day]["value"] is None and values[after]["value"] is not None:
                last = date.fromisoformat(after) - timedelta(days=1)
                reason = f"{field}: nothing holds from {day} to {last}"
                yield Flaw((field, day), "gap", reason)
        if days and field in _FROM_THE_START and days[0] > data["from"]:
            yield Flaw((field, days[0]), "gap", f"{field}: nothing holds from {data['from']} on")
        for day in days:
            if "to" in data and day > data["to"]:
                reason = f"{field}: {day} lies after the item's last day"
                yield Flaw((field, day), "never-in-force", reason)


def _units(data: Mapping[str, Any]) -> Iterator[Flaw]:
    """Texts that would be read as two units of one item, spellings of a unit it has not."""
    if "unit" not in data:
        return
    spellings = data.get("unit_spellings", {})
    texts: list[tuple[Path, str, str]] = [(("unit",), data["unit"], data["unit"])]
    for number, one in enumerate(data.get("alternatives", ())):
        texts.append((("alternatives", number, "unit"), one["unit"], one["unit"]))
    known = {unit for _, _, unit in texts}
    known |= {one["plain"] for one in data.get("alternatives", ()) if "plain" in one}
    for unit, said in spellings.items():
        if unit not in known:
            reason = f"{unit} is no unit of the item"
            yield Flaw(("unit_spellings", unit), "unknown-unit", reason)
        texts += [(("unit_spellings", unit, n), text, unit) for n, text in enumerate(said)]
    owners: dict[str, str] = {}
    for path, text, unit in texts:
        owner = owners.setdefault(folded_unit(text), unit)
        if owner != unit:
            yield Flaw(path, "unit-twice", f"{text!r} is read as {owner} already")


def _codes(data: Mapping[str, Any]) -> Iterator[Flaw]:
    """Codes that a file gives a meaning to and does not claim."""
    loinc = data.get("loinc", {})
    own = {*loinc.get("confirmed", ()), *loinc.get("unconfirmed", ())}
    named: list[tuple[Path, str]] = [
        (("loinc", "time_aspects", code), code) for code in loinc.get("time_aspects", {})
    ]
    for field, key in (("alternatives", "plain_under"), ("methods", "loinc")):
        for n, one in enumerate(data.get(field, ())):
            named += [((field, n, key, m), code) for m, code in enumerate(one.get(key, ()))]
    for path, code in named:
        if code not in own:
            yield Flaw(path, "unknown-code", f"{code} is no code of the item")


def _methods(data: Mapping[str, Any]) -> Iterator[Flaw]:
    owners: dict[str, str] = {}
    for n, group in enumerate(data.get("methods", ())):
        for m, word in enumerate(group["words"]):
            owner = owners.setdefault(_folded(word), group["key"])
            if owner != group["key"]:
                reason = f"{word!r} is a word of {owner} already"
                yield Flaw(("methods", n, "words", m), "word-twice", reason)


def _limits(data: Mapping[str, Any]) -> Iterator[Flaw]:
    """Critical limits outside what is plausible, marked defects the item is not sensitive to."""
    for field in ("critical_low", "critical_high"):
        for day, entry in data.get(field, {}).items():
            limits = _on(data.get("plausible", {}), day)
            value = entry["value"]
            if limits is None or value is None:
                continue
            low, high = limits.get("low"), limits.get("high")
            below = low is not None and Decimal(value) < Decimal(low)
            above = high is not None and Decimal(value) > Decimal(high)
            if below or above:
                reason = f"{field} lies outside the plausible limits"
                yield Flaw((field, day), "implausible", reason)
    for day, entry in data.get("marked_defects", {}).items():
        extra = set(entry["value"] or ()) - set(_on(data.get("defects", {}), day) or ())
        if extra:
            reason = f"{sorted(extra)[0]} is not among the item's defects"
            yield Flaw(("marked_defects", day), "unknown-defect", reason)


def _on(values: Mapping[str, Any], day: str) -> Any:
    begun = [text for text in values if text <= day]
    return values[max(begun)]["value"] if begun else None


def _intervals(data: Mapping[str, Any]) -> Iterator[Flaw]:
    """Reference intervals of one sex that overlap in age, or leave years out between them."""
    for day, entry in data.get("reference_intervals", {}).items():
        for sex in ("male", "female"):
            rows = [
                (int(one["age_low"]), one.get("age_high"), number)
                for number, one in enumerate(entry["value"] or ())
                if one.get("sex") in (None, sex)
            ]
            rows.sort(key=lambda row: row[0])
            for (_, high, _), (low, _, number) in pairwise(rows):
                path = ("reference_intervals", day, "value", number)
                if high is None or high >= low:
                    yield Flaw(path, "overlap", f"two intervals of a {sex} of {low} years")
                elif high + 1 < low:
                    reason = f"no interval of a {sex} from {high + 1} to {low - 1} years"
                    yield Flaw(path, "gap", reason)


def _names(lab: Files) -> Iterator[tuple[str, Flaw]]:
    """Names and aliases of two items: they propose neither."""
    owners: dict[str, str] = {}
    for name, data in lab.items():
        texts: list[tuple[Path, str]] = [
            ((key,), data[key]) for key in ("key", "zh", "en", "abbr") if key in data
        ]
        texts += [(("aliases", n), alias) for n, alias in enumerate(data["aliases"])]
        for path, text in texts:
            owner = owners.setdefault(_folded(text), data["key"])
            if owner != data["key"]:
                reason = f"{text!r} is a name of {owner} already: it would propose neither"
                yield name, Flaw(path, "name-twice", reason)


def _prices(lab: Files) -> Iterator[tuple[str, Flaw]]:
    """Items that are billed once, at two prices on one day."""
    amounts: dict[tuple[str, str], tuple[Decimal, str]] = {}
    for name, data in lab.items():
        for day, entry in data.get("price", {}).items():
            price = entry["value"]
            if price is None:
                continue
            amount = Decimal(price["amount"])
            first, owner = amounts.setdefault((day, price["code"]), (amount, data["key"]))
            if first != amount:
                reason = f"{price['code']} costs {first} with {owner}: it is billed once"
                yield name, Flaw(("price", day), "price-twice", reason)


def _folded(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())
