"""A transaction Bundle: every entry or none; references among them are resolved.

FHIR R4 http.html#transaction.
Ids are given out first, so that entries may point at one another in any order; then what they
point at is written into them, then all is done in one unit: deletions, creations, changes. A
condition is asked once for the bundle; two entries that mean one resource fail it.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from hie.errors import Fault, HubError, InvalidRequest, MultipleMatches, UnprocessableRequest
from hie.exchange import write_resource
from hie.exchange.conditional import lock_names, matching, read_criteria
from hie.exchange.write_resource import Writing, Written
from hie.fhir import Resource
from hie.store.database import advisory
from hie.store.ids import new_id
from hie.store.search.query import Query
from hie.store.search.registry import PARAMETERS

METHODS = frozenset({"POST", "PUT", "DELETE", "GET"})
MOST_ENTRIES = 1_000
_TURN = {"DELETE": 0, "POST": 1, "PUT": 2}
# What others point at first, what points at others last.
_LATE = {"Patient": -1, "DiagnosticReport": 1, "Provenance": 2}


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry that writes: where it stands, what it asks, the id it is about once that is known.

    `exists`: the id is a resource's already; a creation of it then changes nothing.
    """

    place: int
    method: str
    kind: str
    full_url: str
    tree: Resource | None
    id: str | None
    criteria: Query | None
    version: int | None
    exists: bool = False


async def transact(writing: Writing, entries: Sequence[Entry]) -> dict[int, Written | None]:
    """Do all of it; what became of each entry, by its place. Raises what the first bad one does."""
    names = sorted({name for one in entries if one.criteria for name in lock_names(one.criteria)})
    asked = [name for one in entries if one.criteria for name in lock_names(one.criteria)]
    if len(asked) != len(names):
        raise _overlap("two entries with one condition")
    await advisory(writing.unit, *names)
    known = [await _identified(writing, one) for one in entries]
    meant = [(one.kind, one.id) for one in known if one.id is not None]
    if len(meant) != len(set(meant)):
        raise _overlap("two entries for one resource")
    links = _links(known)
    for one in known:
        if one.id is not None and one.method != "DELETE":
            home = one.id if one.kind == "Patient" else ""
            writing.coming[one.kind, one.id] = home
    done: dict[int, Written | None] = {}
    for one in sorted(known, key=lambda e: (_TURN[e.method], _LATE.get(e.kind, 0), e.place)):
        with _naming(one):
            done[one.place] = await _do(writing, one, links)
    return done


async def _identified(writing: Writing, one: Entry) -> Entry:
    if one.criteria is not None:
        with _naming(one):
            key = await matching(writing, one.criteria)
        if key is not None:
            return replace(one, id=key, exists=True)
    if one.method == "DELETE" or one.id is not None:
        return one
    stated = (one.tree or {}).get("id") if one.method == "PUT" else None
    return replace(one, id=stated if isinstance(stated, str) else new_id())


async def _do(writing: Writing, one: Entry, links: Mapping[str, str]) -> Written | None:
    if one.method == "DELETE":
        if one.id is None:
            return None
        return await write_resource.delete(writing, one.kind, one.id, one.version)
    key, tree = str(one.id), await _pointed(writing, one.tree or {}, links)
    if one.method == "POST":
        if one.exists:
            return await write_resource.as_it_is(writing, one.kind, key)
        return await write_resource.create(writing, tree, key)
    return await write_resource.update(writing, one.kind, key, {**tree, "id": key}, one.version)


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


async def _pointed(writing: Writing, tree: Resource, links: Mapping[str, str]) -> Resource:
    """The resource with its references to other entries, and its conditional ones, resolved."""
    conditions = {
        text for text in _references(tree) if "?" in text and ":" not in text.split("?")[0]
    }
    resolved = dict(links)
    for text in sorted(conditions):
        kind, _, criteria = text.partition("?")
        fault = Fault("reference", "no-match", "a condition that one resource of this hub meets")
        if kind not in PARAMETERS:
            raise UnprocessableRequest("a conditional reference", (fault,))
        try:
            key = await matching(writing, read_criteria(kind, criteria, "reference"))
        except MultipleMatches as problem:
            raise MultipleMatches("a conditional reference", (fault,)) from problem
        if key is None:
            raise UnprocessableRequest("a conditional reference", (fault,))
        resolved[text] = f"{kind}/{key}"
    found: Resource = _rewritten(tree, resolved)
    return found


def _references(tree: Any) -> list[str]:
    if isinstance(tree, list):
        return [text for one in tree for text in _references(one)]
    if not isinstance(tree, dict):
        return []
    own = [tree["reference"]] if isinstance(tree.get("reference"), str) else []
    return own + [text for one in tree.values() for text in _references(one)]


def _rewritten(tree: Any, links: Mapping[str, str]) -> Any:
    if isinstance(tree, list):
        return [_rewritten(one, links) for one in tree]
    if not isinstance(tree, dict):
        return tree
    found = {name: _rewritten(one, links) for name, one in tree.items()}
    text = tree.get("reference")
    if isinstance(text, str) and text in links:
        found["reference"] = links[text]
    return found


@contextmanager
def _naming(one: Entry) -> Iterator[None]:
    """Names the entry in whatever goes wrong with it."""
    try:
        yield
    except HubError as error:
        place = f"Bundle.entry[{one.place}]"
        faults = error.faults or (Fault("", error.issue_type, error.text),)
        error.faults = tuple(
            Fault(f"{place}.{fault.path}".rstrip("."), fault.code, fault.expected)
            for fault in faults
        )
        raise


def _overlap(text: str) -> InvalidRequest:
    return InvalidRequest(text, (Fault("Bundle.entry", "overlap", "each resource once"),))
