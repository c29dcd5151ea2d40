"""What institutions are told, in the order it was committed: an outbox that they read page by page.

Numbers of one institution are drawn under its lock, which is held until the unit ends: whoever has
read up to a number never misses a smaller one that is committed later.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hie.fhir.wire import parse, write
from hie.store.cells import pack, unpack
from hie.store.ids import new_id
from hie.store.locks import hold
from hie.store.session import Reader, Row, Unit
from hie.store.vault import DataClass

REOPENED = "decision-reopened"
_NAMES = (
    "institution", "seq", "id", "kind", "at_us", "work_item", "decision", "person", "dict", "body",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Notification:
    """One thing an institution is told; `said` is its JSON. `seq` counts from one."""

    institution: str
    kind: str
    at_us: int
    work_item: str
    decision: str
    person: str | None
    said: Mapping[str, Any]
    seq: int = 0
    id: str = ""


async def add(unit: Unit, told: Sequence[Notification]) -> None:
    """Tell institutions. Takes the last locks of the unit: nothing is to be locked after it."""
    by_institution: dict[str, list[Notification]] = defaultdict(list)
    for one in told:
        by_institution[one.institution].append(one)
    await hold(unit, (f"notification:{code}" for code in by_institution))
    rows: list[Row] = []
    for code, mine in sorted(by_institution.items()):
        last: int = await unit.fetchval(
            "SELECT coalesce(max(seq), 0) FROM notification WHERE institution = $1", code
        )
        rows += [
            (
                code,
                last + n,
                key,
                one.kind,
                one.at_us,
                one.work_item,
                one.decision,
                one.person,
                *pack(unit.db, DataClass.ORDER, code, write(dict(one.said)), *_place(key)),
            )
            for n, one in enumerate(mine, 1)
            for key in (new_id(),)
        ]
    if rows:
        await unit.insert("notification", _NAMES, rows)


async def after(reader: Reader, institution: str, seq: int, limit: int) -> list[Notification]:
    """What an institution was told after a number, oldest first."""
    rows = await reader.fetch(
        f"SELECT {', '.join(_NAMES)} FROM notification"  # noqa: S608
        " WHERE institution = $1 AND seq > $2 ORDER BY seq LIMIT $3",
        institution,
        seq,
        limit,
    )
    return [
        Notification(
            institution=row[0],
            seq=row[1],
            id=row[2],
            kind=row[3],
            at_us=row[4],
            work_item=row[5],
            decision=row[6],
            person=row[7],
            said=parse(unpack(reader.db, row[8], row[9], *_place(row[2]))),
        )
        for row in rows
    ]


def _place(key: str) -> tuple[str, str, str]:
    return "notification", "body", key
