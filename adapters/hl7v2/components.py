"""Which components of a field are read; the others are named in the coverage, never dropped.

HL7 v2.5.1 chapter 2A, widened by 2.7 and later. A component that the standard knows and that no
rule here reads is *ignored*; one beyond what the standard knows is *unknown*. Components of an OBX
that comes with every patient are accounted for once and remembered (`panel.py`).
"""

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Final

from adapters.hl7v2.reader import Segment
from adapters.hl7v2.reading import NULL, Reading


class Shape:
    """A data type: how many components it has, and which are left aside."""

    __slots__ = ("aside", "first", "known")

    def __init__(self, known: int, read: frozenset[int]) -> None:
        self.known = known
        self.aside = tuple(n for n in range(1, known + 1) if n not in read)
        self.first = min((*self.aside, known + 1))  # fewer components than this: all are read


Getter = Callable[[Sequence[str]], tuple[str, ...]]
Plan = tuple[Getter, tuple[tuple[int, int, Shape], ...]]


def _shape(known: int, *read: int) -> Shape:
    return Shape(known, frozenset(read))


CODED: Final = _shape(22, 1, 2, 3, 4, 5, 6, 9)  # CWE, CE
UNIT: Final = _shape(22, 1, 2)
ENTITY: Final = _shape(4, 1, 2, 3)  # EI
DEVICE: Final = _shape(4, 1, 2, 3, 4)  # OBX-18: the whole EI is the name
PERSON: Final = _shape(25, 1, 2, 3)  # XCN
_NUMBER: Final = _shape(12, 1, 4, 5)  # CX
_NAME: Final = _shape(15, 1, 2, 3)  # XPN
_PLACE: Final = _shape(11, 1)  # PL
_ADDRESS: Final = _shape(23, 1, 2, 3, 4, 5)  # XAD
_PHONE: Final = _shape(18, 1, 6, 7, 12)  # XTN
_TIME: Final = _shape(2, 1)  # TS, DR
_SOURCE: Final = _shape(7, 1, 2)  # SPS
_TYPE: Final = _shape(3, 1, 2, 3)  # MSG
_STATE: Final = _shape(3, 1)  # PT, VID, ID with more

_SHAPES: Final[dict[str, tuple[tuple[int, Shape], ...]]] = {
    "MSH": ((7, _TIME), (9, _TYPE), (11, _STATE), (12, _STATE)),
    "PID": (
        (2, _NUMBER), (3, _NUMBER), (4, _NUMBER), (5, _NAME), (7, _TIME), (11, _ADDRESS),
        (13, _PHONE), (14, _PHONE),
    ),
    "PV1": ((3, _PLACE), (19, _NUMBER)),
    "ORC": ((2, ENTITY), (3, ENTITY), (11, PERSON), (12, PERSON), (17, CODED)),
    "OBR": (
        (2, ENTITY), (3, ENTITY), (4, CODED), (7, _TIME), (14, _TIME), (15, _SOURCE), (16, PERSON),
        (22, _TIME), (32, PERSON), (33, PERSON), (34, PERSON),
    ),
    "SPM": ((4, CODED), (17, _TIME), (18, _TIME), (21, CODED), (24, CODED)),
}  # fmt: skip


def _plan(shapes: tuple[tuple[int, Shape], ...]) -> Plan:
    """The fields to look at, and for each: its index, the first count that may tell, its shape."""
    read: Getter = itemgetter(*(index for index, _ in shapes))
    return read, tuple((index, max(1, shape.first - 1), shape) for index, shape in shapes)


_PLANS: Final = {name: _plan(shapes) for name, shapes in _SHAPES.items()}


def aside(reading: Reading, raw: str, path: str, shape: Shape) -> list[tuple[str, bool]]:
    """Filled components that are not read: (path, whether the standard knows it)."""
    chars = reading.delimiters
    left: list[tuple[str, bool]] = []
    repeats = raw.split(chars.repetition) if chars.repetition in raw else [raw]
    first, known = shape.first, shape.known
    for number, one in enumerate(repeats, start=1):
        parts = one.split(chars.component)
        size = len(parts)
        if size < first:
            continue
        for place in shape.aside:
            if place > size:
                break
            if parts[place - 1] and parts[place - 1] != NULL:
                left.append((_path(path, number, len(repeats), place), True))
        for place in range(known + 1, size + 1):
            if parts[place - 1] and parts[place - 1] != NULL:
                left.append((_path(path, number, len(repeats), place), False))
    return left


def _path(path: str, number: int, repeats: int, place: int) -> str:
    return f"{path}.{place}" if repeats == 1 else f"{path}[{number}].{place}"


def cover(reading: Reading, segments: list[Segment]) -> None:
    """Account for the components of everything but OBX, before the fields are accounted for."""
    component = reading.delimiters.component
    plan_of = _PLANS.get
    for segment in segments:
        plan = plan_of(segment.name)
        if plan is None:
            continue
        read, shapes = plan
        for raw, (index, first, shape) in zip(read(segment.fields), shapes, strict=True):
            if raw and component in raw and raw.count(component) >= first:
                for path, is_known in aside(reading, raw, segment.row[index], shape):
                    reading.tally.component(path, is_known=is_known)
