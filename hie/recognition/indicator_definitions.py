"""The published definitions of the indicators, as data: formula, words, basis, version.

`schemas/indicators` holds one file an indicator. What changes a number's meaning changes its
version; docs/indicators.md tells each, and a test compares the two.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from hie.errors import RulebookInvalid
from hie.recognition.rulebook import Words
from hie.schemas import read_shaped, yaml_files


class IndicatorKind(StrEnum):
    """How an indicator's value comes from what was counted."""

    COUNT = "count"  # the numerator itself
    SHARE = "share"  # numerator / denominator, 0 to 1
    PER_PATIENT_YEAR = "per-patient-year"  # numerator / years of the patients asked about
    AMOUNT = "amount"  # money


@dataclass(frozen=True, slots=True)
class Source:
    """A text a definition rests on, and how sure it is."""

    text: str
    certainty: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class Definition:
    """One indicator. `numerator`, `denominator` and `less` name counts of `indicator_tally`.

    `price_basis` says of an amount whose prices it is counted at.
    """

    key: str
    version: str
    place: int
    kind: IndicatorKind
    numerator: str
    title: Words
    formula: Words
    meaning: Words
    denominator: str | None = None
    less: str | None = None
    price_basis: Words | None = None
    basis: tuple[Source, ...] = ()


@cache
def load_definitions() -> tuple[Definition, ...]:
    """The shipped definitions, in their order. Raises RulebookInvalid naming the file."""
    found: dict[str, Definition] = {}
    places: dict[int, str] = {}
    for name, data in yaml_files("indicators"):
        read_shaped(data, "indicator", name)
        key, place = data["key"], data["place"]
        if name != f"indicators/{key}.yaml":
            raise RulebookInvalid(f"{name}: the file of {key} is named {key}.yaml")
        if places.setdefault(place, name) != name:
            raise RulebookInvalid(f"{name}: place {place} is that of {places[place]} too")
        basis = tuple(Source(**one) for one in data.pop("basis", ()))
        words = {k: Words(**v) for k, v in data.items() if isinstance(v, dict)}
        kind = IndicatorKind(data["kind"])
        found[key] = Definition(**{**data, **words, "kind": kind, "basis": basis})
    return tuple(sorted(found.values(), key=lambda one: one.place))


def definitions_version() -> str:
    """The newest version among the definitions: what a whole report is made by."""
    return max((one.version for one in load_definitions()), key=_order)


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
