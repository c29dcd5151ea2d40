"""What a ServiceRequest says of the examination it orders: part, side, contrast and protocol.

R4 has no element for a side or for contrast: they stand in the words of code, site and details, or
as a code of `bodySite`. What is not said is left out, and the rules answer that they do not know.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from hie.fhir import ITEM, Resource
from hie.terminology.body_part import KNOWN, read_body_part
from hie.terminology.study_words import read_contrast, read_protocols

DICOM: Final = "http://dicom.nema.org/resources/ontology/DCM"
_SIDES: Final = {
    "7771000": "L", "24028007": "R", "51440002": "B",  # SNOMED CT: left, right, both
    "LEFT": "L", "RIGHT": "R", "BILATERAL": "B", "L": "L", "R": "R", "B": "B",
}  # fmt: skip
_SIDE_WORDS: Final = (
    ("B", re.compile(r"双侧|两侧|双(?=[手足膝肩肘腕髋踝])|\b(?:bilateral|both)\b", re.IGNORECASE)),
    ("L", re.compile(r"左侧?|\bleft\b", re.IGNORECASE)),
    ("R", re.compile(r"右侧?|\bright\b", re.IGNORECASE)),
)
# Words of an order's name that are no part of the body.
_NO_PART: Final = re.compile(
    r"平扫|增强|三维|重建|成像|扫描|检查|摄影|摄片|正侧位|正位|侧位|彩色|彩超|超声|片|核?磁共振|核磁|X线"
    r"|(?<![a-z])(?:ct|mri?|dr|cr|us|x-?ray|ultrasound|of|the|and|with|without|contrast|plain"
    r"|enhanced|scan|joint|structure)(?![a-z])|[()（）]",
    re.IGNORECASE,
)
_BETWEEN: Final = re.compile(r"[\s,，、;；/\\&+＋]+")
_CODE: Final = re.compile(r"[A-Z]{2,}")


def modality_of(order: Resource, classes: Mapping[str, str]) -> str | None:
    """The class of the modality an order names by its DICOM code; None: none, or several."""
    concepts = [order.get("code"), *_listed(order.get("orderDetail"))]
    found = {
        classes[code] for system, code in codings(concepts) if system == DICOM and code in classes
    }
    return found.pop() if len(found) == 1 else None


def examination(order: Resource) -> dict[str, Any]:
    """The members of an order line that an examination has, as far as the order says them."""
    sites = _listed(order.get("bodySite"))
    said = list(words([order.get("code"), *_listed(order.get("orderDetail"))]))
    where = [*words(sites)] if sites else said
    parts = [part for text in where if (part := _part(text))]
    if not parts:  # DICOM's own codes are words
        parts = [code for _, code in codings(sites) if _CODE.fullmatch(code)]
    sides = {_SIDES[code.upper()] for _, code in codings(sites) if code.upper() in _SIDES}
    sides |= {side for text in where if (side := _side(text))}
    if not sides:  # the left knee, as the code says it, of a site that is the knee
        sides = {side for text in said if (side := _side(text))}
    contrast, protocols = read_contrast(said), read_protocols(said)
    found: dict[str, Any] = {}
    if parts:
        found["body_part"] = ",".join(dict.fromkeys(parts))
    if sides:
        found["laterality"] = sides.pop() if len(sides) == 1 else "B"
    if contrast is not None:
        found["contrast"] = contrast != "none"
    if protocols:
        found["protocol"] = " ".join(sorted(protocols))
    return found


def codings(concepts: Iterable[Any]) -> Iterable[tuple[str, str]]:
    """The codes of concepts, (system, "" where none is stated, and code)."""
    for concept in concepts:
        for coding in _listed(concept.get("coding")) if isinstance(concept, dict) else ():
            if isinstance(coding, dict) and isinstance(coding.get("code"), str) and coding["code"]:
                system = coding.get("system")
                yield system if isinstance(system, str) else "", coding["code"]


def words(concepts: Iterable[Any]) -> Iterable[str]:
    """What concepts are called: their texts, then what their codes are; the hub's own has none."""
    for concept in concepts:
        if not isinstance(concept, dict):
            continue
        shown = [one for one in _listed(concept.get("coding")) if isinstance(one, dict)]
        texts = (concept.get("text"), *(c.get("display") for c in shown if c.get("system") != ITEM))
        yield from (text for text in texts if isinstance(text, str) and text)


def _part(text: str) -> str:
    """The parts a text names; "" where a word of it is not understood.

    Of "head of the femur" the head alone would be another examination.
    """
    for _, side in _SIDE_WORDS:
        text = side.sub(" ", text)
    rest = _NO_PART.sub(" ", text).strip()
    whole = read_body_part(rest)
    if whole.understood and whole.codes and whole.codes <= KNOWN:
        return ",".join(sorted(whole.codes))
    read = [read_body_part(word) for word in _BETWEEN.split(rest) if word]
    codes = frozenset().union(*(one.codes for one in read))
    understood = all(one.understood and one.codes for one in read)
    return ",".join(sorted(codes)) if understood and codes <= KNOWN else ""


def _side(text: str) -> str | None:
    sides = set()
    for name, word in _SIDE_WORDS:
        text, count = word.subn(" ", text)
        if count:
            sides.add(name)
    if not sides:
        return None
    return sides.pop() if len(sides) == 1 else "B"


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
