"""GB 32100-2015: the unified social credit code and its check character."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hie.recognition.credit_code import check_character, is_credit_code

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


@pytest.mark.parametrize("code", ["91350100M000100Y43", "12110102400000101U"])
def test_a_right_code_is_known(code: str) -> None:
    assert is_credit_code(code)


@pytest.mark.parametrize(
    "code",
    [
        "", "91350100M000100Y4", "91350100M000100Y433", "91350100m000100y43", "91350100M000100Y44",
        "91350100I000100Y43", "９１350100M000100Y43", " 91350100M000100Y43", "91350100M000100Y43\n",
    ],
)  # fmt: skip
def test_a_wrong_code_is_not(code: str) -> None:
    assert not is_credit_code(code)


@given(st.text(ALPHABET, min_size=17, max_size=17), st.integers(0, 16), st.sampled_from(ALPHABET))
def test_one_wrong_character_is_always_found(first: str, place: int, other: str) -> None:
    code = first + check_character(first)
    assert is_credit_code(code)
    wrong = code[:place] + other + code[place + 1 :]
    assert is_credit_code(wrong) is (wrong == code)
