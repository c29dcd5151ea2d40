"""Registers written as files say, imported again, what they said."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hie.recognition.catalogue import load_catalogue
from hie.recognition.policy import build_policy
from hie.recognition.policy_entries import counting, new_entries
from hie.recognition.region import load_regions
from hie.recognition.register import PolicyEntry, PrecisionRow, RegisterRows
from hie.recognition.register_files import apply_import, check_import, parse_register
from hie.recognition.register_write import written_files

SAMPLES = Path(__file__).parents[2] / "samples" / "registers" / "good"
NOTHING = RegisterRows(0)
START = date(2026, 1, 1)


def known() -> RegisterRows:
    files = [parse_register(path.name, path.read_bytes()) for path in SAMPLES.iterdir()]
    return apply_import(NOTHING, files)


def read_again(rows: RegisterRows) -> RegisterRows:
    parsed = [parse_register(one.name, one.text.encode()) for one in written_files(rows)]
    faults, _ = check_import(parsed, NOTHING, load_catalogue(), load_regions())
    assert faults == []
    return apply_import(NOTHING, parsed)


def test_what_is_written_is_read_as_the_same_rows() -> None:
    rows = known()
    again = read_again(rows)
    for kind in ("institutions", "successors", "qualifications", "precision", "marks"):
        assert set(getattr(again, kind)) == set(getattr(rows, kind)), kind
    assert counting(again.policies) == counting(rows.policies)
    assert [one.text for one in written_files(again)] == [one.text for one in written_files(rows)]


def test_a_register_without_rows_has_no_file_and_a_link_taken_back_is_none() -> None:
    rows = known()
    taken = replace(rows, marks=(), successors=(replace(rows.successors[0], successor=""),))
    assert {one.name for one in written_files(taken)} == {
        "institutions.csv",
        "qualifications.csv",
        "precision.csv",
        "policies.yaml",
    }
    assert written_files(NOTHING) == []


def test_digits_and_cells_with_delimiters_survive() -> None:
    rows = known()
    odd = replace(rows.institutions[0], name='甲,"乙";丙')
    cv = PrecisionRow(odd.code, "K", "2026-07", Decimal("1.50"))
    again = read_again(replace(rows, institutions=(odd,), precision=(cv,), successors=()))
    assert again.institutions == (odd,)
    assert str(again.precision[0].cv_percent) == "1.50"


def entry(order: int, end: date | None = None, **values: Any) -> PolicyEntry:
    return PolicyEntry("default", START, end, values, order)


def test_of_one_scope_and_day_the_later_import_is_written() -> None:
    found = counting([entry(1, voluntary=True, level_rule="none"), entry(2, voluntary=False)])
    assert found == {("default", START, None): {"voluntary": False, "level_rule": "none"}}


def test_what_a_shorter_later_entry_hides_goes_on_after_it() -> None:
    june = date(2026, 6, 30)
    found = counting([entry(1, voluntary=True), entry(2, june, voluntary=False)])
    assert found == {
        ("default", START, june): {"voluntary": False},
        ("default", date(2026, 7, 1), None): {"voluntary": True},
    }


@given(
    st.lists(
        st.builds(
            lambda days, values: (days, values),
            st.none() | st.integers(0, 5),
            st.dictionaries(
                st.sampled_from(["voluntary", "max_candidates", "lookback_days"]),
                st.integers(1, 9),
                min_size=1,
            ),
        ),
        max_size=5,
    ),
    st.integers(0, 8),
)
def test_written_policies_say_on_every_day_what_the_entries_said(
    said: list[tuple[int | None, dict[str, int]]], day: int
) -> None:
    entries = [
        PolicyEntry("default", START, None if n is None else START + timedelta(days=n), v, order)
        for order, (n, v) in enumerate(said)
    ]
    written = [
        PolicyEntry(scope, start, end, values, 0)
        for (scope, start, end), values in counting(entries).items()
    ]
    on = START + timedelta(days=day)
    for key in ("voluntary", "max_candidates", "lookback_days"):
        assert build_policy(written).value(None, on, key) == build_policy(entries).value(
            None, on, key
        )


def test_an_entry_that_says_nothing_new_is_left_out() -> None:
    first, second = entry(1, voluntary=True), entry(2, voluntary=False)
    assert new_entries([], [first]) == [first]
    assert new_entries([first], [first]) == []
    assert new_entries([first, second], [first]) == [first]
    assert new_entries([first], [entry(0, date(2026, 6, 30), voluntary=True)]) != []
    assert new_entries([first], [entry(0, level_rule="none")]) != []


@pytest.mark.parametrize(
    ("one", "other", "place"),
    [
        ("voluntary: true", "voluntary: false", "policies.yaml:policies[1]"),
        ("voluntary: true", "level_rule: none", "policies.yaml:policies[1]"),
        ("voluntary: true", "voluntary: false, to: 2026-06-30",
         "policies.yaml:policies[1].voluntary"),
    ],
)  # fmt: skip
def test_two_entries_of_one_file_do_not_contradict_each_other(
    one: str, other: str, place: str
) -> None:
    text = "policies:\n" + "".join(
        f"  - {{scope: default, from: 2026-01-01, {said}}}\n" for said in (one, other)
    )
    parsed = parse_register("policies.yaml", text.encode())
    faults, _ = check_import([parsed], NOTHING, load_catalogue(), load_regions())
    assert [(fault.path, fault.code) for fault in faults] == [(place, "duplicate-key")]
    assert "policies[0]" in faults[0].expected
