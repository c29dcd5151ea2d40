"""Instances as files to read from, wherever they are kept: here, or fetched from their source."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from starlette.requests import Request

from hie.dicomweb.answers import hub_of
from hie.dicomweb.find import Found
from hie.errors import ResourceNotFound
from hie.exchange.fetch_instance import fetched
from hie.store.instance_files import InstanceFiles
from hie.store.instances import StoredInstance


@dataclass(frozen=True, slots=True)
class AtHand:
    """A file of an instance; `instance` has the transfer syntax and the size of this file."""

    path: Path
    instance: StoredInstance


async def at_hand(request: Request, found: Found, one: StoredInstance) -> AtHand:
    """The instance's file. Raises ResourceNotFound, and what its source answers or does not."""
    hub = hub_of(request)
    if not one.at_hub:
        file = await fetched(hub, found.row, one)
        return AtHand(file.path, replace(one, transfer_syntax=file.transfer_syntax, size=file.size))
    path = InstanceFiles.below(hub.settings.data_dir).place(one.sha256)
    check_files(hub_files(request), [one])
    return AtHand(path, one)


async def all_at_hand(
    request: Request, found: Found, wanted: Iterable[StoredInstance]
) -> AsyncIterator[AtHand]:
    """One after the other: of those at their source each is fetched when the one before is sent."""
    for one in wanted:
        yield await at_hand(request, found, one)


def hub_files(request: Request) -> InstanceFiles:
    """The files of this hub."""
    return InstanceFiles.below(hub_of(request).settings.data_dir)


def check_files(files: InstanceFiles, wanted: Iterable[StoredInstance]) -> None:
    """Every file that is kept here is where it should be, before the answer begins."""
    for one in wanted:
        if one.at_hub and not files.place(one.sha256).exists():
            raise ResourceNotFound("a file of this study is missing: call the hub's operator")
