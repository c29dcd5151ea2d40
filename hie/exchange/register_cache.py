"""The registers in force, in memory, renewed when a newer import is seen.

A whole region's registers are some thousand rows; every rule asks them. Reading them once for each
import, not once for each question, is what keeps an order-check within its time.
"""

import time
from collections import OrderedDict

from hie.recognition.eligibility import Registers
from hie.recognition.policy import PolicyBook
from hie.store import registers as store
from hie.store.database import Database

_LOOK_EVERY = 1.0  # seconds between two looks for a newer import
_FORMER = 4  # imports of earlier instants in memory at once


class RegisterCache:
    """The newest registers and policies of one database."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._held: tuple[Registers, PolicyBook] | None = None
        self._version = -1
        self._looked = float("-inf")
        self._former: OrderedDict[int, tuple[Registers, PolicyBook]] = OrderedDict()

    async def current(self) -> tuple[Registers, PolicyBook]:
        """Registers and policies as imported last; at most a second behind another process."""
        now = time.monotonic()
        if self._held is None or now - self._looked >= _LOOK_EVERY:
            async with self._db.reading() as reader:
                version = await store.version(reader)
                if self._held is None or version != self._version:
                    rows = await store.load(reader)
                    self._held = (Registers(rows), PolicyBook.of(rows))
                    self._version = version
            self._looked = now
        return self._held

    async def known_at(self, known_at_us: int) -> tuple[Registers, PolicyBook]:
        """Registers and policies that had been imported by an instant (microseconds)."""
        held = await self.current()
        async with self._db.reading() as reader:
            version = await store.version(reader, known_at_us)
            if version == held[0].version:
                return held
            if version not in self._former:
                rows = await store.load(reader, known_at_us)
                self._former[version] = Registers(rows), PolicyBook.of(rows)
        self._former.move_to_end(version)
        while len(self._former) > _FORMER:
            self._former.popitem(last=False)
        return self._former[version]

    def renew(self) -> None:
        """Look again at the next question: an import was made in this process."""
        self._looked = float("-inf")
