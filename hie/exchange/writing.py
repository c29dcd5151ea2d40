"""A unit of work of one client of the FHIR door: who writes, what it may see, what it holds.

All locks of a unit are taken at its beginning, in one order, before anything is looked up: two
units never wait for each other in a circle. Where they meet all the same (a deadlock the database
ended, a row that changed between being found and being locked), the whole unit is begun again.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from hie.access.actor import Actor, ActorKind
from hie.access.policy import Restriction
from hie.access.scopes import Door
from hie.errors import Conflict, Contended, Fault, NotPermitted
from hie.exchange import reopen
from hie.exchange.hub import Hub
from hie.exchange.identify import strong_numbers
from hie.fhir import Resource
from hie.fhir.elements import instant
from hie.store import locks
from hie.store.locate import Key
from hie.store.served import Stored
from hie.store.session import Unit

Ref = tuple[str, str]
TAKEN = "taken"  # the fault of an identifier that another resource has
_TRIES = 8
_T = TypeVar("_T")


@dataclass(slots=True)
class Writing:
    """One unit of work of one client: who writes, what it may see, what the unit makes.

    `coming`: resources of the same bundle that will be there when it ends, with their homes.
    `conditional`: whether it asked for something that was not there, and then makes it.
    """

    hub: Hub
    unit: Unit
    actor: Actor
    sight: Restriction
    now_us: int
    coming: dict[Ref, str] = field(default_factory=dict)
    revisions: list[reopen.Revision] = field(default_factory=list)
    held: set[str] = field(default_factory=set)
    conditional: bool = False

    @property
    def points(self) -> Restriction:
        """What a resource may point at: all within sight, of whichever type the scopes speak."""
        return replace(self.sight, types=None, filters=())

    @property
    def institution(self) -> str:
        """For whom is written. Raises NotPermitted for an actor of none."""
        if self.actor.institution is None:
            raise NotPermitted("not permitted", (Fault("access", "org", "an institution"),))
        return self.actor.institution

    @property
    def writer(self) -> str:
        """What stands beside a version that was written here."""
        return f"institution:{self.institution}"

    def may(self, door: Door) -> bool:
        """Whether the token opens a door beyond the scopes of types."""
        return self.actor.kind is ActorKind.OPERATOR or door.value in self.actor.scopes

    async def hold(self, names: Iterable[str], shared: Iterable[str] = ()) -> None:
        """Hold locks until the unit ends; to be asked once, with all of them, before looking."""
        wanted = set(names) - self.held
        beside = set(shared) - self.held - wanted
        if wanted or beside:
            await locks.hold(self.unit, wanted, beside)
            self.held |= wanted | beside


@dataclass(frozen=True, slots=True)
class Written:
    """What became of one write: the HTTP status, and the version that stands (None: deleted)."""

    status: int
    type: str
    id: str
    version: int
    home: str
    stored: Stored | None = None

    @property
    def reference(self) -> str:
        """The versioned reference."""
        return f"{self.type}/{self.id}/_history/{self.version}"

    @classmethod
    def of(cls, status: int, one: Stored) -> "Written":
        """A version that stands."""
        return cls(status, one.type, one.id, one.version, one.home, one)


async def in_one_unit(
    hub: Hub, actor: Actor, sight: Restriction, step: Callable[[Writing], Awaitable[_T]]
) -> _T:
    """Do a step in a unit of work, all of it or nothing; what the step returns.

    The step may be done several times: whoever comes second when two make one thing finds, the
    next time, what the first made. Raises what the step does, Contended after too many tries.
    """
    tries = 0
    while True:
        tries += 1
        conditional = False
        try:
            async with hub.db.unit() as unit:
                writing = Writing(hub, unit, actor, sight, time.time_ns() // 1000)
                try:
                    return await step(writing)
                finally:
                    conditional = writing.conditional
        except Contended:
            if tries == _TRIES:
                raise
        except Conflict as error:
            if tries > 1 or not (conditional and any(f.code == TAKEN for f in error.faults)):
                raise
        await asyncio.sleep(random.uniform(0, 0.01 * 2**tries))  # noqa: S311 - who goes first


def keys_of(tree: Resource) -> list[Key]:
    """The business identifiers of a resource: those with a system and a value."""
    kind = str(tree["resourceType"])
    return list(dict.fromkeys((kind, one["system"], one["value"]) for one in _identifiers(tree)))


def _identifiers(tree: Resource) -> list[Mapping[str, str]]:
    """The identifiers with a system and a value; what is malformed is looked past."""
    found = tree.get("identifier", ())
    return [
        one
        for one in (found if isinstance(found, list) else [found])
        if isinstance(one, dict) and _is_text(one.get("system")) and _is_text(one.get("value"))
    ]


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ""


def identifier_locks(tree: Resource) -> set[str]:
    """The locks of a resource's business identifiers, whatever condition asks for them."""
    return {locks.identifier_name(kind, value) for kind, _, value in keys_of(tree)}


def person_locks(tree: Resource, now_us: int) -> set[str]:
    """The locks of the numbers a Patient may be known by elsewhere; none for other types."""
    if tree.get("resourceType") != "Patient":
        return set()
    return set(strong_numbers({"identifier": _identifiers(tree)}, instant(now_us).date()))
