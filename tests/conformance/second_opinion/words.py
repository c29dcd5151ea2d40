"""Sections 7, 8.2 and 8.3: what specimen, method, note and result texts mean."""

import re
import unicodedata
from collections.abc import Iterable

CLASSES = {
    "reactive": "阳性 阳性(+) (+) + 1+ 2+ 3+ ++ +++ positive pos reactive".split(),
    "non-reactive": "阴性 阴性(-) (-) negative neg non-reactive nonreactive 未检出".split(),
    "indeterminate": [
        *"弱阳性 可疑 ± +- 灰区 不确定 indeterminate equivocal borderline ind".split(),
        "weaklyreactive",
    ],
}
FLAGS = {"POS": "reactive", "NEG": "non-reactive", "IND": "indeterminate"}
SPECIMENS = {
    "serum-plasma": ["血清", "血浆", "血清/血浆", "serum", "plasma", "ser", "plas", "serplas"],
    "whole-blood": ["全血", "edta抗凝全血", "whole blood", "wb", "bld"],
    "venous-blood": ["静脉血", "venous blood", "bldv"],
    "capillary-blood": ["末梢血", "指血", "capillary", "bldc", "capbld"],
    "arterial-blood": ["动脉血", "arterial", "blda"],
    "urine": ["尿", "尿液", "urine", "ur"],
    "csf": ["脑脊液", "csf"],
    "pleural-fluid": ["胸水"],
    "ascites": ["腹水"],
}
_SEROLOGY = {
    "immunoassay": ["化学发光", "ELISA", "CLIA", "CMIA"],
    "rapid": ["胶体金", "rapid"],
}
_P5P = {
    "with-p5p": ["含磷酸吡哆醛", "with P5P"],
    "without-p5p": ["不含磷酸吡哆醛", "without P5P"],
}
METHODS = {
    "LDH": {
        "lactate-to-pyruvate": ["L→P", "L-P", "乳酸底物法"],
        "pyruvate-to-lactate": ["P→L", "P-L", "丙酮酸底物法"],
    },
    "ALT": _P5P,
    "AST": _P5P,
    "CRE": {"enzymatic": ["酶法", "肌氨酸氧化酶法"], "jaffe": ["苦味酸法", "Jaffe", "picrate"]},
    "HBSAG": _SEROLOGY,
    "HBSAB": _SEROLOGY,
    "HCVAB": _SEROLOGY,
}
METHOD_CODES = {
    ("LDH", "14804-9"): "lactate-to-pyruvate",
    ("LDH", "14805-6"): "pyruvate-to-lactate",
    ("ALT", "1743-4"): "with-p5p",
    ("AST", "30239-8"): "with-p5p",
    ("ALT", "1744-2"): "without-p5p",
    ("HBSAG", "75410-1"): "rapid",
}


def fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def class_of(words: str | None, flag: str | None) -> str | None:
    """The class of a coded result: its words, whole, else the flag beside it."""
    if words is not None:
        whole = re.sub(r"\s", "", fold(words))
        for name, spellings in CLASSES.items():
            if whole in {re.sub(r"\s", "", fold(one)) for one in spellings}:
                return name
    return FLAGS.get(flag or "")


def specimen_class(text: str) -> str | None:
    """The class of a specimen text read whole, None if it is not understood."""
    whole = fold(text).strip()
    for name, spellings in SPECIMENS.items():
        if whole in spellings:
            return name
    return None


def method_in(item: str, text: str) -> set[str]:
    """Groups of the words a method text contains, longest first, each stretch of text once."""
    rest, found = fold(text), set()
    words = [(fold(w), group) for group, ws in METHODS.get(item, {}).items() for w in ws]
    for word, group in sorted(words, key=lambda one: -len(one[0])):
        if word in rest:
            found.add(group)
            rest = rest.replace(word, "\0")
    return found


def time_aspect(texts: Iterable[str]) -> str | None:
    """Fasting, post-load or random: the first text that says one."""
    for text in texts:
        if "非空腹" in text or "随机" in text:
            return "random"
        if "餐后" in text or "糖耐量" in text:
            return "post-load"
        if "空腹" in text:
            return "fasting"
    return None


_KINDS = {
    "溶血": "haemolysis", "脂血": "lipaemia", "乳糜": "lipaemia", "凝块": "clot", "凝固": "clot",
    "量不足": "insufficient", "HEM": "haemolysis",
}  # fmt: skip
_DEGREES = (
    ("marked", ("重度", "严重", "+++")),
    ("moderate", ("中度", "++")),
    ("slight", ("轻度", "+")),
)


def defects_in(text: str) -> list[tuple[str, str]] | None:
    """Kind and degree of each defect a text names; [] if it denies one, None if it names none.

    A clause is what stands between commas; 无 or 未见 before a word denies it and those joined
    to it by 、.
    """
    found: list[tuple[str, str]] = []
    named = False
    for clause in re.split("[,，;；。]", unicodedata.normalize("NFKC", text)):
        denied = False
        for part in clause.split("、"):
            for word, kind in _KINDS.items():
                if word not in part or f"{word}性" in part:
                    continue
                named = True
                before = part[: part.index(word)]
                denied = denied or before.endswith(("无", "未见"))
                if not denied:
                    degree = next((d for d, ws in _DEGREES if any(w in part for w in ws)), "")
                    found.append((kind, degree))
    return found if named else None
