"""A label as meta.security has it, and what a source says of it there.

The hub's own tags are the confidentiality (v3-Confidentiality) and one code a topic. What else
stands in meta.security is the source's own and stays as it was sent.
"""

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import NoneType
from typing import Any

from hie.access.labels.label import (
    ASSIGNED,
    CONFIDENTIALITY,
    NORMAL,
    RESTRICTED,
    VERY_RESTRICTED,
    Topic,
    bit,
    confidentiality,
    label_with,
    topics,
)
from hie.access.labels.tables import tables

SYSTEM = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
_OLD = "http://hl7.org/fhir/v3/Confidentiality"
_LEVELS = {"U": NORMAL, "L": NORMAL, "M": NORMAL, "N": NORMAL, "R": RESTRICTED}
_LEVELS["V"] = VERY_RESTRICTED
_NAMES = ("normal", "restricted", "very restricted")


def tags(label: int) -> tuple[dict[str, str], ...]:
    """The codings of a label: its confidentiality first."""
    return _tags(label, id(tables()))


@lru_cache(maxsize=4096)
def _tags(label: int, _table: int) -> tuple[dict[str, str], ...]:
    level = confidentiality(label)
    shown = tables().shown
    first = {"system": SYSTEM, "code": CONFIDENTIALITY[level], "display": _NAMES[level]}
    return (
        first,
        *({"system": shown[one].system, "code": shown[one].code} for one in topics(label)),
    )


def tags_text(label: int) -> str:
    """The codings of a label as JSON text."""
    return _text(label, id(tables()))


@lru_cache(maxsize=4096)
def _text(label: int, _table: int) -> str:
    return json.dumps(list(tags(label)), ensure_ascii=False, separators=(",", ":"))


def stated(meta: Mapping[str, Any]) -> int:
    """The label that meta.security states: confidentiality and topics, whoever wrote them.

    A code of v3-Confidentiality that is none of U, L, M, N, R, V is V: it says more than the hub
    knows.
    """
    level = bits = 0
    for one in _codings(meta):
        system, code = one.get("system"), one.get("code")
        if system in (SYSTEM, _OLD) and code:
            level = max(level, _LEVELS.get(code, VERY_RESTRICTED))
        else:
            bits |= _bits().get((system, code), 0)
    return label_with(max(level, tables().level(bits)), bits)


def found_in(meta: Mapping[str, Any]) -> int | None:
    """The label the hub wrote into meta.security; None where it wrote none."""
    level, bits = None, 0
    for one in _codings(meta):
        key = (one.get("system"), one.get("code"))
        if key[0] == SYSTEM and key[1] in CONFIDENTIALITY:
            level = max(level or NORMAL, CONFIDENTIALITY.index(key[1]))
        else:
            bits |= _own().get(key, 0)
    return None if level is None else label_with(level, bits)


def asked(meta: Mapping[str, Any]) -> int:
    """What a source's tags ask for: its topics, and its confidentiality as ASSIGNED."""
    label = stated(meta)
    bits = label >> 2
    if confidentiality(label) > tables().level(bits):
        bits |= ASSIGNED
    return label_with(confidentiality(label), bits)


def with_label(meta: Mapping[str, Any], label: int) -> dict[str, Any]:
    """Meta with just the tags of this label; a tag that says so already stays as it was written."""
    wanted = {(one["system"], one["code"]): one for one in tags(label)}
    kept: list[Any] = []
    for one in _codings(meta):
        key = (one.get("system"), one.get("code"))
        if key in wanted:
            kept.append(one)
            del wanted[key]
        elif not _is_ours(key):
            kept.append(one)
    return {**meta, "security": [*kept, *(dict(one) for one in wanted.values())]}


def _is_ours(key: tuple[Any, Any]) -> bool:
    return key[0] in (SYSTEM, _OLD) or key in _own()


def _codings(meta: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    found = meta.get("security", ()) if isinstance(meta, dict) else ()
    return [one for one in found if _is_coding(one)] if isinstance(found, list) else []


def are_tags(meta: Any) -> bool:
    """Whether this is a Meta whose tags can be read; what is not is refused when it is checked."""
    if not isinstance(meta, dict):
        return False
    found = meta.get("security", [])
    return isinstance(found, list) and all(_is_coding(one) for one in found)


def _is_coding(one: Any) -> bool:
    """Whether this is a coding; what is none is not sound, as is said when it is checked."""
    return isinstance(one, dict) and all(
        isinstance(one.get(name), str | NoneType) for name in ("system", "code")
    )


def _bits() -> Mapping[tuple[str | None, str | None], int]:
    """The bits of each code that means a topic."""
    return _read(id(tables()))


def _own() -> Mapping[tuple[str | None, str | None], int]:
    """The codes the hub writes itself."""
    return _written(id(tables()))


@lru_cache(maxsize=4)
def _read(_table: int) -> Mapping[tuple[str | None, str | None], int]:
    return {
        (one.system, code): bit(topic)
        for topic, one in tables().shown.items()
        if topic is not Topic.UNMAPPED
        for code in (one.code, *one.also)
    }


@lru_cache(maxsize=4)
def _written(_table: int) -> Mapping[tuple[str | None, str | None], int]:
    return {(one.system, one.code): bit(topic) for topic, one in tables().shown.items()}
