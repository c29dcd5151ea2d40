"""Personal numbers: their types, how they are compared, and what makes one useless for matching.

A number that fails here is kept and shown like any other; it only never says who somebody is.
Whether several people share a number is not seen in the number itself: `linkage` finds that out.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final, Literal


class IdentifierType(StrEnum):
    """What kind of number it is; the hub's names, the same at every site."""

    RESIDENT_ID = "resident-id"
    PASSPORT = "passport"
    RESIDENCE_PERMIT = "residence-permit"
    HK_MACAO_PERMIT = "hk-macao-permit"
    TAIWAN_PERMIT = "taiwan-permit"
    INSURANCE = "insurance"
    OUTPATIENT_NO = "outpatient-no"
    INPATIENT_NO = "inpatient-no"
    HOUSEHOLD_BOOK = "household-book"
    OFFICER_CARD = "officer-card"
    DRIVING_LICENCE = "driving-licence"
    OTHER = "other"


# Those that may match people across institutions.
STRONG: Final = frozenset(
    {
        IdentifierType.RESIDENT_ID,
        IdentifierType.PASSPORT,
        IdentifierType.RESIDENCE_PERMIT,
        IdentifierType.HK_MACAO_PERMIT,
        IdentifierType.TAIWAN_PERMIT,
        IdentifierType.INSURANCE,
    }
)


class Defect(StrEnum):
    """Why a number says nothing about who somebody is."""

    PLACEHOLDER = "placeholder"  # typed where a number was demanded and none was known
    TOO_SHORT = "too-short"
    OLD_FORM = "15-digit"  # a resident number from before 1999: no check character, no century
    FORM = "form"  # a resident number that is not 17 digits and a check character
    PROVINCE = "unknown-province"
    BIRTH_DATE = "no-birth-date"  # not in the calendar, before 1900-01-02, or after the day
    CHECK = "wrong-check-character"


@dataclass(frozen=True, slots=True)
class Encoded:
    """What a resident number says of its holder (GB 11643: digits 7 to 14, and the 17th)."""

    birth_date: date
    sex: Literal["male", "female"]


SHORTEST: Final = 5
FIRST_BIRTH: Final = date(1900, 1, 2)  # 1900-01-01 is what systems write for an unknown date
# GB/T 2260; 81, 82 and 83 stand in residence permits of people from Hong Kong, Macao and Taiwan.
PROVINCES: Final = frozenset(
    {
        "11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34",
        "35", "36", "37", "41", "42", "43", "44", "45", "46", "50", "51", "52",
        "53", "54", "61", "62", "63", "64", "65", "71", "81", "82", "83",
    }
)  # fmt: skip
_WORDS: Final = frozenset(
    {
        "无", "不详", "未知", "NULL", "NONE", "NA", "N/A", "NIL", "UNKNOWN",
        "暂无", "没有", "未提供", "不明", "保密", "无证件", "无身份证",
    }
)  # fmt: skip
_STARTS: Final = ("123456789", "000000", "TEST")
_EIGHTEEN: Final = re.compile(r"[0-9]{17}[0-9X]")
_FIFTEEN: Final = re.compile(r"[0-9]{15}")
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS: Final = "10X98765432"


def normalise(kind: str, value: str) -> str:
    """The number as it is compared: NFKC, no spaces or invisible characters, upper case.

    Normalising again changes nothing: where leaving out a space lets two characters become one,
    that is done too.
    """
    if value.isascii():
        return "".join(value.split()).upper()
    before, number = "", value
    while number != before:
        before = number
        plain = unicodedata.normalize("NFKC", number).upper()
        number = "".join(
            char for char in plain if not char.isspace() and unicodedata.category(char) != "Cf"
        )
    return number


def check(kind: str, value: str, on: date) -> Defect | None:
    """What makes a number unusable, or None. `on`: nobody is born after the day asked about."""
    number = normalise(kind, value)
    if not number:
        return Defect.TOO_SHORT
    if is_placeholder(number):
        return Defect.PLACEHOLDER
    if kind == IdentifierType.RESIDENT_ID:
        return _check_resident(number, on)
    return Defect.TOO_SHORT if len(number) < SHORTEST else None


def is_usable(kind: str, value: str, on: date) -> bool:
    """Whether this number may say who somebody is: a strong type, and nothing wrong with it."""
    return kind in STRONG and check(kind, value, on) is None


def is_placeholder(number: str) -> bool:
    """All characters but the last equal, a known beginning, or a word for none.

    The sample numbers printed in GB 11643 are none: software is tested with them, and a person
    may hold one.
    """
    return (
        number in _WORDS
        or number.startswith(_STARTS)
        or (len(number) > 1 and len(set(number[:-1])) == 1)
    )


def encoded(kind: str, value: str, on: date) -> Encoded | None:
    """What a usable resident number encodes; None for any other number."""
    if kind != IdentifierType.RESIDENT_ID or check(kind, value, on) is not None:
        return None
    number = normalise(kind, value)
    born = _birth_date(number)
    return None if born is None else Encoded(born, "male" if int(number[16]) % 2 else "female")


def check_character(first17: str) -> str:
    """The last character of a resident number (GB 11643-1999, ISO 7064 MOD 11-2)."""
    total = sum(int(digit) * weight for digit, weight in zip(first17, _WEIGHTS, strict=True))
    return _CHECKS[total % 11]


def _check_resident(number: str, on: date) -> Defect | None:
    if _FIFTEEN.fullmatch(number):
        return Defect.OLD_FORM
    if not _EIGHTEEN.fullmatch(number):
        return Defect.FORM
    if number[:2] not in PROVINCES:
        return Defect.PROVINCE
    born = _birth_date(number)
    if born is None or not FIRST_BIRTH <= born <= on:
        return Defect.BIRTH_DATE
    return None if check_character(number[:17]) == number[17] else Defect.CHECK


def _birth_date(number: str) -> date | None:
    try:
        return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None
