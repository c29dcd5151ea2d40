"""Codes patients show to open their record for a while: kept by their keyed hash, used once."""

from hie.store.session import Unit


async def add(unit: Unit, code: str, home: str, client: str, ends_us: int, now_us: int) -> None:
    """Keep a code of a patient until `ends_us`; those that are over are forgotten."""
    await unit.execute("DELETE FROM patient_code WHERE ends_us < $1", now_us)
    await unit.execute(
        "INSERT INTO patient_code (hash, home, client, ends_us) VALUES ($1, $2, $3, $4)",
        _hash(unit, code),
        home,
        client,
        ends_us,
    )


async def use(unit: Unit, code: str, institution: str, now_us: int) -> str | None:
    """The patient of a code, which is used with that; None: none, over, or used before."""
    found: str | None = await unit.fetchval(
        "UPDATE patient_code SET used_us = $2, used_by = $3"
        " WHERE hash = $1 AND used_us IS NULL AND ends_us > $2 RETURNING home",
        _hash(unit, code),
        now_us,
        institution,
    )
    return found


def _hash(unit: Unit, code: str) -> str:
    return unit.db.keys.short("patient-code", code)
