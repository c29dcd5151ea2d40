"""What nearly every request asks of the database, looked up once in two seconds in each process.

What another process changed is known here `FRESH` seconds later, what this one changed at once
(`forget`). A clock that was set back makes it look anew.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

FRESH = 2.0  # seconds
MOST = 4096
Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Looked(Generic[Key, Value]):
    """Values by key. `look` is given the key, and the value of before if there is one still."""

    def __init__(
        self,
        look: Callable[[Key, Value | None], Awaitable[Value]],
        clock: Callable[[], float],
        most: int = MOST,
    ) -> None:
        self._look = look
        self._clock = clock
        self._most = most
        self._seen: OrderedDict[Key, tuple[float, Value]] = OrderedDict()
        self._forgotten = 0

    async def of(self, key: Key) -> Value:
        """The value, as it was at most `FRESH` seconds ago."""
        now = self._clock()
        seen = self._seen.get(key)
        if seen is not None and 0 <= now - seen[0] < FRESH:
            return seen[1]
        forgotten = self._forgotten
        value = await self._look(key, None if seen is None else seen[1])
        if forgotten == self._forgotten:  # else it was read before what was changed meanwhile
            self._seen[key] = (now, value)
            self._seen.move_to_end(key)
            if len(self._seen) > self._most:
                self._seen.popitem(last=False)
        return value

    def forget(self, key: Key) -> None:
        """Look this one up anew: it was changed in this process."""
        self._forgotten += 1
        self._seen.pop(key, None)

    def forget_all(self) -> None:
        """Look everything up anew."""
        self._forgotten += 1
        self._seen.clear()
