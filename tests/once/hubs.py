"""Hubs of one database as processes of their own: started, killed, started again."""

import asyncio
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import httpx
import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from hie.app import opened
from hie.exchange.commands import run
from hie.settings import Settings
from tests.integration.imaging.support import free_port
from tests.places import Place, elsewhere

INSTITUTION, CLIENT = "91110000802100433B", "once"
_FRESH = 120.0  # seconds a token is used; it lives five minutes


@dataclass
class Hubs:
    """`hie serve` in several processes on one database (SQLite: one), all under one address."""

    place: Place
    ports: list[int]
    address: str
    assertion: Callable[[], str]
    processes: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)
    _token: tuple[float, str] = (0.0, "")

    def start(self, port: int) -> None:
        """Start the process of a port; it answers a little later."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("HIE_")}
        environment = {
            **kept,
            "HIE_DATA_DIR": str(self.place.data_dir),
            "HIE_BASE_URL": self.address,
            "HIE_PORT": str(port),
            "HIE_DICOM_PORT": "0",
            "HIE_MLLP_PORT": "0",
            "HIE_RATE_LIMITS": "false",
            "HIE_MESSAGE_WORKERS": "0",
            "HIE_PIXEL_WORKERS": "0",
            "HIE_LOG_LEVEL": "error",
        }
        if self.place.url:
            environment["HIE_DATABASE_URL"] = self.place.url
        self.processes[port] = subprocess.Popen(
            [sys.executable, "-m", "hie", "serve"],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    async def ready(self, port: int) -> None:
        """Wait until a process answers."""
        until = time.monotonic() + 120
        async with httpx.AsyncClient() as client:
            while time.monotonic() < until:
                with suppress(httpx.HTTPError):
                    answer = await client.get(f"http://127.0.0.1:{port}/readyz", timeout=2)
                    if answer.status_code == 200:
                        return
                assert self.processes[port].poll() is None, "the hub ended by itself"
                await asyncio.sleep(0.1)
        raise AssertionError("the hub did not come up")

    def kill(self, port: int) -> None:
        """kill -9: nothing is finished, nothing is said."""
        os.killpg(self.processes[port].pid, signal.SIGKILL)
        self.processes[port].wait()

    def stop(self) -> None:
        """End all, and wait."""
        for process in self.processes.values():
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
        for process in self.processes.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(20)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(5)

    async def token(self, client: httpx.AsyncClient) -> str:
        """An access token that is still good for a while, asked of whichever hub answers."""
        given, text = self._token
        if time.monotonic() - given < _FRESH:
            return text
        for attempt in range(600):
            port = self.ports[attempt % len(self.ports)]
            form = {
                "grant_type": "client_credentials",
                "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                "client_assertion": self.assertion(),
            }
            with suppress(httpx.TransportError):
                answer = await client.post(f"http://127.0.0.1:{port}/oauth/token", data=form)
                if answer.status_code == 200:
                    self._token = time.monotonic(), str(answer.json()["access_token"])
                    return self._token[1]
                assert answer.status_code == 503, answer.text
            await asyncio.sleep(0.1)
        raise AssertionError("nobody gives a token")


def hubs_on(place: Place, count: int) -> Hubs:
    """Hubs on a database, none started yet, with a client registered that may write."""
    ports = [free_port() for _ in range(count)]
    address = f"http://localhost:{ports[0]}"
    key = ec.generate_private_key(ec.SECP384R1())
    pem = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    asked = {
        "client": CLIENT,
        "institution": INSTITUTION,
        "key": {"pem": pem.decode()},
        "scopes": ["system/*.cruds"],
        "name": CLIENT,
        "purposes": ["TREAT"],
    }

    async def registered() -> str:
        settings = Settings(
            data_dir=place.data_dir, database_url=place.url, base_url=address, port=ports[0]
        )
        async with opened(settings) as hub:
            return str((await run(hub, "client-add", asked))["kids"][0])

    kid = elsewhere(registered)

    def assertion() -> str:
        now = int(time.time())
        claims = {"iss": CLIENT, "sub": CLIENT, "aud": f"{address}/oauth/token", "iat": now}
        claims |= {"exp": now + 240, "jti": str(uuid.uuid4())}
        return jwt.encode(claims, key, "ES384", {"kid": kid})

    return Hubs(place, ports, address, assertion)
