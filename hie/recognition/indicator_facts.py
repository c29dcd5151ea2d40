"""What indicators are counted from: orders asked about, what was decided, what was done later.

Plain values of one person at a time; `exchange` reads them from the store. An *order* is what one
department orders of one thing for one person on one day: a hospital that asks three times about it
(while choosing, at signing, again after lunch) has ordered once.
"""

from collections.abc import Iterable
from datetime import date
from typing import Literal

import msgspec

from hie.fhir.elements import instant
from hie.recognition.assessment import Outcome
from hie.recognition.savings import Tariff

MAY_STAND_IN = frozenset({Outcome.RECOGNISE, Outcome.REVIEW})


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """The decision that stands for an order line.

    `reopened`: the result it rests on was corrected or withdrawn, and nobody has decided anew.
    `source` is the institution of the result used, `result` what is counted of it (its report);
    `valid_until` the last day that result is within its limit.
    """

    kind: Literal["use", "repeat"]
    at_us: int
    reopened: bool = False
    reason: str | None = None
    source: str | None = None
    result: str | None = None
    valid_until: date | None = None


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One order line of one order-check, with what became of it.

    `at_us` is the instant asked about, `place` the line's place in its check. `said` is whatever
    else the line says (body part, side, contrast ...). `candidates` are the results listed for it
    ("Observation/<id>"), `earlier` what is counted of those of other institutions (their reports).
    `viewed` None: nobody recorded whether it was looked at. `refused_by` is the first rule that
    refused the candidate that speaks for the order. `tariff` is of the day of the decision, else
    of the order. `continues` is an earlier line (check, place) of the very same order: a decision
    there was replaced by one here. `card`: one of CDS Hooks left about it, and whether its client
    said anything of it; None: none left.
    """

    check: str
    place: int
    at_us: int
    person: str | None
    receiver: str
    department: str
    item: str
    outcome: Outcome
    imaging: bool = False
    said: str = ""
    parts: frozenset[str] = frozenset()
    candidates: frozenset[str] = frozenset()
    earlier: frozenset[str] = frozenset()
    prompted: bool = True
    viewed: bool | None = None
    refused_by: str | None = None
    decided: Decided | None = None
    tariff: Tariff | None = None
    continues: tuple[str, int] | None = None
    card: bool | None = None

    @property
    def day(self) -> date:
        """The day asked about, in Asia/Shanghai."""
        return instant(self.at_us).date()

    @property
    def may_stand_in(self) -> bool:
        """An earlier result may stand in for it."""
        return self.outcome in MAY_STAND_IN


class Performed(msgspec.Struct, frozen=True, kw_only=True):
    """A test or study done for the person at an institution.

    `resource` is "Observation/<id>"; `at_us` and `until_us` are the first and last microsecond its
    time of collection may mean.
    """

    institution: str
    item: str
    at_us: int
    until_us: int
    resource: str = ""
    billable: str | None = None
    parts: frozenset[str] = frozenset()

    @property
    def day(self) -> date:
        """The day it was done, in Asia/Shanghai."""
        return instant(self.at_us).date()


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """All lines that ask about one order, oldest first."""

    lines: tuple[Line, ...]

    @property
    def first(self) -> Line:
        """The line that asked first: where and when the order counts."""
        return self.lines[0]

    @property
    def may_stand_in(self) -> bool:
        """An earlier result could stand in, at any of the times it was asked."""
        return any(line.may_stand_in for line in self.lines)

    @property
    def offered(self) -> bool:
        """It could, and it was shown; whoever decided about it has been shown it."""
        return any(
            line.may_stand_in and (line.prompted or line.decided is not None) for line in self.lines
        )

    @property
    def candidates(self) -> frozenset[str]:
        """The results that were there when it was asked about: none of them is a repeat."""
        return self.lines[0].candidates.union(*(line.candidates for line in self.lines[1:]))

    @property
    def viewed(self) -> bool | None:
        """Somebody opened what was offered; None when nobody recorded whether."""
        said = {line.viewed for line in self.lines if line.may_stand_in}
        return True if True in said else None if None in said else False

    @property
    def card(self) -> bool | None:
        """Whether anything was said of a card about it; None when no card left."""
        said = {line.card for line in self.lines}
        return True if True in said else False if False in said else None

    @property
    def decided(self) -> Decided | None:
        """The last decision about it."""
        made = [(line.decided.at_us, n, line.decided) for n, line in enumerate(self.lines)
                if line.decided is not None and line.may_stand_in]  # fmt: skip
        return max(made)[2] if made else None

    @property
    def used(self) -> Decided | None:
        """The decision to use an earlier result, while it stands."""
        made = self.decided
        return made if made is not None and made.kind == "use" and not made.reopened else None

    @property
    def repeated(self) -> Decided | None:
        """The decision to repeat, with its reason."""
        made = self.decided
        return made if made is not None and made.kind == "repeat" and not made.reopened else None

    @property
    def tariff(self) -> Tariff | None:
        """The price of the line that was decided, else of the first."""
        made = self.decided
        priced = [line for line in self.lines if made is not None and line.decided == made]
        return (priced or self.lines)[0].tariff


def orders_of(lines: Iterable[Line]) -> tuple[Order, ...]:
    """The orders behind these lines, oldest first; the order the lines come in says nothing.

    Without a person (nobody was found, or several) each line is an order of its own.
    """
    found: dict[tuple[object, ...], list[Line]] = {}
    of: dict[tuple[str, int], tuple[object, ...]] = {}
    for line in sorted(lines, key=lambda one: (one.at_us, one.check, one.place)):
        alone = () if line.person is not None else (line.check, line.place)
        key = (line.receiver, line.department, line.person, line.day, line.item, line.said, *alone)
        if line.continues is not None:
            key = of.get(line.continues, key)
        of[line.check, line.place] = key
        found.setdefault(key, []).append(line)
    return tuple(Order(lines=tuple(same)) for same in found.values())


def done_again(order: Order, performed: Iterable[Performed], days: int) -> bool:
    """The same was done for the same person at the receiver within so many days of the order."""
    line = order.first
    return any(is_same(line, one) and follows(order, one, days) for one in performed)


def is_same(line: Line, one: Performed) -> bool:
    """The same item at the receiver; of images a part in common, as far as both name parts."""
    return (
        one.institution == line.receiver
        and one.item == line.item
        and not (line.parts and one.parts and line.parts.isdisjoint(one.parts))
    )


def follows(order: Order, one: Performed, days: int) -> bool:
    """Done after the order, and at most so many days after its day; the last day counts."""
    line = order.first
    return (
        one.until_us >= line.at_us
        and (one.day - line.day).days <= days
        and one.resource not in order.candidates
    )
