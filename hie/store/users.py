"""The people who sign in to the pages. Passwords are argon2 hashes made by the caller."""

from collections.abc import Iterable
from dataclasses import dataclass

from hie.errors import Conflict, ResourceNotFound
from hie.store.cells import open_words, seal_words
from hie.store.ids import new_id
from hie.store.session import Reader, Row, Unit
from hie.store.vault import DataClass

_COLUMNS = "id, login, argon2, name, role, institution, department, status, lang, created_us"


@dataclass(frozen=True, slots=True)
class Account:
    """A person's account; `status` is active or suspended."""

    id: str
    login: str
    argon2: str
    name: str
    role: str
    institution: str
    department: str
    status: str
    lang: str
    created_us: int


async def add(
    unit: Unit,
    *,
    login: str,
    argon2: str,
    name: str,
    role: str,
    institution: str,
    department: str,
    lang: str,
    now_us: int,
) -> str:
    """Add an account; its id. Raises Conflict when the sign-in name is taken."""
    key = new_id()
    made: str | None = await unit.fetchval(
        "INSERT INTO user_account (id, login, argon2, name, role, institution, department, status,"
        " lang, created_us) VALUES ($1, $2, $3, $4, $5, $6, $7, 'active', $8, $9)"
        " ON CONFLICT DO NOTHING RETURNING id",
        key,
        login,
        argon2,
        seal_words(unit.db, DataClass.ORDER, institution, name, *_place(key)),
        role,
        institution,
        department,
        lang,
        now_us,
    )
    if made is None:
        raise Conflict("this sign-in name is taken")
    return made


async def by_login(reader: Reader, login: str) -> Account | None:
    """The account of this sign-in name, or None."""
    row = await reader.fetchrow(f"SELECT {_COLUMNS} FROM user_account WHERE login = $1", login)  # noqa: S608
    return None if row is None else read_account(reader, row)


async def find(reader: Reader, account: str) -> Account | None:
    """The account of this id, or None."""
    row = await reader.fetchrow(f"SELECT {_COLUMNS} FROM user_account WHERE id = $1", account)  # noqa: S608
    return None if row is None else read_account(reader, row)


async def names_of(reader: Reader, accounts: Iterable[str]) -> dict[str, str]:
    """How the people of these accounts are called, by id; who is none is left out."""
    rows = await reader.fetch(
        f"SELECT id, name FROM user_account WHERE {reader.db.among('id', 1)}",  # noqa: S608
        reader.db.array(sorted(set(accounts))),
    )
    return {row[0]: _name(reader, row[0], row[1]) for row in rows}


async def everyone(reader: Reader) -> list[Account]:
    """All accounts by sign-in name."""
    rows = await reader.fetch(f"SELECT {_COLUMNS} FROM user_account ORDER BY login")  # noqa: S608
    return [read_account(reader, row) for row in rows]


async def set_password(unit: Unit, account: str, argon2: str) -> None:
    """Give an account another password; its sessions end. Raises ResourceNotFound."""
    touched = await unit.execute(
        "UPDATE user_account SET argon2 = $2 WHERE id = $1", account, argon2
    )
    await _end(unit, account, touched)


async def rehash(unit: Unit, account: str, argon2: str) -> None:
    """The same password hashed with today's parameters; sessions go on."""
    await unit.execute("UPDATE user_account SET argon2 = $2 WHERE id = $1", account, argon2)


async def set_status(unit: Unit, account: str, status: str) -> None:
    """Suspend an account or let it sign in again; its sessions end. Raises ResourceNotFound."""
    touched = await unit.execute(
        "UPDATE user_account SET status = $2 WHERE id = $1", account, status
    )
    await _end(unit, account, touched)


async def set_lang(unit: Unit, account: str, lang: str) -> None:
    """Remember the language a person chose."""
    await unit.execute("UPDATE user_account SET lang = $2 WHERE id = $1", account, lang)


async def _end(unit: Unit, account: str, touched: int) -> None:
    if not touched:
        raise ResourceNotFound("no such account")
    await unit.execute("DELETE FROM session WHERE account = $1", account)


def read_account(reader: Reader, row: Row) -> Account:
    """A row of an account's columns: it begins with the id, and the name is the fourth."""
    return Account(*(*row[:3], _name(reader, row[0], row[3]), *row[4:]))


def _name(reader: Reader, account: str, name: str) -> str:
    return open_words(reader.db, name, *_place(account)) or ""


def _place(account: str) -> tuple[str, str, str]:
    return "user_account", "name", account
