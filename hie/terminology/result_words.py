"""What notes and method texts of results say: specimen defects, time aspect, point of care.

Words are found inside longer texts ("标本重度溶血，结果仅供参考"). A text that says nothing of a
matter is None or empty, never "no defect". Source: recognition rules made precise, sections 7, 8.2.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Literal, get_args

import msgspec

DefectKind = Literal["haemolysis", "lipaemia", "clot", "insufficient"]
Degree = Literal["slight", "moderate", "marked"]
TimeAspect = Literal["fasting", "post-load", "random"]

# haemolytic anaemia is a disease, and coagulase and clotting time are tests: no state of a specimen
_KINDS = re.compile(
    r"(?P<haemolysis>溶血(?!性(?:贫血|黄疸|疾病|链球|尿毒)|[素病症])|ha?emoly[sz](?:is|ed))|"
    r"(?P<lipaemia>脂血|乳糜|脂浊|lipa?emi[ac])|"
    r"(?P<clot>凝块|凝固(?!酶|时间|功能|因子|试验)|(?<![a-z])clot(?:s|ted)?(?![a-z]))|"
    r"(?P<insufficient>量不足|(?:标本|样本)不足|insufficient|quantity not sufficient)"
)
_CODES: dict[str, DefectKind] = {  # HL7 tables 0493 (condition) and 0490 (reject reason)
    "hem": "haemolysis", "rh": "haemolysis", "clot": "clot", "rc": "clot", "qs": "insufficient",
}  # fmt: skip
_DEGREES: tuple[tuple[Degree, str], ...] = (
    ("marked", r"重度|严重|(?<!\+)\+{3,}|[34]\+|marked|severe|gross"),
    ("moderate", r"中度|(?<!\+)\+\+(?!\+)|2\+|moderate"),
    ("slight", r"轻度|轻微|(?<![+\d])\+(?!\+)|1\+|slight|mild"),
)
_ANY_DEGREE = "|".join(f"(?P<{name}>{words})" for name, words in _DEGREES)
_DEGREE = re.compile(_ANY_DEGREE)
# right behind the word: 溶血(+++), 溶血++, 溶血: 重度
_AFTER = re.compile(
    rf"[\s:(=]{{0,3}}(?:程度|呈|为)?[\s:(=]{{0,2}}(?P<said>{_ANY_DEGREE})"
    rf"(?=\)|\s|[、,;。及和与/]|\Z)"
)
_AFTER_PLUS = re.compile(r"[\s:(=]{0,3}(?P<said>\d?\++)")
_DENIED_AFTER = re.compile(r"[\s:(=]{0,3}(?:无|未见|阴性|-|none|absent|negative|no(?![a-z]))")
_DENIED = re.compile(
    r"(?:无(?!菌)|未见|未发现|没有|[未非不]|(?<![a-z])(?:no|not|non|without)(?![a-z])[- ]?)"
    r"[^,;。、无]{0,8}\Z"
)
_JOINED = re.compile(r"[\s、/及和与或]*(?:and|or)?[\s]*\Z")
_CLAUSE = re.compile(r"[,;。.!\n]")

_NOT_FASTING = re.compile(r"[非未不无](?:是)?空腹|(?<![a-z])(?:non|not)[- ]?fasting")
_AFTER_LOAD = re.compile(
    r"餐后|糖耐量|糖负荷|(?<![a-z])ogtt(?![a-z])|post[- ]?prandial|post[- ]?load|"
    r"glucose tolerance"
)
_RANDOM = re.compile(r"随机|(?<![a-z])random(?![a-z]|[- ]access)")
_FASTING = re.compile(r"空腹|(?<![a-z])fasting(?![a-z])")

_POINT_OF_CARE = re.compile(
    r"(?<![a-z])poct(?![a-z])|床[旁边]|干化学|干式化学|point[- ]of[- ]care|dry[- ]chemistry"
)


class Defect(msgspec.Struct, frozen=True, gc=False):
    """One defect of a specimen; `degree` None when nobody says how much."""

    kind: DefectKind
    degree: Degree | None = None


def read_defects(texts: Iterable[str]) -> frozenset[Defect] | None:
    """The defects that texts tell of; empty: they say there are none; None: they say nothing."""
    found: set[Defect] = set()
    said = False
    for text in texts:
        defects = _defects(text)
        if defects is not None:
            said = True
            found |= defects
    return frozenset(found) if said else None


@lru_cache(maxsize=4096)
def _defects(text: str) -> frozenset[Defect] | None:
    plain = folded(text)
    coded = _CODES.get(plain)
    if coded is not None:
        return frozenset((Defect(coded),))
    found: set[Defect] = set()
    said = False
    for clause in _CLAUSE.split(plain):
        words = list(_KINDS.finditer(clause))
        said = said or bool(words)
        denied_before, begins = False, 0
        for word in words:
            before = clause[begins : word.start()]
            carried = denied_before and bool(_JOINED.match(before))
            degree, begins = _degree_behind(clause, word.end())
            # 无脂血 溶血+++: a degree of its own ends a denial that was only carried on
            denied_before = (carried and degree is None) or bool(_DENIED.search(before))
            if denied_before or _DENIED_AFTER.match(clause, word.end()):
                continue
            kind = next(k for k in get_args(DefectKind) if word[k] is not None)
            found.add(Defect(kind, degree or _degree(before)))
    return frozenset(found) if said else None


def _degree_behind(clause: str, end: int) -> tuple[Degree | None, int]:
    """The degree said right behind a word that ends there, and where that ends."""
    for pattern in (_AFTER_PLUS, _AFTER):
        match = pattern.match(clause, end)
        if match:
            return _degree(match["said"]), match.end()
    return None, end


def _degree(text: str) -> Degree | None:
    """The highest degree a text names."""
    found = {match.lastgroup for match in _DEGREE.finditer(text)}
    return next((name for name, _ in _DEGREES if name in found), None)


def read_time_aspect(texts: Iterable[str | None]) -> TimeAspect | None:
    """The time aspect of the first text that states one; what is not fasting is random."""
    for text in texts:
        found = _time_aspect(text) if text else None
        if found is not None:
            return found
    return None


@lru_cache(maxsize=4096)
def _time_aspect(text: str) -> TimeAspect | None:
    plain = folded(text)
    if _AFTER_LOAD.search(plain):
        return "post-load"
    if _RANDOM.search(plain) or _NOT_FASTING.search(plain):
        return "random"
    return "fasting" if _FASTING.search(plain) else None


@lru_cache(maxsize=4096)
def is_point_of_care(text: str) -> bool:
    """A method text tells of a meter, a strip or a bedside analyser."""
    return bool(_POINT_OF_CARE.search(folded(text)))


def folded(text: str) -> str:
    """A text without differences of width, case and spacing."""
    return re.sub(r"[ \t\r\f\v]+", " ", unicodedata.normalize("NFKC", text).casefold()).strip()
