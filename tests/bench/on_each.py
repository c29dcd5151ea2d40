"""A measurement on each database in turn: PostgreSQL on a server of its own, then SQLite.

`HIE_BENCH_DATABASES` names those that are measured.
"""

import asyncio
import os
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from tests.bench.figure import Figure
from tests.postgres import server

DATABASES = os.environ.get("HIE_BENCH_DATABASES", "postgresql,sqlite").split(",")
# The database's name as figures have it, its address (None: SQLite), a folder for its data.
Measured = Callable[[str, str | None, Path], Coroutine[Any, Any, list[Figure]]]


def on_each(measured: Measured, *, durable: bool = True) -> list[Figure]:
    """The figures of each; `durable=False` leaves PostgreSQL's fsync out."""
    figures: list[Figure] = []
    if "postgresql" in DATABASES:
        with tempfile.TemporaryDirectory() as folder, server(durable=durable) as url:
            figures += asyncio.run(measured("PostgreSQL", url, Path(folder)))
    if "sqlite" in DATABASES:
        with tempfile.TemporaryDirectory() as folder:
            figures += asyncio.run(measured("SQLite", None, Path(folder)))
    return figures
