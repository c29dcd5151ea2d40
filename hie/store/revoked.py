"""Access tokens that end before their time.

Every process reads what was added since it last looked (`since`), with an overlap for units of
work that were slow to commit; a token's row goes when the token would be over anyway.
"""

from hie.store.session import Reader, Unit

OVERLAP_US = 30_000_000


async def revoke(unit: Unit, token: str, client: str, *, ends_us: int, now_us: int) -> bool:
    """End this token now; `ends_us` is when it would be refused anyway. False: it had ended."""
    made = await unit.fetchval(
        "INSERT INTO revoked_token (token, client, at_us, ends_us) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT DO NOTHING RETURNING token",
        token,
        client,
        now_us,
        ends_us,
    )
    return made is not None


async def since(reader: Reader, at_us: int) -> list[tuple[str, int]]:
    """(token, when its row is of no more use) of what was revoked since then, less the overlap."""
    rows = await reader.fetch(
        "SELECT token, ends_us FROM revoked_token WHERE at_us >= $1", at_us - OVERLAP_US
    )
    return [(row[0], row[1]) for row in rows]


async def clear(unit: Unit, now_us: int) -> int:
    """Forget the tokens that are over; how many there were."""
    return await unit.execute("DELETE FROM revoked_token WHERE ends_us < $1", now_us)
