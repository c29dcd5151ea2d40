"""Units are read for one item, and converted exactly."""

from decimal import Decimal
from functools import cache

import pint
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hie.recognition.catalogue import load_catalogue
from hie.terminology.units import (
    ItemUnits,
    UnitOption,
    convert,
    exactly,
    folded,
    read_unit,
    unit_shown,
)


@cache
def items() -> dict[str, ItemUnits]:
    return {key: item.units for key, item in load_catalogue().items.items()}


QUANTITIES = sorted(key for key, item in items().items() if item.ucum_unit)


@pytest.mark.parametrize(
    ("item", "text", "ucum"),
    [
        ("PLT", "10^9/L", "10*9/L"),
        ("PLT", "×10⁹/L", "10*9/L"),
        ("PLT", "x10^9/L", "10*9/L"),
        ("PLT", "X 10 ^ 9 / l", "10*9/L"),
        ("PLT", "10**9/L", "10*9/L"),
        ("PLT", "10E9/L", "10*9/L"),
        ("PLT", "10⁹/L", "10*9/L"),
        ("PLT", "１０＾９／Ｌ", "10*9/L"),
        ("PLT", "G/L", "10*9/L"),
        ("HGB", "g/L", "g/L"),
        ("HGB", "G/L", "g/L"),
        ("RBC", "T/L", "10*12/L"),
        ("CRE", "μmol/L", "umol/L"),
        ("CRE", "µmol/L", "umol/L"),
        ("CRE", "umol/l", "umol/L"),
        ("CRE", "UMOL/L", "umol/L"),
        ("ALT", "IU/L", "U/L"),
        ("ALT", "[IU]/L", "U/L"),
        ("ALT", "u/l", "U/L"),
        ("K", "mmol/L", "mmol/L"),
    ],
)
def test_a_unit_is_read_as_people_write_it(item: str, text: str, ucum: str) -> None:
    reading = read_unit(text, items()[item])
    assert reading is not None
    assert reading.ucum == ucum
    assert not reading.converts
    assert reading.exact is (text == ucum)


@pytest.mark.parametrize(
    ("item", "text"),
    [("K", ""), ("K", "  "), ("K", "mol"), ("K", "g/L"), ("K", "10^9/L"), ("PLT", "10^"),
     ("HGB", "10^9/L"), ("UREA", "mg/dL"), ("K", "mmol/L."), ("HBSAG", "S/CO")],
)  # fmt: skip
def test_what_is_not_a_unit_of_the_item_is_not_read(item: str, text: str) -> None:
    assert read_unit(text, items()[item]) is None
    assert read_unit(None, items()[item]) is None


@pytest.mark.parametrize(
    ("loinc", "factor"),
    [("3091-6", "0.1665"), ("3094-0", "0.357"), ("22664-7", None), (None, None)],
)
@pytest.mark.parametrize("text", ["mg/dL", "MG/DL", "mg%"])
def test_milligrams_of_urea_convert_only_under_the_code_that_says_of_what(
    loinc: str | None, factor: str | None, text: str
) -> None:
    reading = read_unit(text, items()["UREA"], loinc)
    assert (None if reading is None else str(reading.factor)) == factor


@pytest.mark.parametrize(
    ("item", "value", "text", "shown", "exact"),
    [
        ("K", "4.10", "mmol/L", "4.10", "4.10"),
        ("K", "4.1", "mEq/L", "4.1", "4.1"),
        ("K", "16.0", "mg/dL", "4.09", "4.09280"),
        ("HGB", "13.55", "g/dL", "135.5", "135.50"),
        ("CRE", "1.0", "mg/dL", "88.4", "88.40"),
    ],
)
def test_a_number_is_converted_exactly_and_rounded_only_for_show(
    item: str, value: str, text: str, shown: str, exact: str
) -> None:
    units = items()[item]
    reading = read_unit(text, units)
    assert reading is not None
    assert str(convert(Decimal(value), reading, units.decimals)) == shown
    assert exactly(Decimal(value), reading) == Decimal(exact)


def test_half_is_rounded_up() -> None:
    units = ItemUnits("X", "quantity", "g/L", (UnitOption("g/dL", Decimal(10)),), {}, 1, (), ())
    reading = read_unit("g/dL", units)
    assert reading is not None
    assert str(convert(Decimal("0.005"), reading, 1)) == "0.1"
    assert str(convert(Decimal("0.015"), reading, 1)) == "0.2"
    assert str(convert(Decimal("-0.005"), reading, 1)) == "-0.1"


def test_an_offset_is_added_after_the_factor() -> None:
    hba1c = items()["HBA1C"]
    reading = read_unit("mmol/mol", hba1c)
    assert reading is not None
    assert reading.converts
    assert convert(Decimal(48), reading, hba1c.decimals) == Decimal("6.5")


@given(
    st.sampled_from(QUANTITIES),
    st.decimals(allow_nan=False, allow_infinity=False) | st.just(Decimal("1E+900")),
)
def test_no_number_is_too_large_or_too_small_to_convert(key: str, value: Decimal) -> None:
    units = items()[key]
    for text in (units.ucum_unit, *(one.text for one in units.alternatives)):
        reading = read_unit(text, units)
        assert reading is not None
        assert convert(value, reading, units.decimals).is_finite()


@given(st.text(max_size=30))
def test_any_text_is_read_or_not_and_reading_again_says_the_same(text: str) -> None:
    for units in items().values():
        assert read_unit(text, units) == read_unit(text, units)


@given(st.text(alphabet="10xX×*^⁹⁻²µμuL/ ％ｍ", max_size=12))
def test_taking_dialects_off_twice_changes_nothing(text: str) -> None:
    assert folded(folded(text)) == folded(text)


@pytest.mark.parametrize("key", QUANTITIES)
def test_every_unit_of_an_item_is_read_by_its_own_text(key: str) -> None:
    units = items()[key]
    for text in (units.ucum_unit, *(one.text for one in units.alternatives)):
        for spelling in (text, *units.spellings.get(text, ())):
            assert read_unit(spelling, units) is not None, spelling


# Units as another library writes them.
_PINT = {
    "g/L": "g/L", "g/dL": "g/dL", "mg/dL": "mg/dL", "mg/dL{urea}": "mg/dL", "mg/dL{BUN}": "mg/dL",
    "mmol/L": "mmol/L", "umol/L": "umol/L", "U/L": "umol/min/L", "ukat/L": "umol/s/L",
    "10*9/L": "1e9/L", "10*3/uL": "1e3/uL", "/uL": "1/uL", "K/uL": "1e3/uL",
    "10*12/L": "1e12/L", "10*6/uL": "1e6/uL", "M/uL": "1e6/uL", "%": "0.01", "L/L": "L/L",
}  # fmt: skip
# Molar masses, g/mol (PubChem); TG as triolein, the usual convention.
_MASS = {
    ("K", "mg/dL"): 39.098, ("CA", "mg/dL"): 40.078, ("P", "mg/dL"): 30.974,
    ("CRE", "mg/dL"): 113.12, ("GLU", "mg/dL"): 180.16, ("UA", "mg/dL"): 168.11,
    ("TC", "mg/dL"): 386.65, ("TG", "mg/dL"): 885.4,
    ("UREA", "mg/dL{urea}"): 60.06, ("UREA", "mg/dL{BUN}"): 28.014,
}  # fmt: skip


def test_factors_agree_with_another_library_and_with_molar_masses() -> None:
    registry = pint.UnitRegistry()
    compared: set[tuple[str, str]] = set()
    for units in items().values():
        for one in units.alternatives:
            reported, canonical = _PINT.get(one.text), _PINT.get(units.ucum_unit)
            if reported is None or canonical is None:
                continue
            quantity = registry.Quantity(reported)
            mass = _MASS.get((units.key, one.text))
            if mass is not None:
                quantity = quantity / registry.Quantity(mass, "g/mol")
            if not quantity.is_compatible_with(registry.Quantity(canonical)):
                continue
            factor = (quantity / registry.Quantity(canonical)).to("").magnitude
            within = 1e-9 if mass is None else 0.003
            assert abs(float(one.factor) / factor - 1) < within, (units.key, one.text)
            compared.add((units.key, one.text))
    assert _MASS.keys() <= compared
    assert len(compared) > 25


def test_units_are_written_as_people_write_them() -> None:
    assert [unit_shown(unit) for unit in ("10*9/L", "umol/L", "ug/L", None)] == [
        "10⁹/L",
        "µmol/L",
        "µg/L",
        "",
    ]
