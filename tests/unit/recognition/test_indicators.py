"""Indicators: the laws their numbers keep, whatever was asked, decided and done."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hie.fhir.elements import instant
from hie.recognition.assessment import Outcome
from hie.recognition.indicator_definitions import definitions_version, load_definitions
from hie.recognition.indicator_facts import Decided, Line, Performed
from hie.recognition.indicator_savings import saved
from hie.recognition.indicator_tally import Count, Dimension, Tallies, Tally, add_all, tally
from hie.recognition.indicators import Measured, Period, measure
from hie.recognition.savings import Tariff

DAY_US = 86_400_000_000
NOON = 1_780_286_400_000_000  # 2026-06-01T12:00+08:00
JUNE = Period(date(2026, 6, 1), date(2026, 6, 30))
HERE, THERE = "91130000RECEIVER0X", "91110000SOURCE000X"
PANEL = Tariff("250101015", Decimal("30.00"), "catalogue")
K = Tariff("250304001", Decimal("8.50"), "catalogue")
YES, REVIEW, NO, NONE = Outcome.RECOGNISE, Outcome.REVIEW, Outcome.REFUSE, Outcome.NONE


def use(at_us: int = NOON, **other: Any) -> Decided:
    said = {"source": THERE, "result": f"{THERE}|F1", **other}
    return Decided(kind="use", at_us=at_us, **said)


def repeat(at_us: int = NOON, reason: str = "N2_RAPIDLY_CHANGING") -> Decided:
    return Decided(kind="repeat", at_us=at_us, reason=reason)


def a_line(day: int = 0, **other: Any) -> Line:
    """An order for potassium, recognisable, of one person on a day of June counted from 0."""
    given_: dict[str, Any] = {
        "check": "c1", "place": 0, "at_us": NOON + day * DAY_US, "person": "p", "receiver": HERE,
        "department": "", "item": "K", "outcome": YES, "candidates": frozenset({"Observation/a"}), "tariff": K,
        "earlier": frozenset({f"{THERE}|F1"}),
    }  # fmt: skip
    return Line(**{**given_, **other})


def done(day: float, item: str = "K", billable: str = K.billable, **other: Any) -> Performed:
    at = NOON + int(day * DAY_US)
    said = {"institution": HERE, "item": item, "billable": billable, **other}
    return Performed(at_us=at, until_us=at, **said)


def counted(lines: Iterable[Line], performed: Sequence[Performed] = (), **how: Any) -> Tally:
    return tally(lines, performed, **how).get(None, Tally())


def told(found: Tally, key: str, period: Period = JUNE) -> Measured:
    return next(one for one in measure(found, period) if one.definition.key == key)


def test_nothing_counted_has_no_rate() -> None:
    for one in measure(Tally(), JUNE):
        assert one.n == 0
        if one.definition.kind in ("share", "per-patient-year"):
            assert one.value is None
        else:
            assert one.value == 0


def test_what_was_opened_is_unknown_where_nobody_records_it() -> None:
    unknown = counted([a_line()])
    assert told(unknown, "viewed").value is None
    assert told(unknown, "view_rate").value is None
    known = counted([a_line(viewed=False), a_line(1, viewed=True)])
    assert told(known, "viewed").value == 1
    assert told(known, "view_rate").value == Decimal("0.5")


def test_the_funnel_of_one_order() -> None:
    found = counted([a_line(decided=use())])
    wanted = ("asked", "with_earlier", "eligible", "offered", "used", "used_elsewhere", "avoided")
    assert {key: told(found, key).value for key in wanted} == dict.fromkeys(wanted, 1)
    assert told(found, "recognition_rate").value == 1
    assert told(found, "goal_recognition_rate").value == 1
    assert str(told(found, "saved").value) == "8.50"


def test_an_order_asked_about_three_times_is_one() -> None:
    lines = [
        a_line(check="choosing"),
        a_line(check="signing", at_us=NOON + 60_000_000, decided=use()),
        a_line(check="after", at_us=NOON + 7_200_000_000, outcome=REVIEW),
    ]
    found = counted(lines)
    assert [found.count(what) for what in (Count.ASKED, Count.OFFERED, Count.USED)] == [1, 1, 1]
    assert counted([*lines, a_line(department="surgery")]).count(Count.ASKED) == 2
    assert counted([*lines, a_line(1)]).count(Count.ASKED) == 2
    chest = a_line(item="CT", said="CHEST", imaging=True)
    head = a_line(item="CT", said="HEAD", imaging=True)
    assert counted([chest, head]).count(Count.ASKED) == 2


def test_of_several_decisions_the_last_counts() -> None:
    lines = [a_line(decided=use()), a_line(check="c2", decided=repeat(NOON + 1))]
    found = counted(lines)
    assert (found.count(Count.USED), found.count(Count.REPEATED)) == (0, 1)
    assert found.reasons == {"N2_RAPIDLY_CHANGING": 1}


def test_without_a_reminder_nothing_is_offered_until_somebody_decides() -> None:
    assert counted([a_line(prompted=False)]).count(Count.OFFERED) == 0
    assert counted([a_line(prompted=False)]).count(Count.ELIGIBLE) == 1
    assert counted([a_line(prompted=False, decided=use())]).count(Count.OFFERED) == 1


@pytest.mark.parametrize(
    ("day", "silent"), [(-0.5, 0), (0.01, 1), (7, 1), (7.49, 1), (7.51, 0), (8, 0)]
)
def test_silently_repeated_within_seven_days_of_the_order(day: float, silent: int) -> None:
    found = counted([a_line()], [done(day)])
    assert found.count(Count.SILENT) == silent


def test_silently_avoided_is_known_when_the_seven_days_are_over() -> None:
    for day, known in ((7, 0), (8, 1)):
        found = counted([a_line()], today=JUNE.first + timedelta(days=day))
        assert (found.count(Count.UNDECIDED), found.count(Count.SILENTLY_AVOIDED)) == (1, known)
    again = counted([a_line()], [done(1)], today=JUNE.first + timedelta(days=1))
    assert (again.count(Count.SILENT), again.count(Count.SILENTLY_AVOIDED)) == (1, 0)


def test_a_card_is_ignored_while_nothing_is_said_of_any_about_its_order() -> None:
    choosing, signing = a_line(check="choosing", card=False), a_line(check="signing", card=False)
    counts = (Count.CARDS, Count.CARDS_IGNORED, Count.IGNORED_REPEATED, Count.IGNORED_AVOIDED)
    for lines, performed, wanted in (
        ([choosing, signing], [], [1, 1, 0, 1]),
        ([choosing, signing], [done(1)], [1, 1, 1, 0]),
        ([choosing, a_line(check="signing", card=True)], [done(1)], [1, 0, 0, 0]),
        ([choosing, a_line(check="page", decided=use())], [], [1, 0, 0, 0]),
        ([a_line()], [done(1)], [0, 0, 0, 0]),
    ):
        found = counted(lines, performed)
        assert [found.count(what) for what in counts] == wanted


def test_of_images_a_part_in_common_makes_a_repeat() -> None:
    chest = a_line(item="CT", imaging=True, said="CHEST", parts=frozenset({"CHEST"}))
    for parts, silent in (({"CHEST", "ABDOMEN"}, 1), ({"HEAD"}, 0), (set(), 1)):
        later = done(1, "CT", "CT", parts=frozenset(parts))
        assert counted([chest], [later]).count(Count.SILENT) == silent


def test_elsewhere_or_another_item_is_no_repeat() -> None:
    for later in (done(1, institution=THERE), done(1, "NA", "250304002")):
        assert counted([a_line(decided=use())], [later]).count(Count.AVOIDED) == 1


def test_a_reopened_use_is_undecided_and_saves_nothing() -> None:
    found = counted([a_line(decided=use(reopened=True))], [done(1)])
    assert (found.count(Count.UNDECIDED), found.count(Count.REOPENED)) == (1, 1)
    assert (found.count(Count.USED), found.count(Count.SILENT)) == (0, 0)
    assert told(found, "saved").value == 0


def test_the_blood_counts_save_one_panel_unless_one_is_run() -> None:
    counts = [
        a_line(item=item, place=n, tariff=PANEL, decided=use())
        for n, item in enumerate(("WBC", "PLT", "HGB"))
    ]
    assert str(told(counted(counts), "saved").value) == "30.00"
    for other in (
        {"decided": repeat()},
        {"outcome": NO},
        {"outcome": NONE, "candidates": frozenset()},
    ):
        run = a_line(item="HCT", place=3, tariff=PANEL, **other)
        assert told(counted([*counts, run]), "saved").value == 0


def test_a_repeat_takes_its_saving_back_once() -> None:
    lines = [a_line(decided=use()), a_line(2, check="c2", decided=use(NOON + 2 * DAY_US))]
    for later, left in (([], "17.00"), ([done(3)], "8.50"), ([done(3), done(3.1)], "8.50"),
                        ([done(3), done(4)], "0.00"), ([done(3), done(4), done(5)], "0.00"),
                        ([done(10)], "17.00")):  # fmt: skip
        assert str(told(counted(lines, later), "saved").value) == left


def test_another_item_of_the_billable_takes_it_back_too() -> None:
    one = a_line(item="WBC", tariff=PANEL, decided=use())
    found = counted([one], [done(2, "PLT", PANEL.billable)])
    assert (found.count(Count.AVOIDED), str(told(found, "saved").value)) == (1, "0.00")


def test_a_saving_is_at_risk_while_the_result_is_valid() -> None:
    long = use(valid_until=date(2026, 6, 21))
    for day, left in ((20, "0.00"), (21, "8.50")):
        found = counted([a_line(decided=long)], [done(day)])
        assert str(told(found, "saved").value) == left
        assert found.count(Count.AVOIDED) == 1


def test_repeats_per_patient_year() -> None:
    found = Tally()
    add: Tallies = {None: found}
    for person in ("a", "b"):
        add_all(add, tally([a_line(person=person)], [done(1)]))
    year = Period(date(2026, 1, 1), date(2026, 12, 31))
    one = told(found, "repeats_per_patient_year", year)
    assert one.numerator == one.n == 2
    assert one.denominator == Decimal("1.9986")
    assert one.value == Decimal("1.0007")


def test_every_definition_is_told_in_both_languages_and_versioned() -> None:
    keys = [one.key for one in load_definitions()]
    assert len(set(keys)) == len(keys) > 20
    assert definitions_version() == "2026.2"
    for one in load_definitions():
        assert all(words.zh and words.en for words in (one.title, one.formula, one.meaning))


decisions = st.none() | st.builds(
    lambda kind, minutes, reopened, source, result: Decided(
        kind=kind, at_us=NOON + minutes * 60_000_000, reopened=reopened,
        reason=None if kind == "use" else "N2_RAPIDLY_CHANGING",
        source=source, result=f"{source}|{result}",
    ),
    st.sampled_from(["use", "repeat"]), st.integers(0, 20_000), st.booleans(),
    st.sampled_from([HERE, THERE]), st.sampled_from(["F1", "F2"]),
)  # fmt: skip
ITEMS = {"K": K, "WBC": PANEL, "PLT": PANEL, "CT": Tariff("CT", Decimal(135), "own")}


@st.composite
def lines_of(draw: st.DrawFn, person: str = "p") -> list[Line]:
    found = []
    for n in range(draw(st.integers(0, 8))):
        item = draw(st.sampled_from(sorted(ITEMS)))
        outcome = draw(st.sampled_from(list(Outcome)))
        decided = draw(decisions)
        if decided is not None and decided.kind == "use" and outcome in (NO, NONE):
            decided = None  # the door refuses it
        earlier = draw(st.frozensets(st.sampled_from([f"{THERE}|F1", f"{THERE}|F2"])))
        found.append(
            a_line(
                draw(st.integers(0, 12)), check=f"c{n // 2}", place=n, item=item, outcome=outcome,
                imaging=item == "CT", parts=draw(st.sampled_from([frozenset(), frozenset("A")])),
                candidates=frozenset() if outcome is NONE else frozenset({"Observation/a"}), earlier=earlier,
                prompted=draw(st.booleans()), viewed=draw(st.sampled_from([None, True, False])),
                decided=decided, tariff=ITEMS[item], person=person,
                department=draw(st.sampled_from(["", "surgery"])),
                card=draw(st.sampled_from([None, True, False])),
            )
        )  # fmt: skip
    return found


performances = st.lists(
    st.builds(
        lambda item, day, where: done(day, item, ITEMS[item].billable, institution=where),
        st.sampled_from(sorted(ITEMS)), st.integers(-2, 20), st.sampled_from([HERE, HERE, THERE]),
    ),
    max_size=8,
)  # fmt: skip


@given(lines_of(), performances, st.integers(0, 30))
def test_shares_lie_between_0_and_1_and_parts_add_up(
    lines: list[Line], performed: list[Performed], dice: int
) -> None:
    found = counted(lines, performed)
    for one in measure(found, JUNE):
        if one.definition.kind == "share" and one.value is not None:
            assert 0 <= one.value <= 1, one.definition.key
    count = found.count
    assert count(Count.USED) + count(Count.REPEATED) + count(Count.UNDECIDED) == count(
        Count.OFFERED
    )
    assert count(Count.AVOIDED) <= count(Count.USED)
    silent = count(Count.SILENT) + count(Count.SILENTLY_AVOIDED)
    assert silent + count(Count.REOPENED) == count(Count.UNDECIDED)
    ignored = count(Count.IGNORED_REPEATED) + count(Count.IGNORED_AVOIDED)
    assert ignored == count(Count.CARDS_IGNORED) <= count(Count.CARDS) <= count(Count.OFFERED)
    assert count(Count.IGNORED_REPEATED) <= count(Count.SILENT)
    early = counted(lines, performed, today=JUNE.first + timedelta(days=dice))
    assert early.count(Count.SILENTLY_AVOIDED) <= count(Count.SILENTLY_AVOIDED)
    assert early.count(Count.SILENT) == count(Count.SILENT)
    assert (
        count(Count.ASKED)
        >= count(Count.WITH_EARLIER)
        >= count(Count.ELIGIBLE)
        >= count(Count.OFFERED)
        >= count(Count.VIEW_KNOWN)
        >= count(Count.VIEWED)
    )
    assert sum(found.reasons.values()) == count(Count.REPEATED)
    assert sum(found.refused_by.values()) == count(Count.WITH_EARLIER) - count(Count.ELIGIBLE)


@given(lines_of(), lines_of(), performances)
def test_another_order_never_lowers_what_was_offered(
    lines: list[Line], more: list[Line], performed: list[Performed]
) -> None:
    for n in range(len(more) + 1):
        once, twice = counted([*lines, *more[:n]]), counted([*lines, *more])
        for what in (Count.ASKED, Count.ELIGIBLE, Count.OFFERED):
            assert once.count(what) <= twice.count(what)


@given(lines_of(), performances, st.randoms(use_true_random=False))
def test_the_order_of_facts_changes_nothing(
    lines: list[Line], performed: list[Performed], dice: Any
) -> None:
    for by in (None, *Dimension):
        first = tally(lines, performed, by=by)
        mixed, later = list(lines), list(performed)
        dice.shuffle(mixed)
        dice.shuffle(later)
        assert tally(mixed, later, by=by) == first


@given(lines_of("a"), lines_of("b"), lines_of("c"), performances)
def test_persons_add_up_in_any_order(
    a: list[Line], b: list[Line], c: list[Line], performed: list[Performed]
) -> None:
    forwards: Tallies = {}
    backwards: Tallies = {}
    for lines in (a, b, c):
        add_all(forwards, tally(lines, performed, by=Dimension.ITEM))
    for lines in (c, b, a):
        add_all(backwards, tally(lines, performed, by=Dimension.ITEM))
    assert forwards == backwards
    for what in set(Count) - {Count.PATIENTS, Count.RESULTS_HELD, Count.RESULTS_USED}:
        groups = (one.count(what) for key, one in forwards.items() if key is not None)
        assert sum(groups) == (forwards[None].count(what) if None in forwards else 0)


@given(lines_of(), performances)
def test_a_saving_is_taken_back_at_most_once(lines: list[Line], performed: list[Performed]) -> None:
    found = counted(lines, performed)
    gross, back = found.amounts.get("saved_gross", 0), found.amounts.get("saved_taken_back", 0)
    assert 0 <= back <= gross
    once = counted(lines, performed + performed)
    assert once.amounts == found.amounts


@given(lines_of(), performances, st.integers(0, 19))
def test_one_more_repeat_takes_back_one_saving_at_most(
    lines: list[Line], performed: list[Performed], day: int
) -> None:
    from hie.recognition.indicator_facts import orders_of

    before = saved(orders_of(lines), performed, 7)
    after = saved(orders_of(lines), [*performed, done(day)], 7)
    assert len(before) == len(after)
    taken = [sum(one.taken_back for one in some) for some in (before, after)]
    assert taken[0] <= taken[1] <= taken[0] + 1


@given(lines_of())
def test_no_saving_exceeds_the_prices_of_the_distinct_billables(lines: list[Line]) -> None:
    found = counted(lines)
    distinct = {
        (line.day, line.tariff.billable, (line.item, line.department) if line.imaging else ())
        : line.tariff.amount for line in lines if line.tariff
    }  # fmt: skip
    assert found.amounts.get("saved_gross", 0) <= sum(distinct.values())


def test_days_are_those_of_shanghai() -> None:
    late = NOON + 11 * 3_600_000_000 + 3_599_000_000  # 23:59:59
    assert a_line(at_us=late).day == date(2026, 6, 1)
    assert a_line(at_us=late + 1_000_000).day == date(2026, 6, 1) + timedelta(days=1)
    assert instant(late).date() == date(2026, 6, 1)
    by_month = tally([a_line(29), a_line(30)], by=Dimension.MONTH)
    assert set(by_month) == {None, "2026-06", "2026-07"}


def test_the_result_that_was_offered_is_no_repeat_of_itself() -> None:
    own = done(0, resource="Observation/a")
    other = done(0, resource="Observation/b")
    for later, silent in ((own, 0), (other, 1)):
        assert counted([a_line()], [later]).count(Count.SILENT) == silent
        saved_ = told(counted([a_line(decided=use())], [own, later]), "saved").value
        assert saved_ == Decimal("8.50" if silent == 0 else "0.00")


def test_an_order_decided_anew_by_a_later_check_is_still_one() -> None:
    first = a_line(decided=use(NOON + 2 * DAY_US))
    later = a_line(2, check="c2", decided=use(NOON + 2 * DAY_US), continues=("c1", 0))
    found = counted([later, first])
    assert (found.count(Count.ASKED), found.count(Count.USED)) == (1, 1)
