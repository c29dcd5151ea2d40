"""The locked versions are above every version with a known hole in what the doors stand on."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

# The lowest version without a known hole, and the hole below it.
FLOOR = {
    "pyjwt": ((2, 13), "CVE-2026-48522 to 48526, CVE-2026-32597, CVE-2022-29217"),
    "cryptography": ((49,), "several of OpenSSL"),
    "starlette": ((0, 49, 1), "CVE-2025-62727"),
    "python-multipart": ((0, 0, 26), "CVE-2024-53981 and later ones"),
}
NEVER = {"python-jose", "jwcrypto", "authlib", "pyjwkest"}


def locked(name: str) -> dict[str, str]:
    text = (ROOT / name).read_text("utf-8")
    return dict(re.findall(r"^([a-z0-9][a-z0-9._-]*)==([0-9][^ ;\\]*)", text, re.M))


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-runtime.lock"])
@pytest.mark.parametrize("package", list(FLOOR))
def test_a_package_is_not_locked_below_its_floor(lock: str, package: str) -> None:
    floor, hole = FLOOR[package]
    found = tuple(int(part) for part in re.findall(r"\d+", locked(lock)[package]))
    assert found >= floor, hole


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-runtime.lock"])
def test_no_library_that_accepts_wrong_tokens_is_locked(lock: str) -> None:
    assert not NEVER & locked(lock).keys()


def test_the_second_reader_of_tokens_is_for_tests_only() -> None:
    assert "joserfc" not in locked("requirements-runtime.lock")
