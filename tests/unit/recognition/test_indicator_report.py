"""A report: the same numbers as JSON and as CSV, and nothing small in a copy for others."""

import csv
import io
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from hie.recognition.indicator_report import Asked, write_csv, write_report
from hie.recognition.indicator_tally import Dimension, Tallies, Tally
from hie.recognition.indicators import Period

JUNE = Period(date(2026, 6, 1), date(2026, 6, 30))


def a_group(used: int, **reasons: int) -> Tally:
    """So many patients, each with one order: used, or repeated for a reason."""
    repeated = sum(reasons.values())
    whole = dict.fromkeys(("patients", "asked", "with_earlier", "eligible", "offered"),
                          used + repeated)  # fmt: skip
    counts = {**whole, "used": used, "avoided": used, "savings": used, "repeated": repeated,
              "repeats": repeated}  # fmt: skip
    amounts = {"saved_gross": Decimal("8.50") * used}
    return Tally(counts=counts, amounts=amounts, reasons=reasons, price_bases={"catalogue": used})


def report(threshold: int | None = None, /, **groups: Tally) -> dict[str, Any]:
    tallies: Tallies = {None: Tally()}
    for name, one in groups.items():
        tallies[None].add(one)
        tallies[name] = one
    asked = Asked(JUNE, Dimension.ITEM, None, 7, "2026-07-10T00:00:00+08:00", True, threshold)
    return write_report(asked, tallies, {})


def test_the_own_institution_sees_every_number() -> None:
    found = report(K=a_group(3, N1=1, N2=2))
    assert found["hidden_below"] is None
    assert found["total"]["reasons"] == {"N2": 2, "N1": 1}
    assert all("hidden" not in one for one in found["total"]["indicators"])


def test_reasons_of_groups_are_told_only_where_every_group_can_tell_them() -> None:
    groups = {"K": a_group(20, N1=10, N2=10), "NA": a_group(20, N1=10, N2=2)}
    found = report(5, **groups)
    assert found["total"]["reasons"] == {"N1": 20, "N2": 12}
    assert [one["reasons"] for one in found["groups"]] == [{}, {}]
    many = report(5, K=groups["K"], NA=groups["K"])
    assert [one["reasons"] for one in many["groups"]] == [{"N1": 10, "N2": 10}] * 2


def test_amounts_are_hidden_with_the_uses_behind_them() -> None:
    found = report(5, K=a_group(3, N1=20), NA=a_group(20, N1=20), CL=a_group(30, N1=20))
    shown = {
        group["group"]: next(one for one in group["indicators"] if one["key"] == "saved")["value"]
        for group in found["groups"]
    }
    assert shown == {"K": None, "NA": None, "CL": "255.00"}


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "＝1", "=HYPERLINK(\"x\")"]
)  # fmt: skip
def test_no_cell_is_a_formula(text: str) -> None:
    rows = list(
        csv.reader(io.StringIO(write_csv(report(**{text: a_group(1)})).decode("utf-8-sig")))
    )
    group = rows[0].index("group")
    assert {row[group] for row in rows[1:]} == {"", f"'{text}"}


def test_a_sheet_has_a_byte_order_mark_and_a_row_for_each_number() -> None:
    found = report(K=a_group(3))
    sheet = write_csv(found)
    assert sheet.startswith("\ufefffrom,to,".encode())
    assert sheet.count(b"\r\n") == 1 + 2 * len(found["definitions"])
