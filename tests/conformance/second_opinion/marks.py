"""Section 4: what a mark says, whom it covers, and which one is shown."""

import re
import unicodedata
from dataclasses import dataclass

from tests.conformance.second_opinion.items import is_imaging
from tests.conformance.second_opinion.places import NATION, read_range

_JJJ = frozenset({"11", "12", "13"})


@dataclass(frozen=True)
class Mark:
    """One mark in force: its text as shown, its regions or consortium, whether it is legacy."""

    text: str
    regions: frozenset[str] | None = None
    consortium: str | None = None
    legacy: bool = False

    @property
    def is_read(self) -> bool:
        return self.regions is not None or self.consortium is not None

    def covers(self, region: str, consortium: str) -> bool:
        """A receiver's region of six digits, and its consortium."""
        if self.consortium is not None:
            return consortium == self.consortium
        codes = self.regions or frozenset()
        return bool({region[:2], region[:4], region} & codes)

    @property
    def width(self) -> tuple[int, int, str]:
        """The widest sorts first; equal width by text."""
        if self.consortium is not None:
            return (5, 0, self.text)
        if self.regions is None:
            return (6, 0, self.text)
        if self.regions == NATION:
            return (0, 0, self.text)
        if len(self.regions) > 1:
            return (1, -len(self.regions), self.text)
        return ({2: 2, 4: 3, 6: 4}[len(next(iter(self.regions)))], 0, self.text)


def normal(text: str) -> str:
    """NFKC, no spaces, HR in capitals."""
    text = re.sub(r"\s", "", unicodedata.normalize("NFKC", text))
    return re.sub("hr$", "HR", text, flags=re.IGNORECASE)


def read_mark(text: str, item: str, issuer: str | None, consortia: set[str]) -> Mark | None:
    """What a mark's text means; None for a sign that is as if it were not there.

    `issuer` is the issuing institution's region on the collection day, `consortia` the names the
    register knows on the day asked about.
    """
    known = normal(text)
    if known in ("★", "-GX"):
        fits = item in ("XRAY", "CT", "MRI") if known == "-GX" else not is_imaging(item)
        if not fits:
            return None
        province = (issuer or "")[:2]
        if province in _JJJ:
            return Mark("京津冀HR", _JJJ, legacy=True)
        if province == "42" and known == "★":
            return Mark("鄂HR", frozenset({"42"}), legacy=True)
        return Mark(text, legacy=True)
    if not known.endswith("HR"):
        return Mark(text)
    name = known.removesuffix("HR")
    if name in {normal(one) for one in consortia}:
        return Mark(known, consortium=next(one for one in consortia if normal(one) == name))
    regions = read_range(name)
    return Mark(known, regions) if regions else Mark(text)


def shown(marks: list[Mark], region: str, consortium: str) -> str | None:
    """Of those that cover, else of all, the widest."""
    covering = [one for one in marks if one.covers(region, consortium)]
    found = sorted(covering or marks, key=lambda one: one.width)
    return found[0].text if found else None
