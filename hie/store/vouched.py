"""Members of staff for whom a hospital's system asks tokens, by a pseudonym made here.

The hub learns a staff number and keeps it sealed: tokens and the audit log hold the pseudonym, and
`number_of` is for whoever must say who it was. Who left is suspended here, whatever is vouched for.
"""

from dataclasses import dataclass

from hie.errors import Contended, ResourceNotFound
from hie.store.session import Reader, Unit
from hie.store.vault import HUB, DataClass

MARK = "|p|"  # between institution and pseudonym, in the subject of a token
_PLACE = ("vouched_person", "number")
_NOTE_EVERY_US = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Vouched:
    """One member of staff; `status` is active or suspended."""

    id: str
    institution: str
    status: str
    created_us: int
    seen_us: int

    @property
    def subject(self) -> str:
        """Whom tokens and the audit log name."""
        return f"{self.institution}{MARK}{self.id}"

    @property
    def active(self) -> bool:
        """Whether tokens are given for this person."""
        return self.status == "active"


def pseudonym(reader: Reader, institution: str, number: str) -> str:
    """The id of this member of staff: a keyed hash, the same at every request."""
    return reader.db.keys.short("vouched-person", institution, number)


async def meet(unit: Unit, institution: str, number: str, now_us: int) -> Vouched:
    """The person of this staff number, added when met for the first time."""
    person = pseudonym(unit, institution, number)
    found = await find(unit, person)
    if found is not None:
        if now_us - found.seen_us > _NOTE_EVERY_US:
            await unit.execute(
                "UPDATE vouched_person SET seen_us = $2 WHERE id = $1", person, now_us
            )
        return found
    await _add(unit, person, institution, number, "active", now_us)
    # Whoever met or suspended them at the same moment may have been first: that stands.
    added = await find(unit, person)
    if added is None:
        raise Contended("a member of staff met and gone")
    return added


async def set_status(unit: Unit, institution: str, number: str, status: str, now_us: int) -> str:
    """Suspend a member of staff, or let them in again; their id. Met or not: leavers stay out."""
    person = pseudonym(unit, institution, number)
    await _add(unit, person, institution, number, status, now_us)
    await unit.execute("UPDATE vouched_person SET status = $2 WHERE id = $1", person, status)
    return person


async def find(reader: Reader, person: str) -> Vouched | None:
    """The person of this id, or None."""
    row = await reader.fetchrow(
        "SELECT id, institution, status, created_us, seen_us FROM vouched_person WHERE id = $1",
        person,
    )
    return None if row is None else Vouched(*row)


async def number_of(reader: Reader, person: str) -> str:
    """The staff number behind a pseudonym. Raises ResourceNotFound."""
    sealed = await reader.fetchval("SELECT number FROM vouched_person WHERE id = $1", person)
    if sealed is None:
        raise ResourceNotFound("no member of staff of this pseudonym")
    return reader.db.vault.unseal(bytes(sealed), *_PLACE, person).decode("utf-8")


async def _add(
    unit: Unit, person: str, institution: str, number: str, status: str, now_us: int
) -> None:
    """Add one who is not there; who is stays as they are, once whoever adds them now is done."""
    await unit.execute(
        "INSERT INTO vouched_person (id, institution, number, status, created_us, seen_us)"
        " VALUES ($1, $2, $3, $4, $5, $5) ON CONFLICT DO NOTHING",
        person,
        institution,
        unit.db.vault.seal(DataClass.ORDER, HUB, number.encode("utf-8"), *_PLACE, person),
        status,
        now_us,
    )
