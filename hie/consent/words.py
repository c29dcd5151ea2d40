"""The codes a Consent speaks in, as bits and levels: purposes of use, topics, confidentiality.

v3-ActReason, v3-ActCode and v3-Confidentiality. What has no bit here nobody asks for here: a rule
about it never speaks.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from hie.fhir import Resource
from hie.schemas import read_yaml

ACT_REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
RESOURCE_TYPES = "http://hl7.org/fhir/resource-types"
PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"

_PURPOSES = (
    "TREAT", "ETREAT", "BTG", "PUBHLTH", "PATRQT", "HOPERAT", "HCOMPL", "HTEST", "HPAYMT", "HRESCH",
)  # fmt: skip
BITS: Mapping[str, int] = {code: 1 << place for place, code in enumerate(_PURPOSES)}
EVERY_PURPOSE = (1 << len(_PURPOSES)) - 1
GLASS = BITS["BTG"]
# Who says a purpose says those below it in v3-ActReason.
_BELOW = {
    "TREAT": BITS["ETREAT"] | BITS["BTG"],
    "ETREAT": BITS["BTG"],
    "HOPERAT": BITS["HCOMPL"] | BITS["HTEST"],
}
# What PCF's Explicit Basic knows; others are Intermediate.
BASIC_PURPOSES = frozenset({"TREAT", "ETREAT", "BTG", "HPAYMT", "HOPERAT"})

UNMAPPED = 2048  # nobody has said yet what this is: it may be any topic
TOPICS_MASK = 4095  # what is above says where a label comes from

LEVELS: Mapping[str, int] = {"N": 0, "R": 1, "V": 2}


def purpose_bit(code: str) -> int:
    """The bit of a purpose somebody asks for; an unknown one is refused with KeyError."""
    return BITS[code]


def purposes(codings: Iterable[tuple[str | None, str | None]]) -> int:
    """The bits of these purposes and of what they include."""
    found = 0
    for system, code in codings:
        if system == ACT_REASON and code is not None:
            found |= BITS.get(code, 0) | _BELOW.get(code, 0)
    return found


@cache
def topics() -> Mapping[str, int]:
    """The bit of each topic of `schemas/labels/topics.yaml`, by its place there."""
    found = {name: 1 << place for place, name in enumerate(_table())}
    return {name: bit for name, bit in found.items() if bit < UNMAPPED}


@cache
def codings() -> Mapping[int, tuple[str, str]]:
    """System and code of each topic by its bit; what nobody knows the topic of is one."""
    every = enumerate(_table().values())
    found = {1 << place: (one["system"], one["code"]) for place, one in every}
    return {bit: coding for bit, coding in found.items() if bit <= UNMAPPED}


@cache
def _table() -> Mapping[str, Any]:
    found: Mapping[str, Any] = read_yaml("labels", "topics.yaml")
    return found


@cache
def _codes() -> Mapping[tuple[str, str], int]:
    table, bits = _table(), topics()
    return {
        (table[name]["system"], code): bit
        for name, bit in bits.items()
        for code in (table[name]["code"], *table[name].get("also", ()))
    }


def topic(system: str | None, code: str | None) -> int | None:
    """The bit of a topic; None for what is none."""
    return _codes().get((system or "", code or ""))


def level(system: str | None, code: str | None) -> int | None:
    """The confidentiality a code says, as a number; None for what is none."""
    return LEVELS.get(code or "") if system == CONFIDENTIALITY else None


def every_purpose() -> tuple[str, ...]:
    """Every purpose there is, by its code: what a denial names that holds in emergencies too."""
    return _PURPOSES


def topic_coding(name: str) -> Resource | None:
    """The Coding of a topic; None for what is none."""
    if name not in topics():
        return None
    one = _table()[name]
    return {"system": one["system"], "code": one["code"]}


def topic_names(lang: str) -> Mapping[str, str]:
    """Every topic and what it is called."""
    return {name: _table()[name][lang] for name in topics()}


def purposes_in(bits: int) -> str:
    """The purposes of these bits, for people."""
    return "every purpose" if bits == EVERY_PURPOSE else " ".join(c for c in BITS if bits & BITS[c])


def topics_in(bits: int | None) -> str:
    """The topics of these bits, for people."""
    return " ".join(name for name, bit in topics().items() if (bits or 0) & bit)
