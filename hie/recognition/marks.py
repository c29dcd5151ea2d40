"""Recognition marks (HR): what a mark's text means, whom it covers, which one is shown.

A mark printed on a report never counts by itself: only rows of the register do. Text is read
after NFKC, without spaces, `HR` in capitals. Order of reading (recognition rules R-104 to R-108):
a consortium's exact name, 全国, named groups of provinces, province abbreviations, province,
prefecture, county. The legacy signs `★` (laboratory) and `-GX` (XRAY, CT, MRI) stand for the mark
of their programme (R-106), known only for some provinces; on other kinds of record they are
ignored as if they were not there.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from functools import lru_cache

from hie.recognition.region import load_regions
from hie.recognition.register import InstitutionRow, MarkRow

_GROUPS = {"长三角": ("31", "32", "33", "34"), "成渝": ("50", "51")}
_LEGACY_KINDS = {"★": ("laboratory",), "-GX": ("XRAY", "CT", "MRI")}
_PROGRAMMES = {
    ("★", "11"): "京津冀HR",
    ("★", "12"): "京津冀HR",
    ("★", "13"): "京津冀HR",
    ("★", "42"): "鄂HR",
    ("-GX", "11"): "京津冀HR",
    ("-GX", "12"): "京津冀HR",
    ("-GX", "13"): "京津冀HR",
}


class Width(IntEnum):
    """How far a mark reaches, narrow to wide."""

    CONSORTIUM = 1
    COUNTY = 2
    PREFECTURE = 3
    PROVINCE = 4
    PROVINCES = 5
    NATIONAL = 6


class MarkState(StrEnum):
    """How the text of a mark in force was understood."""

    READ = "read"
    LEGACY = "legacy"  # a legacy sign whose programme is known: R-106 fires
    PROGRAMME_UNKNOWN = "programme-unknown"  # a legacy sign without one: R-106 is unknown
    UNPARSABLE = "unparsable"


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark that was understood. `display` is its normalised spelling."""

    width: Width
    display: str
    codes: frozenset[str] = frozenset()  # provinces (2 digits), one prefecture (4) or county (6)
    consortium: str = ""
    legacy: bool = False


@dataclass(frozen=True, slots=True)
class MarkReading:
    """A row of marks.csv in force, and what its text means; `mark` is None when it was not read."""

    row: MarkRow
    state: MarkState
    mark: Mark | None


def parse_mark(
    text: str, kind: str, consortia: Collection[str], province: str | None = None
) -> Mark | None:
    """The mark a text means, or None when it cannot be read.

    `kind` is "laboratory" or the imaging class's key; `consortia` are the names in the institution
    register on the day asked about; `province` (2 digits) is where the issuing institution lay on
    the collection day, which alone tells the programme of a legacy sign.
    """
    plain = normalise(text)
    if plain in _LEGACY_KINDS:
        programme = _PROGRAMMES.get((plain, province or ""))
        meant = _read_range(programme.removesuffix("HR")) if programme else None
        if meant is None or kind not in _LEGACY_KINDS[plain]:
            return None
        return Mark(meant.width, meant.display, meant.codes, legacy=True)
    if not plain.endswith("HR") or plain == "HR":
        return None
    name = plain.removesuffix("HR")
    if any(name == _plain(known) for known in consortia if known):
        return Mark(Width.CONSORTIUM, plain, consortium=name)
    return _read_range(name)


def read_marks(
    rows: Iterable[MarkRow], kind: str, consortia: Collection[str], province: str | None
) -> tuple[MarkReading, ...]:
    """Each mark in force and its meaning; a legacy sign on another kind of record is left out."""
    readings = []
    for row in rows:
        sign = normalise(row.mark)
        legacy = sign in _LEGACY_KINDS
        if legacy and kind not in _LEGACY_KINDS[sign]:
            continue
        mark = parse_mark(row.mark, kind, consortia, province)
        if legacy:
            state = MarkState.LEGACY if mark else MarkState.PROGRAMME_UNKNOWN
        else:
            state = MarkState.READ if mark else MarkState.UNPARSABLE
        readings.append(MarkReading(row, state, mark))
    return tuple(readings)


def covers(mark: Mark, receiver: InstitutionRow) -> bool:
    """The receiver lies in the mark's range; its own status plays no part.

    A receiver coded at a higher level than the mark (130100 for a county's mark) is not covered.
    """
    region = receiver.region
    match mark.width:
        case Width.NATIONAL:
            return region[:2] in load_regions().mainland
        case Width.PROVINCES | Width.PROVINCE:
            return region[:2] in mark.codes
        case Width.PREFECTURE:
            return region[:4] in mark.codes
        case Width.COUNTY:
            return region in mark.codes
        case Width.CONSORTIUM:
            return bool(receiver.consortium) and _plain(receiver.consortium) == mark.consortium


def shown_mark(readings: Iterable[MarkReading], receiver: InstitutionRow) -> str | None:
    """The one mark an answer shows: of the covering marks, else of all, the widest.

    Of several provinces more come first; equal width goes by ascending text; a text that was not
    read comes last, as received. None when there is no mark.
    """
    candidates = tuple(readings)
    covering = tuple(r for r in candidates if r.mark and covers(r.mark, receiver))
    best = min(covering or candidates, key=_rank, default=None)
    return None if best is None else _shown(best)


def normalise(text: str) -> str:
    """NFKC, no spaces, `HR` in capitals: the spelling marks are read and shown in."""
    return re.sub(r"(?i)HR$", "HR", _plain(text))


@lru_cache(maxsize=4096)
def _plain(text: str) -> str:
    # Twice: without its space a compatibility character's accent joins the letter before it.
    bare = re.sub(r"\s", "", unicodedata.normalize("NFKC", text))
    return unicodedata.normalize("NFKC", bare)


def _rank(reading: MarkReading) -> tuple[int, int, str]:
    mark = reading.mark
    return (-mark.width, -len(mark.codes), mark.display) if mark else (0, 0, reading.row.mark)


def _shown(reading: MarkReading) -> str:
    return reading.mark.display if reading.mark else reading.row.mark


@lru_cache(maxsize=4096)
def _read_range(name: str) -> Mark | None:
    regions = load_regions()
    display = name + "HR"
    if name == "全国":
        return Mark(Width.NATIONAL, display, regions.mainland)
    codes = frozenset(
        _GROUPS.get(name) or (regions.by_abbreviation.get(letter, "") for letter in name)
    )
    if "" not in codes:
        return Mark(Width.PROVINCES if len(codes) > 1 else Width.PROVINCE, display, codes)
    for width, code in (
        (Width.PROVINCE, regions.province_named(name)),
        (Width.PREFECTURE, regions.prefecture_named(name)),
        (Width.COUNTY, regions.county_named(name)),
    ):
        if code:
            found = Width.COUNTY if len(code) == 6 else width
            return Mark(found, display, frozenset((code,)))
    return None
