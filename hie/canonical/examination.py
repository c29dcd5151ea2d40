"""What a report says of the examination: parts, side, contrast, protocols, from its texts.

A report names the examination as one text ("胸部CT平扫+增强", "左膝关节正侧位"): what is left when
modality, contrast, protocol, view and side are taken out is the part, if it is understood whole.
A part that is not understood is unknown; nothing is guessed. Source: recognition rules made
precise, section 7.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from hie.records import ImagingReportRecord
from hie.terminology.body_part import read_body_part
from hie.terminology.study_words import Contrast, read_contrast, read_protocols

Side = Literal["L", "R", "B"]

_NOISE: Final = re.compile(
    r"骨(?=显像|扫描)|PET[/-]?CT|PET[/-]?MRI?|SPECT[/-]?CT|SPECT|PET|HRCT|LDCT|CBCT|CT[AVUP]?(?![A-Z])|"
    r"F?MR[AVSI](?![A-Z])|MRCP|MRU|MR(?![A-Z])|[DC]R(?![A-Z])|ECT|X\s*[线光]|X-?RAY|B超|"
    r"彩色多普勒|多普勒|彩超|超声|磁共振|核磁共振|核磁|计算机体层|断层|钼靶|"
    r"平扫|增强|扫描|检查|成像|显像|摄影|摄片|平片|造影|三维|重建|薄层|血管|灌注|低剂量|筛查|床[旁边]|"
    r"动态|静态|常规|普通|[正侧斜轴]+位(?:片)?|片|"
    r"SCAN|PLAIN|ENHANCED|WITH(?:OUT)?\s*(?:AND\s*WITH(?:OUT)?\s*)?(?:IV\s*)?CONTRAST|"
    r"(?<![A-Z])W/?O?(?![A-Z])|(?<![A-Z])C[+-]|CONTRAST|LOW[- ]?DOSE|SCREENING|PORTABLE|"
    r"ULTRASOUND|MAMMOGRA(?:PHY|M)|RADIOGRAPH(?:Y)?|(?<![A-Z])(?:PA|AP|LAT|CC|MLO)(?![A-Z])"
)
_BOTH: Final = re.compile(
    r"双侧|两侧|双(?=[膝肩肘腕髋踝手足])|(?<![A-Z])(?:BILATERAL|BILAT)(?![A-Z])"
)
_PAIR: Final = re.compile(r"双[乳肾]")  # a word of its own that says both sides
_LEFT: Final = re.compile(r"左侧?|(?<![A-Z])(?:LEFT|LT)(?![A-Z])")
_RIGHT: Final = re.compile(r"右侧?|(?<![A-Z])(?:RIGHT|RT)(?![A-Z])")
_SIDES: Final[dict[str, Side]] = {
    "L": "L", "LEFT": "L", "LT": "L", "左": "L", "左侧": "L", "R": "R", "RIGHT": "R", "RT": "R",
    "右": "R", "右侧": "R", "B": "B", "BILATERAL": "B", "双": "B", "双侧": "B", "两侧": "B",
    "7771000": "L", "24028007": "R", "51440002": "B",
}  # fmt: skip
# Latin words that may be a part in a name; any other is a word nobody may take for one.
_ENGLISH: Final = frozenset(
    {
        "HEAD", "BRAIN", "SKULL", "NECK", "CHEST", "THORAX", "LUNG", "LUNGS", "ABDOMEN", "ABD",
        "PELVIS", "CSPINE", "TSPINE", "LSPINE", "LUMBAR", "SSPINE", "BREAST", "THYROID", "HEART",
        "LIVER", "KIDNEY", "SHOULDER", "ELBOW", "WRIST", "HAND", "HIP", "KNEE", "ANKLE", "FOOT",
        "WHOLEBODY",
    }
)  # fmt: skip
_GLUE: Final = re.compile(r"[()\[\]{}+/,、;：:·\-\s]+")


@dataclass(frozen=True, slots=True)
class Examination:
    """The facts; None or empty: the report does not say."""

    body_parts: tuple[str, ...]
    laterality: Side | None
    contrast: Contrast | None
    protocols: tuple[str, ...]
    texts: bool


def read_examination(report: ImagingReportRecord) -> Examination:
    """What the report's names and technique say of the examination."""
    code = report.code
    names = [n for n in dict.fromkeys((code.display, code.alt_display, code.text)) if n]
    texts = [*names, *([report.technique.text] if report.technique else [])]
    stated = [part.text for part in report.body_parts]
    parts, sides = _stated_parts(stated)
    for name in names:
        found, side = read_name(name)
        parts = parts or found
        sides = sides or side
    own = _side(report.laterality.text) if report.laterality else None
    return Examination(
        tuple(sorted(parts)),
        own or sides,
        read_contrast(texts),
        tuple(sorted(read_protocols(texts))),
        bool(texts),
    )


@lru_cache(maxsize=4096)
def read_name(name: str) -> tuple[frozenset[str], Side | None]:
    """The parts and the side that the name of an examination says; no parts if it is not clear."""
    text = unicodedata.normalize("NFKC", name).upper()
    side, rest = _take_side(text)
    words = [word for word in _GLUE.split(_NOISE.sub(" ", rest)) if word]
    codes: set[str] = set()
    for word in words:
        found = read_body_part(word)
        if not found.understood or (word.isascii() and word not in _ENGLISH):
            return frozenset(), side
        codes |= found.codes
    return frozenset(codes), side


def _stated_parts(texts: Iterable[str]) -> tuple[frozenset[str], Side | None]:
    """Parts stated on their own; a text that is not understood stands as it was sent."""
    parts: set[str] = set()
    sides: Side | None = None
    for text in texts:
        side, rest = _take_side(unicodedata.normalize("NFKC", text).upper())
        found = read_body_part(rest.strip())
        sides = sides or side
        if found.understood:
            parts |= found.codes
        elif plain := " ".join(text.split()):
            parts.add(plain)
    return frozenset(parts), sides


def _take_side(text: str) -> tuple[Side | None, str]:
    rest, both = _BOTH.subn(" ", text)
    rest, left = _LEFT.subn(" ", rest)
    rest, right = _RIGHT.subn(" ", rest)
    if both or (left and right) or _PAIR.search(text):
        return "B", rest
    return ("L" if left else "R" if right else None), rest


def _side(text: str) -> Side | None:
    return _SIDES.get(unicodedata.normalize("NFKC", text).strip().upper())
