"""Take images in as files: one, a folder's, a ZIP's or a DICOMDIR's; each kept, or refused by name.

What the sender's own files are is for the adapter to say (`unpack`); here they become instances. A
caller's files are copied, the hub's own temporary ones moved.
"""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from hie.access.actor import Actor
from hie.errors import Fault, MalformedMessage, NotPermitted, ResourceNotFound
from hie.exchange import sites
from hie.exchange.hub import Hub
from hie.exchange.imaging_profile import ADAPTER
from hie.exchange.keep_instances import keep_file
from hie.store.instance_files import InstanceFiles, away

MEDIA = frozenset({"application/dicom", "application/zip", "application/octet-stream", ""})
_AT_ONCE = 32


async def take(
    hub: Hub, actor: Actor, site: str, path: Path, name: str, *, is_ours: bool
) -> list[tuple[str, dict[str, Any]]]:
    """(file name, receipt) of everything that a file or folder holds.

    Raises ResourceNotFound (unknown site), NotPermitted (disabled site), and Unavailable (disk
    full: what was kept before stays, and sending it again changes nothing).
    """
    known = await sites.find(hub, site)
    if known is None:
        raise ResourceNotFound(f"no site {site!r}")
    if not known.enabled:
        raise NotPermitted(f"site {site!r} is disabled")
    adapter: Any = hub.adapters[ADAPTER]
    files = InstanceFiles.below(hub.settings.data_dir)
    into = Path(await asyncio.to_thread(tempfile.mkdtemp, dir=files.incoming()))
    found: list[tuple[str, dict[str, Any]]] = []
    waiting: set[asyncio.Task[tuple[str, dict[str, Any]]]] = set()
    try:
        every: Iterator[Any] = adapter.unpack(path, into)
        while (one := await asyncio.to_thread(next, every, None)) is not None:
            told = name if one.name == path.name else one.name
            if one.path is None:
                found.append((told, _refused(one.refused)))
                continue
            own = is_ours or into in one.path.parents
            placed = await asyncio.to_thread(_own_file, files, one.path, move=own)
            meta = {"client": actor.client, "name": told}
            waiting.add(asyncio.create_task(_keep(hub, site, placed, meta, told)))
            if len(waiting) >= _AT_ONCE:
                done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                found += [task.result() for task in done]
        found += await asyncio.gather(*waiting)
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.to_thread(shutil.rmtree, into, ignore_errors=True)
    return found


async def spooled(files: InstanceFiles, stream: AsyncIterator[bytes]) -> Path:
    """A body written to a file of ours while it arrives. Raises Unavailable."""
    file, path = files.new()
    try:
        with file:
            async for piece in stream:
                file.write(piece)
    except OSError as fault:
        path.unlink(missing_ok=True)
        raise away(fault) from fault
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


async def _keep(
    hub: Hub, site: str, path: Path, meta: dict[str, str], name: str
) -> tuple[str, dict[str, Any]]:
    try:
        kept = (await keep_file(hub, site, path, meta)).kept
    except MalformedMessage:
        return name, _refused("not-dicom")
    return name, {
        "message": kept.id,
        "state": str(kept.state),
        "duplicate_of": kept.duplicate_of,
        "issues": [],
    }


def _own_file(files: InstanceFiles, source: Path, *, move: bool) -> Path:
    """The file as one of ours that may be given a name and deleted."""
    file, path = files.new()
    try:
        with file:
            if not move:
                with source.open("rb") as read:
                    shutil.copyfileobj(read, file, 1 << 20)
        if move:
            source.replace(path)
    except OSError as fault:
        path.unlink(missing_ok=True)
        raise away(fault) from fault
    return path


def _refused(reason: str | None) -> dict[str, Any]:
    """A receipt of nothing: the file was not kept, and why."""
    issue = {
        "stage": "receive",
        "code": reason or "unreadable",
        "severity": "error",
        "path": "file",
        "expected": "a DICOM file",
    }
    return {"message": "", "state": "refused", "duplicate_of": None, "issues": [issue]}


def check_any_kept(receipts: list[tuple[str, dict[str, Any]]]) -> None:
    """Raise MalformedMessage when nothing of what was sent could be kept, naming each reason."""
    if any(receipt["message"] for _, receipt in receipts):
        return
    faults = tuple(
        Fault("body", issue["code"], issue["expected"])
        for _, receipt in receipts[:50]
        for issue in receipt["issues"]
    )
    raise MalformedMessage("nothing of this is a DICOM file that can be kept", faults)
