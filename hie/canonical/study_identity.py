"""Whom images show, compared: two instances of one study, and images with their report's patient.

A difference counts only where both sides say something: PatientID of the same issuer, names in the
same script, sex, birth date. Recognition rules made precise, R-608.

    patient_conflicts(one, other) -> tuple[str, ...]     of two instances of a study
    compare_identity(images, patient, site) -> "same" | "different" | "unknown"
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from itertools import permutations
from typing import Final, Literal

from hie.adapter import Site
from hie.canonical.keys import DOCUMENTS, is_local, local_system
from hie.fhir import Resource, identifier_system
from hie.records import Identifier, PatientRecord

Identity = Literal["same", "different", "unknown"]

_WORD: Final = re.compile(r"[^\W\d_]+")
_MOST_WORDS: Final = 4
_KNOWN_SEX: Final = frozenset({"male", "female", "other"})


def patient_conflicts(one: PatientRecord, other: PatientRecord) -> tuple[str, ...]:
    """What contradicts between two statements of a patient: number, name, sex, birth-date."""
    found = []
    mine, theirs = _numbers(one.identifiers), _numbers(other.identifiers)
    if any(mine[kind].isdisjoint(theirs[kind]) for kind in mine.keys() & theirs.keys()):
        found.append("number")
    if _names_differ((n.text for n in one.names), (n.text for n in other.names)):
        found.append("name")
    if {one.sex, other.sex} <= _KNOWN_SEX and one.sex != other.sex:
        found.append("sex")
    births = (one.birth_date, other.birth_date)
    if births[0] and births[1] and _days_differ(births[0].text, births[1].text):
        found.append("birth-date")
    return tuple(found)


def compare_identity(images: PatientRecord, patient: Resource, site: Site) -> Identity:
    """DICOM identity against the report's Patient of the same site.

    `unknown`: the images have neither PatientID nor name.
    """
    if not images.identifiers and not images.names:
        return "unknown"
    told: dict[str, set[str]] = {}
    for one in patient.get("identifier", ()):
        if one.get("system") and one.get("value"):
            told.setdefault(one["system"], set()).add(one["value"])
    for number in images.identifiers[:1]:
        known = told.get(_system(number, site))
        if known is not None and number.value not in known:
            return "different"
    names = (n.get("text") or "" for n in patient.get("name", ()))
    if _names_differ((n.text for n in images.names), names):
        return "different"
    sex = patient.get("gender")
    if {images.sex, sex} <= _KNOWN_SEX and images.sex != sex:
        return "different"
    birth = patient.get("birthDate")
    if images.birth_date and birth and _days_differ(images.birth_date.text, birth):
        return "different"
    return "same"


def _system(number: Identifier, site: Site) -> str:
    if is_local(number):
        return local_system(number, site)
    return identifier_system(number.type or "other")


def _numbers(identifiers: Iterable[Identifier]) -> Mapping[tuple[str, str], set[str]]:
    """Numbers by issuer and type; OtherPatientIDs say nothing of who somebody is not."""
    found: dict[tuple[str, str], set[str]] = {}
    for one in identifiers:
        if one.type == "other":
            continue
        authority = "" if one.type in DOCUMENTS else one.authority or ""
        found.setdefault((one.type or "", authority), set()).add(one.value)
    return found


def _names_differ(one: Iterable[str], other: Iterable[str]) -> bool:
    """Both have a name in one script, and none of them is the same."""
    mine, theirs = _scripts(one), _scripts(other)
    return any(mine[script].isdisjoint(theirs[script]) for script in mine.keys() & theirs.keys())


def _scripts(names: Iterable[str]) -> Mapping[str, set[str]]:
    """Names by script: letters with their words in every order, others as they are."""
    found: dict[str, set[str]] = {}
    for name in names:
        plain = unicodedata.normalize("NFKC", name).casefold()
        if plain.isascii():
            words = _WORD.findall(plain)
            if words:
                orders = permutations(words) if len(words) <= _MOST_WORDS else [words]
                found.setdefault("letters", set()).update(map("".join, orders))
        elif compact := re.sub(r"[\s·•・^]", "", plain):
            found.setdefault("other", set()).add(compact)
    return found


def _days_differ(one: str, other: str) -> bool:
    """Two dates contradict as far as both go."""
    size = min(len(one), len(other), 10)
    return one[:size] != other[:size]
