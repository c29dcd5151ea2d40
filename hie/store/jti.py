"""Token ids that may be used once: client assertions, launch tickets.

A flood must not fill the disk or lock others out: each issuer has a quota of ids that have not
expired, and its expired ones go when it comes again.
"""

from enum import StrEnum

from hie.store.session import Unit

MOST = 10_000  # ids of one issuer that are alive at once; assertions live for minutes


class Use(StrEnum):
    """What became of an attempt to use a token id."""

    FIRST = "first"
    REPEATED = "repeated"
    TOO_MANY = "too-many"


async def use(
    unit: Unit, issuer: str, jti: str, *, expires_us: int, now_us: int, most: int = MOST
) -> Use:
    """Use a token id; it is kept as a keyed hash until it expires.

    Two who use one id at the same moment are told apart by the primary key, not by a look before.
    """
    hashed = unit.db.keys.short("jti", issuer, jti)
    await unit.execute("DELETE FROM jti WHERE issuer = $1 AND expires_us < $2", issuer, now_us)
    made = await unit.fetchval(
        "INSERT INTO jti (issuer, jti, expires_us) VALUES ($1, $2, $3)"
        " ON CONFLICT DO NOTHING RETURNING jti",
        issuer,
        hashed,
        expires_us,
    )
    if made is None:
        return Use.REPEATED
    alive = await unit.fetchval("SELECT count(*) FROM jti WHERE issuer = $1", issuer)
    if alive > most:
        await unit.execute("DELETE FROM jti WHERE issuer = $1 AND jti = $2", issuer, hashed)
        return Use.TOO_MANY
    return Use.FIRST


async def clear(unit: Unit, now_us: int) -> int:
    """Remove every expired id; how many there were."""
    return await unit.execute("DELETE FROM jti WHERE expires_us < $1", now_us)
