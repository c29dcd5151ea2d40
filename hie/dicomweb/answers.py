"""How DICOMweb answers leave: multipart streams, errors as problem JSON, one record before a byte.

`recorded` is called before an answer begins, so what cannot be recorded is not sent.
"""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from hie.audit.event import Action, Event, EventType, Subject
from hie.dicomweb.pool import PixelPool
from hie.errors import (
    AccessRefused,
    Altered,
    HubError,
    NotAuthenticated,
    SourceOffline,
    TooMany,
    Unavailable,
)
from hie.exchange.hub import Hub
from hie.exchange.loading_times import loading_of
from hie.oauth.door import actor_in
from hie.status import status_of

_CHUNK = 1 << 20
Handler = Callable[[Request], Awaitable[Response]]
Part = tuple[str, bytes]
One = TypeVar("One")


def hub_of(request: Request) -> Hub:
    """The opened hub of this application."""
    hub: Hub = request.app.state.hub
    return hub


def pool_of(request: Request) -> PixelPool:
    """The decoding processes of this application."""
    pool: PixelPool = request.app.state.pixels
    return pool


def answered(handler: Handler) -> Handler:
    """The handler with its errors as problem JSON; refusals of access are recorded."""

    @wraps(handler)
    async def guarded(request: Request) -> Response:
        try:
            return await handler(request)
        except HubError as error:
            if isinstance(error, AccessRefused | Altered | TooMany):
                await hub_of(request).entrance.refusals.record_error(request.scope, error)
            return _refusal(error)

    return guarded


async def recorded(
    request: Request, kind: EventType, seen: Iterable[tuple[str, str]], action: Action = Action.READ
) -> None:
    """Record who looks at what: (home, versioned reference of the ImagingStudy)."""
    by_home: dict[str, list[str]] = {}
    for home, reference in seen:
        by_home.setdefault(home, []).append(reference)
    query = str(request.url.path)
    if request.url.query:
        query += f"?{request.url.query}"
    await hub_of(request).ledger.record(
        Event(
            kind,
            action,
            actor_in(request),
            subjects=tuple(
                Subject(home, None, tuple(sorted(set(refs))))
                for home, refs in sorted(by_home.items())
            ),
            query=query.encode(),
        )
    )


@contextmanager
def timed(request: Request, site: str) -> Iterator[None]:
    """Note how long it took until the first image of this site was there (R-611)."""
    begun = time.monotonic()
    yield
    loading_of(hub_of(request).db).note(site, time.monotonic() - begun)


async def started(parts: AsyncIterator[One]) -> AsyncIterator[One]:
    """The same parts, once the first is there: what fails before it can still be answered."""
    first = await anext(parts, None)

    async def all_of_them() -> AsyncIterator[One]:
        if first is not None:
            yield first
        async for part in parts:
            yield part

    return all_of_them()


def multipart(parts: AsyncIterator[Part], media: str) -> Response:
    """A multipart/related answer, part by part (RFC 2387)."""
    boundary = secrets.token_hex(16)

    async def body() -> AsyncIterator[bytes]:
        async for kind, data in parts:
            yield _head(boundary, kind)
            yield data
            yield b"\r\n"
        yield f"--{boundary}--\r\n".encode()

    return _stream(body(), f'multipart/related; type="{media}"; boundary={boundary}')


def files_multipart(files: AsyncIterator[tuple[Path, str]], media: str) -> Response:
    """(file, content type) of each instance as parts, never more than a piece in memory."""
    boundary = secrets.token_hex(16)

    async def body() -> AsyncIterator[bytes]:
        async for path, kind in files:
            yield _head(boundary, kind)
            async for piece in pieces(path):
                yield piece
            yield b"\r\n"
        yield f"--{boundary}--\r\n".encode()

    return _stream(body(), f'multipart/related; type="{media}"; boundary={boundary}')


def file_alone(path: Path, size: int, kind: str) -> Response:
    """One file as the body."""
    return _stream(pieces(path), kind, {"Content-Length": str(size)})


async def pieces(path: Path) -> AsyncIterator[bytes]:
    """A file, read in threads."""
    file: BinaryIO = await asyncio.to_thread(path.open, "rb")
    try:
        while piece := await asyncio.to_thread(file.read, _CHUNK):
            yield piece
    finally:
        file.close()


def json_array(parts: AsyncIterator[Part]) -> Response:
    """JSON objects as one array."""

    async def body() -> AsyncIterator[bytes]:
        before = b"["
        async for _, data in parts:
            yield before + data
            before = b","
        yield b"[]" if before == b"[" else b"]"

    return _stream(body(), "application/dicom+json")


def _refusal(error: HubError) -> Response:
    """Problem JSON (RFC 9457), as every door of the hub that does not speak FHIR words it."""
    shown = () if isinstance(error, NotAuthenticated) else error.faults
    headers = {"Cache-Control": "no-store"}
    if isinstance(error, Unavailable):
        headers["Retry-After"] = str(error.seconds if isinstance(error, SourceOffline) else 2)
    return JSONResponse(
        {
            "type": "about:blank",
            "title": error.text,
            "status": status_of(error),
            "errors": [{"path": f.path, "code": f.code, "expected": f.expected} for f in shown],
        },
        status_code=status_of(error),
        media_type="application/problem+json",
        headers=headers,
    )


def _head(boundary: str, kind: str) -> bytes:
    return f"--{boundary}\r\nContent-Type: {kind}\r\n\r\n".encode()


def _stream(
    body: AsyncIterator[bytes], media: str, headers: dict[str, Any] | None = None
) -> Response:
    return StreamingResponse(
        body, media_type=media, headers={"Cache-Control": "no-store", **(headers or {})}
    )
