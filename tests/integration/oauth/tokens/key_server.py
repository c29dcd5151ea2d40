"""A partner's key server on this machine: TLS, whatever answer a test wants, and a count of calls."""

import asyncio
import datetime
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from hie.oauth.jwks_address import Reachable, reachable
from hie.oauth.jwks_fetch import JwksFetcher
from tests.unit.access.tokens import ec_key, jwk_of

NAME = "keys.partner.example"
Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


def a_set(*numbers: int, **changes: Any) -> bytes:
    """The set of these keys, each changed alike; `f1` is the name of key 1."""
    keys = [jwk_of(ec_key("P-384", n), kid=f"f{n}") | changes for n in numbers]
    return json.dumps({"keys": keys}).encode()


def answering(body: bytes, status: str = "200 OK", **headers: str) -> Answer:
    """A plain answer; `_` in a header's name stands for `-`, None takes one away."""
    named = {"Content_Type": "application/jwk-set+json", "Content_Length": str(len(body))} | headers
    head = "".join(
        f"{name.replace('_', '-')}: {value}\r\n" for name, value in named.items() if value
    )

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body)
        await writer.drain()

    return answer


@dataclass
class KeyServer:
    """What the server answers, and how often it was called."""

    port: int
    answer: Answer
    calls: int = 0
    requests: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"https://{NAME}:{self.port}/jwks.json"


def certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    cert, private = folder / "server.pem", folder / "server.key"
    cert.write_bytes(made.public_bytes(Encoding.PEM))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return cert, private


@asynccontextmanager
async def key_server(folder: Path, answer: Answer) -> AsyncIterator[tuple[KeyServer, JwksFetcher]]:
    """A server, and a fetcher that trusts it and finds it by its name."""
    cert, private = certificate(folder)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(cert, private)
    found = KeyServer(0, answer)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        found.calls += 1
        try:
            found.requests.append(await reader.readuntil(b"\r\n\r\n"))
            await found.answer(writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    found.port = server.sockets[0].getsockname()[1]

    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    networks = reachable(["127.0.0.0/8"]).networks
    reach = Reachable(networks, frozenset({None, 443, 8443, found.port}))
    trusting = ssl.create_default_context(cafile=str(cert))
    try:
        yield found, JwksFetcher(reach, trusting, resolve, seconds=1.0)
    finally:
        server.close()
        server.close_clients() if hasattr(server, "close_clients") else None
