"""One resource written by a client of the FHIR door: created, changed or deleted, in one unit.

FHIR R4 http.html#create, #update, #delete. A resource is checked like one the hub builds; what it
points at must be there; its business identifiers are taken first, so that one thing is never made
twice. A client writes for its institution and changes only what its institution wrote or sent.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from hie.access.actor import Actor, ActorKind
from hie.access.policy import Restriction
from hie.access.scopes import Door
from hie.errors import (
    Conflict,
    Fault,
    NotPermitted,
    ResourceNotFound,
    UnprocessableRequest,
    VersionMismatch,
)
from hie.exchange import reopen
from hie.exchange.hub import Hub
from hie.exchange.identify import identify, strong_numbers
from hie.exchange.pointing import check_pointers, home_of, results_of
from hie.fhir import LOINC, Resource
from hie.fhir.elements import instant
from hie.fhir.profile import check
from hie.store import locate, resources, rewriting
from hie.store.database import advisory
from hie.store.ids import new_id
from hie.store.index import Mapped
from hie.store.locate import Key
from hie.store.resources import Put
from hie.store.served import Stored
from hie.store.session import Unit
from hie.store.versions import read_many

Ref = tuple[str, str]
_OURS = frozenset({"versionId", "lastUpdated", "source"})


@dataclass(slots=True)
class Writing:
    """One unit of work of one client: who writes, what it may see, what the unit makes.

    `coming`: resources of the same bundle that will be there when it ends, with their homes.
    """

    hub: Hub
    unit: Unit
    actor: Actor
    sight: Restriction
    now_us: int
    coming: dict[Ref, str] = field(default_factory=dict)
    revisions: list[reopen.Revision] = field(default_factory=list)

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


async def create(writing: Writing, tree: Resource, key: str | None = None) -> Written:
    """Write a new resource under an id of the hub's (`key`: one a bundle gave out already).

    Raises UnprocessableRequest naming each fault, Conflict when its identifier is taken.
    """
    kind = str(tree["resourceType"])
    made = key or new_id()
    return await _first(writing, kind, made, tree)


async def update(
    writing: Writing, kind: str, key: str, tree: Resource, if_match: int | None = None
) -> Written:
    """Write the next version; an id that is not known is created where the client may choose ids.

    The same content again changes nothing. Raises VersionMismatch when `if_match` is not the
    version that stands, NotPermitted for what another institution wrote.
    """
    if tree.get("id") != key:
        raise UnprocessableRequest("another id", (Fault(f"{kind}.id", "other-id", "the URL's id"),))
    standing = await standing_of(writing, kind, key)
    if standing is None:
        return await _unknown(writing, kind, key, tree, if_match)
    if if_match is not None and if_match != standing.version:
        raise VersionMismatch(f"{kind}: another version stands")
    await check_owner(writing, standing)
    clean = _clean(tree)
    old = standing.resource()
    if _clean(old) == clean:
        return _written(200, standing)
    home = await _checked(writing, kind, key, clean)
    if home != standing.home:
        fault = Fault(f"{kind}.subject", "other-patient", "the patient it was written for")
        raise UnprocessableRequest("a resource stays with its patient", (fault,))
    before, after = keys_of(old), keys_of(clean)
    await _take(writing, kind, key, [one for one in after if one not in before])
    gone = [one for one in before if one not in after]
    await locate.release(writing.unit, writing.institution, gone, key)
    report = await resources.report_of(writing.unit, standing)
    put = Put(kind, home, key, clean, writing.writer, report, _item_of(writing, clean))
    await resources.put(writing.unit, [put], now_us=writing.now_us)
    writing.revisions += reopen.revision(writing.actor, kind, key, old, standing.version, clean)
    return await _done(writing, kind, key, clean, 200)


async def delete(
    writing: Writing, kind: str, key: str, if_match: int | None = None
) -> Written | None:
    """Delete a resource; None when there is none (or it is deleted already).

    Raises Conflict for a patient of whom anything is left.
    """
    standing = await standing_of(writing, kind, key)
    if standing is None:
        return None
    if if_match is not None and if_match != standing.version:
        raise VersionMismatch(f"{kind}: another version stands")
    await check_owner(writing, standing)
    if kind == "Patient" and await rewriting.has_rows(writing.unit, key):
        raise Conflict("resources of this patient are still there")
    old = standing.resource()
    version = await rewriting.delete(writing.unit, standing, writing.writer, writing.now_us)
    await locate.release(writing.unit, writing.institution, keys_of(old), key)
    withdrawn = {**old, "status": "entered-in-error"}
    writing.revisions += reopen.revision(writing.actor, kind, key, old, standing.version, withdrawn)
    return Written(204, kind, key, version, standing.home)


async def finish(writing: Writing) -> None:
    """Last in the unit: decisions that rest on what changed are opened again."""
    await reopen.corrected(writing.unit, writing.revisions, writing.now_us)


async def standing_of(writing: Writing, kind: str, key: str) -> Stored | None:
    """The current version, locked; None when there is none or it may not be seen."""
    if not await read_many(writing.unit, kind, [key], writing.sight):
        return None
    return (await resources.current(writing.unit, [(kind, key)])).get((kind, key))


async def as_it_is(writing: Writing, kind: str, key: str) -> Written | None:
    """A resource that a condition found, unchanged."""
    standing = await standing_of(writing, kind, key)
    return None if standing is None else _written(200, standing)


async def check_owner(writing: Writing, standing: Stored) -> None:
    """Raises NotPermitted for what another institution wrote or sent."""
    owner = await rewriting.institution_of(writing.unit, standing.message)
    if owner != writing.institution:
        fault = Fault("access", "org", "what the own institution wrote or sent")
        raise NotPermitted("not permitted", (fault,))


def keys_of(tree: Resource) -> list[Key]:
    """The business identifiers of a resource: those with a system and a value."""
    found = tree.get("identifier", ())
    listed = found if isinstance(found, list) else [found]
    return list(
        dict.fromkeys(
            (str(tree["resourceType"]), one["system"], one["value"])
            for one in listed
            if isinstance(one, Mapping) and one.get("system") and one.get("value")
        )
    )


async def _unknown(
    writing: Writing, kind: str, key: str, tree: Resource, if_match: int | None
) -> Written:
    if if_match is not None:
        raise VersionMismatch(f"{kind}: there is no version yet")
    if not writing.may(Door.CLIENT_IDS):
        fault = Fault("id", "unknown-id", f"an id of the hub's, or the scope {Door.CLIENT_IDS}")
        raise ResourceNotFound(f"no {kind} with this id", (fault,))
    await advisory(writing.unit, f"id:{kind}:{key}")
    if await locate.locate(writing.unit, kind, key) is not None:
        raise Conflict(f"{kind}: this id is taken")
    return await _first(writing, kind, key, tree, is_named=True)


async def _first(
    writing: Writing, kind: str, key: str, tree: Resource, *, is_named: bool = False
) -> Written:
    """`is_named`: the client chose the id, so that its identifiers need not tell it apart."""
    clean = _clean(tree)
    writing.coming.setdefault((kind, key), key if kind == "Patient" else "")
    home = await _checked(writing, kind, key, clean)
    await _take(writing, kind, key, keys_of(clean), is_shared=is_named)
    item = _item_of(writing, clean)
    put = Put(kind, home, key, {**clean, "id": key}, writing.writer, None, item)
    # An id the hub made was never there; one the client chose may have been deleted.
    written = resources.put if is_named else resources.insert
    await written(writing.unit, [put], now_us=writing.now_us)
    return await _done(writing, kind, key, clean, 201)


async def _checked(writing: Writing, kind: str, key: str, tree: Resource) -> str:
    """The home of a resource that may be written. Raises UnprocessableRequest."""
    faults = check({**tree, "id": key})
    if faults:
        raise UnprocessableRequest(f"this {kind} is not valid", tuple(faults))
    is_open = writing.may(Door.OPEN_REFERENCES)
    await check_pointers(writing.unit, tree, writing.sight, writing.coming, is_open=is_open)
    return await home_of(
        writing.unit, kind, key, tree, writing.sight, writing.coming, is_open=is_open
    )


async def _take(
    writing: Writing, kind: str, key: str, keys: Iterable[Key], *, is_shared: bool = False
) -> None:
    taken = await locate.take(writing.unit, writing.institution, list(keys), key)
    if taken and not is_shared:
        faults = (Fault(f"{kind}.identifier", "taken", "an identifier nobody else here has"),)
        raise Conflict(f"another {kind} has this identifier", faults)


async def _done(writing: Writing, kind: str, key: str, tree: Resource, status: int) -> Written:
    unit = writing.unit
    if kind == "Patient":
        today = instant(writing.now_us).date()
        await advisory(unit, *strong_numbers(tree, today))
        await identify(unit, {key: tree}, today, writing.now_us)
    (standing,) = (await resources.current(unit, [(kind, key)])).values()
    if kind == "DiagnosticReport":
        await rewriting.link_results(unit, standing.home, key, results_of(tree))
    return _written(status, standing)


def _item_of(writing: Writing, tree: Resource) -> Mapped | None:
    """What an Observation is of by its LOINC code, so that it can stand in for an order."""
    if tree["resourceType"] != "Observation":
        return None
    for coding in tree.get("code", {}).get("coding", ()):
        found = writing.hub.loinc.get(coding.get("code", ""))
        if coding.get("system") == LOINC and found is not None:
            return found[0], "confirmed" if found[1] else "unconfirmed"
    return None


def _written(status: int, one: Stored) -> Written:
    return Written(status, one.type, one.id, one.version, one.home, one)


def _clean(tree: Resource) -> Resource:
    """Without what is ours: the version, when it was written, where it came from."""
    meta = {key: value for key, value in tree.get("meta", {}).items() if key not in _OURS}
    found = {key: value for key, value in tree.items() if key != "meta"}
    return {**found, "meta": meta} if meta else found
