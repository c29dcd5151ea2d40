"""A multipart/related body, each part written to a file while it arrives (RFC 2046 5.1).

Nothing but the current piece and the head of a part is in memory.
"""

import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import BinaryIO

from hie.errors import Fault, InvalidRequest, TooLarge
from hie.store.instance_files import away

_MOST_PARTS = 50_000
_LONGEST_HEAD = 8192
_BOUNDARY = re.compile(rb"[0-9A-Za-z'()+_,./:=? -]{1,70}")
New = Callable[[], tuple[BinaryIO, Path]]


def boundary_of(content_type: str) -> bytes:
    """The boundary a Content-Type names. Raises InvalidRequest."""
    match = re.search(r'boundary\s*=\s*(?:"([^"]+)"|([^;\s]+))', content_type, re.IGNORECASE)
    found = (match[1] or match[2]).encode("latin-1") if match else b""
    if not _BOUNDARY.fullmatch(found):
        raise _bad("a boundary of 1 to 70 characters")
    return found


async def parts(
    stream: AsyncIterator[bytes], boundary: bytes, new: New
) -> AsyncIterator[tuple[str, Path]]:
    """(content type, file) of each part; the file is the caller's. Raises InvalidRequest."""
    reader = _Reader(stream, b"\r\n--" + boundary)
    await reader.to_first()
    for _ in range(_MOST_PARTS):
        if not await reader.has_part():
            return
        kind = await reader.head()
        path = await reader.write(new)
        yield kind, path
    raise TooLarge(f"at most {_MOST_PARTS} parts")


class _Reader:
    def __init__(self, stream: AsyncIterator[bytes], delimiter: bytes) -> None:
        self._stream = stream
        self._delimiter = delimiter
        self._held = bytearray(b"\r\n")  # the first delimiter may stand at the very beginning

    async def _more(self) -> None:
        async for piece in self._stream:
            if piece:
                self._held += piece
                return
        raise _bad("a body that ends with its last boundary")

    async def to_first(self) -> None:
        """Pass what stands before the first part."""
        while (at := self._held.find(self._delimiter)) < 0:
            keep = len(self._delimiter) - 1
            if len(self._held) > keep + _LONGEST_HEAD:
                raise _bad("a first boundary at the beginning")
            await self._more()
        del self._held[: at + len(self._delimiter)]

    async def has_part(self) -> bool:
        """After a delimiter: whether a part follows, or the body ends."""
        while len(self._held) < 2:
            await self._more()
        if self._held.startswith(b"--"):
            return False
        while (at := self._held.find(b"\r\n")) < 0:
            if len(self._held) > _LONGEST_HEAD:
                raise _bad("a line end after the boundary")
            await self._more()
        if self._held[:at].strip(b" \t"):
            raise _bad("a line end after the boundary")
        del self._held[:at]  # the line end begins the head
        return True

    async def head(self) -> str:
        """The content type of a part; its head is passed."""
        while (at := self._held.find(b"\r\n\r\n")) < 0:
            if len(self._held) > _LONGEST_HEAD:
                raise _bad("part headers of a sensible length")
            await self._more()
        lines = bytes(self._held[:at]).decode("latin-1").split("\r\n")
        del self._held[: at + 4]
        kinds = [
            line.partition(":")[2].strip()
            for line in lines
            if line.lower().startswith("content-type:")
        ]
        return kinds[0].lower() if kinds else ""

    async def write(self, new: New) -> Path:
        """Write a part into a fresh file, up to its delimiter."""
        file, path = new()
        keep = len(self._delimiter) - 1
        try:
            with file:
                while (at := self._held.find(self._delimiter)) < 0:
                    if len(self._held) > keep:
                        file.write(self._held[:-keep])
                        del self._held[:-keep]
                    await self._more()
                file.write(self._held[:at])
        except OSError as fault:
            path.unlink(missing_ok=True)
            raise away(fault) from fault
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        del self._held[: at + len(self._delimiter)]
        return path


def _bad(expected: str) -> InvalidRequest:
    return InvalidRequest("multipart body", (Fault("body", "multipart", expected),))
