"""The catalogue: which tests can be recognised, and what holds of each on which day.

Files are `schemas/catalogue/lab/*.yaml` and `imaging/*.yaml`, one an item; a region's longer list
is more files. An assessment for a past day uses what was in force that day, so values carry the
day they began and old ones stay. `Catalogue.on(day)` is the items in force, values resolved.
"""

import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from types import MappingProxyType
from typing import Any, TypeVar

from hie.errors import RulebookInvalid
from hie.recognition.item import ImagingClass, Item
from hie.recognition.item_file import DATED, read_class, read_item
from hie.schemas import read_shaped, yaml_files

__all__ = ["Catalogue", "ImagingClass", "Item", "build_catalogue", "load_catalogue"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All items and classes, as they stand between the days on which something changes.

    `items` and `classes` are the latest state, whatever the day: for reading codes and units.
    """

    items: Mapping[str, Item]
    classes: Mapping[str, ImagingClass]
    keys: frozenset[str]  # of items and classes
    _days: tuple[date, ...]
    _items: tuple[Mapping[str, Item], ...]
    _classes: tuple[Mapping[str, ImagingClass], ...]
    _loinc: Mapping[str, tuple[str, bool]]
    _names: Mapping[str, str]
    class_of_modality: Mapping[str, str]  # DICOM modality to class key

    @property
    def first_day(self) -> date:
        """Before this day nothing is in force."""
        return self._days[0]

    def on(self, day: date) -> Mapping[str, Item]:
        """The laboratory items in force on a day, by key; their order is that of the files."""
        return self._items[bisect_right(self._days, day)]

    def classes_on(self, day: date) -> Mapping[str, ImagingClass]:
        """The imaging classes in force on a day, by key."""
        return self._classes[bisect_right(self._days, day)]

    def item_of_loinc(self, code: str) -> tuple[str, bool] | None:
        """The item a LOINC code means, and whether that needs no person's confirmation."""
        return self._loinc.get(code)

    def item_of_name(self, name: str) -> str | None:
        """The one item with exactly this name or alias (width, spaces and case aside)."""
        return self._names.get(_folded(name))


@cache
def load_catalogue() -> Catalogue:
    """The shipped catalogue. Raises RulebookInvalid naming the file and the value that is wrong."""
    return build_catalogue(yaml_files("catalogue", "lab"), yaml_files("catalogue", "imaging"))


def build_catalogue(
    lab: Iterable[tuple[str, Any]], imaging: Iterable[tuple[str, Any]] = ()
) -> Catalogue:
    """A catalogue from (file name, content) pairs. Raises RulebookInvalid if they do not agree."""
    lab_files = {n: read_shaped(value, "lab-item", n) for n, value in lab}
    class_files = {n: read_shaped(value, "imaging-class", n) for n, value in imaging}
    keys: dict[str, str] = {}
    for name, data in (*lab_files.items(), *class_files.items()):
        if keys.setdefault(data["key"], name) != name:
            raise RulebookInvalid(f"{name}: key {data['key']} is that of {keys[data['key']]} too")
        _check_days(name, data)
    days = sorted(
        {
            _day(text, name)
            for name, data in (*lab_files.items(), *class_files.items())
            for text in _turning_days(data)
        }
    )
    if not days:
        raise RulebookInvalid("catalogue: expected at least one item")
    moments = (date.min, *days)
    items = tuple(
        MappingProxyType(
            {d["key"]: read_item(d, day, n) for n, d in lab_files.items() if _in_force(d, day, n)}
        )
        for day in moments
    )
    classes = tuple(
        MappingProxyType(
            {d["key"]: read_class(d, day) for n, d in class_files.items() if _in_force(d, day, n)}
        )
        for day in moments
    )
    return Catalogue(
        items=_latest(items),
        classes=_latest(classes),
        keys=frozenset(keys),
        _days=tuple(days),
        _items=items,
        _classes=classes,
        _loinc=_loinc(lab_files),
        _names=_names(_latest(items).values()),
        class_of_modality=_modalities(class_files),
    )


def _latest(states: Iterable[Mapping[str, T]]) -> Mapping[str, T]:
    merged: dict[str, T] = {}
    for state in states:
        merged.update(state)
    return MappingProxyType(merged)


def _turning_days(data: Mapping[str, Any]) -> Iterable[str]:
    yield data["from"]
    if "to" in data:
        # the state changes the day after
        yield date.fromordinal(_day(data["to"], data["key"]).toordinal() + 1).isoformat()
    for field in DATED:
        yield from data.get(field, ())


def _day(text: str, name: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise RulebookInvalid(f"{name}: {text!r} is not a day of the calendar") from None


def _check_days(name: str, data: Mapping[str, Any]) -> None:
    start = _day(data["from"], name)
    if "to" in data and _day(data["to"], name) < start:
        raise RulebookInvalid(f"{name}: `to` lies before `from`")
    first = min(_day(text, name) for text in data["turnaround_days"])
    if first > start or None in (entry["value"] for entry in data["turnaround_days"].values()):
        raise RulebookInvalid(f"{name}: turnaround_days: expected a value on every day in force")
    for field in ("plausible", "guideline_cutoff", "reference_intervals"):
        for entry in data.get(field, {}).values():
            value = entry["value"] or []
            for limits in value if isinstance(value, list) else [value]:
                if "low" in limits and "high" in limits and limits["low"] > limits["high"]:
                    raise RulebookInvalid(f"{name}: {field}: low lies above high")
    groups = {group["key"] for group in data.get("methods", ())}
    if data.get("order_method") not in {None, *groups}:
        raise RulebookInvalid(f"{name}: order_method: expected one of the item's methods")


def _in_force(data: Mapping[str, Any], day: date, name: str) -> bool:
    return _day(data["from"], name) <= day and ("to" not in data or day <= _day(data["to"], name))


def _loinc(files: Mapping[str, Mapping[str, Any]]) -> Mapping[str, tuple[str, bool]]:
    found: dict[str, tuple[str, bool]] = {}
    for name, data in files.items():
        for confirmed in (True, False):
            for code in data["loinc"]["confirmed" if confirmed else "unconfirmed"]:
                if code in found:
                    raise RulebookInvalid(f"{name}: {code} is a code of {found[code][0]} already")
                if not _loinc_check(code):
                    raise RulebookInvalid(f"{name}: {code} fails the check digit of LOINC")
                found[code] = data["key"], confirmed
    return MappingProxyType(found)


def _modalities(files: Mapping[str, Mapping[str, Any]]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for name, data in files.items():
        for modality in data["modalities"]:
            if found.setdefault(modality, data["key"]) != data["key"]:
                raise RulebookInvalid(f"{name}: {modality} is a modality of {found[modality]} too")
    return MappingProxyType(found)


def _loinc_check(code: str) -> bool:
    """LOINC codes end in a Mod 10 (Luhn) check digit (LOINC Users' Guide, appendix C)."""
    digits = [int(digit) for digit in code.replace("-", "")]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(doubled) + sum(digits[-1::-2])) % 10 == 0


def _names(items: Iterable[Item]) -> Mapping[str, str]:
    """Folded name or alias to item; a name of two items is nobody's."""
    found: dict[str, set[str]] = {}
    for item in items:
        for name in (item.key, item.zh, item.en, item.abbr, *item.aliases):
            found.setdefault(_folded(name), set()).add(item.key)
    return MappingProxyType({name: min(keys) for name, keys in found.items() if len(keys) == 1})


def _folded(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())
