"""A transaction Bundle: every entry or none; references among them are resolved.

FHIR R4 http.html#transaction, #trules. All locks are taken first. Then each entry learns what it is
about: the resource that its id or condition names, or a new id; then what it points at. Entries may
therefore point at one another in any order, and what becomes of a bundle does not depend on theirs:
deletions, creations, changes. Two entries that mean one resource, or may, fail it.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from hie.errors import Contended, Fault, InvalidRequest
from hie.exchange import write_resource
from hie.exchange.bundle_entry import Entry, naming
from hie.exchange.bundle_references import resolved
from hie.exchange.conditional import hold, matching
from hie.exchange.create_resources import New, check_unknown, create_all
from hie.exchange.overlaps import check_conditions, check_resources
from hie.exchange.standing import check_version
from hie.exchange.writing import Writing, Written, keys_of, person_locks
from hie.store import locate, resources
from hie.store.ids import new_id
from hie.store.locks import id_name


async def transact(writing: Writing, entries: Sequence[Entry]) -> dict[int, Written | None]:
    """Do all of it; what became of each entry, by its place. Raises what the first bad one does."""
    check_conditions(entries)
    await hold(
        writing,
        (one.criteria for one in entries if one.criteria is not None),
        (one.tree for one in entries if one.tree is not None and one.criteria is not None),
        *(id_name(one.kind, one.id) for one in entries if one.method == "PUT" and one.id),
        *(name for one in entries for name in person_locks(one.tree or {}, writing.now_us)),
    )
    known = [await _identified(writing, one) for one in entries]
    check_resources(known)
    links = _links(known)
    known = await resolved(writing, known, links)
    await _stay(writing, known)
    done: dict[int, Written | None] = {}
    for one in sorted(known, key=lambda each: each.kind == "Patient"):  # what is theirs goes first
        if one.method == "DELETE":
            with naming(one):
                done[one.place] = await _deleted(writing, one)
    await _create(writing, known, done)
    for one in known:
        if one.place not in done:
            with naming(one):
                done[one.place] = await _change(writing, one, links)
    return done


async def _identified(writing: Writing, one: Entry) -> Entry:
    """The entry with the id it is about: what its condition finds, what it names, or a new one."""
    if one.criteria is None:
        return replace(one, id=new_id(), is_new=True) if one.method == "POST" else one
    with naming(one):
        found = await matching(writing, one.criteria)
    if found is not None:
        stated = (one.tree or {}).get("id")
        if one.method == "PUT" and stated not in (None, found.id):
            with naming(one):
                fault = Fault("resource.id", "other-id", "the id of what matches, or none")
                raise InvalidRequest("another resource matches", (fault,))
        return replace(one, id=found.id, found=found)
    if one.method in ("POST", "PUT"):
        stated = (one.tree or {}).get("id") if one.method == "PUT" else None
        if isinstance(stated, str):
            return replace(one, id=stated)
        return replace(one, id=new_id(), is_new=True)
    return one


async def _stay(writing: Writing, entries: Sequence[Entry]) -> None:
    """What conditions found and nothing changes is not deleted before the bundle is done.

    Raises Contended when it was.
    """
    found: dict[str, set[str]] = defaultdict(set)
    for one in entries:
        if one.method == "POST" and one.found is not None:
            found[one.kind].add(one.found.id)
    for kind, keys in sorted(found.items()):
        there = await locate.homes_of(writing.unit, kind, keys, writing.sight, held=True)
        if len(there) < len(keys):
            raise Contended(f"{kind}: what was found is deleted")


async def _deleted(writing: Writing, one: Entry) -> Written | None:
    if one.id is None:
        return None
    return await write_resource.delete(writing, one.kind, one.id, one.version, found=one.found)


async def _create(
    writing: Writing, entries: Sequence[Entry], done: dict[int, Written | None]
) -> None:
    """Make everything that is new, all together; hold what stands and will be changed."""
    by_place = {one.place: one for one in entries}
    news: list[New] = []
    changed: list[Entry] = []
    for one in entries:
        if one.id is None or one.method == "DELETE" or one.place in done:
            continue
        if one.is_new:
            news.append(New(one.id, {**(one.tree or {}), "id": one.id}, place=one.place))
        elif one.method == "POST":
            done[one.place] = None if one.found is None else Written.of(200, one.found)
        elif one.method == "PUT" and one.found is None and await _is_unknown(writing, one):
            news.append(New(one.id, one.tree or {}, is_named=True, place=one.place))
        else:
            changed.append(one)
            continue
        if one.is_new or one.method == "PUT":
            writing.coming[one.kind, one.id] = one.id if one.kind == "Patient" else ""
    await _hold(writing, changed)
    made = await create_all(writing, news, lambda new: naming(by_place[new.place]))
    done.update((new.place, written) for new, written in zip(news, made, strict=True))


async def _hold(writing: Writing, changed: Sequence[Entry]) -> None:
    """Hold what will be changed; the identifiers it gives up are free for the other entries."""
    standing = await resources.current(
        writing.unit, [(one.kind, one.id) for one in changed if one.id is not None]
    )
    for one in changed:
        was = standing.get((one.kind, str(one.id)))
        if was is not None and one.tree is not None:
            now = keys_of(one.tree)
            gone = [key for key in keys_of(was.resource()) if key not in now]
            await locate.release(writing.unit, writing.institution, gone, was.id)


async def _is_unknown(writing: Writing, one: Entry) -> bool:
    """Whether a PUT makes a resource, under an id the client chose. Raises when it may not."""
    key = str(one.id)
    if await locate.homes_of(writing.unit, one.kind, [key], writing.sight):
        return False
    with naming(one):
        check_version(None, one.kind, one.version)
        await check_unknown(writing, one.kind, key)
        if (one.tree or {}).get("id") != key:
            fault = Fault("resource.id", "other-id", "the URL's id")
            raise InvalidRequest("another id", (fault,))
    return True


async def _change(writing: Writing, one: Entry, links: Mapping[str, str]) -> Written | None:
    key, change = str(one.id), one.change
    if change is not None:
        return await write_resource.patch(
            writing, one.kind, key, lambda tree: change(tree, links), one.version, found=one.found
        )
    tree = {**(one.tree or {})}
    if one.found is not None:
        tree["id"] = key
    return await write_resource.update(
        writing, one.kind, key, tree, one.version, found=one.found, only_new=one.only_new
    )


def _links(entries: Sequence[Entry]) -> dict[str, str]:
    """What each fullUrl stands for. Raises InvalidRequest when two entries have one."""
    found: dict[str, str] = {}
    for one in entries:
        if one.full_url and one.id is not None:
            if one.full_url in found:
                fault = Fault(f"Bundle.entry[{one.place}].fullUrl", "repeated", "each once")
                raise InvalidRequest("two entries with one fullUrl", (fault,))
            found[one.full_url] = f"{one.kind}/{one.id}"
    return found
