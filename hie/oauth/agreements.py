"""Institutions' agreements at the doors, remembered for two seconds in every process.

Whoever comes in is bound by what their institution agreed on: scopes that are not agreed are taken
away, a purpose that is not is refused, and what remains goes on with the caller.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from hie.access.actor import Actor
from hie.access.agreement import STANDARD, Agreement
from hie.access.reason import Reason
from hie.errors import Fault, NotPermitted
from hie.store import agreements
from hie.store.database import Database

FRESH = 2.0  # seconds


class Agreements:
    """Looks agreements up: there is one for each institution of a region at most."""

    def __init__(self, db: Database, clock: Callable[[], float]) -> None:
        self._db = db
        self._clock = clock
        self._at = 0.0
        self._known: Mapping[str, Agreement] | None = None

    async def of(self, institution: str) -> Agreement:
        """What this institution agreed on, as it was at most `FRESH` seconds ago."""
        now = self._clock()
        if self._known is None or not 0 <= now - self._at < FRESH:
            async with self._db.reading() as reader:
                self._known = await agreements.every(reader)
            self._at = now
        return self._known.get(institution, STANDARD)

    def forget(self) -> None:
        """Look anew: an agreement was changed in this process."""
        self._known = None


async def bound(known: Agreements, actor: Actor) -> Actor:
    """The caller within their institution's agreement; raises NotPermitted for another purpose."""
    agreed = await known.of(actor.institution)
    if not agreed.permits_purpose(actor.purpose):
        fault = Fault("access", Reason.PURPOSE, "a purpose of use the institution agreed on")
        raise NotPermitted("not permitted", (fault,))
    if agreed is STANDARD:
        return actor
    return replace(actor, scopes=agreed.within(actor.scopes), agreement=agreed)
