"""Which lines of a check a clinician is reminded of (R-907): each once, and never in an emergency.

An order-check always answers; this governs what cards and pages put before somebody who did not
ask. Nobody is reminded twice of one line, nor of an item that was decided on in this encounter.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from hie.recognition.assessment import Outcome
from hie.terminology.body_part import read_body_part

OFFERED = frozenset({Outcome.RECOGNISE.value, Outcome.REVIEW.value})
URGENT = frozenset({"emergency", "intensive-care"})


class Silent(StrEnum):
    """Why a line brings no reminder."""

    NOTHING = "nothing-to-offer"  # no earlier result that may stand in
    EMERGENCY = "emergency"  # the encounter is one
    DECIDED = "decided"  # this item was decided on in this encounter
    REMINDED = "reminded"  # this line was put before somebody already


@dataclass(frozen=True, slots=True)
class Reminder:
    """One line; `silent` None: it is to be shown."""

    ref: str
    item: str
    outcome: str
    silent: Silent | None


def reminders(
    orders: Sequence[Mapping[str, Any]],
    lines: Mapping[str, str],
    encounter: str | None,
    *,
    decided: Collection[str] = (),
    reminded: Collection[str] = (),
) -> tuple[Reminder, ...]:
    """One entry for each order of an answer, in its order.

    `lines` says by ref what each line orders (`ordered`); `encounter` is the request's class, None
    when it states none. `decided` is what was decided on in this encounter, by whichever check;
    `reminded` the refs of this check that were shown before.
    """
    found: list[Reminder] = []
    for order in orders:
        ref, item, outcome = order["ref"], order["item"], order["outcome"]
        why: Silent | None = None
        if outcome not in OFFERED:
            why = Silent.NOTHING
        elif encounter in URGENT:
            why = Silent.EMERGENCY
        elif lines[ref] in decided:
            why = Silent.DECIDED
        elif ref in reminded:
            why = Silent.REMINDED
        found.append(Reminder(ref, item, outcome, why))
    return tuple(found)


def ordered(item: str, line: Mapping[str, Any]) -> str:
    """What a line orders, so that lines can be told alike: a CT of the head is none of the chest.

    `line` is the request's; `item` the catalogue's key the answer gave it.
    """
    parts = (
        ",".join(sorted(read_body_part(str(line["body_part"])).codes))
        if line.get("body_part")
        else ""
    )
    rest = (line.get("laterality"), line.get("contrast"), line.get("protocol"), line.get("tracer"))
    said = [parts, *("" if one is None else str(one).lower() for one in rest)]
    return ":".join([item, *said]).rstrip(":")
