"""How a study's images are had: kept here, or fetched from their source through this hub's door."""

from dataclasses import dataclass

from hie.adapter import Site
from hie.exchange.imaging_profile import imaging_profile
from hie.exchange.source_health import is_offline, is_retrievable
from hie.exchange.source_profile import source_profile
from hie.store.session import Reader


@dataclass(frozen=True, slots=True)
class Access:
    """Whether this hub's door serves them, the source it may name, and whether that answers."""

    served: bool
    source: str | None = None
    reachable: bool = True


async def access_of(reader: Reader, site: Site) -> Access:
    """How the images of this site's studies are had now."""
    if imaging_profile(site).keeps_files:
        return Access(served=True)
    source = source_profile(site)
    if source is None:
        return Access(served=False)
    named = source.base if source.shown else None
    return Access(True, named, reachable=not await is_offline(reader, site.id))


async def retrievable(reader: Reader, site: Site, uid: str) -> bool | None:
    """The fact `retrievable` of a study that has arrived; None: its source was not asked yet."""
    keeps = imaging_profile(site).keeps_files
    if source_profile(site) is None:
        return keeps
    known = await is_retrievable(reader, site.id, uid)
    return True if keeps and known is None else known
