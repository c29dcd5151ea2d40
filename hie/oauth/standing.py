"""Whether the person of a token still stands as they did: a leaver is out within five seconds.

A person is an account of the hub, or a member of staff a hospital vouches for. A token that came
out of a session ends with it. What is known is at most two seconds old, in every process.
"""

from collections.abc import Callable
from dataclasses import dataclass

from hie.access.policy import Role
from hie.oauth.looked import Looked
from hie.store import sessions, users, vouched
from hie.store.database import Database
from hie.store.session import Reader

LONGEST = 8 * 3600  # seconds a session lasts at most
FRAMED_LONGEST = 30 * 60  # one in a frame
_SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Person:
    """Where a person works now, and as what."""

    institution: str
    role: Role


class Standing:
    """Looks people up by the subject of their token."""

    def __init__(self, db: Database, clock: Callable[[], float]) -> None:
        self._db = db
        self._clock = clock
        self._seen = Looked(self._look, clock)

    async def find(self, subject: str, session: str | None) -> Person | None:
        """The person, as they stand now; None when they left, or their session ended."""
        return await self._seen.of((subject, session))

    def forget(self) -> None:
        """Look everybody up anew: something about a person was changed in this process."""
        self._seen.forget_all()

    async def _look(self, asked: tuple[str, str | None], before: Person | None) -> Person | None:
        async with self._db.reading() as reader:
            return await _find(reader, *asked, int(self._clock() * _SECOND))


async def _find(reader: Reader, subject: str, session: str | None, now_us: int) -> Person | None:
    if session is not None and not await sessions.alive(
        reader,
        session,
        begun_after_us=now_us - LONGEST * _SECOND,
        framed_after_us=now_us - FRAMED_LONGEST * _SECOND,
    ):
        return None
    institution, vouched_for, pseudonym = subject.partition(vouched.MARK)
    if vouched_for:
        staff = await vouched.find(reader, pseudonym)
        if staff is None or not staff.active or staff.institution != institution:
            return None
        return Person(institution, Role.CLINICIAN)
    account = await users.find(reader, subject)
    if account is None or account.status != "active":
        return None
    return Person(account.institution, Role(account.role))
