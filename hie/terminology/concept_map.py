"""A site's local code -> a catalogue item: looked up, proposed by exact name, approved by a person.

A LOINC code of the item's confirmed list needs nobody; one of its unconfirmed list, or a local
code whose map is only proposed, maps unconfirmed (R-102). Nothing else maps. Files of maps are
read and written by `map_files`.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import msgspec

from hie.fhir import LOINC
from hie.terminology.map_files import MapRow, concept_map, read_maps, write_csv
from hie.terminology.units import ItemUnits

_IS_LOINC = frozenset({"LN", "LOINC", LOINC})
_MARKS = str.maketrans("", "", "*★☆＊")
_BRACKETS = str.maketrans("", "", "()[]{}〔〕【】")


class MapState(StrEnum):
    """How far the map of one local code has come."""

    UNMAPPED = "unmapped"
    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"  # a person said: none of the catalogue's items


@dataclass(frozen=True, slots=True)
class MapEntry:
    """The map of one local code of one site."""

    item: str | None
    loinc: str | None
    state: MapState


_NONE: Final[frozenset[str]] = frozenset()


class Mapped(msgspec.Struct, frozen=True):
    """What a result's code means: the item, whether a person or a LOINC code confirms it."""

    item: str
    loinc: str | None
    confirmed: bool


Codes = Iterable[tuple[str | None, str | None]]


def is_loinc(system: str | None) -> bool:
    """Whether a sender's word for a code system means LOINC."""
    return system in _IS_LOINC


def look_up(
    codes: Codes,
    maps: Mapping[tuple[str, str], MapEntry],
    loinc: Mapping[str, tuple[str, bool]],
) -> Mapped | None:
    """The item that a result's codes mean; None: nothing says one.

    `codes` are (system as sent, code), the main one first. `loinc` holds every code of the items'
    lists with its item and whether it is confirmed; `maps` is the site's, by (system, code).
    """
    pairs = [(name or "", code) for name, code in codes if code]
    for system, code in pairs:
        if system in _IS_LOINC and code in loinc:
            item, confirmed = loinc[code]
            return Mapped(item, code, confirmed)
    for pair in pairs:
        entry = maps.get(pair)
        if entry is None or entry.item is None:
            continue
        if entry.state in (MapState.APPROVED, MapState.PROPOSED):
            return Mapped(entry.item, entry.loinc, entry.state is MapState.APPROVED)
    return None


def names_of(items: Iterable[ItemUnits]) -> Mapping[str, frozenset[str]]:
    """Every name and alias of items, without what does not count, and the items called so."""
    known: dict[str, set[str]] = {}
    for item in items:
        for name in item.names:
            known.setdefault(_bare(name), set()).add(item.key)
    known.pop("", None)
    return {name: frozenset(keys) for name, keys in known.items()}


def propose(names: Iterable[str | None], known: Mapping[str, frozenset[str]]) -> str | None:
    """The one item whose name or alias (`names_of`) is one of these; None if none or several.

    Width, case, spaces, stars and brackets do not count. `A(B)` is read as two names when both
    are known: `丙氨酸氨基转移酶(ALT)` is ALT, `钾(尿)` is nothing.
    """
    found: set[str] = set()
    for text in names:
        if text is not None:
            found |= _named(_folded(text), known)
    return found.pop() if len(found) == 1 else None


def _named(name: str, known: Mapping[str, frozenset[str]]) -> frozenset[str]:
    whole = known.get(name.translate(_BRACKETS))
    if whole is not None:
        return whole
    outside, opened, rest = name.partition("(")
    inside, closed, after = rest.partition(")")
    if not (opened and closed):
        return _NONE
    return known.get(outside + after, _NONE) & known.get(inside.translate(_BRACKETS), _NONE)


def _folded(name: str) -> str:
    """A name without width, case, spaces and stars; its brackets are round."""
    text = unicodedata.normalize("NFKC", name).casefold().translate(_MARKS)
    for opening, closing in ("[]", "【】", "〔〕", "{}"):
        text = text.replace(opening, "(").replace(closing, ")")
    return "".join(text.split())


def _bare(name: str) -> str:
    return _folded(name).translate(_BRACKETS)


__all__ = [
    "MapEntry",
    "MapRow",
    "MapState",
    "Mapped",
    "concept_map",
    "is_loinc",
    "look_up",
    "propose",
    "read_maps",
    "write_csv",
]
