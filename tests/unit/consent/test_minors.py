"""When a patient may decide alone, by the calendar, and whose word counts while nobody knows."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hie.consent.minors import UNKNOWN, Ages, ages_of, check_signed
from hie.consent.reading import read
from hie.consent.rule import EVER_US
from tests.unit.consent.consents import KNOWN, NOW, RESULT, A, a_consent, asked, at, rule
from tests.unit.consent.evaluator import Record
from tests.unit.consent.test_compiling_property import TREES

GUARDIAN = {"performer": [{"type": "RelatedPerson", "display": "guardian"}]}
HIV = Record("Observation", "h", label=1 + 4, source=A)


@pytest.mark.parametrize(
    ("birth", "own", "adult"),
    [
        ("2012-06-15", "2026-06-15", "2030-06-15"),
        ("2012-02-29", "2026-03-01", "2030-03-01"),
        ("9981-12-31", "9995-12-31", "9999-12-31"),
    ],
)
def test_birthdays_begin_with_their_day(birth: str, own: str, adult: str) -> None:
    assert ages_of([birth]) == Ages(at(own), at(own), at(adult), at(adult))


@pytest.mark.parametrize(
    ("birth", "own"), [("9982-01-01", "9996-01-01"), ("9984-02-29", "9998-03-01")]
)
def test_who_comes_of_age_beyond_the_calendar_never_does(birth: str, own: str) -> None:
    assert ages_of([birth]) == Ages(at(own), at(own), EVER_US, EVER_US)


@pytest.mark.parametrize("birth", ["9986-01-01", "9988-02-29", "9999-12-31"])
def test_whose_birthdays_are_all_beyond_the_calendar_stays_a_child(birth: str) -> None:
    assert ages_of([birth]) == Ages(*[EVER_US] * 4)


@pytest.mark.parametrize("birth", [None, "", "not known", "2012-13", "0000", "2012-02-30"])
def test_without_a_birthday_the_patient_may_be_of_any_age(birth: str | None) -> None:
    assert ages_of([birth]) == UNKNOWN
    assert ages_of([birth, "2012-06-15"]) == ages_of(["2012-06-15"])
    assert ages_of([]) == UNKNOWN


@pytest.mark.parametrize(
    ("births", "first", "last"),
    [
        (["2012"], "2012-01-01", "2012-12-31"),
        (["2012-05"], "2012-05-01", "2012-05-31"),
        (["2012-02"], "2012-02-01", "2012-02-29"),
        (["2013", "2012-05-02"], "2012-05-02", "2013-12-31"),
        (["2012-05-02", "2012-05-03", None], "2012-05-02", "2012-05-03"),
    ],
)
def test_a_year_or_a_month_is_all_its_days(births: list[str | None], first: str, last: str) -> None:
    since, until = ages_of([first]), ages_of([last])
    expected = Ages(since.own_us, until.own_us, since.adult_us, until.adult_us)
    assert ages_of(births) == expected


@pytest.mark.parametrize(
    ("birth", "counts"),  # the Consent is of 2026-06-01
    [
        ("2011", True), ("2012-05", True), ("2012-06-01", True),
        ("2012-06", False), ("2012", False), ("2013", False), (None, False),
    ],
)  # fmt: skip
def test_an_own_permission_counts_where_the_patient_was_surely_old_enough(
    birth: str | None, counts: bool
) -> None:
    assert asked(a_consent(rule("permit")), birth=birth) is counts
    assert asked(a_consent(rule("deny")), birth=birth) is False


@pytest.mark.parametrize(
    ("birth", "permitted", "denied"),  # asked on 2026-06-15
    [
        ("2009", True, False), ("2008-07", True, False),
        ("2008-06", False, False), ("2008", False, False), (None, False, False),
        ("2008-05", None, None), ("2007", None, None),
    ],
)  # fmt: skip
def test_a_guardians_word_ends_as_a_permission_first_and_as_a_denial_last(
    birth: str | None, permitted: bool | None, denied: bool | None
) -> None:
    assert asked(a_consent(rule("permit"), **GUARDIAN), birth=birth) is permitted
    assert asked(a_consent(rule("deny"), **GUARDIAN), birth=birth) is denied


def test_what_may_be_the_adolescents_own_a_guardian_closes_and_does_not_open() -> None:
    for birth, permitted, denied in (("2013", True, False), ("2011", None, None)):
        assert asked(a_consent(rule("permit"), **GUARDIAN), birth=birth, record=HIV) is permitted
        assert asked(a_consent(rule("deny"), **GUARDIAN), birth=birth, record=HIV) is denied
    for birth in ("2012", "2012-06"):
        assert asked(a_consent(rule("permit"), **GUARDIAN), birth=birth, record=HIV) is False
        assert asked(a_consent(rule("deny"), **GUARDIAN), birth=birth, record=HIV) is False
        assert asked(a_consent(rule("permit"), **GUARDIAN), birth=birth) is True


@pytest.mark.parametrize(
    ("birth", "signed", "kind", "code"),
    [
        ("2013", {}, "permit", "guardian-required"),
        ("2013", {}, "deny", "guardian-required"),
        ("2012", {}, "permit", "birth-date-required"),
        ("2012", {}, "deny", None),
        ("2011", {}, "permit", None),
        (None, {}, "permit", "birth-date-required"),
        (None, {}, "deny", None),
        ("2012", GUARDIAN, "permit", None),
        ("2008", GUARDIAN, "permit", "birth-date-required"),
        ("2008", GUARDIAN, "deny", None),
        (None, GUARDIAN, "permit", "birth-date-required"),
    ],
)
def test_what_may_count_for_nothing_is_not_taken(
    birth: str | None, signed: dict[str, Any], kind: str, code: str | None
) -> None:
    for root in (rule(kind), rule("deny", rule(kind, who="Organization/a"))):
        directive = read(a_consent(root, **signed), KNOWN, NOW)
        found = check_signed(directive, ages_of([birth]))
        assert [one.code for one in found] == ([] if code is None else [code])


@given(
    st.lists(st.tuples(TREES, st.booleans()), min_size=1, max_size=3),
    st.sampled_from(["2012", "2012-06", "2008", "2008-06", "2010"]),
    st.integers(1, 12),
    st.integers(1, 30),
    st.sampled_from([RESULT, HIV]),
)
def test_a_birthday_that_is_told_later_opens_and_never_was_needed_to_close(
    given_: list[tuple[dict[str, Any], bool]], birth: str, month: int, day: int, record: Record
) -> None:
    """Permitted whatever the birthday is permitted with each; denied with one is denied."""
    exact = f"{birth[:4]}-{birth[5:] or f'{month:02}'}-{day if month != 2 else min(day, 28):02}"
    consents = [a_consent(tree, **(GUARDIAN if by else {})) for tree, by in given_]
    partial = asked(*consents, birth=birth, record=record)
    told = asked(*consents, birth=exact, record=record)
    assert told is True or partial is not True
    assert partial is False or told is not False
