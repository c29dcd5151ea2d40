"""Metadata of instances: from their files, and from the heads the hub keeps of those elsewhere.

What came was read up to its pixels before it was left at its source, and that is kept with its
message: metadata need no source, so a study can be looked through while its archive is away.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from starlette.requests import Request

from hie.dicomweb.answers import Part, hub_of, pool_of
from hie.dicomweb.at_hand import hub_files
from hie.dicomweb.find import Found, address_of
from hie.store import messages
from hie.store.instances import StoredInstance

_TOGETHER = 50


async def heads(request: Request, found: Found) -> AsyncIterator[Part]:
    """The data set of each instance without its pixels, as DICOM JSON."""
    pool, files = pool_of(request), hub_files(request)
    at_source = [one for one in found.instances if not one.at_hub]
    if not at_source:
        asked = [
            (str(files.place(one.sha256)), address_of(request, one), False)
            for one in found.instances
        ]
        async for part in pool.parts({"do": "metadata", "files": asked}):
            yield part
        return
    for start in range(0, len(found.instances), _TOGETHER):
        group = found.instances[start : start + _TOGETHER]
        with tempfile.TemporaryDirectory(dir=files.incoming()) as folder:
            paths = await _written(request, group, Path(folder))
            asked = [
                (str(paths[one.sha256]), address_of(request, one), not one.at_hub) for one in group
            ]
            async for part in pool.parts({"do": "metadata", "files": asked}):
                yield part


async def _written(
    request: Request, group: tuple[StoredInstance, ...], folder: Path
) -> dict[str, Path]:
    """Where the head of each can be read: its file, or a copy of the head as it was kept."""
    files = hub_files(request)
    wanted = [one for one in group if not one.at_hub]
    async with hub_of(request).db.reading() as reader:
        kept = await messages.contents(reader, [one.message for one in wanted])
    paths = {one.sha256: files.place(one.sha256) for one in group}

    def write() -> None:
        for one in wanted:
            paths[one.sha256] = folder / one.sha256
            paths[one.sha256].write_bytes(kept[one.message])

    await asyncio.to_thread(write)
    return paths
