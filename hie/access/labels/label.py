"""A label: confidentiality and topics of one resource, as the number its row carries.

The two low bits are the confidentiality (N, R, V), those above the topics, in the order of `Topic`:
`confidentiality + 4 * topics`. A row without a label counts as restricted. Labels only ever rise by
themselves: `joined` is the high-water mark of two.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum

NORMAL, RESTRICTED, VERY_RESTRICTED = 0, 1, 2
CONFIDENTIALITY = ("N", "R", "V")  # v3-Confidentiality, by the number
_LOW = 3


class Topic(StrEnum):
    """What a resource may be about; `schemas/labels/topics.yaml` says how sensitive each is.

    The order gives each its bit and never changes. UNMAPPED: nobody knows what it is about.
    ASSIGNED: the source or a security officer set the confidentiality, not a table.
    """

    HIV = "HIV"
    STD = "STD"
    PSY = "PSY"
    SUD = "SUD"
    SEX = "SEX"
    SDV = "SDV"
    GDIS = "GDIS"
    HBV = "HBV"
    REPRO = "REPRO"
    GENETIC = "GENETIC"
    VIP = "VIP"
    UNMAPPED = "UNMAPPED"
    ASSIGNED = "ASSIGNED"


_BITS = {topic: 1 << n for n, topic in enumerate(Topic)}
UNMAPPED, ASSIGNED = _BITS[Topic.UNMAPPED], _BITS[Topic.ASSIGNED]


def bit(topic: Topic) -> int:
    """The bit of a topic, as `mask` has it."""
    return _BITS[topic]


def label_with(level: int, bits: int) -> int:
    """The label of a confidentiality and the bits of topics."""
    return level + 4 * bits


def confidentiality(label: int | None) -> int:
    """0 N, 1 R, 2 V; what has no label is R."""
    return RESTRICTED if label is None else min(label & _LOW, VERY_RESTRICTED)


def mask(label: int | None) -> int:
    """The bits of its topics; what has no label is about nobody knows what."""
    return UNMAPPED if label is None else label >> 2


def topics(label: int | None) -> tuple[Topic, ...]:
    """Its topics, in their order."""
    bits = mask(label)
    return tuple(topic for topic, one in _BITS.items() if bits & one)


def joined(*labels: int | None) -> int:
    """The high-water mark: the highest confidentiality, and every topic."""
    level = bits = 0
    for one in labels:
        level = max(level, confidentiality(one))
        bits |= mask(one)
    return label_with(level, bits)


def bits_of(names: Iterable[Topic]) -> int:
    """The bits of several topics."""
    found = 0
    for one in names:
        found |= _BITS[one]
    return found


def floor(label: int | None, levels: Mapping[int, int]) -> int:
    """What of a label stays when the meaning of its codes is known: all but UNMAPPED.

    `levels`: the confidentiality of each bit. What was ASSIGNED keeps its confidentiality.
    """
    bits = mask(label) & ~UNMAPPED
    if bits & ASSIGNED:
        return label_with(confidentiality(label), bits)
    return label_with(level_of(bits, levels), bits)


def is_lowered(label: int, levels: Mapping[int, int]) -> bool:
    """Whether a security officer set less than the topics alone would be."""
    bits = mask(label)
    return bool(bits & ASSIGNED) and confidentiality(label) < level_of(bits, levels)


def again(stands: int | None, says: int, levels: Mapping[int, int], *, forgets: bool) -> int:
    """The label of what says the same as before: what an officer lowered stays so.

    Unless there is a topic that was not there. `forgets`: what was unknown is known now.
    """
    if stands is None:
        return says
    if is_lowered(stands, levels) and not mask(says) & ~mask(stands):
        return stands
    return joined(says, floor(stands, levels) if forgets else stands)


def level_of(bits: int, levels: Mapping[int, int]) -> int:
    """The highest confidentiality of these bits."""
    return max((level for one, level in levels.items() if bits & one), default=NORMAL)
