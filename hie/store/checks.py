"""Order-checks as they were asked and answered, with the facts they rested on.

The body is JSON: {"request": ..., "answer": ..., "facts": ...}, compressed and sealed; it is what
explains the assessment years later.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from hie.errors import ResourceNotFound
from hie.fhir.wire import parse, write
from hie.store.cells import pack, unpack
from hie.store.ids import new_id
from hie.store.session import Reader, Row, Unit
from hie.store.vault import DataClass


@dataclass(frozen=True, slots=True)
class Check:
    """One order-check. Times are microseconds; `policy` is the policy version it was made by."""

    id: str
    at_us: int
    institution: str
    practitioner: str | None
    person: str | None
    on_us: int
    policy: str
    body: dict[str, Any]


async def add(
    unit: Unit,
    *,
    at_us: int,
    institution: str,
    practitioner: str | None,
    person: str | None,
    on_us: int,
    policy: str,
    body: dict[str, Any],
    key: str | None = None,
) -> str:
    """Keep a check; its id. `key` is an id from `new_check`, when the answer already names it."""
    made = key or new_id()
    await unit.execute(
        "INSERT INTO order_check (id, at_us, institution, practitioner, person, on_us, policy,"
        " dict, body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        made,
        at_us,
        institution,
        practitioner,
        person,
        on_us,
        policy,
        *pack(unit.db, DataClass.ORDER, institution, write(body), *place(made)),
    )
    return made


def new_check() -> str:
    """An id for a check or an assessment that is still being made."""
    return new_id()


async def persons_of(reader: Reader, keys: Iterable[str]) -> dict[str, str | None]:
    """Whom these checks asked about, by check."""
    rows = await reader.fetch(
        f"SELECT id, person FROM order_check WHERE {reader.db.among('id', 1)}",  # noqa: S608
        reader.db.array(sorted(set(keys))),
    )
    return {row[0]: row[1] for row in rows}


async def get(reader: Reader, key: str, institution: str | None = None) -> Check:
    """One check; with `institution` only its own. Raises ResourceNotFound."""
    row = await reader.fetchrow(
        "SELECT id, at_us, institution, practitioner, person, on_us, policy, dict, body"
        " FROM order_check WHERE id = $1 AND (CAST($2 AS TEXT) IS NULL OR institution = $2)",
        key,
        institution,
    )
    if row is None:
        raise ResourceNotFound("no such check")
    return _check(reader, row)


async def get_many(reader: Reader, keys: Iterable[str]) -> dict[str, Check]:
    """These checks by id; what is not there is left out."""
    rows = await reader.fetch(
        "SELECT id, at_us, institution, practitioner, person, on_us, policy, dict, body"  # noqa: S608
        f" FROM order_check WHERE {reader.db.among('id', 1)}",
        reader.db.array(sorted(set(keys))),
    )
    return {row[0]: _check(reader, row) for row in rows}


def _check(reader: Reader, row: Row) -> Check:
    return Check(*(*row[:7], parse(opened(reader, row[0], row[7], row[8]))))


def opened(reader: Reader, key: str, number: int, body: bytes) -> bytes:
    """The body of a check: JSON."""
    return unpack(reader.db, number, body, *place(key))


def place(key: str) -> tuple[str, str, str]:
    """What the body of a check is bound to."""
    return "order_check", "body", key
