"""The values of the 27 items are those of the published tables, kept here apart from the YAML.

The table was written from the sources, not from the catalogue: a slip of the pen in a file shows.
"""

import csv
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from hie.recognition.catalogue import load_catalogue
from hie.recognition.item import Item, Limits
from hie.terminology.units import read_unit

DAY = date(2026, 6, 15)
TABLE = Path(__file__).parents[2] / "samples" / "catalogue" / "laboratory.csv"
ROWS = {
    row["key"]: row for row in csv.DictReader(TABLE.read_text("utf-8").splitlines(), strict=True)
}
DEFECTS = {"haemolysis": "H", "lipaemia": "L", "clot": "C"}


def text(value: Decimal | int | None) -> str:
    return "" if value is None else str(value)


def span(limits: Limits | None) -> str:
    return f"{text(limits.low)}-{text(limits.high)}" if limits else ""


def same(table: str, value: Decimal | int | None) -> bool:
    return (table == "") == (value is None) and (value is None or Decimal(table) == value)


def same_span(table: str, limits: Limits | None) -> bool:
    if table == "" or limits is None:
        return table == "" and limits is None
    low, high = table.split("-")
    return same(low, limits.low) and same(high, limits.high)


def critical(item: Item) -> Limits | None:
    found = Limits(item.critical_low, item.critical_high)
    return None if found == Limits() else found


@pytest.mark.parametrize("key", ROWS)
def test_the_limits_of_an_item_are_those_of_the_table(key: str) -> None:
    row, item = ROWS[key], load_catalogue().on(DAY)[key]
    assert (item.zh, item.specimen, item.unit) == (row["zh"], row["specimen"], row["unit"])
    assert " ".join(item.loinc_confirmed) == row["confirmed"]
    assert " ".join(item.loinc_unconfirmed) == row["unconfirmed"]
    for column, value in {
        "validity_days": item.validity_days,
        "turnaround_days": item.turnaround_days,
        "decimals": item.decimals,
        "review_fraction": item.review_fraction,
        "max_cv": item.max_cv_percent,
        "tea": item.tea.percent if item.tea else None,
        "bias": item.bias_percent,
        "cvi": item.cvi_percent,
        "cvg": item.cvg_percent,
        "rcv": item.rcv_percent,
        "price": item.price.amount if item.price else None,
    }.items():
        assert same(row[column], value), column
    for column, limits in {
        "plausible": item.plausible,
        "critical": critical(item),
        "cutoff": item.guideline_cutoff,
    }.items():
        assert same_span(row[column], limits), column
    assert item.price is not None
    assert item.price.code == row["billable"]
    assert {DEFECTS[one] for one in item.defects} == set(row["defects"].split())


@pytest.mark.parametrize("key", ROWS)
def test_the_intervals_of_an_item_are_those_of_the_table(key: str) -> None:
    found = set()
    for one in load_catalogue().on(DAY)[key].reference_intervals:
        ages = f"{one.age_low}-{text(one.age_high)}"
        found.add((one.sex or "any", ages, Decimal(one.low or 0), Decimal(one.high or 0)))
    table = set()
    for entry in ROWS[key]["intervals"].split():
        sex, ages, limits = entry.split(":")
        low, high = limits.split("-")
        table.add((sex, ages, Decimal(low), Decimal(high)))
    assert found == table


@pytest.mark.parametrize("key", ROWS)
def test_every_unit_of_the_table_is_read_and_converts_by_its_factor(key: str) -> None:
    units = load_catalogue().on(DAY)[key].units
    plain = {"mg/dL{urea}": "3091-6", "mg/dL{BUN}": "3094-0"}
    for entry in ROWS[key]["alternatives"].split():
        unit, _, factor = entry.rpartition("=")
        slope, _, offset = factor.partition("+")
        loinc = plain.get(unit)
        reading = read_unit("mg/dL" if loinc else unit, units, loinc)
        assert reading is not None, unit
        assert (reading.factor, reading.offset) == (Decimal(slope), Decimal(offset or 0)), unit


def test_every_value_says_since_when_by_which_text_and_how_sure() -> None:
    catalogue = load_catalogue()
    entries: list[Mapping[str, object]] = [
        one.evidence for one in (*catalogue.on(DAY).values(), *catalogue.classes_on(DAY).values())
    ]
    assert all(entries)
    for item in (*catalogue.on(DAY).values(), *catalogue.classes_on(DAY).values()):
        for name, evidence in item.evidence.items():
            assert evidence.since == date(2022, 3, 1), (item.key, name)
            assert evidence.basis, (item.key, name)
            assert evidence.certainty, (item.key, name)
