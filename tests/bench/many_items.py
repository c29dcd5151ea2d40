"""A generated policy of 500 items: a region's own folder, as long as a province's longest list.

Every item is complete and changed its limits three times, so there are four states of each; the
items are invented, and no medical value here means anything.
"""

from collections.abc import Iterator
from pathlib import Path

from hie.recognition.catalogue import load_catalogue

DAYS = ("2022-03-01", "2024-02-29", "2025-07-01", "2026-01-01")
_DATED = {
    "validity_days": ("7", "14", "10", "7"),
    "turnaround_days": ("1", "1", "2", "1"),
    "decimals": ("2", "2", "1", "2"),
    "review_fraction": ("0.5", "0.6", "0.5", "0.7"),
    "plausible": tuple(f"{{low: 0.1, high: {high}}}" for high in (900, 950, 990, 999)),
    "defects": ("[haemolysis]", "[haemolysis, lipaemia]", "[clot]", "[haemolysis]"),
    "max_cv_percent": ("2.5", "2.6", "2.4", "2.5"),
    "bias_percent": ("2.0", "2.1", "2.2", "2.0"),
    "cvi_percent": ("4.6", "4.7", "4.8", "4.9"),
    "cvg_percent": ("5.6", "5.7", "5.8", "5.9"),
    "rcv_percent": ("14.5", "14.6", "14.7", "14.8"),
    "tea": ("{percent: 6.0, rule: 6.0%}",) * 4,
    "critical_low": ("2.5", "2.6", "2.7", "2.5"),
    "critical_high": ("600", "610", "620", "600"),
    "reference_intervals": (
        "[{sex: male, age_low: 18, age_high: 59, low: 3.5, high: 5.3}, "
        "{sex: female, age_low: 18, age_high: 59, low: 3.3, high: 5.1}, "
        "{sex: male, age_low: 60, age_high: 79, low: 3.6, high: 5.6}, "
        "{sex: female, age_low: 60, age_high: 79, low: 3.4, high: 5.4}]",
    )
    * 4,
}
_HEAD = """\
key: {key}
zh: 项目{n}
en: Invented item {n}
abbr: I{n}
category: chemistry
value_type: quantity
specimen: serum-plasma
from: 2022-03-01
loinc: {{display: "Invented {n}", confirmed: [{code}], unconfirmed: []}}
unit: mmol/L
alternatives:
  - {{unit: mEq/L, factor: 1}}
  - {{unit: mg/dL, factor: 0.2558}}
unit_spellings:
  mg/dL: [mg%]
methods:
  - {{key: enzymatic, words: [酶法{n}]}}
  - {{key: jaffe, words: [苦味酸法{n}]}}
aliases: [血清项目{n}, 血项目{n}, 项目{n}测定]
"""


def write_policy(folder: Path, items: int = 500) -> list[str]:
    """Files of a region's folder that make the catalogue `items` long; the keys that are new."""
    lab = folder / "catalogue" / "lab"
    lists = folder / "catalogue" / "lists"
    for made in (lab, lists):
        made.mkdir(parents=True)
    keys = [f"X{n}" for n in range(items - len(load_catalogue().items))]
    for number, key in enumerate(keys):
        (lab / f"{key}.yaml").write_text("".join(_item(key, number)), "utf-8")
    entries = "".join(
        f"  {day}: {{value: [{', '.join(keys)}], basis: generated, certainty: assumed}}\n"
        for day in DAYS
    )
    text = f"key: long\nzh: 长目录\nen: long list\nin_all: true\nitems:\n{entries}"
    (lists / "long.yaml").write_text(text, "utf-8")
    return keys


def _item(key: str, number: int) -> Iterator[str]:
    yield _HEAD.format(key=key, n=number, code=_loinc(90_000 + number))
    for field, values in _DATED.items():
        yield f"{field}:\n"
        for day, value in zip(DAYS, values, strict=True):
            yield f"  {day}:\n    value: {value}\n    basis: generated table {number} of {day}\n"
            yield "    source: https://example.org/table\n    certainty: assumed\n"
    yield "price:\n"
    for day in DAYS:
        yield f'  {day}:\n    value: {{amount: {number % 90 + 5}, code: "9{number:08}"}}\n'
        yield "    basis: generated\n    certainty: assumed\n"
    yield "sources:\n  - https://example.org/table\n"


def _loinc(number: int) -> str:
    """A number with its check digit (Mod 10): no code that LOINC has given out."""
    digits = [int(digit) for digit in str(number)]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[::-2]]
    return f"{number}-{-(sum(doubled) + sum(digits[-2::-2])) % 10}"
