"""One GET to the source of a site's images: HTTP/1.1 on asyncio, streamed, bounded, no redirects.

RFC 9112, RFC 9110. The connection goes to the address of the profile, never through a proxy of
the environment; what the answer says about other places is not followed. Silence of the
source ends the request; the body is handed on piece by piece and never held.
"""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httptools

from hie.exchange.source_profile import SourceProfile

_PIECE = 256 * 1024
_LONGEST_HEAD = 64 * 1024
_CONNECT_SECONDS = 5.0


class SourceSilent(Exception):
    """The source cannot be reached, breaks off, or says nothing for too long."""


class SourceBroken(Exception):
    """What the source sends is no HTTP."""


@dataclass(slots=True)
class _Answer:
    """What the parser has met so far."""

    headers: dict[str, str] = field(default_factory=dict)
    pieces: list[bytes] = field(default_factory=list)
    has_head: bool = False
    is_complete: bool = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self.has_head = True

    def on_body(self, body: bytes) -> None:
        self.pieces.append(body)

    def on_message_complete(self) -> None:
        self.is_complete = True


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer whose head is there; `body` gives the rest, and ends only when it is whole."""

    status: int
    headers: dict[str, str]
    body: AsyncIterator[bytes]


@asynccontextmanager
async def asked(
    source: SourceProfile,
    path: str,
    *,
    accept: str,
    tls: ssl.SSLContext | None,
    token: str | None,
) -> AsyncIterator[Reply]:
    """Ask the source for `path` below its base. Raises SourceSilent and SourceBroken.

    So does reading the body.
    """
    try:
        async with asyncio.timeout(min(source.timeout, _CONNECT_SECONDS)):
            reader, writer = await asyncio.open_connection(
                source.host, source.port, ssl=tls, limit=_PIECE
            )
    except (OSError, TimeoutError) as fault:  # a wrong certificate is an OSError as well
        raise SourceSilent(type(fault).__name__) from fault
    try:
        writer.write(_request(source, path, accept, token))
        met = _Answer()
        parser = httptools.HttpResponseParser(met)
        await _head(reader, parser, met, source.timeout)
        body = _body(reader, parser, met, source.timeout)
        yield Reply(parser.get_status_code(), met.headers, body)
    finally:
        writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(1):
                await writer.wait_closed()


def _request(source: SourceProfile, path: str, accept: str, token: str | None) -> bytes:
    lines = [
        f"GET {source.path}{path} HTTP/1.1",
        f"Host: {source.authority}",
        f"Accept: {accept}",
        "Accept-Encoding: identity",
        "User-Agent: hie",
    ]
    if token is not None:
        lines.append(f"Authorization: Bearer {token}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")


async def _head(
    reader: asyncio.StreamReader, parser: httptools.HttpResponseParser, met: _Answer, quiet: float
) -> None:
    """Read until the head is there; all of it within the time of silence: it is short."""
    size = 0
    try:
        async with asyncio.timeout(quiet):
            while not met.has_head:
                data = await reader.read(8192)
                size += len(data)
                if not data:
                    raise SourceSilent("closed")
                _feed(parser, data)
                if size > _LONGEST_HEAD and not met.has_head:
                    raise SourceBroken("head")
    except (OSError, TimeoutError) as fault:
        raise SourceSilent(type(fault).__name__) from fault


async def _body(
    reader: asyncio.StreamReader, parser: httptools.HttpResponseParser, met: _Answer, quiet: float
) -> AsyncIterator[bytes]:
    framed = "content-length" in met.headers or "transfer-encoding" in met.headers
    while True:
        pieces, met.pieces = met.pieces, []
        for piece in pieces:
            yield piece
        if met.is_complete:
            return
        try:
            async with asyncio.timeout(quiet):
                data = await reader.read(_PIECE)
        except (OSError, TimeoutError) as fault:
            raise SourceSilent(type(fault).__name__) from fault
        if not data:
            if framed:
                raise SourceSilent("closed")
            return  # a body without a length ends with its connection (RFC 9112 6.3)
        _feed(parser, data)


def _feed(parser: httptools.HttpResponseParser, data: bytes) -> None:
    try:
        parser.feed_data(data)
    except httptools.HttpParserUpgrade as fault:
        raise SourceBroken("upgrade") from fault
    except httptools.HttpParserError as fault:
        raise SourceBroken("http") from fault
