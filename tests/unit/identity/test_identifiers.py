from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hie.identity.identifiers import (
    PROVINCES,
    STRONG,
    Defect,
    Encoded,
    IdentifierType,
    check,
    check_character,
    encoded,
    is_usable,
    normalise,
)

ON = date(2026, 6, 15)
SAMPLE = "11010519491231002X"  # printed in GB 11643; nobody's


@pytest.mark.parametrize(
    "typed",
    [
        SAMPLE,
        SAMPLE.lower(),
        " 110105 19491231 002X ",
        "１１０１０５１９４９１２３１００２Ｘ",
        "\u200b11010519491231002x\ufeff",
    ],
)
def test_typing_makes_no_other_number(typed: str) -> None:
    assert normalise("resident-id", typed) == SAMPLE
    assert check("resident-id", typed, ON) is None


@pytest.mark.parametrize(
    ("value", "defect"),
    [
        ("110105194912310021", Defect.CHECK),
        ("110105491231002", Defect.OLD_FORM),
        ("11010519491231002", Defect.FORM),
        ("11010519491231002XX", Defect.FORM),
        ("1101051949123100X2", Defect.FORM),
        ("990105194912310023", Defect.PROVINCE),
        ("110105194902300029", Defect.BIRTH_DATE),
        ("110105190001010020", Defect.BIRTH_DATE),
        ("11010520260616002X", Defect.BIRTH_DATE),
        ("", Defect.TOO_SHORT),
        ("   ", Defect.TOO_SHORT),
        ("无", Defect.PLACEHOLDER),
        ("null", Defect.PLACEHOLDER),
        ("111111111111111111", Defect.PLACEHOLDER),
        ("11111111111111111X", Defect.PLACEHOLDER),
        ("123456789012345678", Defect.PLACEHOLDER),
        ("000000194912310021", Defect.PLACEHOLDER),
        ("test-0001", Defect.PLACEHOLDER),
    ],
)
def test_what_is_wrong_with_a_resident_number_is_told(value: str, defect: Defect) -> None:
    assert check("resident-id", value, ON) is defect
    assert not is_usable("resident-id", value, ON)


def test_a_holder_may_be_born_on_the_day_asked_about_and_not_after() -> None:
    number = "110105" + "20260615" + "001"
    number += check_character(number)
    assert check("resident-id", number, ON) is None
    assert check("resident-id", number, date(2026, 6, 14)) is Defect.BIRTH_DATE


def test_the_first_birth_date_that_is_no_default_of_a_system_is_1900_01_02() -> None:
    first17 = "110105" + "19000102" + "001"
    assert check("resident-id", first17 + check_character(first17), ON) is None


@pytest.mark.parametrize("kind", sorted(STRONG - {"resident-id"}))
def test_other_strong_numbers_need_five_characters(kind: str) -> None:
    assert check(kind, "E123", ON) is Defect.TOO_SHORT
    assert check(kind, "E1234", ON) is None
    assert check(kind, "不详", ON) is Defect.PLACEHOLDER
    assert check(kind, "UNKNOWN", ON) is Defect.PLACEHOLDER
    assert check(kind, "00000", ON) is Defect.PLACEHOLDER


@pytest.mark.parametrize("kind", sorted(set(IdentifierType) - STRONG))
def test_weak_numbers_never_say_who_somebody_is(kind: str) -> None:
    assert not is_usable(kind, "M2026061500012", ON)


def test_a_resident_number_tells_birth_date_and_sex() -> None:
    assert encoded("resident-id", SAMPLE, ON) == Encoded(date(1949, 12, 31), "female")
    assert encoded("resident-id", "110105194912310021", ON) is None
    assert encoded("passport", SAMPLE, ON) is None


FIRST17 = st.builds(
    lambda province, place, born, order: f"{province}{place:04}{born:%Y%m%d}{order:03}",
    st.sampled_from(sorted(PROVINCES)),
    st.integers(0, 9999),
    st.dates(date(1900, 1, 2), ON),
    st.integers(0, 999),
)


@given(FIRST17, st.sampled_from("0123456789X"))
def test_one_check_character_of_eleven_fits(first17: str, last: str) -> None:
    found = check("resident-id", first17 + last, ON)
    if found is not Defect.PLACEHOLDER:
        assert (found is None) == (last == check_character(first17))


@given(FIRST17, st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(first17: str, at: int, step: int) -> None:
    digit = str((int(first17[at]) + step) % 10)
    wrong = first17[:at] + digit + first17[at + 1 :] + check_character(first17)
    assert check("resident-id", wrong, ON) is not None


@example("passport", "O\N{MACRON}")
@given(st.sampled_from(sorted(IdentifierType)), st.text(max_size=40))
def test_any_text_is_judged_and_normalised_once_and_for_all(kind: str, text: str) -> None:
    number = normalise(kind, text)
    assert normalise(kind, number) == number
    assert check(kind, number, ON) is check(kind, text, ON)
