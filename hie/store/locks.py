"""The locks a unit of work takes before it looks: by name, all in one statement and one order.

PostgreSQL: transaction advisory locks on a 64-bit hash of each name, so that two units which take
all of theirs here never wait for each other in a circle. SQLite has one writer and needs none.
"""

from collections.abc import Iterable
from hashlib import blake2b

from hie.store.identifiers import normal
from hie.store.session import Dialect, Unit

_HOLD = (
    "SELECT CASE WHEN shared THEN pg_advisory_xact_lock_shared(number)"
    " ELSE pg_advisory_xact_lock(number) END"
    " FROM unnest($1::bigint[], $2::boolean[]) AS wanted(number, shared)"
)


async def hold(unit: Unit, names: Iterable[str], shared: Iterable[str] = ()) -> None:
    """Hold these until the unit ends; those that are `shared` keep out only who holds them alone.

    What a unit holds alone already, it must not ask for again as shared.
    """
    if unit.db.dialect is Dialect.SQLITE:
        return
    wanted = {number_of(name): True for name in shared}
    wanted.update((number_of(name), False) for name in names)
    if wanted:
        numbers = sorted(wanted)
        await unit.fetch(_HOLD, numbers, [wanted[number] for number in numbers])


def number_of(name: str) -> int:
    """The 64-bit number a name is locked by."""
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big", signed=True)


def identifier_name(kind: str, value: str) -> str:
    """The lock of a business identifier: by its value alone, in whatever system it is asked for."""
    return f"identifier:{kind}:{normal(value)}"


def conditions_name(kind: str) -> str:
    """The lock of every conditional write of a type: alone by what no identifier narrows."""
    return f"conditions:{kind}"


def id_name(kind: str, key: str) -> str:
    """The lock of an id that a client chose."""
    return f"id:{kind}:{key}"
