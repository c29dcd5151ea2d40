"""The catalogue: which tests can be recognised, and what holds of each on which day.

Files are `schemas/catalogue/lab/*.yaml` and `imaging/*.yaml`, one an item, and `lists/*.yaml`, one
a list of them; a region's longer list is more files. An assessment for a past day uses what was in
force that day, so values carry the day they began and old ones stay. `Catalogue.on(day)` is the
items in force, values resolved.
"""

import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any, TypeVar

from hie.errors import Fault, RulebookInvalid
from hie.recognition.catalogue_check import Flaw, cross_flaws, file_flaws, list_flaws
from hie.recognition.item import ImagingClass, Item
from hie.recognition.item_file import DATED, read_class, read_item
from hie.recognition.item_list import PREFIX, ItemList, read_list
from hie.recognition.timeline import Timeline
from hie.schemas import read_once, read_shaped, yaml_files

__all__ = ["Catalogue", "ImagingClass", "Item", "ItemList", "build_catalogue", "load_catalogue"]

T = TypeVar("T")
_FOREVER = date.max.isoformat()
_MOST_DAYS = 64  # states of the whole catalogue kept at once; another day is put together anew


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All items, classes and lists, each with its states and the days on which they begin.

    `items` and `classes` are the latest state, whatever the day: for reading codes and units.
    """

    items: Mapping[str, Item]
    classes: Mapping[str, ImagingClass]
    lists: Mapping[str, ItemList]
    keys: frozenset[str]  # of items and classes
    class_of_modality: Mapping[str, str]  # DICOM modality to class key
    item_lines: Mapping[str, Timeline[Item]]
    class_lines: Mapping[str, Timeline[ImagingClass]]
    _days: tuple[date, ...]  # on which anything begins or ends
    _loinc: Mapping[str, tuple[str, bool]]
    _names: Mapping[str, str]
    _met: dict[tuple[str, int], Mapping[str, Any]] = field(default_factory=dict, compare=False)

    @property
    def first_day(self) -> date:
        """Before this day nothing is in force."""
        return self._days[0]

    def on(self, day: date) -> Mapping[str, Item]:
        """The laboratory items in force on a day, by key; their order is that of the files."""
        return self._state("items", self.item_lines, day)

    def classes_on(self, day: date) -> Mapping[str, ImagingClass]:
        """The imaging classes in force on a day, by key."""
        return self._state("classes", self.class_lines, day)

    def listed(self, said: Any, day: date) -> frozenset[str]:
        """The keys that a policy's `catalogue` names on a day.

        `said` is `all` (every list that says `in_all`, or everything where no list does), a
        list's name `list:<key>`, or a sequence of keys and such names.
        """
        if said == "all":
            lists = [one for one in self.lists.values() if one.in_all]
            return frozenset().union(*(one.on(day) for one in lists)) if lists else self.keys
        found: set[str] = set()
        for one in [said] if isinstance(said, str) else said or ():
            if one.startswith(PREFIX):
                named = self.lists.get(one.removeprefix(PREFIX))
                found |= named.on(day) if named is not None else frozenset()
            else:
                found.add(one)
        return frozenset(found)

    def item_of_loinc(self, code: str) -> tuple[str, bool] | None:
        """The item a LOINC code means, and whether that needs no person's confirmation."""
        return self._loinc.get(code)

    def item_of_name(self, name: str) -> str | None:
        """The one item with exactly this name or alias (width, spaces and case aside)."""
        return self._names.get(_folded(name))

    def _state(self, what: str, lines: Mapping[str, Timeline[T]], day: date) -> Mapping[str, T]:
        place = what, bisect_right(self._days, day)
        found = self._met.get(place)
        if found is None:
            states = ((key, line.on(day)) for key, line in lines.items())
            found = MappingProxyType({key: one for key, one in states if one is not None})
            if len(self._met) >= _MOST_DAYS:
                self._met.clear()
            self._met[place] = found
        return found


@read_once
def load_catalogue() -> Catalogue:
    """The catalogue of this hub. Raises RulebookInvalid naming file and value."""
    return build_catalogue(
        yaml_files("catalogue", "lab"),
        yaml_files("catalogue", "imaging"),
        yaml_files("catalogue", "lists"),
    )


def build_catalogue(
    lab: Iterable[tuple[str, Any]],
    imaging: Iterable[tuple[str, Any]] = (),
    lists: Iterable[tuple[str, Any]] = (),
) -> Catalogue:
    """A catalogue from (file name, content) pairs. Raises RulebookInvalid if they do not agree."""
    lab_files = {n: read_shaped(value, "lab-item", n) for n, value in lab}
    class_files = {n: read_shaped(value, "imaging-class", n) for n, value in imaging}
    list_files = {n: read_shaped(value, "item-list", n) for n, value in lists}
    files = {**lab_files, **class_files}
    keys = frozenset(data["key"] for data in files.values())
    _refuse((n, flaw) for n, data in files.items() for flaw in file_flaws(data))
    _refuse(cross_flaws(lab_files, class_files))
    _refuse(list_flaws(list_files, keys))
    if not files:
        raise RulebookInvalid("catalogue: expected at least one item")
    item_lines = {d["key"]: _line(d, n, read_item) for n, d in lab_files.items()}
    class_lines = {d["key"]: _line(d, n, read_class) for n, d in class_files.items()}
    turns = {day for line in item_lines.values() for day in line.days}
    turns |= {day for line in class_lines.values() for day in line.days}
    items = _latest(item_lines)
    read = [read_list(data) for data in list_files.values()]
    return Catalogue(
        items=items,
        classes=_latest(class_lines),
        lists=MappingProxyType({one.key: one for one in read}),
        keys=keys,
        class_of_modality=MappingProxyType(
            {modality: d["key"] for d in class_files.values() for modality in d["modalities"]}
        ),
        item_lines=MappingProxyType(item_lines),
        class_lines=MappingProxyType(class_lines),
        _days=tuple(sorted(turns)),
        _loinc=_loinc(lab_files.values()),
        _names=_names(items.values()),
    )


def _refuse(flaws: Iterable[tuple[str, Flaw]]) -> None:
    faults = tuple(
        Fault(f"{name}:{'.'.join(map(str, flaw.path))}", flaw.code, flaw.reason)
        for name, flaw in flaws
    )
    if faults:
        raise RulebookInvalid(f"{faults[0].path}: {faults[0].expected}", faults)


def _line(
    data: Mapping[str, Any], name: str, read: Callable[[Mapping[str, Any], date, str], T]
) -> Timeline[T]:
    """An item's or class's states, on the days on which one of its own values changes."""
    days = sorted({date.fromisoformat(text) for text in _turning_days(data)})
    start = date.fromisoformat(data["from"])
    end = date.fromisoformat(data["to"]) if "to" in data else date.max
    states = (read(data, day, name) if start <= day <= end else None for day in days)
    return Timeline(tuple(days), tuple(states))


def _latest(lines: Mapping[str, Timeline[T]]) -> Mapping[str, T]:
    found = ((key, line.latest) for key, line in lines.items())
    return MappingProxyType({key: state for key, state in found if state is not None})


def _turning_days(data: Mapping[str, Any]) -> Iterator[str]:
    yield data["from"]
    if "to" in data and data["to"] != _FOREVER:
        # the state changes the day after
        yield (date.fromisoformat(data["to"]) + timedelta(days=1)).isoformat()
    for dated in DATED:
        yield from data.get(dated, ())


def _loinc(files: Iterable[Mapping[str, Any]]) -> Mapping[str, tuple[str, bool]]:
    return MappingProxyType(
        {
            code: (data["key"], kind == "confirmed")
            for data in files
            for kind in ("unconfirmed", "confirmed")
            for code in data.get("loinc", {}).get(kind, ())
        }
    )


def _names(items: Iterable[Item]) -> Mapping[str, str]:
    """Folded name or alias to item; a name of two items is nobody's."""
    found: dict[str, set[str]] = {}
    for item in items:
        for name in item.names:
            found.setdefault(_folded(name), set()).add(item.key)
    return MappingProxyType({name: min(keys) for name, keys in found.items() if len(keys) == 1})


def _folded(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())
