"""A unit of work lent to reads: what asks for committed rows sees the unit's own as well.

The reads of a transaction go through the whole application, which knows `Database.reading()` and
`Ledger.record` and no unit. While a unit is lent, the first gives that unit (in the task that lent
it: a connection serves one task), and the second keeps events for whoever lent it, because the
committer of the log needs a unit of its own and would wait for this one.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hie.audit.event import Event
from hie.store.session import Unit

if TYPE_CHECKING:
    from hie.store.database import Database


@dataclass(slots=True)
class Lent:
    """A unit that reads go through, and the events of those reads, which the lender writes."""

    unit: Unit
    task: asyncio.Task[Any] | None
    events: list[Event] = field(default_factory=list)
    is_over: bool = False


_LENT: ContextVar[Lent | None] = ContextVar("lent", default=None)


@contextmanager
def lent(unit: Unit) -> Iterator[Lent]:
    """Lend the unit to whatever this task asks until the block is left; not twice at once."""
    one = Lent(unit, asyncio.current_task())
    token = _LENT.set(one)
    try:
        yield one
    finally:
        one.is_over = True  # a task that was begun inside and lives on goes its own way
        _LENT.reset(token)


def find_unit(db: "Database") -> Unit | None:
    """The unit of this database that is lent to the running task, if one is."""
    one = _LENT.get()
    if one is None or one.is_over or one.unit.db is not db:
        return None
    return one.unit if one.task is asyncio.current_task() else None


def find_events(db: "Database") -> list[Event] | None:
    """Where events are kept that cannot be written before the lent unit ends, if one is lent."""
    one = _LENT.get()
    return None if one is None or one.is_over or one.unit.db is not db else one.events
