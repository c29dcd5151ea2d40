"""Plausible values: a person has a level of their own, and each day strays a little from it.

Levels come from the reference interval of the catalogue and the person's conditions; the daily
spread is the within-person variation (CVi) the catalogue cites. Chance alone never makes a
critical value: those are told on purpose, in `stories`.
"""

import math
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from hie.recognition.catalogue import Catalogue
from hie.recognition.item import Item, ReferenceInterval
from hie.synthetic.cast import Condition
from hie.synthetic.dice import dice
from hie.synthetic.panels import BY_KEY, Assay
from hie.synthetic.people import Person

# What a condition does to a person's level, as a factor.
_SHIFTS: Final[dict[Condition, dict[str, float]]] = {
    "diabetes": {"GLU": 1.75, "HBA1C": 1.5, "TG": 1.4},
    "kidney": {"CRE": 2.3, "UREA": 2.1, "K": 1.12, "P": 1.3, "HGB": 0.82, "UA": 1.2},
    "liver": {"ALT": 3.0, "AST": 2.6, "GGT": 3.2, "ALB": 0.88},
    "anaemia": {"HGB": 0.74, "RBC": 0.86, "HCT": 0.76, "MCV": 0.88},
    "lipids": {"TC": 1.4, "TG": 1.9},
    "gout": {"UA": 1.5},
    "hepatitis-b": {"ALT": 1.6, "AST": 1.5},
}
# Tests without a reference interval in the catalogue: a usual level, and its spread in percent.
_LEVELS: Final = {"TC": (4.6, 12.0), "TG": (1.15, 25.0)}
_CVI_ELSEWHERE: Final = {"MCV": 1.0, "NEUT%": 8.0, "TBIL": 20.0}
_REACTIVE: Final = "阳性"
_NON_REACTIVE: Final = "阴性"


def numbers(
    seed: int, person: Person, keys: tuple[str, ...], on: date, catalogue: Catalogue
) -> dict[str, Decimal]:
    """A person's values of one day, in the catalogue's units, rounded as they are printed."""
    items = catalogue.items
    found = {
        key: _value(seed, person, BY_KEY[key], on, items.get(BY_KEY[key].item or ""))
        for key in keys
        if not BY_KEY[key].is_coded
    }
    if "HCT" in found and "RBC" in found:
        found["HCT"] = _rounded(float(found["HGB"]) * 0.302, BY_KEY["HCT"])
        found["RBC"] = _rounded(float(found["HCT"]) * 10 / float(found["MCV"]), BY_KEY["RBC"])
    return found


def classes(seed: int, person: Person) -> dict[str, str]:
    """A person's serology: constant, as it is over a year."""
    fate = dice(seed, "serology", person.index)
    carrier = "hepatitis-b" in person.conditions
    return {
        "HBSAG": _REACTIVE if carrier else _NON_REACTIVE,
        "HBSAB": _REACTIVE if not carrier and fate.random() < 0.6 else _NON_REACTIVE,
        "HCVAB": _REACTIVE if fate.random() < 0.01 else _NON_REACTIVE,
    }


def interval(test: Assay, person: Person, on: date, item: Item | None) -> tuple[str, str]:
    """What the laboratory prints, (low, high) as text; "" for an end that is open."""
    if test.usual is not None:
        return test.usual
    if item is None:
        return "", ""
    if item.guideline_cutoff is not None:
        high = item.guideline_cutoff.high
        return "", "" if high is None else str(high)
    chosen = _chosen(item, person, on)
    if chosen is None:
        return "", ""
    return _text(chosen.low), _text(chosen.high)


def _value(seed: int, person: Person, test: Assay, on: date, item: Item | None) -> Decimal:
    own = dice(seed, "level", person.index, test.key)
    day = dice(seed, "day", person.index, test.key, on)
    mean, spread = _level(test, person, on, item)
    level = mean * math.exp(own.gauss(0, spread / 100))
    for condition in sorted(person.conditions):
        level *= _SHIFTS[condition].get(test.key, 1.0)
    cvi = float(item.cvi_percent or 5) if item else _CVI_ELSEWHERE[test.key]
    value = level * math.exp(max(-2.0, min(2.0, day.gauss(0, 1))) * cvi / 100)
    if item is not None:
        if item.critical_low is not None:
            value = max(value, float(item.critical_low) * 1.08)
        if item.critical_high is not None:
            value = min(value, float(item.critical_high) * 0.95)
    return _rounded(value, test)


def _level(test: Assay, person: Person, on: date, item: Item | None) -> tuple[float, float]:
    """A usual level and how much people differ in it (percent): a third of the way to the ends."""
    if test.key in _LEVELS:
        return _LEVELS[test.key]
    chosen = None if item is None else _chosen(item, person, on)
    if chosen is not None and chosen.low is not None and chosen.high is not None:
        low, high = float(chosen.low), float(chosen.high)
    else:
        low, high = (float(end) for end in test.usual or ("1", "1"))
    middle = (low + high) / 2
    return middle, (high - low) / 6 / middle * 100


def _chosen(item: Item, person: Person, on: date) -> ReferenceInterval | None:
    """The interval of this sex and age; of the adults' for those it leaves out."""
    fitting = [one for one in item.reference_intervals if one.sex in (None, person.sex)]
    age = max(person.age(on), 18)
    of_age = [
        one
        for one in fitting
        if one.age_low <= age and (one.age_high is None or age <= one.age_high)
    ]
    return next(iter(of_age or fitting), None)


def _rounded(value: float, test: Assay) -> Decimal:
    step = Decimal(1).scaleb(-test.decimals)
    return Decimal(repr(value)).quantize(step, ROUND_HALF_UP)


def _text(limit: Decimal | None) -> str:
    return "" if limit is None else str(limit)
