"""Authorization codes: given once, changed once for a token (RFC 6749, 4.1.2).

A code that comes a second time is kept long enough to know the token it was changed for, which then
has to go as well.
"""

from dataclasses import dataclass

from hie.store.session import Reader, Row, Unit


@dataclass(frozen=True, slots=True)
class AuthCode:
    """What a code stands for; `session` is the hash of the session it was given in."""

    client: str
    redirect_uri: str
    challenge: str
    account: str
    session: str
    scopes: tuple[str, ...]
    patient: str | None
    encounter: str | None
    nonce: str | None
    expires_us: int
    token: str | None = None


_COLUMNS = (
    "client, redirect_uri, challenge, account, session, scopes, patient, encounter, nonce,"
    " expires_us, token"
)


async def add(unit: Unit, code: str, given: AuthCode) -> None:
    """Keep a code that is about to be given."""
    await unit.execute(
        "INSERT INTO auth_code (hash, client, redirect_uri, challenge, account, session, scopes,"
        " patient, encounter, nonce, expires_us)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        _hash(unit, code),
        given.client,
        given.redirect_uri,
        given.challenge,
        given.account,
        given.session,
        " ".join(given.scopes),
        given.patient,
        given.encounter,
        given.nonce,
        given.expires_us,
    )


async def find(reader: Reader, code: str) -> AuthCode | None:
    """What a code stands for, used or not, over or not; None when it was never given."""
    row = await reader.fetchrow(
        f"SELECT {_COLUMNS} FROM auth_code WHERE hash = $1",  # noqa: S608
        _hash(reader, code),
    )
    return None if row is None else _code(row)


async def use(unit: Unit, code: str, token: str, now_us: int) -> bool:
    """Change the code for this token (its id); False when it was used before."""
    touched = await unit.execute(
        "UPDATE auth_code SET used_us = $2, token = $3 WHERE hash = $1 AND used_us IS NULL",
        _hash(unit, code),
        now_us,
        token,
    )
    return touched == 1


async def clear(unit: Unit, before_us: int) -> int:
    """Remove the codes that were over by then; how many there were."""
    return await unit.execute("DELETE FROM auth_code WHERE expires_us < $1", before_us)


def _hash(reader: Reader, code: str) -> str:
    return reader.db.keys.blind("auth-code", code)


def _code(row: Row) -> AuthCode:
    before, scopes, after = row[:5], tuple(row[5].split()), row[6:]
    return AuthCode(*(*before, scopes, *after))
