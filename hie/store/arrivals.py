"""Associations that bring studies: whether each ended as it should, or was lost on the way.

A study one of whose arrivals was lost is incomplete until a later arrival of it ends well. An
association whose hub died leaves its row open; when it has long been silent, it was lost.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Protocol

from hie.store.session import Reader, Unit

SILENT_US = 600 * 1_000_000  # an open arrival not seen for so long is lost: its hub died


class Brought(Protocol):
    """What an arrival is read from: an instance that came."""

    @property
    def arrival(self) -> str | None:
        """The association's id; None for other doors."""

    @property
    def site(self) -> str:
        """The site."""

    @property
    def study(self) -> str:
        """The StudyInstanceUID."""

    @property
    def received_us(self) -> int:
        """When it came."""


class Outcome(StrEnum):
    """How an association ended."""

    RELEASED = "released"
    LOST = "lost"


class Standing(StrEnum):
    """What a study's arrivals say of it."""

    WHOLE = "whole"
    COMING = "coming"  # an association that carries it is open
    INTERRUPTED = "interrupted"


async def seen(unit: Unit, arrived: Iterable[Brought]) -> None:
    """Note which associations carried which studies, whether or not anything of it was new."""
    rows: dict[tuple[str, str], tuple[str, int]] = {}
    for one in arrived:
        if one.arrival is not None:
            rows.setdefault((one.arrival, one.study), (one.site, one.received_us))
    await unit.executemany(
        "INSERT INTO arrival (id, study, site, opened_us, seen_us) VALUES ($1, $2, $3, $4, $4)"
        " ON CONFLICT (id, study) DO UPDATE SET seen_us = excluded.seen_us",
        [(*key, *rest) for key, rest in sorted(rows.items())],
    )


async def closed(unit: Unit, arrival: str, outcome: Outcome, now_us: int) -> list[tuple[str, str]]:
    """Note how an association ended; the (site, study) it carried."""
    rows = await unit.fetch(
        "UPDATE arrival SET outcome = $2, seen_us = $3 WHERE id = $1 RETURNING site, study",
        arrival,
        str(outcome),
        now_us,
    )
    return [(row[0], row[1]) for row in rows]


async def standing(reader: Reader, site: str, study: str, now_us: int) -> Standing:
    """Whether a study may be published, as far as its associations know."""
    rows = await reader.fetch(
        "SELECT opened_us, seen_us, outcome FROM arrival WHERE site = $1 AND study = $2"
        " ORDER BY opened_us, id",
        site,
        study,
    )
    found = Standing.WHOLE
    for _, seen_us, outcome in rows:
        if outcome == Outcome.RELEASED:
            if found is Standing.INTERRUPTED:
                found = Standing.WHOLE
        elif outcome is None and now_us - seen_us < SILENT_US:
            return Standing.COMING
        else:
            found = Standing.INTERRUPTED
    return found


async def forget(unit: Unit, before_us: int) -> int:
    """Drop arrivals that ended well long ago; how many there were."""
    return await unit.execute(
        "DELETE FROM arrival WHERE outcome = 'released' AND seen_us < $1", before_us
    )
