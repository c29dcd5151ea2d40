"""When a patient may decide alone, by the calendar."""

import pytest

from hie.consent.minors import Ages, ages_of
from hie.consent.rule import EVER_US
from tests.unit.consent.consents import at


@pytest.mark.parametrize(
    ("birth", "own", "adult"),
    [
        ("2012-06-15", "2026-06-15", "2030-06-15"),
        ("2012-02-29", "2026-03-01", "2030-03-01"),
        ("9981-12-31", "9995-12-31", "9999-12-31"),
    ],
)
def test_birthdays_begin_with_their_day(birth: str, own: str, adult: str) -> None:
    assert ages_of(birth) == Ages(at(own), at(adult))


@pytest.mark.parametrize(
    ("birth", "own"), [("9982-01-01", "9996-01-01"), ("9984-02-29", "9998-03-01")]
)
def test_who_comes_of_age_beyond_the_calendar_never_does(birth: str, own: str) -> None:
    assert ages_of(birth) == Ages(at(own), EVER_US)


@pytest.mark.parametrize("birth", ["9986-01-01", "9988-02-29", "9999-12-31"])
def test_whose_birthdays_are_all_beyond_the_calendar_stays_a_child(birth: str) -> None:
    assert ages_of(birth) == Ages(EVER_US, EVER_US)


@pytest.mark.parametrize("birth", [None, "", "2012", "not known"])
def test_without_a_birthday_no_age_is_known(birth: str | None) -> None:
    assert ages_of(birth) is None
