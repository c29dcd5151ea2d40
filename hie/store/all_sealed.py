"""Whether everything was sealed once: from then on what lies in clear was put there by others.

A row of the table `hub` says so, since the database was new or `hie datakey reencrypt` ended.
Without it cells in clear are read as what earlier versions left, so that an upgrade loses nothing.
Another says that every body of a resource was bound to its label and origin: in earlier versions it
was not.
"""

from hie.store import progress
from hie.store.session import Reader, Unit

_NAME, _BOUND = "all-sealed", "all-bound"


async def is_noted(reader: Reader) -> bool:
    """Whether the row is there."""
    return await progress.find(reader, _NAME) is not None


async def is_bound(reader: Reader) -> bool:
    """Whether every body was bound to its label and origin."""
    return await progress.find(reader, _BOUND) is not None


async def note(unit: Unit) -> None:
    """Everything is sealed, and bound to all it is to be, from here on."""
    await progress.note(unit, _NAME, "yes")
    await progress.note(unit, _BOUND, "yes")


async def forget(unit: Unit) -> None:
    """Some of it may lie in clear again: an operator says so."""
    await progress.forget(unit, _NAME)
