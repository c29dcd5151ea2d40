"""Launch tickets: what opens an app, or a page, for one patient, once and within a minute.

Only keyed hashes of what stands in them are kept. Who arrives without a session has ten minutes to
sign in, counted from the first arrival; the ticket is used up by whoever it opens something for.
A ticket for a frame of the HIS says so in its own text: it is hashed whole, and cannot be made one.
"""

import secrets
from dataclasses import dataclass

from hie.store.session import Reader, Unit


@dataclass(frozen=True, slots=True)
class Launch:
    """What a ticket opens: `app` None means a page of the hub; `account` None means anybody's."""

    client: str
    institution: str
    app: str | None
    patient: str
    page: str | None = None
    lang: str | None = None
    account: str | None = None
    encounter: str | None = None


_COLUMNS = "client, institution, app, patient, page, lang, account, encounter"


_FOR_FRAMES = "framed."


def new_ticket(*, framed: bool) -> str:
    """The text of a ticket: 256 random bits, and whether it opens something in a frame."""
    return (_FOR_FRAMES if framed else "") + secrets.token_urlsafe(32)


def is_for_frame(ticket: str) -> bool:
    """Whether a ticket, if it is one, was made for a frame."""
    return ticket.startswith(_FOR_FRAMES)


async def add(unit: Unit, ticket: str, launch: Launch, expires_us: int) -> None:
    """Keep a ticket."""
    await unit.execute(
        f"INSERT INTO launch (hash, {_COLUMNS}, expires_us)"  # noqa: S608
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        _hash(unit, ticket),
        launch.client,
        launch.institution,
        launch.app,
        launch.patient,
        launch.page,
        launch.lang,
        launch.account,
        launch.encounter,
        expires_us,
    )


async def find(reader: Reader, ticket: str, now_us: int) -> Launch | None:
    """What a ticket opens; None when there is none, it is over, or it was used."""
    row = await reader.fetchrow(
        f"SELECT {_COLUMNS} FROM launch"  # noqa: S608
        " WHERE hash = $1 AND used_us IS NULL AND expires_us > $2",
        _hash(reader, ticket),
        now_us,
    )
    return None if row is None else Launch(*row)


async def open_until(unit: Unit, ticket: str, now_us: int, until_us: int) -> None:
    """Somebody came with it who must sign in first: it waits for them, and is prolonged once."""
    await unit.execute(
        "UPDATE launch SET opened_us = $2, expires_us = $3"
        " WHERE hash = $1 AND opened_us IS NULL AND used_us IS NULL AND expires_us > $2",
        _hash(unit, ticket),
        now_us,
        until_us,
    )


async def use(unit: Unit, ticket: str, now_us: int) -> bool:
    """Use a ticket up; False when another did before, or it is over."""
    touched = await unit.execute(
        "UPDATE launch SET used_us = $2 WHERE hash = $1 AND used_us IS NULL AND expires_us > $2",
        _hash(unit, ticket),
        now_us,
    )
    return touched == 1


async def clear(unit: Unit, now_us: int) -> int:
    """Remove the tickets that are over; how many there were."""
    return await unit.execute("DELETE FROM launch WHERE expires_us < $1", now_us)


def _hash(reader: Reader, ticket: str) -> str:
    return reader.db.keys.blind("launch", ticket)
