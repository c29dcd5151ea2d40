"""Numbers of patients: what kind each is, and what is wrong with it.

The hub's types are those of the register of persons. HL7 table 0203, the codes of WS/T 364.3
CV02.01.101 (01 resident card, 03 passport ...) and the words Chinese systems use lead to them; a
code that is none of these is kept as sent. A number that fails its check is kept and named in an
issue: whether it may match anybody is decided elsewhere.
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import date
from operator import mul
from typing import Final

HUB_TYPES: Final = frozenset(
    {
        "resident-id", "passport", "residence-permit", "hk-macao-permit", "taiwan-permit",
        "insurance", "officer-card", "household-book", "driving-licence", "outpatient-no",
        "inpatient-no", "patient", "other",
    }
)  # fmt: skip
PERSONAL: Final = HUB_TYPES - {"outpatient-no", "inpatient-no", "patient", "other"}


def _each(code: str, texts: str) -> dict[str, str]:
    """Every word of `texts` leads to `code`."""
    return dict.fromkeys(texts.split(), code)


_TYPES: Final[dict[str, str]] = {
    **_each(
        "resident-id",
        "ni nnchn nncn 01 id idcard idno id_card idcardno prcid sfz sfzh "
        "resident-id 居民身份证 身份证 身份证号 身份证号码 居民身份证号 "
        "居民身份证号码 二代身份证",
    ),
    **_each("household-book", "02 hkb 居民户口簿 户口簿 户口本 household-book"),
    **_each("passport", "03 ppn pp passport hz 护照 护照号"),
    **_each("officer-card", "04 mi jgz 军官证 士兵证 警官证 officer-card"),
    **_each("driving-licence", "05 dl 驾驶证 驾照 driving-licence"),
    **_each(
        "hk-macao-permit",
        "06 hkmp 港澳通行证 港澳居民来往内地通行证 回乡证 港澳证 港澳台证 hk-macao-permit",
    ),
    **_each("taiwan-permit", "07 twp 台胞证 台湾居民来往大陆通行证 台湾通行证 taiwan-permit"),
    **_each(
        "residence-permit",
        "prc 永久居留证 外国人永久居留证 外国人永久居留身份证 外国人居留证 居住证 "
        "港澳居民居住证 台湾居民居住证 港澳台居民居住证 residence-permit",
    ),
    **_each(
        "insurance",
        "nii niip yb ybh ybkh 医保 医保号 医保卡 医保卡号 医疗保险号 社保卡 "
        "社保卡号 社会保障卡 社会保障号 insurance",
    ),
    **_each("outpatient-no", "op mz mzh 门诊 门诊号 门诊病历号 outpatient-no"),
    **_each("inpatient-no", "ip zy zyh 住院 住院号 病案号 inpatient-no"),
    **_each("other", "99 其他 其他法定有效证件 other"),
    "patient": "patient",
}
# Object identifiers of WS/T 483 and WS/T 500 (2.16.156.10011).
_BY_AUTHORITY: Final = {
    "2.16.156.10011.1.3": "resident-id",
    "2.16.156.10011.1.11": "outpatient-no",
    "2.16.156.10011.1.12": "inpatient-no",
}
_PLACEHOLDERS: Final = frozenset(
    {"无", "不详", "未知", "未提供", "暂无", "没有", "NULL", "NONE", "NA", "N/A", "UNKNOWN"}
)
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_PROVINCES: Final = frozenset(
    [
        "11",
        "12",
        "13",
        "14",
        "15",
        "21",
        "22",
        "23",
        "31",
        "32",
        "33",
        "34",
        "35",
        "36",
        "37",
        "41",
        "42",
        "43",
        "44",
        "45",
        "46",
        "50",
        "51",
        "52",
        "53",
        "54",
        "61",
        "62",
        "63",
        "64",
        "65",
        "71",
        "81",
        "82",
        "83",
        "91",
    ]
)
_ID18: Final = re.compile(r"[0-9]{17}[0-9X]")
_ID15: Final = re.compile(r"[0-9]{15}")


def hub_type(code: str, authority: str | None, value: str, extra: Mapping[str, str]) -> str | None:
    """The hub's type of a number; the sender's own code if it is none; None if none was sent.

    `SS` is a social security number in table 0203; Chinese senders put the resident number there.
    """
    if code:
        if code in extra:
            return extra[code]
        key = unicodedata.normalize("NFKC", code).strip().casefold()
        if key in _TYPES:
            return _TYPES[key]
        if key == "ss" and is_resident_shape(value):
            return "resident-id"
    if authority:
        oid = authority.removeprefix("urn:oid:")
        if oid in _BY_AUTHORITY:
            return _BY_AUTHORITY[oid]
    return code or None


def normal(value: str, kind: str | None) -> str:
    """The number without typing accidents: full-width characters, blanks, a lower-case x."""
    plain = value if value.isascii() else unicodedata.normalize("NFKC", value)
    if kind in PERSONAL:
        return "".join(plain.replace("\u200b", "").replace("\ufeff", "").split()).upper()
    return plain.strip(" \t\u200b\ufeff")


def defect(value: str, kind: str | None) -> str | None:
    """The issue code of what is wrong with a number, or None."""
    if is_placeholder(value) if kind in PERSONAL else is_local_placeholder(value):
        return "identifier-placeholder"
    if kind == "resident-id":
        if _ID15.fullmatch(value):
            return "identifier-15-digit"
        if not is_resident_number(value):
            return "identifier-invalid"
    elif kind in PERSONAL and len(value) < 5:
        return "identifier-invalid"
    return None


def is_placeholder(value: str) -> bool:
    """All characters but the last equal, a known sequence, or a word for none."""
    text = value.upper()
    if text in _PLACEHOLDERS or text.startswith(("TEST", "123456789", "000000")):
        return True
    return len(text) > 2 and len(set(text[:-1])) == 1


def is_local_placeholder(value: str) -> bool:
    """A word for none, or one digit throughout: local numbers are often padded with zeros."""
    text = value.upper()
    return text in _PLACEHOLDERS or (len(text) > 4 and len(set(text)) == 1)


def is_resident_shape(value: str) -> bool:
    """18 characters of a resident number, or the old 15 digits."""
    return bool(_ID18.fullmatch(value.upper()) or _ID15.fullmatch(value))


def is_resident_number(value: str) -> bool:
    """A resident number whose province, birth date and check character hold (GB 11643)."""
    if not _ID18.fullmatch(value) or value[:2] not in _PROVINCES:
        return False
    birth = resident_birth(value)
    if birth is None or birth < date(1900, 1, 2):
        return False
    total = sum(map(mul, map(int, value[:17]), _WEIGHTS))
    return "10X98765432"[total % 11] == value[17]


def resident_birth(value: str) -> date | None:
    """The birth date that an 18-character resident number encodes, if it is a date."""
    try:
        return date(int(value[6:10]), int(value[10:12]), int(value[12:14]))
    except ValueError:
        return None


def resident_sex(value: str) -> str:
    """The sex that the 17th digit encodes: odd is male."""
    return "male" if int(value[16]) % 2 else "female"
