"""Cards that left, each under the `uuid` it left with, and what became of those nobody spoke of.

A card belongs to the client it went to: for any other there is none. It is kept in the unit that
records its leaving, so that what is said of it later finds it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Literal

from hie.fhir.elements import instant, microseconds
from hie.recognition.indicator_tally import REPEAT_DAYS
from hie.store.session import Reader, Row, Unit

LATE_DAYS = 3  # so long a result of the last day may take to arrive
Suggests = Literal["use", "keep"]
_COLUMNS = (
    "id", "client", "institution", "service", "hook_instance", "check_id", "ref", "ordered",
    "practitioner", "home", "person", "at_us", "suggestions", "due_us",
)  # fmt: skip
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM cds_card"  # noqa: S608


class Fate(StrEnum):
    """What became of a card, once the days are over within which the same test is a repeat."""

    SAID = "said"  # the client said what became of it
    DECIDED = "decided"  # decided on elsewhere: on a page, at another door, on another card
    REPEATED = "silently-repeated"
    AVOIDED = "silently-avoided"
    NONE = "none"  # it offered nothing of one order


@dataclass(frozen=True, slots=True)
class Card:
    """One card. `ref` is the order line of its check, `ordered` what that orders (`ordered_of`).

    Both are None for a card that sums a patient up. `suggestions` are (uuid, what it suggests);
    `home` is the Patient asked about, `person` theirs, `client` the id of the client's register.
    """

    uuid: str
    check: str
    ref: str | None
    ordered: str | None
    service: str
    hook_instance: str
    client: str
    institution: str
    practitioner: str | None
    home: str | None
    person: str | None
    at_us: int
    suggestions: tuple[tuple[str, Suggests], ...] = ()


async def add(unit: Unit, cards: Sequence[Card]) -> None:
    """Keep cards that leave."""
    rows = [
        (
            one.uuid,
            one.client,
            one.institution,
            one.service,
            one.hook_instance,
            one.check,
            one.ref,
            one.ordered,
            one.practitioner,
            one.home,
            one.person,
            one.at_us,
            " ".join(f"{uuid}:{kind}" for uuid, kind in one.suggestions),
            due_us(one.at_us),
        )
        for one in cards
    ]
    if rows:
        await unit.insert("cds_card", _COLUMNS, rows)


def due_us(at_us: int) -> int:
    """When it is looked what was done without a word about a card of this instant."""
    day = instant(at_us).replace(hour=0, minute=0, second=0, microsecond=0)
    return microseconds(day + timedelta(days=REPEAT_DAYS + 1 + LATE_DAYS))


async def find(reader: Reader, uuids: Iterable[str], client: str) -> dict[str, Card]:
    """Those of these cards that this client was given, by uuid."""
    rows = await reader.fetch(
        f"{_SELECT} WHERE {reader.db.among('id', 1)} AND client = $2",
        reader.db.array(sorted(set(uuids))),
        client,
    )
    return {row[0]: _card(row) for row in rows}


async def shown(
    reader: Reader, person: str, institution: str, since_us: int, until_us: int
) -> list[Card]:
    """The cards about orders for a person at an institution of this time, oldest first."""
    rows = await reader.fetch(
        f"{_SELECT} WHERE person = $1 AND institution = $2 AND at_us >= $3 AND at_us < $4"
        " AND ref IS NOT NULL ORDER BY at_us, id",
        person,
        institution,
        since_us,
        until_us,
    )
    return [_card(row) for row in rows]


def _card(row: Row) -> Card:
    pairs = (one.partition(":") for one in row[12].split())
    return Card(
        uuid=row[0],
        client=row[1],
        institution=row[2],
        service=row[3],
        hook_instance=row[4],
        check=row[5],
        ref=row[6],
        ordered=row[7],
        practitioner=row[8],
        home=row[9],
        person=row[10],
        at_us=row[11],
        suggestions=tuple((uuid, "use" if kind == "use" else "keep") for uuid, _, kind in pairs),
    )


async def due(reader: Reader, now_us: int, limit: int) -> list[Card]:
    """The cards whose days are over and of which it was not looked yet, those due first."""
    rows = await reader.fetch(
        f"{_SELECT} WHERE fate IS NULL AND due_us <= $1 ORDER BY due_us, id LIMIT $2",
        now_us,
        limit,
    )
    return [_card(row) for row in rows]


async def settle(unit: Unit, fates: Mapping[str, Fate], now_us: int) -> list[Fate]:
    """Write down what became of these cards; the fates of those nobody else had settled."""
    new = []
    for card, fate in sorted(fates.items()):
        touched = await unit.execute(
            "UPDATE cds_card SET fate = $2, fate_us = $3 WHERE id = $1 AND fate IS NULL",
            card,
            fate.value,
            now_us,
        )
        new += [fate] if touched else []
    return new
