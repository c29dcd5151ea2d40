"""Codes of one order mean one item together, or nothing."""

from datetime import date

import pytest

from hie.exchange.ordered_codes import Ordered, what_is_ordered
from hie.fhir import ITEM, LOINC
from hie.recognition.catalogue import load_catalogue
from hie.recognition.request_order import Orderable

KNOWN = Orderable(load_catalogue(), date(2026, 6, 15))
HOUSE = ("urn:his:orders", "0417")
MAPPED = {HOUSE: "K"}


@pytest.mark.parametrize(
    ("codes", "modality", "meant"),
    [
        ([(ITEM, "K")], None, Ordered("K")),
        ([(LOINC, "2823-3")], None, Ordered("K", "2823-3")),
        ([(ITEM, "K"), (LOINC, "2823-3")], None, Ordered("K", "2823-3")),
        ([HOUSE], None, Ordered("K")),
        ([HOUSE, ("urn:other", "x")], None, Ordered("K")),
        ([], "CT", Ordered("CT")),
        ([(ITEM, "CT")], "CT", Ordered("CT")),
        ([(ITEM, "K"), (LOINC, "14682-9")], None, None),  # potassium, or creatinine?
        ([(ITEM, "CT")], "MRI", None),
        ([(LOINC, "2828-2"), HOUSE], None, None),  # potassium in urine
        ([(ITEM, "NOPE")], None, None),
        ([("urn:other", "0417")], None, None),
        ([], None, None),
    ],
)
def test_what_codes_mean(
    codes: list[tuple[str, str]], modality: str | None, meant: Ordered | None
) -> None:
    assert what_is_ordered(codes, KNOWN, MAPPED, modality) == meant
