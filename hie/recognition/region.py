"""Regions of GB/T 2260: code to name, and the names a mark may use to code.

A code has 2 digits (province), 4 (prefecture) or 6 (county); a register may also write a province
or prefecture with six ("130000", "130100"), which then is a place coded at a higher level: no
county's mark covers it. 自治区直辖 and 省直辖 counties (4290xx ...) belong to no prefecture and are
named like one.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from hie.errors import RulebookInvalid
from hie.schemas import schema

_PREFECTURE_ENDINGS = ("市", "地区", "州", "盟")
_COUNTY_ENDINGS = ("区", "县", "市", "旗")


@dataclass(frozen=True, slots=True)
class Region:
    """One region; `short` is its name in use, `abbreviations` those of a mainland province."""

    code: str
    name: str
    short: str = ""
    abbreviations: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Every way a mark may write this region, without what it lies in."""
        return _names(self)


@dataclass(frozen=True, slots=True)
class Regions:
    """The table, with the look-ups made once."""

    by_code: Mapping[str, Region]
    by_abbreviation: Mapping[str, str]  # one character -> code of a mainland province
    mainland: frozenset[str]  # the 31 provinces that 全国 means
    _provinces: Mapping[str, str]
    _prefectures: Mapping[str, tuple[str, ...]]
    _counties: Mapping[str, tuple[str, ...]]

    def knows_province(self, code: str) -> bool:
        """The first two digits are a province of GB/T 2260 (71, 81 and 82 are)."""
        return code[:2] in self.by_code

    def find(self, code: str) -> Region | None:
        """The region of a 2, 4 or 6 digit code; trailing zeros name the level above."""
        return self.by_code.get(code) or self.by_code.get(re.sub(r"(?:00){1,2}$", "", code))

    def province_named(self, text: str) -> str | None:
        """The mainland province of this name: bare, official, or with its own kind of ending."""
        return self._provinces.get(text)

    def prefecture_named(self, text: str) -> str | None:
        """The prefecture of this name, with or without its ending, perhaps after its province.

        Counties directly under a province (仙桃) are found here too, by their six digits.
        """
        found = {
            code
            for lead, rest in self._split(text)
            if len(lead) < 4
            for code in self._prefectures.get(rest, ())
            if code.startswith(lead)
        }
        return found.pop() if len(found) == 1 else None

    def county_named(self, text: str) -> str | None:
        """The county of this full name: unique, or after its province or prefecture."""
        found = {
            code
            for lead, rest in self._split(text)
            for code in self._counties.get(rest, ())
            if code.startswith(lead)
        }
        return found.pop() if len(found) == 1 else None

    def _split(self, text: str) -> Iterator[tuple[str, str]]:
        """Each way to read the front of `text` as a province, a prefecture or both: code, rest."""
        yield "", text
        for at in range(2, len(text)):
            province = self._provinces.get(text[:at])
            if province:
                yield province, text[at:]
                for further in range(at + 2, len(text)):
                    for code in self._prefectures.get(text[at:further], ()):
                        if code.startswith(province):
                            yield code, text[further:]
            for code in self._prefectures.get(text[:at], ()):
                yield code, text[at:]


@cache
def load_regions() -> Regions:
    """The shipped table, schemas/terminology/regions.tsv. Raises RulebookInvalid."""
    by_code: dict[str, Region] = {}
    text = schema("terminology", "regions.tsv").read_text("utf-8")
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("#"):
            continue
        cells = line.split("\t")
        if not re.fullmatch(r"(?:[0-9]{2}){1,3}", cells[0]) or not 2 <= len(cells) <= 4:
            raise RulebookInvalid(f"terminology/regions.tsv:{number}: expected code and name")
        by_code[cells[0]] = Region(*cells)
    mainland = {code: region for code, region in by_code.items() if region.abbreviations}
    prefectures: dict[str, list[str]] = {}
    counties: dict[str, list[str]] = {}
    for code, region in by_code.items():
        if len(code) == 4 or (len(code) == 6 and code[2:4] == "90"):
            for name in region.names:
                prefectures.setdefault(name, []).append(code)
        if len(code) == 6 and region.name.endswith(_COUNTY_ENDINGS):
            counties.setdefault(region.name, []).append(code)
    return Regions(
        by_code=MappingProxyType(by_code),
        by_abbreviation=MappingProxyType(
            {letter: code for code, region in mainland.items() for letter in region.abbreviations}
        ),
        mainland=frozenset(mainland),
        _provinces=MappingProxyType(
            {name: code for code, region in mainland.items() for name in region.names}
        ),
        _prefectures=MappingProxyType({name: tuple(codes) for name, codes in prefectures.items()}),
        _counties=MappingProxyType({name: tuple(codes) for name, codes in counties.items()}),
    )


def _names(region: Region) -> tuple[str, ...]:
    name, short = region.name, region.short
    further: tuple[str, ...] = ()
    if len(region.code) == 2:
        further = (short + "自治区",) if name.endswith("自治区") else ()
    elif len(region.code) == 4:
        ending = next((e for e in _PREFECTURE_ENDINGS if name.endswith(e)), "")
        bare = name.removesuffix(ending) if ending else name
        further = (bare, short + "州") if short else (bare,)
    return tuple(dict.fromkeys(text for text in (name, short, *further) if text))
