"""Who answers for a renamed or merged institution, and whose rows are its history."""

import json
from datetime import date, timedelta
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from hie.recognition.eligibility import Registers
from hie.recognition.engine import assess_order
from hie.recognition.register import InstitutionRow, RegisterRows, SuccessorRow
from hie.recognition.snapshot import freeze_registers
from hie.recognition.succession import Succession
from tests.unit.recognition import records

DAY = date(2026, 1, 1)
CODES = "ABCDE"


def period(code: str, start: date = DAY, end: date | None = None) -> InstitutionRow:
    return InstitutionRow(code, code, "110102", "3A", "", "", "active", start, end)


def link(code: str, successor: str, start: date = DAY) -> SuccessorRow:
    return SuccessorRow(code, successor, start)


def days(number: int) -> date:
    return DAY + timedelta(days=number)


def test_without_links_everybody_answers_for_themselves() -> None:
    alone = Succession.of((), [period("A")])
    assert alone.answering("A", DAY) == "A"
    assert alone.lineages("A", DAY) == (("A",),)


def test_a_successor_answers_from_its_day_on() -> None:
    known = Succession.of([link("A", "B", DAY)], [period("B")])
    assert known.answering("A", days(-1)) == "A"
    assert known.answering("A", DAY) == "B"
    assert known.lineages("A", days(-1)) == (("A",),)
    assert known.lineages("B", days(-1)) == (("B",),)


def test_a_new_code_continues_the_laboratory() -> None:
    known = Succession.of(
        [link("A", "B"), link("B", "C", days(9))], [period("B"), period("C", days(9))]
    )
    assert known.lineages("A", DAY) == known.lineages("B", DAY) == (("B", "A"),)
    assert known.lineages("A", days(9)) == known.lineages("C", days(9)) == (("C", "B", "A"),)


def test_an_heir_with_a_past_of_its_own_is_a_merger() -> None:
    known = Succession.of([link("A", "B")], [period("B", days(-1))])
    assert known.lineages("A", DAY) == (("A",), ("B",))
    assert known.lineages("B", DAY) == (("B",),)


def test_an_heir_of_two_is_a_merger() -> None:
    known = Succession.of([link("A", "C"), link("B", "C")], [period("C")])
    assert known.lineages("A", DAY) == (("A",), ("C",))
    assert known.lineages("C", DAY) == (("C",),)


def test_a_renamed_laboratory_that_merges_brings_its_own_history_only() -> None:
    known = Succession.of(
        [link("A", "B"), link("B", "D", days(9))], [period("B"), period("D", days(-9))]
    )
    assert known.lineages("A", days(9)) == (("B", "A"), ("D",))
    assert known.lineages("D", days(9)) == (("D",),)


def test_a_link_taken_back_is_none() -> None:
    known = Succession.of([link("A", ""), link("A", "B", days(3))], [period("B", days(3))])
    assert known.answering("A", days(2)) == "A"
    assert known.answering("A", days(3)) == "B"


def test_a_ring_ends_all_the_same() -> None:
    for ring in ([link("A", "A")], [link("A", "B"), link("B", "A")]):
        known = Succession.of(ring, [period("A"), period("B")])
        assert set(known.lineages("A", DAY)[0]) <= {"A", "B"}
        assert known.answering("A", DAY) in ("A", "B")


LINKS = st.lists(
    st.builds(link, st.sampled_from(CODES), st.sampled_from(CODES), st.integers(-3, 3).map(days)),
    max_size=6,
)


@given(LINKS, st.sampled_from(CODES), st.integers(-4, 4).map(days))
def test_any_links_end_and_name_the_one_who_answers_last(
    links: list[SuccessorRow], code: str, day: date
) -> None:
    known = Succession.of(links, [period(one, days(n - 2)) for n, one in enumerate(CODES)])
    lineages = known.lineages(code, day)
    assert code in lineages[0]
    assert lineages[-1][0] == known.answering(code, day)


@given(LINKS, st.integers(-4, 4).map(days))
def test_before_a_link_begins_nothing_is_different(links: list[SuccessorRow], day: date) -> None:
    later = [one for one in links if one.start > day]
    known = Succession.of(later, [period(one) for one in CODES])
    for code in CODES:
        assert known.lineages(code, day) == ((code,),)
        assert known.answering(code, day) == code


@given(LINKS)
def test_links_of_others_change_no_answer(links: list[SuccessorRow]) -> None:
    plain: Any = records.registers()
    linked = records.registers(successors=links)
    for day in (DAY, date(2026, 6, 12)):
        assert plain.marks(records.SOURCE, "K", day) == linked.marks(records.SOURCE, "K", day)
        assert plain.rounds(records.SOURCE, "K", day) == linked.rounds(records.SOURCE, "K", day)
        assert plain.qualified(records.SOURCE, "K", day) == linked.qualified(
            records.SOURCE, "K", day
        )


@given(st.sampled_from((records.SOURCE, records.RECEIVER, "E")), st.integers(0, 9))
def test_a_link_that_begins_after_the_day_asked_about_changes_no_assessment(
    successor: str, later: int
) -> None:
    start = (date(2026, 6, 16) + timedelta(days=later)).isoformat()
    links = [
        records.successor(one, successor, start)
        for one in (records.SOURCE, "D")
        if one != successor
    ]
    plain = records.question()
    linked = records.question(books=records.registers(successors=links))
    found = [assess_order("K", [records.a_candidate()], one) for one in (plain, linked)]
    assert found[0] == found[1]
    assert found[0].outcome == "recognise"


def test_links_are_kept_with_the_data_in_force_and_older_data_has_none() -> None:
    rows = RegisterRows(1, (period("A"),), successors=(link("A", "B"),))
    frozen = json.loads(freeze_registers(rows))
    assert msgspec.convert(frozen, RegisterRows) == rows
    del frozen["successors"]
    assert msgspec.convert(frozen, RegisterRows).successors == ()


def test_registers_without_links_follow_nothing() -> None:
    known = Registers(RegisterRows(1, (period("A"),)))
    assert known.answering("A", DAY) == known.institution("A", DAY)
