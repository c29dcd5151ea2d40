"""Words at random: units, specimens, notes, methods, classes, facts of images."""

from random import Random
from typing import Any

from tests.conformance.second_opinion.words import METHODS

Case = dict[str, Any]
METHOD_GROUPS = {item: tuple(groups) for item, groups in METHODS.items()}
_UNITS = {
    "mmol/L": ("MMOL/L", "mmol / L", "ｍｍｏｌ/L", "mol/L"),
    "umol/L": ("μmol/L", "µmol/L", "UMOL/L"),
    "10*9/L": ("10^9/L", "×10⁹/L", "x10^9/L", "G/L", "10**9/L", "10E9/L", "10e9/l", "X10^9/L"),
    "10*12/L": ("10^12/L", "×10¹²/L", "T/L", "G/L"),
    "g/L": ("G/L", "g/l", "T/L"),
    "U/L": ("IU/L", "[IU]/L", "u/l", "U/mL"),
    "mg/dL": ("mg%", "MG/DL"),
    "/uL": ("个/uL", "个/μL", "/µL"),
    "%": ("％", "percent"),
    "10*3/uL": ("10^3/uL", "10³/μL"),
    "mg/dL{urea}": ("mg/dL", "mg%"),
    "mg/dL{BUN}": ("mg/dL", "mg%"),
}
_SPECIMENS = (
    "血清", "血浆", "血清/血浆", "Serum", "PLAS", "SERPLAS", "全血", "EDTA抗凝全血", "Whole Blood",
    "WB", "静脉血", "BLDV", "末梢血", "指血", "BLDA", "尿", "UR", "脑脊液", "胸水", "腹水",
    "引流液", " 血清 ", "ＳＥＲ", None,
)  # fmt: skip
_STATES = (
    "无溶血", "未见溶血、脂血", "合格", "溶血", "轻度溶血", "溶血+", "中度溶血", "溶血++",
    "重度溶血", "严重溶血", "溶血（+++）", "轻度脂血", "重度脂血", "乳糜血", "凝块", "标本凝固",
    "标本量不足", "轻度溶血，重度脂血", "HEM",
)  # fmt: skip
_NOTES = ("已复查", "空腹采血", "餐后采血", "随机采血", "非空腹", "糖耐量试验", "请结合临床")
_NAMES = ("空腹血糖", "餐后2小时血糖", "随机血糖", "葡萄糖", None)
_METHODS = (
    "速率法", "POCT血糖仪", "床旁检测", "干化学法", "酶法", "肌氨酸氧化酶法", "苦味酸法",
    "Jaffe速率法", "picrate", "酶法/苦味酸法", "L→P", "P→L", "L-P", "乳酸底物法", "丙酮酸底物法",
    "含磷酸吡哆醛", "不含磷酸吡哆醛", "with P5P", "without p5p", "化学发光", "电化学发光法",
    "ELISA", "胶体金", "Rapid test", "ELISA/胶体金", "CMIA",
)  # fmt: skip
_RESULTS = (
    "阳性", "阴性", "阳性(+)", "阴性（-）", "+", "++", "1+", "±", "+-", "弱阳性", "灰区", "未检出",
    "Positive", "NEG", "Non-Reactive", "weakly reactive", "见报告单", "-", "阳 性",
)  # fmt: skip


def a_unit(random: Random, unit: str) -> str:
    return random.choice(_UNITS.get(unit, (unit.upper(),)))


def a_class(random: Random) -> Case:
    """A coded result: words, a flag, or a number in some unit."""
    flag = random.choice((None, None, None, "POS", "NEG", "IND", "H"))
    if random.random() < 0.75:
        words = random.choice(("阴性", "阳性", random.choice(_RESULTS)))
        return {"value": None, "words": words, "flag": flag}
    unit = random.choice(("S/CO", "COI", "Index", "mIU/mL", "IU/mL", None, "s/co", "Ｓ/ＣＯ"))
    return {"value": random.choice(("0.05", "12.5")), "unit": unit, "flag": flag}


def a_specimen(random: Random) -> Case:
    states: Any = [random.choice(_STATES) for _ in range(random.choice((1, 1, 2)))]
    return {
        "kind": random.choice(_SPECIMENS),
        "conditions": random.choice((None, states, states)),
        "notes": random.choice(((), (), (random.choice(_NOTES),), (random.choice(_STATES),))),
    }


def texts(random: Random, item: str) -> Case:
    """Method, name, notes: one or more of them."""
    said: Case = {"method": random.choice((*_METHODS, None))}
    if item in METHODS and random.random() < 0.7:
        words = [word for group in METHODS[item].values() for word in group]
        said["method"] = random.choice(words)
    if random.random() < 0.4:
        said["name"] = random.choice(_NAMES)
    if random.random() < 0.4:
        said["notes"] = [random.choice(_NOTES + _STATES)]
    if random.random() < 0.2:
        said["report_notes"] = [random.choice(_NOTES + _STATES)]
    if random.random() < 0.2:
        said["clinical"] = random.choice(_NOTES)
    return said


def printed(random: Random) -> list[Case]:
    """None to three printed intervals, for somebody or for everybody."""
    found = []
    for _ in range(random.choice((0, 1, 1, 2, 3))):
        one: Case = {}
        if random.random() < 0.85:
            one["low"] = random.choice(("3.4", "3.5", "41", "57", "110"))
            one["high"] = random.choice(("5.1", "5.3", "81", "97", "160"))
        else:
            one["text"] = "见说明"
        if random.random() < 0.3:
            one["sex"] = random.choice(("male", "female"))
        if random.random() < 0.4:
            one["age"] = random.choice(([0, 5], [6, 17], [18, 59], [60, 79], [11, 11], [0, 17]))
        if random.random() < 0.2:
            one["pregnant"] = True
        found.append(one)
    return found


def an_imaging_order(random: Random) -> Case:
    said: Case = {
        "body_part": random.choice(
            ("CHEST", "HEAD", "LUNG", "ABD", "CHEST,ABDOMEN", "CHESTABDOMEN", "BREAST", "", None,
             "胸部", "lumbar spine", "CHEST\\HEAD", "BRAIN")
        ),
        "laterality": random.choice((None, None, "L", "R", "B")),
        "contrast": random.choice((True, False, False, None)),
        "protocol": random.choice(
            (None, None, None, "low-dose", "低剂量", "CTA", "perfusion", "筛查", "portable")
        ),
        "tracer": random.choice(("18F-FDG", "68Ga-PSMA", None, "F-18 FDG")),
    }  # fmt: skip
    return dict(random.sample(list(said.items()), random.choice((1, 2, 5))))


def a_study(random: Random, item: str) -> Case:
    """One to four facts of a study."""
    said: Case = {
        "body_part": random.choice((["CHEST"], ["HEAD"], ["CHEST", "ABDOMEN"], ["BREAST"], None,
                                    ["THORAX"], ["LSPINE"], ["CHESTABDOMEN"])),
        "laterality": random.choice((None, "L", "R", "B")),
        "contrast": random.choice(("none", "enhanced", "both", None)),
        "protocol": random.choice(([], ["low-dose"], ["screening", "portable"], ["angiography"],
                                   ["perfusion"])),
        "texts": random.choice((True, False, None)),
        "expected": random.choice((None, 0, 2, 3, 4)),
        "received": random.choice((None, 0, 2, 3, 4)),
        "retrievable": random.choice((True, False, None)),
        "original": random.choice((True, False, None)),
        "complete": random.choice((True, False, None)),
    }  # fmt: skip
    if item == "MG":
        said |= {
            f"complete_{side}": random.choice((True, False, None)) for side in ("left", "right")
        }
    if item == "NM":
        said["tracer"] = random.choice((None, "18F-FDG", "68Ga-PSMA"))
    found = dict(random.sample(list(said.items()), random.choice((1, 1, 2, 3, 4))))
    if random.random() < 0.2:
        told = {
            "body_part": ["CHEST"],
            "contrast": "none",
            "expected": 3,
            "laterality": "L",
            "protocol": ["low-dose"],
            "texts": True,
        }
        found["report_facts"] = dict(random.sample(list(told.items()), 2))
    return found
