"""Who may be recognised for what, and when."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hie.recognition.eligibility import Registers, level_met
from hie.recognition.register import (
    InstitutionRow,
    MarkRow,
    PrecisionRow,
    QualificationRow,
    RegisterRows,
)

A, B = "12110102400000101U", "121301024000001027"


def institution(code: str = A, start: str = "2022-01-01", end: str = "", **changes: Any) -> Any:
    row = InstitutionRow(
        code, "示例医院", "110102", "3A", "", "", "active",
        date.fromisoformat(start), date.fromisoformat(end) if end else None,
    )  # fmt: skip
    return replace(row, **changes)


def qualification(
    start: str, end: str, acceptable: bool, *, scheme: str = "NCCL", name: str = ""
) -> QualificationRow:
    return QualificationRow(
        A, "K", scheme, name or start, date.fromisoformat(start),
        date.fromisoformat(end) if end else None, "100" if acceptable else "60", acceptable,
    )  # fmt: skip


def registers(*rows: Any) -> Registers:
    def of(kind: type) -> tuple[Any, ...]:
        return tuple(row for row in rows if isinstance(row, kind))

    return Registers(
        RegisterRows(1, of(InstitutionRow), of(QualificationRow), of(PrecisionRow), of(MarkRow), ())
    )


def test_an_institution_is_called_what_it_was_called_last() -> None:
    known = registers(
        institution(start="2022-01-01", end="2022-12-31", name="旧名"),
        institution(start="2023-01-01", end="2023-12-31", name="新名"),
    )
    assert known.name(A, date(2021, 12, 31)) is None
    assert known.name(A, date(2022, 12, 31)) == "旧名"
    assert known.name(A, date(2023, 1, 1)) == known.name(A, date(2030, 1, 1)) == "新名"
    assert known.name(B, date(2023, 1, 1)) is None


def test_both_ends_of_a_period_belong_to_it() -> None:
    known = registers(
        institution(start="2022-01-01", end="2022-12-31"),
        institution(start="2024-01-01", status="suspended"),
    )
    assert known.institution(A, date(2021, 12, 31)) is None
    assert known.institution(A, date(2022, 1, 1)) is not None
    assert known.institution(A, date(2022, 12, 31)) is not None
    assert known.institution(A, date(2023, 1, 1)) is None
    later = known.institution(A, date(2099, 1, 1))
    assert later is not None
    assert later.status == "suspended"
    assert known.institution(B, date(2022, 1, 1)) is None
    assert known.knows(A)
    assert not known.knows(B)


def test_one_acceptable_round_that_covers_the_day_qualifies() -> None:
    failed = qualification("2026-01-01", "2026-06-30", False, scheme="other")
    passed = qualification("2026-01-01", "2026-06-30", True)
    found = registers(failed, passed).qualified(A, "K", date(2026, 6, 30))
    assert found.state is True
    assert found.row == passed


def test_rows_without_a_covering_acceptable_one_disqualify() -> None:
    lapsed = qualification("2025-01-01", "2025-06-30", True)
    failed = qualification("2026-01-01", "2026-06-30", False)
    known = registers(lapsed, failed)
    assert known.qualified(A, "K", date(2026, 6, 15)).state is False
    assert known.qualified(A, "K", date(2026, 6, 15)).row == failed
    between = known.qualified(A, "K", date(2025, 9, 1))
    assert between.state is False
    assert between.row == failed


def test_without_any_row_nobody_knows() -> None:
    found = registers(qualification("2026-01-01", "", True)).qualified(A, "NA", date(2026, 6, 1))
    assert (found.state, found.row) == (None, None)


def test_the_latest_round_is_the_one_begun_last_and_of_equal_ones_the_larger_name() -> None:
    known = registers(
        qualification("2026-01-01", "", True, name="1"),
        qualification("2026-04-01", "", False, name="10"),
        qualification("2026-04-01", "", True, name="2"),
        qualification("2026-09-01", "", False, name="3"),
    )
    rounds = known.rounds(A, "K", date(2026, 6, 15))
    assert [row.round for row in rounds.by_scheme["NCCL"]] == ["2", "10", "1"]
    assert rounds.latest_failed is None
    later = known.rounds(A, "K", date(2026, 9, 1)).latest_failed
    assert later is not None
    assert later.round == "3"


def test_each_scheme_is_judged_by_itself() -> None:
    known = registers(
        qualification("2026-01-01", "", True, scheme="a"),
        qualification("2026-01-01", "", False, scheme="b"),
    )
    failed = known.rounds(A, "K", date(2026, 6, 15)).latest_failed
    assert failed is not None
    assert failed.scheme == "b"


@pytest.mark.parametrize(
    ("outcomes", "failing"),
    [
        ("F", False),
        ("P", False),
        ("FF", True),
        ("PF", False),
        ("FPF", True),
        ("FFP", False),
        ("PFF", True),
        ("FPP", False),
        ("FFPPF", False),
        ("FFFP", False),
        ("PPFF", True),
        ("FPPF", False),
    ],
)
def test_two_of_the_last_three_rounds_failed_the_latest_among_them(
    outcomes: str, failing: bool
) -> None:
    rows = [
        qualification(f"2026-0{number}-01", "", letter == "P")
        for number, letter in enumerate(outcomes, 1)
    ]
    found = registers(*rows).rounds(A, "K", date(2026, 9, 15))
    assert (found.failing is not None) is failing
    if found.failing:
        assert found.failing == rows[-1]


def test_without_a_round_begun_the_rounds_are_empty() -> None:
    known = registers(qualification("2026-07-01", "", False))
    assert not known.rounds(A, "K", date(2026, 6, 15))
    assert known.rounds(A, "K", date(2026, 7, 1))


@pytest.mark.parametrize(
    ("month", "reported", "found"),
    [
        ("2026-05", ["2026-05"], "2026-05"),
        ("2026-05", ["2026-04", "2026-02"], "2026-04"),
        ("2026-05", ["2026-02"], "2026-02"),
        ("2026-05", ["2026-01"], None),
        ("2026-05", ["2026-06"], None),
        ("2026-02", ["2025-11"], "2025-11"),
        ("2026-01", ["2025-12"], "2025-12"),
        ("2026-01", ["2025-09"], None),
    ],
)
def test_the_cv_is_the_months_or_the_latest_of_the_three_before(
    month: str, reported: list[str], found: str | None
) -> None:
    known = registers(*(PrecisionRow(A, "K", each, Decimal("2.5")) for each in reported))
    row = known.cv(A, "K", month)
    assert (row.month if row else None) == found
    assert known.cv(B, "K", month) is None


def test_marks_are_those_in_force_for_the_item() -> None:
    known = registers(
        MarkRow(A, "K", "京津冀HR", date(2022, 1, 1), date(2022, 12, 31)),
        MarkRow(A, "K", "全国HR", date(2022, 6, 1), None),
        MarkRow(A, "NA", "北京HR", date(2022, 1, 1), None),
    )
    assert [row.mark for row in known.marks(A, "K", date(2022, 6, 1))] == ["京津冀HR", "全国HR"]
    assert [row.mark for row in known.marks(A, "K", date(2023, 1, 1))] == ["全国HR"]
    assert known.marks(B, "K", date(2023, 1, 1)) == ()


def test_one_consortium_or_one_institution_counts_as_the_same() -> None:
    known = registers(
        institution(A, consortium="示例医联体"),
        institution(B, end="2025-12-31", consortium="示例医联体"),
    )
    assert known.same_consortium(A, B, date(2025, 12, 31))
    assert not known.same_consortium(A, B, date(2026, 1, 1))
    assert known.same_consortium(B, B, date(2026, 1, 1))
    assert not registers(institution(A), institution(B)).same_consortium(A, B, date(2025, 1, 1))


def test_consortium_names_are_those_of_the_day() -> None:
    known = registers(
        institution(A, end="2025-12-31", consortium="甲"), institution(B, consortium="乙")
    )
    assert known.consortium_names(date(2025, 6, 1)) == {"甲", "乙"}
    assert known.consortium_names(date(2026, 6, 1)) == {"乙"}


@pytest.mark.parametrize(
    ("rule", "source", "receiver", "met"),
    [
        ("none", "", "3A", True),
        (None, "1", "3A", True),
        ("same_or_higher", "3C", "3A", True),
        ("same_or_higher", "3", "3A", True),
        ("same_or_higher", "2A", "3C", False),
        ("same_or_higher", "3A", "", None),
        ("same_or_higher", "", "2", None),
        ("same_or_higher_grade", "3B", "3A", False),
        ("same_or_higher_grade", "3A", "3B", True),
        ("same_or_higher_grade", "3A", "3A", True),
        ("same_or_higher_grade", "3", "3C", False),
        ("same_or_higher_grade", "3C", "3", True),
        ("same_or_higher_grade", "3C", "2A", True),
        ("same_or_higher_grade", "2A", "3C", False),
    ],
)
def test_a_level_rule_compares_digit_and_letter(
    rule: str | None, source: str, receiver: str, met: bool | None
) -> None:
    assert level_met(rule, source, receiver) is met


ROUNDS = st.lists(
    st.tuples(st.integers(1, 12), st.booleans(), st.sampled_from("ab")),
    max_size=8,
    unique_by=lambda drawn: (drawn[0], drawn[2]),
)


@given(ROUNDS, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(drawn: list[tuple[int, bool, str]], random: Any) -> None:
    rows = [qualification(f"2026-{m:02d}-01", "", ok, scheme=s) for m, ok, s in drawn]
    known = registers(*rows)
    random.shuffle(rows)
    shuffled = registers(*rows)
    day = date(2026, 6, 15)
    assert known.qualified(A, "K", day) == shuffled.qualified(A, "K", day)
    assert known.rounds(A, "K", day) == shuffled.rounds(A, "K", day)


@given(ROUNDS, st.integers(0, 7))
def test_a_round_turned_unacceptable_is_never_better(
    drawn: list[tuple[int, bool, str]], which: int
) -> None:
    rows = [qualification(f"2026-{m:02d}-01", "", ok, scheme=s) for m, ok, s in drawn]
    if which >= len(rows):
        return
    worse = [*rows[:which], replace(rows[which], acceptable=False), *rows[which + 1 :]]
    day = date(2026, 6, 15)
    before, after = registers(*rows), registers(*worse)
    assert not (after.qualified(A, "K", day).state and not before.qualified(A, "K", day).state)
    old, new = before.rounds(A, "K", day), after.rounds(A, "K", day)
    assert not (old.failing and not new.failing)
    assert not (old.latest_failed and not new.latest_failed)
