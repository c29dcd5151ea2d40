"""Which institution answers for another's results: laboratories that were renamed or merged.

A link says that from a day on a successor answers for a code. A result keeps the code it was issued
under; what is asked of a day is asked of whoever answers for that code on that day. So nothing is
different before a link's day, and without links nothing is followed at all.

A link into a code that is new (no earlier period of its own, no other predecessor) continues one
laboratory under another code: its rounds, marks and precision are one history. Any other link is a
merger: the successor's own history says nothing of the laboratory that joined it, and the other way
round.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from hie.recognition.register import InstitutionRow, SuccessorRow

Lineage = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Succession:
    """The links in force, by predecessor; `_continues` are the codes that continue just one."""

    _links: Mapping[str, SuccessorRow]
    _continues: Mapping[str, SuccessorRow]

    @classmethod
    def of(
        cls, links: Iterable[SuccessorRow], institutions: Iterable[InstitutionRow]
    ) -> "Succession":
        """The links with what the institutions' periods say of them; a withdrawn link is none."""
        by_code = {link.code: link for link in links if link.successor}
        into: dict[str, list[SuccessorRow]] = {}
        for link in by_code.values():
            into.setdefault(link.successor, []).append(link)
        first: dict[str, date] = {}
        for row in institutions if into else ():
            first[row.code] = min(row.start, first.get(row.code, row.start))
        continues = {
            code: links[0]
            for code, links in into.items()
            if len(links) == 1 and first.get(code, date.max) >= links[0].start
        }
        return cls(MappingProxyType(by_code), MappingProxyType(continues))

    def answering(self, code: str, day: date) -> str:
        """The code that answers for a code on a day: the end of its links begun by then."""
        for _ in self._links:  # no chain is longer; one that came round would end here
            link = self._links.get(code)
            if link is None or day < link.start:
                break
            code = link.successor
        return code

    def lineages(self, code: str, day: date) -> tuple[Lineage, ...]:
        """The laboratories a code stands for on a day, each with all its codes, newest code first.

        Several when laboratories were merged: the code's own first, the one that answers last.
        """
        if not self._links:
            return ((code,),)
        own = [code]
        while (back := self._continues.get(own[-1])) and back.start <= day:
            if back.code in own:  # an import refuses rings; one that is there must end all the same
                break
            own.append(back.code)
        lineages = [own]
        for _ in self._links:
            link = self._links.get(lineages[-1][0])
            if link is None or day < link.start:
                break
            if self._continues.get(link.successor) is link:
                lineages[-1].insert(0, link.successor)
            else:
                lineages.append([link.successor])
        return tuple(tuple(one) for one in lineages)
