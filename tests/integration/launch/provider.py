"""npm's oidc-provider as a hospital's identity provider, and a browser that goes there and back."""

import json
import ssl
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.oauth.jwks_address import Reachable, reachable
from hie.oauth.jwks_fetch import JwksFetcher
from hie.oauth.oidc_provider import Providers
from tests.clients.node import FOLDER, NODE
from tests.integration.access.support import INSTITUTIONS
from tests.integration.oauth.tokens.key_server import NAME, certificate
from tests.integration.test_doors import BASE

ID, CLIENT, SUBJECT, SECRET = "hospital-a", "the-hub", "e-0017", "a secret of the provider"
BACK = f"{BASE}/sign-in/back/{ID}"


@dataclass
class IdentityProvider:
    """Where it listens, and what the hub trusts it by."""

    port: int
    cert: Path
    cookies: dict[str, str] = field(default_factory=dict)

    @property
    def issuer(self) -> str:
        return f"https://{NAME}:{self.port}"

    def trusted_by(self, hub: Hub) -> None:
        """Let this hub reach the provider, which is on this machine under another name."""

        async def resolve(host: str, port: int) -> list[str]:
            return ["127.0.0.1"]

        reach = Reachable(reachable(["127.0.0.0/8"]).networks, frozenset({None, self.port}))
        tls = ssl.create_default_context(cafile=str(self.cert))
        fetcher = JwksFetcher(reach, tls, resolve)
        object.__setattr__(hub.entrance, "providers", Providers(fetcher, hub.entrance.clock))

    def go(self, address: str) -> str:
        """What a browser is sent back to, from this address of the provider on."""
        for _ in range(10):
            parts = urlsplit(address)
            if parts.hostname != NAME:
                return address
            answer = self._get(f"{parts.path}?{parts.query}")
            assert answer.status_code in {302, 303}, answer.text
            found = answer.headers["location"]
            address = found if "://" in found else f"{self.issuer}{found}"
        raise AssertionError("the provider leads nowhere")

    def _get(self, path: str) -> httpx.Response:
        tls = ssl.create_default_context(cafile=str(self.cert))
        with httpx.Client(verify=tls) as client:
            request = client.build_request(
                "GET",
                f"https://127.0.0.1:{self.port}{path}",
                headers={"Host": f"{NAME}:{self.port}", "Cookie": self._cookie()},
                extensions={"sni_hostname": NAME},
            )
            answer = client.send(request)
        self.cookies |= dict(answer.cookies)
        return answer

    def _cookie(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())


@contextmanager
def provider(
    folder: Path,
    hub: Hub,
    *,
    method: str = "private_key_jwt",
    algorithm: str = "RS256",
    account: str = SUBJECT,
    refuses: bool = False,
) -> Iterator[IdentityProvider]:
    """The provider, with the hub as its client."""
    folder.mkdir(exist_ok=True)
    cert, key = certificate(folder)
    (folder / "node_modules").symlink_to(FOLDER / "node_modules")
    script = folder / "provider.mjs"
    script.write_text(Path(__file__).with_name("provider.mjs").read_text("utf-8"), "utf-8")
    given = {
        "name": NAME,
        "cert": str(cert),
        "key": str(key),
        "account": account,
        "refuses": refuses,
        "algorithm": algorithm,
        "keys": [jwk_of(algorithm)],
        "clients": [_client(hub, method)],
    }
    command = [str(NODE), str(script), json.dumps(given)]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as running:  # noqa: S603
        try:
            assert running.stdout is not None
            found = IdentityProvider(int(running.stdout.readline()), cert)
            found.trusted_by(hub)
            yield found
        finally:
            running.terminate()


async def registered(hub: Hub, issuer: str, **more: Any) -> None:
    """The provider known to the hub, and one of its subjects linked to a person."""
    asked = {"provider": ID, "issuer": issuer, "institution": INSTITUTIONS["a"]}
    await run(hub, "provider-add", {**asked, "client_id": CLIENT, "name": "甲医院", **more})
    await run(hub, "user-link", {"login": "wang", "provider": ID, "subject": SUBJECT})


def _client(hub: Hub, method: str) -> dict[str, Any]:
    keys = hub.entrance.ring.published(hub.entrance.clock())
    proof: Mapping[str, Any] = {
        "private_key_jwt": {
            "jwks": {"keys": [key.jwk() for key in keys]},
            "token_endpoint_auth_signing_alg": "ES256",
        },
        "client_secret_basic": {"client_secret": SECRET},
        "none": {},
    }[method]
    return {
        "client_id": CLIENT,
        "redirect_uris": [BACK],
        "token_endpoint_auth_method": method,
        **proof,
    }


@cache
def key_of(algorithm: str, number: int = 0) -> rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey:
    """A key of the provider's for this algorithm."""
    if algorithm == "ES256":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(65537, 2048)


def jwk_of(algorithm: str) -> dict[str, Any]:
    """The private JWK of that key."""
    kind = jwt.algorithms.ECAlgorithm if algorithm == "ES256" else jwt.algorithms.RSAAlgorithm
    members = json.loads(kind.to_jwk(key_of(algorithm)))
    members.pop("key_ops", None)
    return {**members, "kid": "idp-1", "alg": algorithm, "use": "sig"}
