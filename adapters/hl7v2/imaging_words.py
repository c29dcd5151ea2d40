"""Words that say an order is imaging, which class of imaging, and what an OBX of it states.

HL7 table 0074 (OBR-24) counts first; names count where they can mean nothing else: `CT` is also
calcitonin, `DR` a tissue antigen, `CTnI` a troponin. A profile adds its own codes and words.
"""

import re
from enum import StrEnum
from typing import Final, Literal

Class = Literal["XRAY", "CT", "MRI", "US", "NM", "MG"]


class Part(StrEnum):
    """What an OBX of an imaging report states."""

    FINDINGS = "findings"
    CONCLUSION = "conclusion"
    TECHNIQUE = "technique"
    BODY_PART = "body_part"
    LATERALITY = "laterality"
    TRACER = "tracer"
    STUDY_UID = "study_uid"
    ACCESSION = "accession"
    IMAGES = "images"


# OBR-24 -> class; None: imaging of no class, or of one that only the name tells (radiology).
SECTIONS: Final[dict[str, Class | None]] = {
    "CT": "CT", "CAT": "CT", "NMR": "MRI", "MRI": "MRI", "MR": "MRI", "NMS": "NM", "NM": "NM",
    "PET": "NM", "RUS": "US", "OUS": "US", "VUS": "US", "CUS": "US", "US": "US",
    "RX": "XRAY", "XR": "XRAY", "DX": "XRAY", "CR": "XRAY", "DR": "XRAY", "MG": "MG", "MAM": "MG",
    "RAD": None, "IMG": None, "XRC": None, "RF": None,
    "放射": None, "放射科": None, "影像": None, "影像科": None, "医学影像科": None, "超声": "US",
    "超声科": "US", "核医学": "NM", "核医学科": "NM", "磁共振": "MRI", "磁共振室": "MRI",
    "CT室": "CT", "钼靶": "MG",
}  # fmt: skip

_BODY = (
    "头|颅|脑|鞍|眼|眶|耳|乳突|鼻|面|颌|牙|口腔|咽|喉|颈|甲状腺|胸|肺|纵隔|心|冠|主动脉|肋|乳|腹|肝|"
    "胆|胰|脾|胃|肠|肾|尿路|泌尿|输尿管|膀胱|前列腺|盆|子宫|附件|骶|尾|腰|椎|脊|骨|关节|肩|肘|腕|手|髋|"
    "膝|踝|足|肢|股|血管|动脉|静脉|全身|部位|部"
)
_DONE = "平扫|增强|扫描|检查|成像|三维|重建|血管|灌注|薄层|能谱"
_NAMED: Final[tuple[tuple[Class, re.Pattern[str]], ...]] = (
    ("MG", re.compile(r"钼靶|乳腺\s*X\s*[线光]|乳腺摄影|乳腺X-?ray|mammogra", re.I)),
    (
        "NM",
        re.compile(
            r"(?<![a-z])PET(?![a-z])|SPECT|核素|骨扫描|显像(?!剂)|闪烁|(?:骨|甲状腺|肾|全身)ECT|scintigra",
            re.I,
        ),
    ),
    ("MRI", re.compile(r"磁共振|核磁|(?<![a-z])(?:f?MRI|MRA|MRV|MRCP|MRU|MRS)(?![a-z])", re.I)),
    (
        "CT",
        re.compile(
            rf"(?:{_BODY})\s*(?:HR|LD|CB|低剂量)?CT(?![a-z])|(?<![a-z])(?:HR|LD|CB)?CT[AVUP]?\s*[(（]?(?:{_BODY}|{_DONE})"
            r"|(?<![a-z])CT[AV](?![a-z])|计算机体层|断层扫描|computed tomograph"
            r"|(?<![a-z])CT\s+(?:scan|of|head|brain|chest|thorax|abdom|pelvi|neck|spine|sinus)"
            r"|(?:head|brain|chest|thorax|abdomen|pelvis|neck|spine)\s+CT(?![a-z])",
            re.I,
        ),
    ),
    (
        "US",
        re.compile(
            r"超声|彩超|B超|彩色多普勒|ultraso|sonogra|echocardiogra|(?<![a-z])doppler", re.I
        ),
    ),
    (
        "XRAY",
        re.compile(
            r"X\s*[线光]|X-?ray|胸片|平片|摄片|(?:正|侧|斜|轴)位|"
            rf"(?:{_BODY})\s*[DC]R(?![a-z])|(?<![a-z-])[DC]R\s*(?:{_BODY}|摄影)|radiogra",
            re.I,
        ),
    ),
)
_OTHER: Final = re.compile(r"病理|细胞学|活检|免疫组化|雾化|碎石|治疗")

_STATED: Final[dict[Part, str]] = {
    Part.STUDY_UID: r"study\s*instance\s*uid|dicom\s*study|检查UID|study\s*uid",
    Part.ACCESSION: r"accession|影像号|检查流水号|^检查号$|^检查编号$",
    Part.IMAGES: (
        r"图像(?:总)?数|影像(?:总)?数|(?:图像|影像|胶片).{0,2}张数|"
        r"number of (?:study related )?(?:images|instances)"
    ),
    Part.TRACER: r"示踪剂|显像剂|放射性药物|tracer|radiopharm",
    Part.CONCLUSION: (
        r"结论|印象|诊断(?:意见|提示|结果)|(?:超声|检查)提示|影像(?:学)?诊断|(?:超声|放射)诊断|"
        r"^提示$|^诊断$|impression|conclusion"
    ),
    Part.TECHNIQUE: (
        r"(?:检查|扫描|成像|造影)(?:方法|技术|方式|序列|条件)|技术条件|technique|"
        r"procedure description"
    ),
    Part.LATERALITY: r"侧别|^左右$|laterality",
    Part.BODY_PART: r"部位|body\s*(?:part|site)",
    Part.FINDINGS: (
        r"所见|描述|表现|检查结果|^报告内容$|findings|study observation|diagnostic text"
    ),
}
_PARTS: Final = tuple((part, re.compile(words, re.IGNORECASE)) for part, words in _STATED.items())
_TOKEN: Final = re.compile(r"[A-Z]+")
# LOINC and DICOM codes, and the suffixes of OBX-3.1 (HL7 v2.5.1 7.1.4): 71020&IMP.
_CODES: Final = {
    "59776-5": Part.FINDINGS, "18782-3": Part.FINDINGS, "GDT": Part.FINDINGS,
    "19005-8": Part.CONCLUSION, "IMP": Part.CONCLUSION, "55111-9": Part.TECHNIQUE,
    "113014": Part.STUDY_UID, "110180": Part.STUDY_UID, "121022": Part.ACCESSION,
}  # fmt: skip


def class_of_name(name: str) -> Class | None:
    """The class that the name of an examination can only mean; None if it says none."""
    if not name or _OTHER.search(name):
        return None
    return next((found for found, pattern in _NAMED if pattern.search(name)), None)


def class_of_token(text: str) -> Class | None:
    """The class of a text that is known to name imaging: `CT` alone is enough there."""
    named = class_of_name(text)
    if named is not None:
        return named
    for token in _TOKEN.findall(text.upper()):
        found = SECTIONS.get(token)
        if found is not None:
            return found
    return None


def part_of(code: str, names: tuple[str, ...]) -> Part | None:
    """What an OBX of this code and these names states; None: it does not say."""
    tail = code.rpartition("&")[2]
    if tail in _CODES:
        return _CODES[tail]
    for part, pattern in _PARTS:
        if any(name and pattern.search(name) for name in names):
            return part
    return None
