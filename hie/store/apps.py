"""The apps among the clients: which act for people, and where they may be answered."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from hie.store.session import Reader, Unit

_COLUMNS = "client, kind, redirect_uris, launch_url, everyone"


@dataclass(frozen=True, slots=True)
class App:
    """What a client must also have to act for people; `kind` is public or confidential."""

    client: str
    kind: str
    redirect_uris: tuple[str, ...]
    launch_url: str | None
    everyone: bool


async def add(
    unit: Unit,
    *,
    client: str,
    kind: str,
    redirect_uris: Sequence[str],
    launch_url: str | None,
    everyone: bool,
) -> None:
    """Make a client that was added in this unit an app."""
    await unit.execute(
        "INSERT INTO app (client, kind, redirect_uris, launch_url, everyone)"
        " VALUES ($1, $2, $3, $4, $5)",
        client,
        kind,
        json.dumps(list(redirect_uris)),
        launch_url,
        everyone,
    )


async def find(reader: Reader, client: str) -> App | None:
    """The app of this client id, or None: then it is no app."""
    row = await reader.fetchrow(f"SELECT {_COLUMNS} FROM app WHERE client = $1", client)  # noqa: S608
    return None if row is None else _app(row)


async def everyone(reader: Reader) -> list[App]:
    """All apps by client id."""
    rows = await reader.fetch(f"SELECT {_COLUMNS} FROM app ORDER BY client")  # noqa: S608
    return [_app(row) for row in rows]


async def active(reader: Reader) -> list[App]:
    """The apps whose client is not suspended."""
    rows = await reader.fetch(
        "SELECT a.client, a.kind, a.redirect_uris, a.launch_url, a.everyone FROM app AS a"
        " JOIN client AS c ON c.id = a.client WHERE c.status = 'active' ORDER BY a.client"
    )
    return [_app(row) for row in rows]


async def launchable(reader: Reader, institution: str) -> list[tuple[App, str]]:
    """The active apps opened from pages for people of this institution, with their names."""
    rows = await reader.fetch(
        "SELECT a.client, a.kind, a.redirect_uris, a.launch_url, a.everyone, c.name FROM app AS a"
        " JOIN client AS c ON c.id = a.client"
        " WHERE a.launch_url IS NOT NULL AND c.status = 'active'"
        " AND (a.everyone OR c.institution = $1) ORDER BY a.client",
        institution,
    )
    return [(_app(row[:5]), row[5] or row[0]) for row in rows]


def _app(row: Sequence[object]) -> App:
    client, kind, uris, launch_url, for_all = row
    return App(
        str(client),
        str(kind),
        tuple(json.loads(str(uris))),
        None if launch_url is None else str(launch_url),
        bool(for_all),
    )
