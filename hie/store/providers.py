"""The identity providers people may sign in with, and which of their subjects is whom here.

A provider belongs to one institution, and what it says about a person's role or institution counts
for nothing: the row of the account does. Subjects are kept as keyed hashes.
"""

from dataclasses import dataclass

from hie.errors import Conflict, ResourceNotFound
from hie.store.session import Reader, Row, Unit
from hie.store.users import Account, read_account
from hie.store.vault import HUB, DataClass

_COLUMNS = "id, issuer, institution, client, method, secret, algorithm, name, status"
_ACCOUNT = (
    "a.id, a.login, a.argon2, a.name, a.role, a.institution, a.department, a.status, a.lang,"
    " a.created_us"
)


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider as it was registered; `secret` is clear here and sealed in its row."""

    id: str
    issuer: str
    institution: str
    client: str
    method: str
    secret: str | None
    algorithm: str
    name: str
    status: str = "active"


async def add(unit: Unit, provider: Provider, now_us: int) -> None:
    """Register a provider. Raises Conflict when its id or its issuer is taken."""
    secret = provider.secret
    sealed = None
    if secret is not None:
        sealed = unit.db.vault.seal(DataClass.ORDER, HUB, secret.encode(), *_place(provider.id))
    made = await unit.fetchval(
        f"INSERT INTO identity_provider ({_COLUMNS}, created_us, updated_us)"  # noqa: S608
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)"
        " ON CONFLICT DO NOTHING RETURNING id",
        provider.id,
        provider.issuer,
        provider.institution,
        provider.client,
        provider.method,
        sealed,
        provider.algorithm,
        provider.name,
        provider.status,
        now_us,
    )
    if made is None:
        raise Conflict("a provider of this id or issuer is registered already")


async def find(reader: Reader, provider: str) -> Provider | None:
    """The provider of this id, or None."""
    row = await reader.fetchrow(
        f"SELECT {_COLUMNS} FROM identity_provider WHERE id = $1",  # noqa: S608
        provider,
    )
    return None if row is None else _provider(reader, row)


async def everyone(reader: Reader) -> list[Provider]:
    """All providers by id."""
    rows = await reader.fetch(f"SELECT {_COLUMNS} FROM identity_provider ORDER BY id")  # noqa: S608
    return [_provider(reader, row) for row in rows]


async def set_status(unit: Unit, provider: str, status: str, now_us: int) -> None:
    """Suspend a provider or let people sign in with it again. Raises ResourceNotFound."""
    touched = await unit.execute(
        "UPDATE identity_provider SET status = $2, updated_us = $3 WHERE id = $1",
        provider,
        status,
        now_us,
    )
    if not touched:
        raise ResourceNotFound(f"no identity provider {provider!r}")


async def link(unit: Unit, provider: str, subject: str, account: str, now_us: int) -> None:
    """Say whom a subject of this provider is here. Raises Conflict when it is somebody already."""
    made = await unit.fetchval(
        "INSERT INTO person_link (provider, subject, account, created_us) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT DO NOTHING RETURNING account",
        provider,
        _hash(unit, provider, subject),
        account,
        now_us,
    )
    if made is None:
        raise Conflict("this subject is linked already")


async def unlink(unit: Unit, provider: str, account: str) -> int:
    """Nobody of this provider is this account any more; how many were."""
    return await unit.execute(
        "DELETE FROM person_link WHERE provider = $1 AND account = $2", provider, account
    )


async def account_of(reader: Reader, provider: str, subject: str) -> Account | None:
    """The account of a subject, whatever its status; None when nobody linked it."""
    row = await reader.fetchrow(
        f"SELECT {_ACCOUNT} FROM person_link AS l JOIN user_account AS a ON a.id = l.account"  # noqa: S608
        " WHERE l.provider = $1 AND l.subject = $2",
        provider,
        _hash(reader, provider, subject),
    )
    return None if row is None else read_account(reader, row)


async def links_of(reader: Reader) -> dict[str, list[str]]:
    """The providers each account can sign in with."""
    rows = await reader.fetch(
        "SELECT account, provider FROM person_link ORDER BY account, provider"
    )
    found: dict[str, list[str]] = {}
    for account, provider in rows:
        found.setdefault(account, []).append(provider)
    return found


def _place(provider: str) -> tuple[str, str, str]:
    return "identity_provider", "secret", provider


def _hash(reader: Reader, provider: str, subject: str) -> str:
    return reader.db.keys.blind("person-link", provider, subject)


def _provider(reader: Reader, row: Row) -> Provider:
    sealed = row[5]
    secret = None if sealed is None else reader.db.vault.unseal(bytes(sealed), *_place(row[0]))
    return Provider(*(*row[:5], None if secret is None else secret.decode(), *row[6:]))
