"""Search values that are numbers: their interval, prefix and unit (FHIR R4 search.html#number)."""

from decimal import Decimal
from typing import Any

import pytest

from hie.errors import InvalidRequest
from hie.fhir.search.is_amount import is_amount
from hie.fhir.search.is_near import is_near
from hie.fhir.search.numbers import amount, near
from hie.fhir.search.values import Amount, Near

UCUM = "http://unitsofmeasure.org"


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("100", "99.5", "100.5"), ("100.00", "99.995", "100.005"), ("1e2", "95", "105"),
        ("1.0e2", "95", "105"), ("1.00e2", "99.5", "100.5"), ("5.4", "5.35", "5.45"),
        ("5.40", "5.395", "5.405"), ("0", "-0.5", "0.5"), ("-2", "-2.5", "-1.5"),
        ("5e-3", "0.00495", "0.00505"), ("+7", "6.5", "7.5"), (".5", "0.45", "0.55"),
        ("ap50", "45", "55"), ("ap0.001", "0.0005", "0.0015"),
    ],
)  # fmt: skip
def test_a_number_means_what_rounds_to_it(text: str, low: str, high: str) -> None:
    found = amount("x", text)
    assert (found.number - found.margin, found.number + found.margin) == (
        Decimal(low),
        Decimal(high),
    )


@pytest.mark.parametrize("prefix", ["gt", "lt", "ge", "le", "sa", "eb"])
def test_with_a_prefix_that_orders_the_number_is_exact(prefix: str) -> None:
    asked = amount("x", f"{prefix}5.4")
    said = {value: is_amount("Quantity", {"value": Decimal(value)}, asked) for value in _NEAR}
    expected = {"5.39": prefix in {"lt", "le", "eb"}, "5.41": prefix in {"gt", "ge", "sa"}}
    assert said == {**expected, "5.4": prefix in {"ge", "le"}}


_NEAR = ("5.39", "5.4", "5.41")


@pytest.mark.parametrize(
    ("comparator", "met"),
    [
        ("<", {"gt2", "lt3", "le3", "eb3", "lt4", "lt2", "le2", "ne3", "ap3"}),
        ("<=", {"gt2", "lt3", "le3", "ge3", "lt4", "lt2", "le2", "ne3", "ap3"}),
        (">", {"lt4", "gt3", "ge3", "sa3", "gt4", "ge4", "gt2", "sa2", "ne3", "ap3"}),
        (">=", {"lt4", "gt3", "ge3", "le3", "gt4", "ge4", "gt2", "sa2", "ne3", "ap3"}),
    ],
)
def test_a_comparator_leaves_one_side_open_and_says_whether_its_end_counts(
    comparator: str, met: set[str]
) -> None:
    stored: dict[str, Any] = {"value": Decimal(3), "comparator": comparator}
    asked = {"lt3", "le3", "gt3", "ge3", "eb3", "sa3", "lt4", "gt4", "ge4", "lt2", "le2", "gt2",
             "sa2", "ne3", "eq3", "ap3", "eb2", "sa4"}  # fmt: skip
    found = {text for text in asked if is_amount("Quantity", stored, amount("x", text))}
    assert found == met


def test_a_bare_number_is_compared_as_one() -> None:
    assert is_amount("decimal", Decimal("0.5"), Amount("eq", Decimal("0.5"), Decimal("0.05")))
    assert is_amount("integer", 3, amount("x", "gt2", is_quantity=False))
    assert not is_amount("boolean", True, amount("x", "1", is_quantity=False))


@pytest.mark.parametrize("text", ["", "x", "1|2", "NaN", "1e1000", "1,5", "١"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest):
        amount("x", text, is_quantity=False)


def test_a_position_has_degrees_and_a_distance() -> None:
    assert near("near", "39.9|116.4") == Near(39.9, 116.4, 50_000)
    assert near("near", "39.9|116.4|2") == Near(39.9, 116.4, 2_000)
    assert near("near", "-39.9|-116.4|2|m") == Near(-39.9, -116.4, 2)
    for text in ("1", "1|2|3|km|5", "x|1", "1|x", "95|1", "1|190", "1|2|-1", "1|2|1|parsec"):
        with pytest.raises(InvalidRequest):
            near("near", text)


def test_the_date_line_is_no_wall() -> None:
    place = {"latitude": Decimal("0"), "longitude": Decimal("179.99")}
    assert is_near(place, Near(0, -179.99, 3_000))
    assert not is_near(place, Near(0, 0, 3_000))
    assert not is_near({"latitude": Decimal(0)}, Near(0, 0, 3_000))
