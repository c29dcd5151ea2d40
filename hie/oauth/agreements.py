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
from hie.oauth.looked import Looked
from hie.store import agreements
from hie.store.database import Database


class Agreements:
    """Looks agreements up: there is one for each institution of a region at most."""

    def __init__(self, db: Database, clock: Callable[[], float]) -> None:
        self._db = db
        self._known = Looked(self._look, clock)

    async def of(self, institution: str) -> Agreement:
        """What this institution agreed on, as it was at most two seconds ago."""
        return (await self._known.of(None)).get(institution, STANDARD)

    def forget(self) -> None:
        """Look anew: an agreement was changed in this process."""
        self._known.forget_all()

    async def _look(
        self, _: None, before: Mapping[str, Agreement] | None
    ) -> Mapping[str, Agreement]:
        async with self._db.reading() as reader:
            return await agreements.every(reader)


async def bound(known: Agreements, actor: Actor) -> Actor:
    """The caller within their institution's agreement; raises NotPermitted for another purpose."""
    agreed = await known.of(actor.institution)
    if not agreed.permits_purpose(actor.purpose):
        fault = Fault("access", Reason.PURPOSE, "a purpose of use the institution agreed on")
        raise NotPermitted("not permitted", (fault,))
    if agreed is STANDARD:
        return actor
    return replace(actor, scopes=agreed.within(actor.scopes), agreement=agreed)
