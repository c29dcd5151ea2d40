"""The doors of a hub on a free port of this machine, with one client, for the bench of tokens.

`python -m tests.bench.token_server FOLDER` prints its address and serves until it is ended.
"""

import asyncio
import itertools
import os
import socket
import sys
import time
from functools import cache
from pathlib import Path

import uvicorn
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from hie.oauth.entrance import Entrance, open_entrance
from hie.oauth.registration import Registration, add_client
from hie.oauth.rotation import open_ring
from hie.store.database import Database
from hie.store.ledger import Ledger
from hie.store.migrate import migrate
from tests.integration.oauth.conftest import OPERATOR, application
from tests.unit.access.tokens import INSTITUTION, Private, a_header, rsa_key, signed, verifying

GOOD = "good-1"
KEY = "HIE_BENCH_KEY"  # names the file with the good client's key, for every process of the bench
_numbers = itertools.count(int(time.time() * 1000) * 1000)


def assertion(address: str) -> str:
    """A good assertion of the good client; every process of the bench has the same key."""
    now = int(time.time())
    claims = {"iss": GOOD, "sub": GOOD, "aud": address, "iat": now, "exp": now + 200}
    head = a_header(alg="RS384", kid="g1")
    return signed(head, claims | {"jti": f"{next(_numbers):x}"}, _private(), "RS384")


@cache
def _private() -> Private:
    file = Path(os.environ[KEY])
    if not file.exists():
        made = rsa_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        file.write_bytes(made)
    found = load_pem_private_key(file.read_bytes(), None)
    assert isinstance(found, rsa.RSAPrivateKey)
    return found


async def opened(db: Database, folder: Path, address: str) -> Entrance:
    """The doors of a hub with real rates."""

    async def status(code: str) -> str | None:
        return "active"

    return open_entrance(db, Ledger(db), open_ring(folder), address, status)


async def prepared(entrance: Entrance) -> None:
    """Register the good client."""
    key = verifying(_private(), "RS384", "g1").jwk()
    scopes = ("system/Observation.rs",)
    await add_client(entrance, OPERATOR, Registration(GOOD, INSTITUTION, key, scopes))


async def serve(folder: Path) -> None:
    """Serve until the process is ended."""
    migrate(None, folder)
    db = await Database.open(None, folder)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(1024)
        address = f"http://localhost:{listening.getsockname()[1]}"
        entrance = await opened(db, folder, address)
        await prepared(entrance)
        config = uvicorn.Config(
            application(entrance), log_level="error", lifespan="off", loop="uvloop"
        )
        sys.stdout.write(address + "\n")
        sys.stdout.flush()
        await uvicorn.Server(config).serve([listening])


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
