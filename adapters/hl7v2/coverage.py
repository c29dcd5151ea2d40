"""What became of each filled field: used, left aside by a rule, or unknown.

The tables below say which fields are read. A reader that leaves a field aside for a reason of
its own says so; nothing else needs to be told, so that the hot path pays nothing for coverage.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import compress
from operator import itemgetter
from typing import Final

from adapters.hl7v2.reader import Segment
from hie.adapter import Coverage

# Fields that are read, by segment; and fields that a rule leaves aside: set ids, what HL7 maps to
# nothing here, and what mutual recognition does not need. All others are unknown.
_USED: Final[dict[str, frozenset[int]]] = {
    "MSH": frozenset({1, 2, 3, 4, 7, 9, 10, 11, 12, 18}),
    "PID": frozenset({2, 3, 4, 5, 7, 8, 11, 13, 14, 19, 30}),
    "PV1": frozenset({2, 3, 19, 44, 45}),
    "ORC": frozenset({1, 2, 3, 5, 11, 12, 17, 21}),
    "OBR": frozenset({2, 3, 4, 5, 7, 13, 14, 15, 16, 22, 24, 25, 26, 29, 32, 33, 34}),
    "OBX": frozenset({2, 3, 4, 5, 6, 7, 8, 11, 14, 15, 16, 17, 18, 19, 21, 23, 25, 29}),
    "SPM": frozenset({2, 4, 14, 17, 18, 21, 24}),
    "NTE": frozenset({3}),
    "TQ1": frozenset({9}),
    "BTS": frozenset({1}),
}
_IGNORED: Final[dict[str, frozenset[int]]] = {
    "MSH": frozenset({5, 6, 8, 13, 14, 15, 16, 17, 19, 20, 21, 22, 23, 24, 25}),
    "PID": frozenset({1, 6, 9, 10, 12, 15, 16, 17, 18, *range(20, 30), *range(31, 40)}),
    "PV1": frozenset({1, *range(4, 19), *range(20, 44), *range(46, 53)}),
    "ORC": frozenset({4, 6, 7, 8, 9, 10, 13, 14, 15, 16, 18, 19, 20, *range(22, 34)}),
    "OBR": frozenset(
        {1, 6, 8, 9, 10, 11, 12, 17, 18, 19, 20, 21, 23, 27, 28, 30, 31, *range(35, 51)}
    ),
    "OBX": frozenset({1, 9, 10, 12, 13, 20, 22, 24, 26, 27, 28}),
    "SPM": frozenset({1, 3, *range(5, 14), 15, 16, 19, 20, 22, 23, *range(25, 34)}),
    "NTE": frozenset({1, 2, *range(4, 8)}),
    "TQ1": frozenset({*range(1, 9), *range(10, 15)}),
}
ASIDE: Final = frozenset(
    {
        "SFT", "UAC", "EVN", "PD1", "NK1", "PV2", "TQ2", "CTD", "SAC", "INV", "SID", "TCD", "CTI",
        "FT1", "DG1", "AL1", "DSC", "ROL", "PRT", "IPC", "ARV", "GT1", "IN1", "FHS", "BHS", "FTS",
    }
)  # fmt: skip


Getter = Callable[[Sequence[str]], tuple[str, ...]]


Plan = tuple[tuple[int, ...], Getter, int, tuple[str, ...], bool]


def _plan(name: str, *, is_bound: bool) -> Plan:
    """The indexes left aside, how to get at them, the first index beyond, and nothing at all.

    Last: whether field 1 is a set id, which needs no look unless the profile may bind it.
    """
    left = tuple(sorted(_IGNORED[name]))
    filled: Getter = itemgetter(left[0], *left[1:])
    is_numbered = left[0] == 1 and not is_bound
    return left, filled, max(*_USED[name], *left) + 1, ("",) * len(left), is_numbered


_PLANS: Final = {name: _plan(name, is_bound=False) for name in _IGNORED}
_BOUND_PLANS: Final = {name: _plan(name, is_bound=True) for name in _IGNORED}


class Tally:
    """The account of one message's fields."""

    __slots__ = ("_bound", "_ignored", "_moved", "_taken", "_unknown", "_used")

    def __init__(self, bound: frozenset[tuple[str, int]]) -> None:
        self._bound = bound  # fields that the profile reads in some other role
        self._used: list[str] = []
        self._ignored: list[str] = []
        self._unknown: list[str] = []
        self._moved: set[str] = set()
        self._taken: set[str] = set()

    def cover(self, segments: list[Segment]) -> None:
        """Account for every filled field of all segments, once, after all was read.

        Blanks what it has accounted for.
        """
        used, ignored = self._used, self._ignored
        plan_of = (_BOUND_PLANS if self._bound else _PLANS).get
        for segment in segments:
            name, fields, row = segment.name, segment.fields, segment.row
            plan = plan_of(name)
            if plan is None:
                self._other(segment)
                continue
            left, filled, last, empty, is_numbered = plan
            if is_numbered and fields[1]:
                ignored.append(row[1])
                fields[1] = ""
            aside = filled(fields)
            if aside != empty:
                self._set_aside(segment, compress(left, aside))
            if segment.size > last:
                for index in range(last, segment.size):
                    if fields[index]:
                        self._unknown.append(segment.path(index))
                        fields[index] = ""
            used += compress(row, fields)

    def leave(self, segment: Segment) -> None:
        """Nothing of this segment was used, whatever the tables say."""
        fields = segment.fields
        self._moved.update(segment.path(i) for i in range(1, segment.size) if fields[i])

    def take(self, path: str) -> None:
        """A filled field that this message uses although the tables leave it aside."""
        self._taken.add(path)

    def component(self, path: str, *, is_known: bool) -> None:
        """A filled component of a used field that is not read ("OBX[3]-3.7")."""
        if path not in self._taken:
            (self._ignored if is_known else self._unknown).append(path)

    def ignore(self, path: str) -> None:
        """A filled field of a used kind that this message leaves aside for a reason."""
        self._moved.add(path)

    def coverage(self) -> Coverage:
        """The account; a field left aside explicitly is not also used."""
        used, ignored = self._used, self._ignored
        if self._moved:
            aside = self._moved.difference(self._unknown)
            used = [p for p in used if p not in aside]
            ignored = [*(p for p in ignored if p not in aside), *sorted(aside)]
        return Coverage(tuple(used), tuple(ignored), tuple(self._unknown))

    def _set_aside(self, segment: Segment, indexes: Iterable[int]) -> None:
        name, fields, row = segment.name, segment.fields, segment.row
        for index in indexes:
            is_bound = (name, index) in self._bound or row[index] in self._taken
            (self._used if is_bound else self._ignored).append(row[index])
            fields[index] = ""

    def _other(self, segment: Segment) -> None:
        target = self._ignored if segment.name in ASIDE else self._unknown
        for index in range(1, segment.size):
            if segment.fields[index]:
                path = segment.path(index)
                is_bound = (segment.name, index) in self._bound or path in self._taken
                (self._used if is_bound else target).append(path)
