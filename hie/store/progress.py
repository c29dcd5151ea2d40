"""How far long work is, kept in the table `hub`, so that it is taken up where it was ended."""

from hie.store.session import Reader, Unit


async def find(reader: Reader, name: str) -> str | None:
    """What was noted last; None when nothing is under way."""
    found: str | None = await reader.fetchval("SELECT value FROM hub WHERE name = $1", name)
    return found


async def note(unit: Unit, name: str, value: str) -> None:
    """Note how far it is, with what this unit of work does."""
    await unit.execute(
        "INSERT INTO hub (name, value) VALUES ($1, $2)"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        name,
        value,
    )


async def forget(unit: Unit, name: str) -> None:
    """It is done."""
    await unit.execute("DELETE FROM hub WHERE name = $1", name)
