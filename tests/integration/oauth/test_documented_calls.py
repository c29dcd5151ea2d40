"""The examples of docs/access.md and docs/tokens.md, run as they stand against doors on a real socket."""

import json
import os
import re
import shutil
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
import uvicorn
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from hie.access.compact import read_compact
from hie.access.jwk import thumbprint
from tests.integration.oauth.conftest import Clock, Hub, Making, register
from tests.unit.access.tokens import CLIENT, rsa_key

pytestmark = pytest.mark.anyio

DOCS = Path(__file__).parents[3] / "docs"


def example(language: str, containing: str, page: str = "access.md") -> str:
    text = (DOCS / page).read_text("utf-8")
    blocks = re.findall(rf"^```{language}\n(.*?)^```", text, re.M | re.S)
    (found,) = (block for block in blocks if containing in block)
    return str(found)


class RealClock(Clock):
    def __call__(self) -> float:
        return time.time()


@asynccontextmanager
async def served(making: Making) -> AsyncIterator[tuple[Hub, str]]:
    """Doors listening on a free port of this machine, under their own address."""
    import socket

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        address = f"http://localhost:{listening.getsockname()[1]}"
        hub = making(address, clock=RealClock())
        config = uvicorn.Config(hub.app, log_level="error", lifespan="off", server_header=False)
        server = uvicorn.Server(config)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(server.serve, [listening])
            yield hub, address
            server.should_exit = True


def environment(address: str, folder: Path) -> dict[str, str]:
    key = folder / "lis.key"
    private = rsa_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    key.write_bytes(private)
    named = {"HUB": address, "CLIENT": CLIENT, "KEY": str(key)}
    return {**os.environ, **named, "KID": thumbprint(rsa_key().public_key())}


def public_pem() -> str:
    public = rsa_key().public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


async def test_the_python_example_prints_a_token(making: Making, tmp_path: Path) -> None:
    async with served(making) as (hub, address):
        await register(hub, key={"pem": public_pem()})
        code = example("python", "jwt.encode")
        command = [sys.executable, "-c", code]
        done = await anyio.run_process(command, env=environment(address, tmp_path))
    payload = read_compact(done.stdout.decode().strip()).payload
    assert payload["client_id"] == CLIENT
    assert payload["aud"] == f"{address}/fhir"


async def test_the_example_for_a_person_prints_their_token(making: Making, tmp_path: Path) -> None:
    async with served(making) as (hub, address):
        await register(hub, key={"pem": public_pem()}, scopes=("user/*.rs",))
        code = example("python", "jwt.encode", "tokens.md")
        command = [sys.executable, "-c", code]
        done = await anyio.run_process(command, env=environment(address, tmp_path))
    payload = read_compact(done.stdout.decode().strip()).payload
    assert (payload["client_id"], payload["scope"]) == (CLIENT, "user/Observation.rs")
    assert payload["patient"] == "Patient/8f4e"


async def test_the_shell_example_prints_a_token(making: Making, tmp_path: Path) -> None:
    if shutil.which("curl") is None or shutil.which("openssl") is None:
        pytest.skip("curl or openssl is not installed here")
    async with served(making) as (hub, address):
        await register(hub, key={"pem": public_pem()})
        command = ["sh", "-ec", example("sh", "curl")]
        done = await anyio.run_process(command, env=environment(address, tmp_path))
    assert json.loads(done.stdout)["scope"] == "hie/order-check system/Observation.rs"


async def test_the_example_keys_are_taken(tmp_path: Path) -> None:
    from hie.access.keys import accept_keys

    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed here")
    await anyio.run_process(["sh", "-ec", example("sh", "genpkey")], cwd=tmp_path)
    (key,) = accept_keys({"pem": (tmp_path / "lis.pub").read_text()})
    assert key.algorithm == "RS384"
