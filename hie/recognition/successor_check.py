"""What successors must not say, alone and with the rows that are known: no loops, one heir each.

Checked in the register as it would be afterwards. Both rows of a contradiction are named; of a loop
all of them.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from hie.errors import Fault
from hie.recognition.eligibility import in_force
from hie.recognition.register import InstitutionRow, SuccessorRow

Placed = tuple[str, SuccessorRow]


@dataclass(frozen=True, slots=True)
class Links:
    """The successor rows as they would be, the known ones first, each with how it is named.

    `coming` are the places of this import; only they are at fault, the known ones were checked.
    """

    rows: tuple[Placed, ...]
    coming: frozenset[str]
    _by_code: Mapping[str, list[Placed]]

    @classmethod
    def of(
        cls,
        known: Iterable[SuccessorRow],
        coming: Iterable[Placed],
        named: Callable[[SuccessorRow], str],
    ) -> "Links":
        """The known rows, less those this import replaces, and its own; withdrawn ones are gone."""
        placed = tuple(coming)
        replaced = {(row.code, row.start) for _, row in placed}
        kept = ((named(row), row) for row in known if (row.code, row.start) not in replaced)
        rows = tuple(one for one in (*kept, *placed) if one[1].successor)
        by_code: dict[str, list[Placed]] = {}
        for one in rows:
            by_code.setdefault(one[1].code, []).append(one)
        return cls(rows, frozenset(place for place, _ in placed), by_code)

    def faults(self, institutions: Mapping[str, list[InstitutionRow]]) -> Iterator[Fault]:
        """An heir that is oneself or nobody, two heirs of one code, codes in a ring."""
        for place, row in self._coming():
            where = f"{place}:successor"
            if row.successor == row.code:
                yield Fault(where, "own-successor", "another institution")
                continue
            if row.successor not in institutions:
                expected = "an institution with a row in institutions.csv"
                yield Fault(where, "unknown-successor", expected)
            first = self._by_code[row.code][0]
            if first[0] != place:
                expected = f"one successor of {row.code}: {first[0]} names {first[1].successor}"
                yield Fault(where, "two-successors", expected)
                continue
            ring = self._ring((place, row))
            if ring and max(map(self.rows.index, ring)) == self.rows.index((place, row)):
                others = ", ".join(one[0] for one in ring[1:])
                yield Fault(where, "succession-ring", f"no ring of successors with {others}")

    def _coming(self) -> Iterator[Placed]:
        return (one for one in self.rows if one[0] in self.coming)

    def _ring(self, start: Placed) -> list[Placed]:
        """The links from a row's code round to it again; none if they end elsewhere."""
        met = [start]
        while met[-1][1].successor != start[1].code:
            following = self._by_code.get(met[-1][1].successor)
            if not following or following[0] in met:
                return []
            met.append(following[0])
        return met

    def warnings(self, institutions: Mapping[str, list[InstitutionRow]]) -> Iterator[Fault]:
        """An heir that is not active when it begins to answer, a predecessor that goes on."""
        for place, row in self._coming():
            heirs = institutions.get(row.successor, ())
            if not any(in_force(one, row.start) and one.status == "active" for one in heirs):
                expected = f"{row.successor} active on {row.start}"
                yield Fault(f"{place}:from", "successor-not-active", expected)
            own = institutions.get(row.code, ())
            if not own:
                yield Fault(
                    f"{place}:code", "unknown-institution", "an institution of the register"
                )
            if any(one.status == "active" and (one.end or date.max) >= row.start for one in own):
                expected = f"{row.code} not active from {row.start} on"
                yield Fault(f"{place}:code", "predecessor-active", expected)
