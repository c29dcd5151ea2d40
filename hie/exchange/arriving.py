"""What waits in this process to be kept: the instances between their file and their row."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from hie.store.instances import Arrived
from hie.store.messages import Kept

Waiting = tuple[Arrived, Path, "asyncio.Future[Kept]"]


@dataclass(slots=True)
class Arriving:
    """Instances whose files are written; `task` commits them, many at once."""

    waiting: list[Waiting] = field(default_factory=list)
    task: "asyncio.Task[None] | None" = None
