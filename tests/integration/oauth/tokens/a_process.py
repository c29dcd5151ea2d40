"""The doors of a hub as a process of its own: `python -m … URL DATA_DIR PORT`, on a database made.

It serves until it is ended; it is one of several on the same database and the same keys.
"""

import asyncio
import socket
import sys
from pathlib import Path

import uvicorn

from hie.oauth.entrance import open_entrance
from hie.oauth.rotation import open_ring
from hie.store.database import Database
from hie.store.ledger import Ledger
from tests.integration.oauth.conftest import application


async def serve(url: str, folder: Path, port: int) -> None:
    """Serve on this port under the address both processes share."""
    db = await Database.open(url, folder)

    async def status(code: str) -> str | None:
        return "active"

    entrance = open_entrance(
        db, Ledger(db), open_ring(folder), "http://localhost:1", status, rate_limits=False
    )
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
        listening.listen()
        config = uvicorn.Config(application(entrance), log_level="error", lifespan="off")
        await uvicorn.Server(config).serve([listening])


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))
