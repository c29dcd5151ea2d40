"""The invented hospitals of the region, and the system of each that sends results.

Every name says 示例 (example). The codes are valid by GB 32100 and GB 11714, and nobody's: their
organisation numbers lie in a block that is not given out.
"""

from dataclasses import dataclass
from datetime import timedelta, timezone
from typing import Final

from hie.recognition.credit_code import check_character

SHANGHAI: Final = timezone(timedelta(hours=8))
CONSORTIUM: Final = "滹沱示例医共体"
ALLIANCE: Final = "京城示例医联体"
_ORGANISATION: Final = (3, 7, 9, 10, 5, 8, 4, 2)  # GB 11714, weights of the eight digits


@dataclass(frozen=True, slots=True)
class Institution:
    """One institution of the register; `region` is GB/T 2260."""

    code: str
    name: str
    region: str
    level: str
    kind: str
    consortium: str = ""


@dataclass(frozen=True, slots=True)
class Sender:
    """The laboratory system of one institution: how it writes, and whom it names."""

    site: str
    institution: Institution
    application: str  # MSH-3
    facility: str  # MSH-4
    dialect: str  # "oru" or "oul"
    charset: str
    declared: str  # MSH-18
    prefix: str  # of its patients' numbers
    reviewers: tuple[str, ...]
    performers: tuple[str, ...]


def _code(region: str, serial: int) -> str:
    """A code of a public institution (12) of this region."""
    digits = f"9999{serial:04}"
    rest = sum(int(d) * w for d, w in zip(digits, _ORGANISATION, strict=True)) % 11
    first17 = f"12{region}{digits}{'0X987654321'[rest]}"
    return first17 + check_character(first17)


BEIJING: Final = Institution(
    _code("110102", 1), "西城示例医院", "110102", "3A", "综合医院", ALLIANCE
)
TIANJIN: Final = Institution(_code("120101", 2), "海河示例医院", "120101", "3A", "综合医院")
SHIJIAZHUANG: Final = Institution(
    _code("130102", 3), "滹沱示例医院", "130102", "3A", "综合医院", CONSORTIUM
)
GAOYI: Final = Institution(
    _code("130127", 4), "高邑县示例医院", "130127", "2A", "综合医院", CONSORTIUM
)
CHAOYANG: Final = Institution(
    _code("110105", 6), "朝阳示例医院", "110105", "2A", "综合医院", ALLIANCE
)
JINAN: Final = Institution(_code("370102", 7), "历下示例医院", "370102", "3A", "综合医院")
# Sends nothing itself: hospitals name it as the laboratory that did the test. It is suspended.
SENDOUT: Final = Institution(
    _code("130104", 5), "示例医学检验实验室", "130104", "", "独立医学实验室"
)
HOSPITALS: Final = (BEIJING, TIANJIN, SHIJIAZHUANG, GAOYI, CHAOYANG, JINAN)

SENDERS: Final = (
    Sender(
        "bj-lis", BEIJING, "SYNLIS-A", "XCSL", "oru", "utf-8", "UNICODE UTF-8", "BJ",
        ("陈审核", "周审核"), ("李检验", "吴检验"),
    ),
    Sender(
        "tj-lis", TIANJIN, "SYNLIS-B", "HHSL", "oul", "gbk", "GBK", "TJ",
        ("郑审核", "孙审核"), ("钱检验", "冯检验"),
    ),
    Sender(
        "sjz-lis", SHIJIAZHUANG, "SYNLIS-A", "HTSL", "oru", "utf-8", "UNICODE UTF-8", "SJ",
        ("韩审核", "杨审核"), ("秦检验", "许检验"),
    ),
    Sender(
        "gy-lis", GAOYI, "SYNLIS-B", "GYSL", "oul", "gb18030", "", "GY",
        ("何审核",), ("吕检验",),
    ),
    Sender(
        "cy-lis", CHAOYANG, "SYNLIS-A", "CYSL", "oru", "utf-8", "UNICODE UTF-8", "CY",
        ("金审核",), ("魏检验",),
    ),
    Sender(
        "jn-lis", JINAN, "SYNLIS-B", "LXSL", "oul", "gbk", "GBK", "JN",
        ("陶审核", "姜审核"), ("曹检验",),
    ),
)  # fmt: skip
BY_SITE: Final = {sender.site: sender for sender in SENDERS}
