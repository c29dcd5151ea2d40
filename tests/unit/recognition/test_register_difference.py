"""Whom a change of the registers concerns, and on which days it says something anew."""

from dataclasses import replace
from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hie.recognition.register import PolicyEntry, PrecisionRow, RegisterRows
from hie.recognition.register_difference import difference
from tests.unit.recognition import records

A, B, C = "12110102400000101U", "121301024000001027", "124201064000001034"
DAY = date(2026, 6, 1)
NOTHING = RegisterRows(1)
FULL = records.registers(
    successors=[records.successor(A, C, "2026-01-01")],
    institutions=[
        records.institution(A, end="2025-12-31"),
        records.institution(C, start="2026-01-01", consortium="示例医联体"),
        records.receiver(),
    ],
).rows


def changed(**rows: Any) -> RegisterRows:
    return replace(FULL, **rows)


def test_equal_registers_differ_in_nothing_whatever_their_number_and_order() -> None:
    again = replace(FULL, version=9, marks=FULL.marks[::-1], institutions=FULL.institutions[::-1])
    found = difference(FULL, again)
    assert not found
    assert not found.concerns([A, B, C])


def test_a_row_concerns_its_institution_and_those_linked_with_it() -> None:
    found = difference(FULL, changed(marks=()))
    assert found.codes == {A, C}
    assert found.concerns([C])
    assert not found.concerns([B, ""])
    found = difference(FULL, changed(institutions=FULL.institutions[:2]))
    assert found.codes == {B}


def test_days_are_first_ones_and_those_after_the_last() -> None:
    row = replace(FULL.institutions[2], status="suspended", start=DAY, end=date(2026, 6, 30))
    found = difference(FULL, changed(institutions=(*FULL.institutions, row)))
    assert found.days_of(B) == {DAY, date(2026, 7, 1)}
    assert found.days_of(A) == frozenset()
    cv = PrecisionRow(B, "K", "2026-05", FULL.precision[0].cv_percent)
    found = difference(FULL, changed(precision=(*FULL.precision, cv)))
    assert found.days_of(B) == {date(2026, 5, 1)}


def test_a_policy_concerns_everybody() -> None:
    entry = PolicyEntry("region:42", DAY, None, {"voluntary": False}, 3)
    found = difference(FULL, changed(policies=(entry,)))
    assert found.concerns(["anybody"])
    assert found.days_of("anybody") == {DAY}
    assert difference(changed(policies=(entry,)), FULL).concerns(["anybody"])


def test_a_consortium_that_marks_name_concerns_everybody() -> None:
    joined = tuple(replace(row, consortium="新医联体") for row in FULL.institutions)
    assert not difference(FULL, changed(institutions=joined)).everybody
    named = (*FULL.marks, records.mark("新 医联体hr", code=B))
    before = changed(marks=named)
    assert difference(before, replace(before, institutions=joined)).everybody


def test_a_link_concerns_both_and_its_chain() -> None:
    found = difference(FULL, changed(successors=()))
    assert found.codes == {A, C}
    longer = (*FULL.successors, records.successor(C, B, "2026-06-01"))
    assert difference(FULL, changed(successors=longer)).codes == {A, B, C}
    assert difference(NOTHING, FULL).codes == {A, B, C}


@given(st.sets(st.sampled_from(range(len(FULL.precision)))))
def test_what_is_taken_out_is_found_both_ways(out: set[int]) -> None:
    kept = changed(precision=tuple(r for n, r in enumerate(FULL.precision) if n not in out))
    assert bool(difference(FULL, kept)) == bool(difference(kept, FULL)) == bool(out)
