"""A decision with what it was made on: the check, the order line, the candidate that was used.

Only the caller's own institution's decisions exist for it; the operator sees all. A decision that
another replaced is history: what is given back is the one that stands.
"""

from dataclasses import dataclass, replace
from typing import Any

from hie.access.actor import Actor, ActorKind
from hie.access.policy import Restriction, restriction
from hie.access.reaching import sight_of_call
from hie.access.scopes import Interaction
from hie.audit.event import Subject
from hie.canonical.recognised import Item, Party
from hie.errors import Conflict, Fault, ResourceNotFound
from hie.exchange.hub import Hub
from hie.fhir.elements import instant
from hie.store import checks, users
from hie.store import decisions as store
from hie.store.checks import Check
from hie.store.decisions import Decision
from hie.store.session import Reader


@dataclass(frozen=True, slots=True)
class Made:
    """One decision and its order in the check's answer; `candidate` None: none was named."""

    decision: Decision
    check: Check
    order: dict[str, Any]
    candidate: dict[str, Any] | None

    @property
    def is_use(self) -> bool:
        """Whether an earlier result is used."""
        return self.decision.decision == "use"


def institution_of(actor: Actor) -> str | None:
    """Whose checks and decisions the actor may see; None, everybody's, for the operator alone."""
    return None if actor.kind is ActorKind.OPERATOR else actor.institution


def sight_of(actor: Actor, check: Check) -> Restriction:
    """What a record may be made of: what its institution may see, whatever types its scopes name.

    The scope of the door permits the use of a result that was decided on, not reading others. Whom
    the check was about is in reach: what was decided for them is the institution's to read again.
    """
    homes = check.body.get("facts", {}).get("identity", {}).get("homes") or ()
    if actor.kind is ActorKind.USER:
        return replace(restriction(actor, Interaction.READ), declared=frozenset(homes))
    return replace(sight_of_call(actor), declared=frozenset(homes))


async def get_made(reader: Reader, actor: Actor, key: str) -> Made:
    """A decision that stands. Raises ResourceNotFound, and Conflict when another replaced it."""
    found = await store.find(reader, key, institution_of(actor))
    if found is None:
        raise ResourceNotFound("no such decision")
    if found.state == "replaced":
        standing = await store.standing_of(reader, found.check, found.ref)
        now = "" if standing is None else f"/v1/decisions/{standing.id}"
        raise Conflict("another decision replaced this one", (Fault("id", "replaced", now),))
    check = await checks.get(reader, found.check, institution_of(actor))
    return made_on(found, check)


async def standing_in(reader: Reader, actor: Actor, key: str) -> tuple[Check, list[Made]]:
    """A check and all its decisions that stand, by order line. Raises ResourceNotFound."""
    check = await checks.get(reader, key, institution_of(actor))
    made = {
        one.ref: made_on(one, check)
        for one in await store.of_check(reader, key)
        if one.state != "replaced"
    }
    refs = [order["ref"] for order in check.body["answer"]["orders"]]
    return check, [made[ref] for ref in refs if ref in made]


def made_on(decision: Decision, check: Check) -> Made:
    """The decision beside the order line and candidate it names."""
    order = next(one for one in check.body["answer"]["orders"] if one["ref"] == decision.ref)
    chosen = (one for one in order["candidates"] if one["assessment"] == decision.assessment)
    return Made(decision, check, order, next(chosen, None))


def item_of(hub: Hub, key: str) -> Item:
    """An item or class of the catalogue; one that left it is known by its key alone."""
    klass = hub.catalogue.classes.get(key)
    if klass is not None:
        return Item(key, klass.zh, klass.en, is_imaging=True)
    item = hub.catalogue.items.get(key)
    if item is None:
        return Item(key, key, key, is_imaging=False)
    return Item(key, item.zh, item.en, is_imaging=False)


async def party_of(hub: Hub, code: str, at_us: int, name: str | None = None) -> Party:
    """An institution as the register named it on that day; else by the name given, or its code."""
    registers, _ = await hub.registers.current()
    row = registers.institution(code, instant(at_us).date())
    return Party(code, row.name if row is not None else name or code)


async def name_of(reader: Reader, decision: Decision) -> str | None:
    """The clinician's name, when the decision names a person who signs in here."""
    for account in (
        await users.by_login(reader, decision.practitioner),
        await users.find(reader, decision.practitioner),
    ):
        if account is not None and account.institution == decision.institution:
            return account.name
    return None


def subjects_of(check: Check, home: str | None, *resources: str) -> tuple[Subject, ...]:
    """Whom a retrieval concerns, for the audit log."""
    if home is None and check.person is None:
        return ()
    return (Subject(home, check.person, tuple(dict.fromkeys(resources))),)
