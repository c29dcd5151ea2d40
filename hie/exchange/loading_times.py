"""How fast the images of each site load at this moment, as this process's own doors see it (R-611).

Times enter rules as a fact: a candidate says whether its images load slowly *now*, the fact is
stored with the check, and whoever judges it again reads what was seen then. What is remembered is
the last minutes alone, newer times weighing more, and never more than a few hundred a site.
"""

import math
import time
from collections import deque
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from hie.store.database import Database

WINDOW = 300.0  # seconds a time is remembered
_HALF = 60.0  # seconds after which a time weighs half
_SHARE = 0.95
_FEWEST = 3  # times that say anything
_MOST = 256  # times kept for one site


@dataclass(slots=True)
class LoadingTimes:
    """The recent times from asking to the first image, by site; `target` in seconds."""

    target: float = 2.0
    seen: dict[str, deque[tuple[float, float]]] = field(default_factory=dict)

    def note(self, site: str, seconds: float, now: float | None = None) -> None:
        """An image of this site was there after so long. `now` is of the monotonic clock."""
        at = time.monotonic() if now is None else now
        self.seen.setdefault(site, deque(maxlen=_MOST)).append((at, seconds))

    def slowest(self, site: str, now: float | None = None) -> float | None:
        """What 95 of 100 recent images kept to; None: too few were asked for lately."""
        at = time.monotonic() if now is None else now
        times = self.seen.get(site)
        while times and at - times[0][0] > WINDOW:
            times.popleft()
        if times is None or len(times) < _FEWEST:
            return None
        weighed = sorted((seconds, math.exp2((then - at) / _HALF)) for then, seconds in times)
        enough = _SHARE * sum(weight for _, weight in weighed)
        total = 0.0
        for seconds, weight in weighed:
            total += weight
            if total >= enough:
                return seconds
        return weighed[-1][0]

    def is_slow(self, site: str, now: float | None = None) -> bool:
        """Whether images of this site load slower than the target; never when nobody asked."""
        found = self.slowest(site, now)
        return found is not None and found > self.target


_held: WeakKeyDictionary[Database, LoadingTimes] = WeakKeyDictionary()


def loading_of(db: Database) -> LoadingTimes:
    """The times of the hub that has this database open."""
    return _held.setdefault(db, LoadingTimes())
