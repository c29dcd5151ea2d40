"""The sending systems: their institution, their adapter, and their profile as TOML text."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hie.adapter import Site
from hie.errors import ResourceNotFound
from hie.store.session import Reader, Row, Unit

_COLUMNS = "id, institution, adapter, profile, enabled, updated_us"


@dataclass(frozen=True, slots=True)
class KnownSite:
    """A registered site; `profile` is the TOML text as it was given."""

    site: Site
    profile: str
    enabled: bool
    updated_us: int


async def put(
    unit: Unit, *, site: str, institution: str, adapter: str, profile: str, now_us: int
) -> bool:
    """Add a site, or give a known one these values; whether it is new. A new one is enabled."""
    made = await unit.fetchval(
        "INSERT INTO site (id, institution, adapter, profile, enabled, updated_us)"
        " VALUES ($1, $2, $3, $4, true, $5) ON CONFLICT DO NOTHING RETURNING id",
        site,
        institution,
        adapter,
        profile,
        now_us,
    )
    if made is None:
        await unit.execute(
            "UPDATE site SET institution = $2, adapter = $3, profile = $4, updated_us = $5"
            " WHERE id = $1",
            site,
            institution,
            adapter,
            profile,
            now_us,
        )
    return made is not None


async def enable(unit: Unit, site: str, enabled: bool, now_us: int) -> None:
    """Take messages from this site, or refuse them. Raises ResourceNotFound."""
    touched = await unit.execute(
        "UPDATE site SET enabled = $2, updated_us = $3 WHERE id = $1", site, enabled, now_us
    )
    if not touched:
        raise ResourceNotFound(f"no site {site!r}")


async def find(reader: Reader, site: str) -> KnownSite | None:
    """The site of this name, or None."""
    row = await reader.fetchrow(f"SELECT {_COLUMNS} FROM site WHERE id = $1", site)  # noqa: S608
    return None if row is None else _site(row)


async def every(reader: Reader) -> list[KnownSite]:
    """All sites by name."""
    return [_site(row) for row in await reader.fetch(f"SELECT {_COLUMNS} FROM site ORDER BY id")]  # noqa: S608


async def institutions(reader: Reader) -> dict[str, str]:
    """Whose each site is, of those that messages are taken from."""
    rows = await reader.fetch("SELECT id, institution FROM site WHERE enabled ORDER BY id")
    return {row[0]: row[1] for row in rows}


async def version(reader: Reader) -> int:
    """A number that grows when a site changes: for who keeps sites in memory."""
    found: int = await reader.fetchval("SELECT coalesce(max(updated_us), 0) FROM site")
    return found


def _site(row: Row) -> KnownSite:
    profile: Mapping[str, Any] = tomllib.loads(row[3])
    return KnownSite(Site(row[0], row[1], row[2], profile), row[3], bool(row[4]), row[5])
