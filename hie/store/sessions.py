"""Signed-in browsers. Only keyed hashes of session secrets are kept: the table opens no door."""

from dataclasses import dataclass

from hie.store.database import Database
from hie.store.session import Reader, Unit
from hie.store.users import Account, read_account


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session and whose it is; `csrf` is the token its forms carry.

    `frame`: the id of the patient whose pages it opens in a frame, "" before there is one; None for
    a session of the hub's own window.
    """

    hash: str
    account: Account
    created_us: int
    seen_us: int
    csrf: str
    lang: str
    frame: str | None = None


_FIND = (
    "SELECT s.hash, s.created_us, s.seen_us, s.csrf, s.lang, s.frame,"
    " a.id, a.login, a.argon2, a.name, a.role, a.institution, a.department, a.status, a.lang,"
    " a.created_us"
    " FROM session AS s JOIN user_account AS a ON a.id = s.account"
    " WHERE s.hash = $1 AND a.status = 'active' AND s.seen_us >= $2 AND s.created_us >= $3"
    " AND s.frame IS "
)


async def begin(
    unit: Unit,
    *,
    secret: str,
    account: str,
    csrf: str,
    lang: str,
    now_us: int,
    framed: bool = False,
) -> None:
    """Begin a session for a secret the browser holds; one in a frame opens no patient yet."""
    await unit.execute(
        "INSERT INTO session (hash, account, created_us, seen_us, csrf, lang, frame)"
        " VALUES ($1, $2, $3, $3, $4, $5, $6)",
        _hash(unit, secret),
        account,
        now_us,
        csrf,
        lang,
        "" if framed else None,
    )


async def find(
    reader: Reader,
    secret: str,
    *,
    seen_after_us: int = 0,
    begun_after_us: int = 0,
    framed: bool = False,
) -> SignedIn | None:
    """The session of a secret; None if there is none, it is too old, or its person is suspended.

    One that began in a frame is none outside of it, nor the other way round.
    """
    kind = "NOT NULL" if framed else "NULL"
    row = await reader.fetchrow(_FIND + kind, _hash(reader, secret), seen_after_us, begun_after_us)
    if row is None:
        return None
    return SignedIn(row[0], read_account(reader, row[6:]), row[1], row[2], row[3], row[4], row[5])


async def launch(unit: Unit, hashed: str, patient: str) -> None:
    """The session of a frame opens this patient from now on, and no other."""
    await unit.execute(
        "UPDATE session SET frame = $2 WHERE hash = $1 AND frame IS NOT NULL", hashed, patient
    )


async def alive(
    reader: Reader, hashed: str, *, begun_after_us: int, framed_after_us: int = 0
) -> bool:
    """Whether the session of this hash goes on; its person's own standing is asked elsewhere."""
    found = await reader.fetchval(
        "SELECT 1 FROM session WHERE hash = $1"
        " AND (frame IS NULL AND created_us >= $2 OR frame IS NOT NULL AND created_us >= $3)",
        hashed,
        begun_after_us,
        framed_after_us,
    )
    return found is not None


async def seen(unit: Unit, secret: str, now_us: int) -> None:
    """The session was used just now."""
    await unit.execute(
        "UPDATE session SET seen_us = $2 WHERE hash = $1", _hash(unit, secret), now_us
    )


async def rename(unit: Unit, secret: str, new: str) -> None:
    """The same session by another secret; apps opened out of it have to be opened anew."""
    await unit.execute(
        "UPDATE session SET hash = $2 WHERE hash = $1", _hash(unit, secret), _hash(unit, new)
    )


async def set_lang(unit: Unit, secret: str, lang: str) -> None:
    """The language of this session's pages."""
    await unit.execute("UPDATE session SET lang = $2 WHERE hash = $1", _hash(unit, secret), lang)


async def end(unit: Unit, secret: str) -> None:
    """Sign out."""
    await unit.execute("DELETE FROM session WHERE hash = $1", _hash(unit, secret))


async def clear(unit: Unit, seen_before_us: int) -> int:
    """Remove sessions not used since; how many there were."""
    return await unit.execute("DELETE FROM session WHERE seen_us < $1", seen_before_us)


def hash_of(db: Database, secret: str) -> str:
    """What a session is known by here: its secret's keyed hash, which opens nothing."""
    return db.keys.blind("session", secret)


def _hash(reader: Reader, secret: str) -> str:
    return hash_of(reader.db, secret)
