"""Fetching a partner's key set: one request, to one address, of bounded time and size.

No redirect is followed, no proxy of the environment used, no cookie or credential sent; what the
name resolves to is looked at before the hub connects to one of these very addresses. 5 seconds in
all, 64 KiB, JSON.
"""

import asyncio
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import httptools

from hie.errors import HubMisconfigured
from hie.oauth.jwks_address import Reachable, reachable

SECONDS = 5.0
LARGEST = 64 * 1024
FLOOR, USUAL, CEILING = 60, 300, 24 * 3600  # seconds a set is fresh
_LONGEST_HEAD = 16 * 1024
_MEDIA = frozenset({"application/json", "application/jwk-set+json"})
_MAX_AGE = re.compile(r"(?:\A|[,\s])max-age=\"?([0-9]{1,9})")

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


class NotFetched(Exception):
    """Why there is no key set: a code for log and operator; `attack`: it led somewhere else."""

    def __init__(self, problem: str, *, attack: bool = False) -> None:
        super().__init__(problem)
        self.problem = problem
        self.attack = attack


@dataclass(frozen=True, slots=True)
class FetchedText:
    """The body as it came, and for how many seconds it is fresh."""

    text: str
    fresh: int


async def resolved(host: str, port: int) -> Sequence[str]:
    """The IP addresses of a name, by the machine's own resolver; raises OSError."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


@dataclass(frozen=True, slots=True)
class JwksFetcher:
    """How key sets are fetched by this hub."""

    reach: Reachable
    tls: ssl.SSLContext
    resolve: Resolve = resolved
    seconds: float = SECONDS

    async def fetch(self, url: str) -> FetchedText:
        """The key set at this address; raises NotFetched."""
        return await self._ask(url, "GET", "")

    async def post(self, url: str, form: Mapping[str, str], authorization: str | None) -> str:
        """What this address answers to a form: JSON, with status 200; raises NotFetched."""
        body = urlencode(form)
        head = f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
        if authorization is not None:
            head += f"Authorization: {authorization}\r\n"
        return (await self._ask(url, "POST", head, body)).text

    async def _ask(self, url: str, method: str, head: str, body: str = "") -> FetchedText:
        if self.reach.fault(url) is not None:
            raise NotFetched("address", attack=True)
        try:
            async with asyncio.timeout(self.seconds):
                return await self._exchange(url, method, head, body)
        except TimeoutError as error:
            raise NotFetched("slow") from error
        except (OSError, ssl.SSLError, EOFError) as error:
            raise NotFetched("no-answer") from error
        except httptools.HttpParserError as error:
            raise NotFetched("http") from error

    async def _exchange(self, url: str, method: str, head: str, body: str) -> FetchedText:
        parts = urlsplit(url)
        host, port = str(parts.hostname), parts.port or 443
        addresses = await self.resolve(host, port)
        if not addresses or not all(self.reach.permits(one) for one in addresses):
            raise NotFetched("inner-address", attack=True)
        reader, writer = await asyncio.open_connection(
            addresses[0], port, ssl=self.tls, server_hostname=host, limit=LARGEST
        )
        try:
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            writer.write(
                f"{method} {target} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n"
                "Accept: application/jwk-set+json, application/json\r\n"
                f"Accept-Encoding: identity\r\nUser-Agent: hie\r\n{head}\r\n{body}".encode("ascii")
            )
            await writer.drain()
            return await _answer(reader)
        finally:
            writer.transport.abort()


def key_fetcher(networks: Sequence[str], ca_file: Path | None) -> JwksFetcher:
    """The fetcher of a hub's settings; raises HubMisconfigured."""
    if ca_file is None:
        return JwksFetcher(reachable(networks), _known_to_the_machine())
    tls = _context()
    try:
        tls.load_verify_locations(ca_file)
    except (OSError, ssl.SSLError) as fault:
        raise HubMisconfigured(f"outbound_ca_file {ca_file}: expected PEM") from fault
    return JwksFetcher(reachable(networks), tls)


def _context() -> ssl.SSLContext:
    tls = ssl.create_default_context()
    tls.minimum_version = ssl.TLSVersion.TLSv1_2
    return tls


@cache
def _known_to_the_machine() -> ssl.SSLContext:
    """Who the machine trusts: reading them takes longer than all else a hub starts with."""
    return _context()


class _Reply:
    """What the parser tells, as far as it is of use."""

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}
        self.body = bytearray()
        self.head_read = False
        self.over = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self.head_read = True

    def on_body(self, data: bytes) -> None:
        self.body += data

    def on_message_complete(self) -> None:
        self.over = True


async def _answer(reader: asyncio.StreamReader) -> FetchedText:
    reply, read = _Reply(), 0
    parser = httptools.HttpResponseParser(reply)
    while not reply.over:
        data = await reader.read(16 * 1024)
        if not data:
            # RFC 9112, 6.3: without a length, a body ends where the connection does.
            if (
                not reply.head_read
                or {"content-length", "transfer-encoding"} & reply.headers.keys()
            ):
                raise EOFError
            break
        read += len(data)
        parser.feed_data(data)
        if len(reply.body) > LARGEST or read > LARGEST + _LONGEST_HEAD:
            raise NotFetched("too-large")
        if not reply.head_read and read > _LONGEST_HEAD:
            raise NotFetched("too-large")
        if reply.head_read:
            _check_head(parser.get_status_code(), reply.headers)
    try:
        return FetchedText(reply.body.decode("utf-8"), _fresh(reply.headers))
    except UnicodeDecodeError as error:
        raise NotFetched("json") from error


def _check_head(status: int, headers: dict[str, str]) -> None:
    if 300 <= status < 400:
        raise NotFetched("redirect", attack=True)
    if status != 200:
        raise NotFetched(f"status-{status}")
    if headers.get("content-type", "").partition(";")[0].strip().lower() not in _MEDIA:
        raise NotFetched("media-type")
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise NotFetched("media-type")
    length = headers.get("content-length", "0")
    if not length.isdigit() or int(length[:9]) > LARGEST:
        raise NotFetched("too-large")


def _fresh(headers: dict[str, str]) -> int:
    """Seconds the set is fresh: as Cache-Control says, between the floor and the ceiling."""
    control = headers.get("cache-control", "").lower()
    if "no-store" in control or "no-cache" in control:
        return FLOOR
    found = _MAX_AGE.search(control)
    return USUAL if found is None else min(max(int(found[1]), FLOOR), CEILING)
