"""How many bytes of messages all MLLP connections may hold at once: the bound of back-pressure."""

import asyncio


class Room:
    """A number of bytes; who asks for more than is left waits until others gave theirs back."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._waiting: set[asyncio.Future[None]] = set()
        self.taken = 0

    async def take(self, count: int, seconds: float) -> None:
        """Take so many bytes. Raises TimeoutError when there is no room for that long.

        Who comes to an empty room is let in, whatever the size.
        """
        if self._fits(count):
            self.taken += count
            return
        async with asyncio.timeout(seconds):
            while not self._fits(count):
                freed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                self._waiting.add(freed)
                try:
                    await freed
                finally:
                    self._waiting.discard(freed)
        self.taken += count

    def give(self, count: int) -> None:
        """Give bytes back."""
        self.taken -= count
        for freed in self._waiting:
            if not freed.done():
                freed.set_result(None)

    def _fits(self, count: int) -> bool:
        return not self.taken or self.taken + count <= self._size
