"""A checked profile with what reading derives from it once: parsed paths, the zone in minutes."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from adapters.hl7v2.profile import Profile
from adapters.hl7v2.profile_words import BINDABLE, ZONES
from adapters.hl7v2.shipped import extended


class Source(msgspec.Struct, frozen=True, gc=False):
    """A place that a binding names: SEG-n, SEG-n.c or SEG-n.c.s, all counted from one."""

    segment: str
    field: int
    component: int = 0
    subcomponent: int = 0


class Compiled(msgspec.Struct, frozen=True):
    """A profile with what decoding derives from it once."""

    profile: Profile
    offset: int  # minutes east of UTC
    bindings: Mapping[str, tuple[tuple[int, bool, tuple[Source, ...]], ...]]  # segment -> targets
    control: Source | None
    bound: frozenset[tuple[str, int]]  # fields that some binding reads
    memos: dict[object, dict[object, Any]]  # what an analyser sends again with every message
    needs_neighbours: bool  # some segment is read with the help of another


def source(path: str) -> Source:
    """The parsed form of a path that matches the schema."""
    segment, _, rest = path.partition("-")
    numbers = [int(n) for n in rest.split(".")] + [0, 0]
    return Source(segment, numbers[0], numbers[1], numbers[2])


def compile_profile(profile: Mapping[str, Any]) -> Compiled:
    """The checked profile. Raises msgspec.ValidationError or ValueError if it is not one."""
    checked = msgspec.convert(extended(profile), Profile)
    targets: dict[str, list[tuple[int, bool, tuple[Source, ...]]]] = {}
    bound: set[tuple[str, int]] = set()
    for name, places in checked.bindings.items():
        if name not in BINDABLE:
            raise ValueError(f"bindings.{name}")
        segment, index = BINDABLE[name]
        sources = tuple(source(p) for p in ((places,) if isinstance(places, str) else places))
        targets.setdefault(segment, []).append((index, name.endswith("status"), sources))
        bound.update((s.segment, s.field) for s in sources)
    control = source(checked.control.path) if checked.control else None
    if control:
        bound.add((control.segment, control.field))
    bound.update((s.segment, s.field) for s in map(source, checked.identifiers.fields))
    return Compiled(
        checked,
        _offset(checked.zone),
        {segment: tuple(found) for segment, found in targets.items()},
        control,
        frozenset(bound),
        {},
        bool(targets) or control is not None,
    )


def _offset(zone: str) -> int:
    if zone in ZONES:
        return ZONES[zone]
    if not re.fullmatch(r"[+-]\d\d:\d\d", zone):
        raise ValueError("zone")
    minutes = int(zone[1:3]) * 60 + int(zone[4:6])
    return -minutes if zone[0] == "-" else minutes
