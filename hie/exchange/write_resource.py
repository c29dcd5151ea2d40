"""One resource written by a client of the FHIR door: created, changed or deleted, in one unit.

FHIR R4 http.html#create, #update, #patch, #delete. A resource is checked like one the hub builds;
what it points at must be there. A client writes for its institution and changes only what its
institution wrote or sent.
"""

from collections.abc import Callable

from hie.errors import (
    Conflict,
    Fault,
    InvalidRequest,
    ResourceNotFound,
    UnprocessableRequest,
    VersionMismatch,
)
from hie.exchange import consenting, label_flow, label_writes, reopen
from hie.exchange.acting_for import check_about, check_doers, codes_of
from hie.exchange.create_resources import (
    New,
    check_sound,
    check_unknown,
    clean,
    create_all,
    settled,
    taken,
)
from hie.exchange.pointing import check_pointers, home_of, known_to, pointed_at
from hie.exchange.relating import unrelated
from hie.exchange.standing import check_owner, check_version, standing_of
from hie.exchange.writing import Writing, Written, keys_of, person_locks
from hie.fhir import Resource
from hie.store import identifiers, locate, resources, rewriting
from hie.store.ids import new_id
from hie.store.resources import Put
from hie.store.served import Stored


async def create(writing: Writing, tree: Resource) -> Written:
    """Write a new resource under an id of the hub's.

    Raises UnprocessableRequest naming each fault, Conflict when its identifier is taken.
    """
    await writing.hold(person_locks(tree, writing.now_us))
    (made,) = await create_all(writing, [New(new_id(), tree)])
    return made


async def update(
    writing: Writing,
    kind: str,
    key: str,
    tree: Resource,
    if_match: int | None = None,
    *,
    found: Stored | None = None,
    only_new: bool = False,
) -> Written:
    """Write the next version; an id that is not known is created where the client may choose ids.

    The same content again changes nothing. `found` is what a condition found; `only_new`: nothing
    may be there (If-None-Match: *). Raises VersionMismatch when `if_match` is not the version that
    stands, NotPermitted for what another institution wrote.
    """
    if tree.get("id") != key:
        raise InvalidRequest("another id", (Fault(f"{kind}.id", "other-id", "the URL's id"),))
    await writing.hold(person_locks(tree, writing.now_us))
    standing = await standing_of(writing, kind, key, found)
    check_version(standing, kind, if_match)
    if standing is None:
        await check_unknown(writing, kind, key)
        (made,) = await create_all(writing, [New(key, tree, is_named=True)])
        return made
    if only_new:
        raise VersionMismatch(f"{kind}: a version stands")
    return await _changed(writing, standing, tree)


async def patch(
    writing: Writing,
    kind: str,
    key: str,
    change: Callable[[Resource], Resource],
    if_match: int | None = None,
    *,
    found: Stored | None = None,
) -> Written:
    """Write what a patch makes of the version that stands, held while it is patched.

    Raises what `change` does, ResourceNotFound when there is nothing to patch.
    """
    standing = await standing_of(writing, kind, key, found)
    if standing is None:
        raise ResourceNotFound(f"no {kind} to patch")
    check_version(standing, kind, if_match)
    after = change(standing.resource())
    label_writes.check_not_lowered(standing, after)
    return await _changed(writing, standing, after)


async def delete(
    writing: Writing,
    kind: str,
    key: str,
    if_match: int | None = None,
    *,
    found: Stored | None = None,
) -> Written | None:
    """Delete a resource; None when there is none (or it is deleted already).

    Raises Conflict for a patient of whom anything is left.
    """
    standing = await standing_of(writing, kind, key, found)
    if standing is None:
        return None
    check_version(standing, kind, if_match)
    await check_owner(writing, standing)
    if kind == "Patient":
        if await rewriting.has_rows(writing.unit, key):
            raise Conflict("resources of this patient are still there")
        await identifiers.replace(writing.unit, {key: ()})
    old = standing.resource()
    version = await rewriting.delete(writing.unit, standing, writing.writer, writing.now_us)
    await locate.release(writing.unit, writing.institution, keys_of(old), key)
    await unrelated(writing, standing)
    if kind == "Consent":
        await consenting.withdrawn(writing, [standing.home])
    withdrawn = {**old, "status": "entered-in-error"}
    writing.revisions += reopen.revision(writing.actor, kind, key, old, standing.version, withdrawn)
    return Written(204, kind, key, version, standing.home)


async def finish(writing: Writing) -> None:
    """Last in the unit: decisions that rest on what changed are opened again."""
    await reopen.corrected(writing.unit, writing.revisions, writing.now_us)


async def _changed(writing: Writing, standing: Stored, tree: Resource) -> Written:
    """The next version of one that stands and is held; itself when it says the same."""
    kind, key = standing.type, standing.id
    await check_owner(writing, standing)
    after, old = clean(tree), standing.resource()
    if label_writes.says_no_more(standing, clean(old), after):
        return Written.of(200, standing)
    check_sound(after, key)
    check_doers(writing, after, await codes_of(writing, {key: after}))
    await check_about(writing, after)
    says = await label_writes.label_of_change(writing, standing, after)
    label = None if says is None else label_writes.next_label(standing, after, says)
    if label_writes.is_same(standing, clean(old), after, label):
        return Written.of(200, standing)
    pointed = pointed_at(after)
    known = await known_to(writing, [(after, pointed)])
    check_pointers(writing, after, pointed, known)
    is_loose = kind == "Binary" and standing.home == key  # about nobody: its writer's alone
    if not is_loose and await home_of(writing, key, after, known) != standing.home:
        fault = Fault(f"{kind}.subject", "other-patient", "the patient it was written for")
        raise UnprocessableRequest("a resource stays with its patient", (fault,))
    await _change_identifiers(writing, key, old, after)
    report = await resources.report_of(writing.unit, standing)
    put = Put(kind, standing.home, key, after, writing.writer, report, label=label)
    await resources.put(writing.unit, [put], now_us=writing.now_us)
    if label is not None:
        nodes = {(kind, key): label_flow.Node(standing.home, after, label)}
        rose = label_writes.rises(standing, label)
        await label_flow.raise_others(writing.unit, writing.writer, nodes, rose=rose)
        await label_writes.tell_kept(writing, standing, after, says)
    writing.revisions += reopen.revision(writing.actor, kind, key, old, standing.version, after)
    (made,) = (await resources.current(writing.unit, [(kind, key)])).values()
    await settled(writing, [(after, made)])
    return Written.of(200, made)


async def _change_identifiers(writing: Writing, key: str, old: Resource, after: Resource) -> None:
    """Take the business identifiers a version adds, give back those it leaves out."""
    before, now = keys_of(old), keys_of(after)
    added = [(one, key) for one in now if one not in before]
    if await locate.take(writing.unit, writing.institution, added):
        raise taken(str(after["resourceType"]))
    gone = [one for one in before if one not in now]
    await locate.release(writing.unit, writing.institution, gone, key)
