"""Closed lists that a profile may choose from: places, flags, reasons, charsets, statuses."""

from typing import Annotated, Final, Literal

from msgspec import Meta

# Where each bindable field is read by default; a profile may name other places.
BINDABLE: Final[dict[str, tuple[str, int]]] = {
    "name": ("PID", 5),
    "birth_date": ("PID", 7),
    "sex": ("PID", 8),
    "visit_class": ("PV1", 2),
    "department": ("PV1", 3),
    "visit_number": ("PV1", 19),
    "placer": ("OBR", 2),
    "filler": ("OBR", 3),
    "report_code": ("OBR", 4),
    "collected": ("OBR", 7),
    "clinical": ("OBR", 13),
    "received": ("OBR", 14),
    "specimen": ("OBR", 15),
    "requester": ("OBR", 16),
    "accession": ("OBR", 18),
    "issued": ("OBR", 22),
    "report_status": ("OBR", 25),
    "reviewer": ("OBR", 32),
    "author": ("OBR", 34),
    "value_type": ("OBX", 2),
    "code": ("OBX", 3),
    "sub_id": ("OBX", 4),
    "value": ("OBX", 5),
    "unit": ("OBX", 6),
    "range": ("OBX", 7),
    "flag": ("OBX", 8),
    "status": ("OBX", 11),
    "observed": ("OBX", 14),
    "responsible": ("OBX", 16),
    "method": ("OBX", 17),
    "device": ("OBX", 18),
    "analysed": ("OBX", 19),
    "result_number": ("OBX", 21),
    "performer": ("OBX", 23),
}
_PATH = r"^[A-Z][A-Z0-9]{2}-[1-9][0-9]{0,2}(\.[1-9][0-9]?){0,2}$"
CREDIT_CODE = r"^[0-9A-HJ-NPQRTUWXY]{18}$"
ZONES: Final = {
    "UTC": 0,
    "Z": 0,
    "Asia/Shanghai": 480,
    "Asia/Chongqing": 480,
    "Asia/Harbin": 480,
    "Asia/Hong_Kong": 480,
    "Asia/Macau": 480,
    "Asia/Taipei": 480,
    "Asia/Urumqi": 360,
}
ZONE = rf"^({'|'.join(ZONES)}|[+-](0[0-9]|1[0-4]):[0-5][0-9])$"

Path = Annotated[str, Meta(pattern=_PATH)]
Flag = Literal[
    "<", ">", "A", "AA", "B", "CAR", "D", "DET", "E", "EX", "EXP", "H", "HH", "HU", "I", "IE",
    "IND", "L", "LL", "LU", "N", "NCL", "ND", "NEG", "NR", "NS", "POS", "R", "RR", "S", "SDD",
    "SYN-R", "SYN-S", "TOX", "U", "UNE", "W", "WR",
]  # fmt: skip
Absent = Literal[
    "unknown", "asked-unknown", "temp-unknown", "not-asked", "asked-declined", "masked",
    "not-applicable", "unsupported", "as-text", "error", "not-a-number", "not-performed",
    "not-permitted",
]  # fmt: skip
CharsetName = Literal[
    "utf-8", "utf-16", "gb18030", "gbk", "gb2312", "big5", "big5-hkscs", "cp950", "iso-8859-1",
    "cp1252",
]  # fmt: skip
HubType = Literal[
    "resident-id", "passport", "residence-permit", "hk-macao-permit", "taiwan-permit", "insurance",
    "officer-card", "household-book", "driving-licence", "outpatient-no", "inpatient-no",
    "patient", "other",
]  # fmt: skip
ResultStatus = Literal["registered", "preliminary", "final", "amended", "corrected"]
ReportStatus = Literal["registered", "partial", "preliminary", "final", "amended", "corrected"]
