"""One-time codes are those of RFC 4226 and RFC 6238, and each opens once."""

from urllib.parse import parse_qs, urlsplit

import pytest

from hie.access.totp import STEP, address_of, code_at, find_step, written

SECRET = b"12345678901234567890"


@pytest.mark.parametrize(
    ("step", "code"),
    [
        (0, "755224"),
        (1, "287082"),
        (2, "359152"),
        (3, "969429"),
        (4, "338314"),
        (5, "254676"),
        (6, "287922"),
        (7, "162583"),
        (8, "399871"),
        (9, "520489"),
    ],
)
def test_codes_are_those_of_rfc_4226_appendix_d(step: int, code: str) -> None:
    assert code_at(SECRET, step) == code


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_codes_are_those_of_rfc_6238_appendix_b(at: int, code: str) -> None:
    assert code_at(SECRET, at // STEP, digits=8) == code


def test_a_code_is_good_in_its_step_and_one_beside_it() -> None:
    code, now = code_at(SECRET, 1000), 1000 * STEP + 7
    assert find_step(SECRET, code, now, 0) == 1000
    assert find_step(SECRET, code, now + STEP, 0) == 1000
    assert find_step(SECRET, code, now - STEP, 0) == 1000
    assert find_step(SECRET, code, now + 2 * STEP, 0) is None
    assert find_step(SECRET, code, now - 2 * STEP, 0) is None


def test_a_code_that_was_used_opens_nothing_and_neither_does_an_earlier_one() -> None:
    now = 1000 * STEP + 7
    assert find_step(SECRET, code_at(SECRET, 1000), now, 1000) is None
    assert find_step(SECRET, code_at(SECRET, 999), now, 1000) is None
    assert find_step(SECRET, code_at(SECRET, 1001), now, 1000) == 1001


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "12345a", "٣٤٥٦٧٨", "-12345", "1e5000"])
def test_what_is_no_code_is_none(typed: str) -> None:
    assert find_step(SECRET, typed, 1000 * STEP, 0) is None


def test_a_code_may_be_typed_with_a_space() -> None:
    code = code_at(SECRET, 1000)
    assert find_step(SECRET, f"{code[:3]} {code[3:]}", 1000 * STEP, 0) == 1000


def test_the_address_says_all_an_app_needs() -> None:
    parts = urlsplit(address_of(SECRET, "互认 hub", "doctor@a"))
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert parse_qs(parts.query) == {
        "secret": [written(SECRET)],
        "issuer": ["互认 hub"],
        "digits": ["6"],
        "period": ["30"],
    }
