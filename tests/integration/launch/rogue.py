"""An identity provider that answers what a test tells it to: for what no honest one would say."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hie.exchange.hub import Hub
from tests.integration.launch.provider import CLIENT, SUBJECT, IdentityProvider
from tests.integration.oauth.tokens.key_server import NAME, certificate
from tests.unit.access.tokens import ec_key, jwk_of, signed

KEY = ec_key("P-256", 7)
HEAD = "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n"


@dataclass
class Rogue:
    """What it says at its addresses; `answers` has the whole answer to a path, where one is set."""

    port: int = 0
    id_token: str = ""
    discovery: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, bytes] = field(default_factory=dict)
    forms: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    @property
    def issuer(self) -> str:
        return f"https://{NAME}:{self.port}"

    def said(self, path: str) -> bytes:
        """The answer to a path."""
        if path in self.answers:
            return self.answers[path]
        whole: dict[str, dict[str, Any]] = {
            "/.well-known/openid-configuration": {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/auth",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/jwks",
                "authorization_response_iss_parameter_supported": True,
                **self.discovery,
            },
            "/jwks": {"keys": [jwk_of(KEY, kid="k", alg="ES256")]},
            "/token": {"id_token": self.id_token, "access_token": "x", "token_type": "Bearer"},
        }
        return answer_of(json.dumps(whole[path]))

    def claims(self, nonce: str, now: float, /, **changes: Any) -> dict[str, Any]:
        """The claims of a good id_token, with changes; None leaves one out."""
        good = {
            "iss": self.issuer,
            "sub": SUBJECT,
            "aud": CLIENT,
            "iat": int(now),
            "exp": int(now) + 3600,
            "nonce": nonce,
        }
        return {k: v for k, v in {**good, **changes}.items() if v is not None}


def answer_of(body: str, status: str = "200 OK", *more: str) -> bytes:
    """A whole answer."""
    data = body.encode()
    lines = "".join(f"{line}\r\n" for line in more)
    return f"{HEAD.format(status=status, length=len(data))}{lines}\r\n".encode() + data


def id_token(claims: dict[str, Any], **header: Any) -> str:
    """Signed by the provider's key."""
    named = {"alg": "ES256", "kid": "k", "typ": "JWT", **header}
    return signed({k: v for k, v in named.items() if v is not None}, claims, KEY, "ES256")


@asynccontextmanager
async def rogue(folder: Path, hub: Hub) -> AsyncIterator[Rogue]:
    """It listens, and the hub trusts its certificate."""
    folder.mkdir()
    cert, private = certificate(folder)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(cert, private)
    found = Rogue()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            path = head.split(" ")[1]
            found.asked.append(path)
            length = [one for one in head.split("\r\n") if one.startswith("Content-Length: ")]
            if length:
                found.forms.append((await reader.readexactly(int(length[0][16:]))).decode())
            writer.write(found.said(path))
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    found.port = server.sockets[0].getsockname()[1]
    IdentityProvider(found.port, cert).trusted_by(hub)
    try:
        yield found
    finally:
        server.close()
