"""The rows of data keys: made, counted, followed by new ones, wrapped anew.

Keys are made in a unit of their own and known only once that is durable: no cell is ever sealed
with a key that a rollback took. Several processes may want the same key: one makes it, all use it.
"""

import asyncio
import secrets
import sqlite3
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import structlog

from hie.errors import Unavailable
from hie.store import all_sealed, resealing
from hie.store.faults import PG_FAULTS, from_postgresql, from_sqlite
from hie.store.locks import hold
from hie.store.session import Reader, Row, Unit
from hie.store.suites import Suite, fresh_key
from hie.store.vault import HUB, DataClass, DataKey, Vault, Wanted, now_us

if TYPE_CHECKING:
    from hie.store.database import Database

_log = structlog.get_logger(__name__)
_NAMES = "id, owner, class, epoch, suite, provider, wrapped, created_us, used"
_ALL = f"SELECT {_NAMES} FROM data_key"  # noqa: S608
_LOCK = "data keys"
# The hub's own keys are always there: what has no owner, or none with a key yet, is sealed by them.
_HUB = tuple((HUB, str(klass)) for klass in DataClass)


async def open_keys(db: "Database", *, writable: bool) -> None:
    """Know the keys of a database that was opened; make the hub's own and those of its sites."""
    async with db.reading() as reader:
        await _learn(reader, db.vault)
        sites = await reader.fetch("SELECT id, institution FROM site")
        is_new = not db.vault.every() and await resealing.is_new(reader)
    db.vault.check()
    if not writable:
        return
    if is_new:
        async with db.unit_alone() as unit:
            await all_sealed.note(unit)
        db.vault.all_sealed = db.vault.all_bound = True
    owners = {(row[1], str(DataClass.RECORD)) for row in sites}
    owners |= {(row[0], str(DataClass.MESSAGE)) for row in sites}
    wanted = [one for one in (*_HUB, *sorted(owners)) if db.vault.newest(*one) is None]
    if wanted:
        db.vault.wanted.update(wanted)
        await keep_up(db)
        db.vault.check()


async def keep_up(db: "Database") -> None:
    """`make` what is due, once for all who wait for it.

    While the key provider is away sealing goes on with the keys there are, until one of them must
    seal no more: then this raises Unavailable.
    """
    vault = db.vault
    async with vault.making:
        if not vault.is_due():
            return  # whoever was first made them
        try:
            await _make(db)
        except ProviderAway as fault:
            if not vault.can_wait():
                raise
            vault.put_off()
            _log.warning("key-provider-away", reason=fault.text)


async def make(db: "Database") -> None:
    """Make the keys that are wanted, follow those that are worn, and tell what was sealed.

    Raises Unavailable when the key provider or the database is away.
    """
    async with db.vault.making:
        await _make(db)


class ProviderAway(Unavailable):
    """The key provider does not wrap now; what did not need it is done."""


async def _make(db: "Database") -> None:
    vault = db.vault
    at_us = now_us()
    wanted = set(vault.wanted)
    vault.wanted -= wanted
    try:
        async with db.unit_alone() as unit:
            await hold(unit, [_LOCK])
            await _learn(unit, vault)
            told = await _tell(unit, vault)
            due = [
                place
                for place in sorted({*wanted, *vault.worn(at_us)})
                if (held := vault.newest(*place)) is None or held.is_worn(at_us)
            ]
            made, away = _fresh(vault, due)
            await insert(unit, made)
    except BaseException:
        vault.wanted |= wanted
        raise
    for one, sealed in told:
        one.sealed -= sealed
    vault.learn(made)
    if away is not None:
        vault.wanted.update(due[len(made) :])
        raise ProviderAway(away.text) from away


def _fresh(vault: Vault, places: Sequence[Wanted]) -> tuple[list[DataKey], Unavailable | None]:
    """Keys for these places, as far as the provider wraps them; why it stopped."""
    made: list[DataKey] = []
    for place in places:
        try:
            made.append(fresh(vault, *place))
        except Unavailable as fault:
            return made, fault
    return made, None


def fresh(vault: Vault, owner: str, klass: str) -> DataKey:
    """A new key that follows the one that seals now; not known to the vault yet."""
    before = [one.epoch for one in vault.every() if (one.owner, one.klass) == (owner, klass)]
    number = secrets.randbelow(2**32 - 1) + 1
    epoch = max(before, default=0) + 1
    key = DataKey(number, owner, klass, epoch, vault.suite, "", b"", now_us(), 0)
    clear = fresh_key(vault.suite)
    key.provider, key.wrapped = vault.provider.wrap(vault.suite, clear, key.context)
    return key


async def insert(unit: Unit, keys: Sequence[DataKey]) -> None:
    """Add rows of keys."""
    if keys:
        rows = [
            (one.id, one.owner, one.klass, one.epoch, int(one.suite), one.provider, one.wrapped,
             one.created_us, one.used)
            for one in keys
        ]  # fmt: skip
        await unit.insert("data_key", _NAMES.split(", "), rows)


async def rotate(db: "Database", places: Iterable[Wanted] | None = None) -> int:
    """Follow the keys of these owners and classes, or all of them, by new ones; how many."""
    vault = db.vault
    async with db.unit_alone() as unit:
        await hold(unit, [_LOCK])
        await _learn(unit, vault)
        standing = {(one.owner, one.klass) for one in vault.every()}
        made = [fresh(vault, *place) for place in sorted(standing if places is None else places)]
        await insert(unit, made)
    vault.learn(made)
    return len(made)


async def rewrap(db: "Database") -> int:
    """Wrap all data keys by the provider's newest key; how many were wrapped by another."""
    vault = db.vault
    async with db.unit_alone() as unit:
        await hold(unit, [_LOCK])
        keys = await _read(unit)
        newest = vault.provider.newest
        old = [one for one in keys if one.provider != newest]
        for one in old:
            clear = vault.provider.unwrap(one.provider, one.wrapped, one.context)
            one.provider, one.wrapped = vault.provider.wrap(one.suite, clear, one.context)
        await unit.executemany(
            "UPDATE data_key SET provider = $2, wrapped = $3 WHERE id = $1",
            [(one.id, one.provider, one.wrapped) for one in old],
        )
    vault.learn(old)
    return len(old)


async def reread(db: "Database") -> None:
    """Know the keys other processes made meanwhile."""
    async with db.reading() as reader:
        await _learn(reader, db.vault)


def load_sqlite(path: Path) -> Sequence[DataKey]:
    """All keys, read at once: a cell was sealed with one that is not known here yet."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            return [_key(row) for row in connection.execute(_ALL).fetchall()]
    except sqlite3.Error as fault:
        raise from_sqlite(fault) from fault


def load_postgresql(url: str, password: str | None) -> Sequence[DataKey]:
    """The same from PostgreSQL, on a connection of its own in a thread of its own."""

    async def read() -> Sequence[Row]:
        try:
            connection = await asyncpg.connect(url, password=password, timeout=10)
            try:
                rows: Sequence[Row] = await connection.fetch(_ALL)
            finally:
                await connection.close()
        except PG_FAULTS as fault:
            raise from_postgresql(fault) from None
        return rows

    with ThreadPoolExecutor(1) as pool:
        return [_key(row) for row in pool.submit(lambda: asyncio.run(read())).result()]


async def _tell(unit: Unit, vault: Vault) -> list[tuple[DataKey, int]]:
    """Add what this process sealed to the rows."""
    told = [(one, one.sealed) for one in vault.every() if one.sealed]
    await unit.executemany(
        "UPDATE data_key SET used = used + $2 WHERE id = $1",
        [(one.id, sealed) for one, sealed in told],
    )
    for one, sealed in told:
        one.used += sealed
    return told


async def _learn(reader: Reader, vault: Vault) -> None:
    """Know the keys, and whether everything was sealed: what was, a running hub never forgets."""
    vault.learn(await _read(reader))
    vault.all_sealed = vault.all_sealed or await all_sealed.is_noted(reader)
    vault.all_bound = vault.all_bound or await all_sealed.is_bound(reader)


async def _read(reader: Reader) -> list[DataKey]:
    return [_key(row) for row in await reader.fetch(_ALL)]


def _key(row: Row) -> DataKey:
    number, owner, klass, epoch, suite, provider, wrapped, created_us, used = row
    return DataKey(
        number, owner, klass, epoch, Suite(suite), provider, bytes(wrapped), created_us, used
    )
