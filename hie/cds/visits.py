"""Which kind of encounter an Encounter is, in the words of an order-check.

v3-ActCode (R4 `Encounter.class`), HL7 table 0004, or the hub's own words. ActCode has no code for
intensive care, so that it is read from what the type, the service and the ward are called.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from hie.fhir import Resource
from hie.recognition.request import CLASSES

_OUTPATIENT, _INPATIENT, _EMERGENCY, _INTENSIVE = CLASSES
_BY_CODE: Final = {
    "AMB": _OUTPATIENT, "VR": _OUTPATIENT, "HH": _OUTPATIENT, "FLD": _OUTPATIENT,
    "O": _OUTPATIENT, "R": _OUTPATIENT,
    "IMP": _INPATIENT, "ACUTE": _INPATIENT, "NONAC": _INPATIENT, "OBSENC": _INPATIENT,
    "SS": _INPATIENT, "I": _INPATIENT, "B": _INPATIENT,
    "EMER": _EMERGENCY, "E": _EMERGENCY,
    **{kind: kind for kind in CLASSES},
}  # fmt: skip
_INTENSIVE_CARE: Final = re.compile(
    r"重症监护|(?<![a-z])[a-z]{0,2}icu(?![a-z])|intensive[ -]care", re.IGNORECASE
)


def class_of(encounter: Resource) -> str | None:
    """The class; None when it is not stated, or by a code nobody here knows."""
    if any(_INTENSIVE_CARE.search(text) for text in _words(encounter)):
        return _INTENSIVE
    stated = encounter.get("class")
    return _BY_CODE.get(str(stated.get("code"))) if isinstance(stated, dict) else None


def _words(encounter: Resource) -> Iterable[str]:
    """What type, service and wards are called; of wards, those somebody is on."""
    concepts = [encounter.get("serviceType"), *_listed(encounter.get("type"))]
    for concept in concepts:
        if isinstance(concept, dict):
            yield from _texts(concept, "text")
            for coding in _listed(concept.get("coding")):
                yield from _texts(coding, "display")
    for stay in _listed(encounter.get("location")):
        if isinstance(stay, dict) and stay.get("status") in (None, "active"):
            yield from _texts(stay.get("location"), "display")
    yield from _texts(encounter.get("class"), "display")


def _texts(value: Any, key: str) -> Iterable[str]:
    if isinstance(value, Mapping) and isinstance(value.get(key), str):
        yield value[key]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
