"""An entry of a transaction Bundle that writes: what it asks, and what it is about."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from hie.errors import Fault, HubError, IdNotOffered, InvalidRequest
from hie.fhir import Resource
from hie.store.search.query import Query
from hie.store.served import Stored

METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE", "GET", "HEAD"})
MOST_ENTRIES = 1_000

Change = Callable[[Resource, Mapping[str, str]], Resource]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry that writes: where it stands, what it asks, the id it is about once that is known.

    `change` is what a PATCH does, given what the links of the bundle stand for. `found` is what
    its condition found, `only_new`: nothing may stand under its id (If-None-Match: *), `is_new`:
    it makes a resource, under an id of the hub's.
    """

    place: int
    method: str
    kind: str
    full_url: str = ""
    tree: Resource | None = None
    id: str | None = None
    criteria: Query | None = None
    version: int | None = None
    only_new: bool = False
    change: Change | None = None
    found: Stored | None = None
    is_new: bool = False


@contextmanager
def naming(one: Entry) -> Iterator[None]:
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
        if isinstance(error, IdNotOffered):  # 405 speaks of an address, and the bundle's is another
            raise InvalidRequest(error.text, error.faults) from error
        raise
