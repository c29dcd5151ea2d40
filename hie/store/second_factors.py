"""The secrets of people's one-time codes, sealed; a code's step is used once in all processes."""

from hie.store.session import Reader, Unit
from hie.store.vault import DataClass


async def put(unit: Unit, account: str, institution: str, secret: bytes, now_us: int) -> None:
    """Give an account this secret; codes of an earlier one open nothing more."""
    sealed = unit.db.vault.seal(DataClass.AUDIT, institution, secret, *_place(account))
    await unit.execute(
        "INSERT INTO second_factor (account, secret, step, created_us) VALUES ($1, $2, 0, $3)"
        " ON CONFLICT (account) DO UPDATE SET secret = excluded.secret, step = 0,"
        " created_us = excluded.created_us",
        account,
        sealed,
        now_us,
    )


async def remove(unit: Unit, account: str) -> bool:
    """Take an account's second factor; whether there was one."""
    return bool(await unit.execute("DELETE FROM second_factor WHERE account = $1", account))


async def find(reader: Reader, account: str) -> tuple[bytes, int] | None:
    """The secret of an account and the step used last; None: it has no second factor."""
    row = await reader.fetchrow(
        "SELECT secret, step FROM second_factor WHERE account = $1", account
    )
    if row is None:
        return None
    return reader.db.vault.unseal(bytes(row[0]), *_place(account)), row[1]


async def use(unit: Unit, account: str, step: int) -> bool:
    """Take a step; False when it, or a later one, was taken meanwhile."""
    touched = await unit.execute(
        "UPDATE second_factor SET step = $2 WHERE account = $1 AND step < $2", account, step
    )
    return bool(touched)


def _place(account: str) -> tuple[str, str, str]:
    return "second_factor", "secret", account
