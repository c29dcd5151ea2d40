r"""What a body part is called: DICOM codes in capitals, whatever spelling or language it came in.

A list joined by `\` or `,` and a joint code (CHESTABDOMEN) are several parts. A Latin word that is
in no table is its own code (DICOM PS3.16 Annex L has hundreds); words of another script that are in
none are not understood, and then nobody may take them to agree with anything. A side is no part:
左膝 is not understood, because dropping 左 would let the right knee stand in.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

_ALIASES = MappingProxyType(
    {
        "THORAX": "CHEST",
        "LUNG": "CHEST",
        "LUNGS": "CHEST",
        "BRAIN": "HEAD",
        "ABD": "ABDOMEN",
        "PELV": "PELVIS",
        "LUMBAR": "LSPINE",
        "LUMBARSPINE": "LSPINE",
        "CERVICALSPINE": "CSPINE",
        "THORACICSPINE": "TSPINE",
        "SACRALSPINE": "SSPINE",
    }
)
_CHINESE = MappingProxyType(
    {
        "HEAD": "头 头部 头颅 颅脑 脑 脑部 大脑",
        "NECK": "颈 颈部",
        "CHEST": "胸 胸部 胸廓 肺 肺部 双肺 胸腔",
        "ABDOMEN": "腹 腹部 全腹 全腹部",
        "PELVIS": "盆腔 骨盆",
        "CSPINE": "颈椎",
        "TSPINE": "胸椎",
        "LSPINE": "腰椎",
        "SSPINE": "骶椎 骶尾椎",
        "BREAST": "乳腺 乳房 双乳 双侧乳腺",
        "THYROID": "甲状腺",
        "HEART": "心脏 心",
        "LIVER": "肝 肝脏",
        "KIDNEY": "肾 肾脏 双肾",
        "SHOULDER": "肩 肩关节",
        "ELBOW": "肘 肘关节",
        "WRIST": "腕 腕关节",
        "HAND": "手",
        "HIP": "髋 髋关节",
        "KNEE": "膝 膝关节",
        "ANKLE": "踝 踝关节",
        "FOOT": "足",
        "WHOLEBODY": "全身",
    }
)
_WORDS = MappingProxyType(
    {**_ALIASES, **{w: code for code, words in _CHINESE.items() for w in words.split()}}
)
_REGIONS = ("HEAD", "BRAIN", "NECK", "CHEST", "THORAX", "LUNG", "ABDOMEN", "ABD", "PELVIS", "PELV")
_JOINT = MappingProxyType(
    {
        "CTSPINE": ("CSPINE", "TSPINE"),
        "TLSPINE": ("TSPINE", "LSPINE"),
        "LSSPINE": ("LSPINE", "SSPINE"),
        "腰骶椎": ("LSPINE", "SSPINE"),
        "胸腰椎": ("TSPINE", "LSPINE"),
        "头颈": ("HEAD", "NECK"),
        "头颈部": ("HEAD", "NECK"),
        "胸腹": ("CHEST", "ABDOMEN"),
        "胸腹部": ("CHEST", "ABDOMEN"),
        "腹盆": ("ABDOMEN", "PELVIS"),
        "腹盆腔": ("ABDOMEN", "PELVIS"),
        "胸腹盆": ("CHEST", "ABDOMEN", "PELVIS"),
        "胸腹盆腔": ("CHEST", "ABDOMEN", "PELVIS"),
    }
)
KNOWN = frozenset(_WORDS.values())  # the parts that have a name here, beside their DICOM code
_SEPARATOR = re.compile(r"[\\,;/+&、，；和及]|\bAND\b")
_FILLING = re.compile(r"[\s_\-.]+")
_CODE = re.compile(r"[A-Z][A-Z0-9]*")


@dataclass(frozen=True, slots=True)
class Parts:
    """Body parts by code; `understood`: every word of the text was."""

    codes: frozenset[str] = frozenset()
    understood: bool = True


NO_PARTS = Parts()


@lru_cache(maxsize=4096)
def read_body_part(text: str) -> Parts:
    """The body parts one text names; none and understood when it names nothing."""
    codes: set[str] = set()
    understood = True
    for piece in _SEPARATOR.split(unicodedata.normalize("NFKC", text).upper()):
        word = _FILLING.sub("", piece)
        if not word:
            continue
        found = _parts(word)
        codes.update(found)
        understood = understood and bool(found)
    return Parts(frozenset(codes), understood)


def read_body_parts(texts: Iterable[str]) -> Parts:
    """The body parts several texts name together."""
    found = [read_body_part(text) for text in texts]
    return Parts(
        frozenset().union(*(one.codes for one in found)), all(one.understood for one in found)
    )


def _parts(word: str) -> tuple[str, ...]:
    if word in _WORDS:
        return (_WORDS[word],)
    if word in _JOINT:
        return _JOINT[word]
    if not _CODE.fullmatch(word):
        return ()
    return _joint(word) or (word,)


def _joint(word: str) -> tuple[str, ...]:
    """The regions a joint code is made of (CHESTABDPELVIS); none when it is not made of them."""
    if not word:
        return ()
    for region in _REGIONS:
        rest = word.removeprefix(region)
        if rest == word:
            continue
        code = _ALIASES.get(region, region)
        if not rest:
            return (code,)
        following = _joint(rest)
        if following:
            return (code, *following)
    return ()
