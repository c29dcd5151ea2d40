"""Words and signs in results: what is positive, what is a flag, what is no value at all.

Compared after NFKC, without blanks, case-folded, the whole text only. A site profile adds words.
"""

import unicodedata
from typing import Final, TypeVar

_C = TypeVar("_C")


def _each(code: _C, texts: str) -> dict[str, _C]:
    """Every word of `texts` leads to `code`."""
    return dict.fromkeys(texts.split(), code)


# Result words to v3-ObservationInterpretation; None: a known word of a coded result, no class.
RESULT_WORDS: Final[dict[str, str | None]] = {
    **_each("NEG", "阴性 阴性(-) (-) negative neg 阴"),
    **_each("NR", "non-reactive nonreactive 无反应性 非反应性"),
    **_each("ND", "未检出 notdetected 未检测到"),
    **_each("DET", "检出 detected"),
    **_each("POS", "阳性 阳性(+) (+) + ++ +++ ++++ 1+ 2+ 3+ 4+ positive pos 阳 强阳性"),
    **_each("RR", "reactive 有反应性 反应性"),
    **_each("WR", "弱阳性 弱阳性(±) 弱阳 weaklyreactive weaklypositive"),
    **_each("IND", "可疑 ± +- +/- (±) 灰区 不确定 indeterminate equivocal borderline"),
    **_each("N", "正常 normal"),
    **_each("A", "异常 abnormal"),
    **_each(None, "未见 少量 中量 大量 无 有 未见异常 偶见 少许"),
}

# No value: to codes of data-absent-reason. Words are also kept as a note, signs are not.
ABSENT: Final[dict[str, str]] = {
    **_each("unknown", "- -- --- ---- ----- / // * ** *** . _ —— n/a na null none n.d. 空 无结果"),
    **_each("not-a-number", "nan #num! inf -inf infinity -infinity #value!"),
    **_each("error", "#div/0! error err #n/a #ref! #name? 错误 结果错误"),
    **_each(
        "not-performed",
        "未做 未测 未检 未查 未检测 拒检 拒做 取消 notdone notperformed cancelled canceled",
    ),
    **_each(
        "error",
        "标本溶血 标本凝固 标本脂血 标本量不足 标本不合格 溶血 标本有凝块 标本乳糜 标本凝块",
    ),
    **_each("temp-unknown", "待复查 待定 检验中 检测中 pending 待检"),
}

_CODES: Final = _each(
    "",
    "< > A AA B CAR D DET E EX EXP H HH HU I IE IND L LL LU N NCL ND NEG NR NS POS R RR S SDD "
    "SYN-R SYN-S TOX U UNE W WR",
)
# OBX-8: signs and words for the codes of HL7 table 0078; the codes themselves are added below.
FLAGS: Final[dict[str, str]] = {
    **_each("H", "↑ 高 偏高 升高 high ⬆ ▲ h↑ ↑h ^"),
    **_each("L", "↓ 低 偏低 降低 low ⬇ ▼ l↓ ↓l"),
    **_each("HH", "↑↑ 过高 危急高 critical-high"),
    **_each("LL", "↓↓ 过低 危急低 critical-low"),
    **_each("A", "* 异常 abnormal !"),
    **_each("AA", "** 危急 危急值 critical"),
    **_each("N", "正常 normal m"),
    **_each("POS", "阳性 阳性(+) + positive (+)"),
    **_each("NEG", "阴性 阴性(-) - negative (-)"),
    **_each("WR", "弱阳性 ±"),
    **{code.casefold(): code for code in _CODES},
}
# Flags that may stand behind a number in OBX-5: those that are no unit.
TAIL_FLAGS: Final = frozenset(
    {
        "↑",
        "↓",
        "↑↑",
        "↓↓",
        "h",
        "l",
        "hh",
        "ll",
        "*",
        "**",
        "高",
        "低",
        "偏高",
        "偏低",
        "(h)",
        "(l)",
        "(↑)",
        "(↓)",
        "n",
        "!",
    }
)


def key(text: str) -> str:
    """The form in which words are compared."""
    if text.isascii():
        return text.replace(" ", "").casefold()
    plain = unicodedata.normalize("NFKC", text)
    return "".join(plain.split()).casefold()
