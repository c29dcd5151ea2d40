"""The GETs of a transaction: asked inside its unit of work, after all it writes (http.html#trules).

They see what the transaction wrote, and the first that fails undoes the whole. What was looked at
is recorded either way: with the unit where it is kept, else on its own.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from starlette.requests import Request

from hie.api.entry_request import asked_alone
from hie.api.respond import hub_of
from hie.audit.event import Event
from hie.errors import Fault, TooCostly
from hie.fhir import Resource
from hie.fhir.outcome import issue, outcome
from hie.store.lending import lent
from hie.store.session import Unit

SECONDS = 20.0  # all reads of a transaction together: others wait for what it holds
_UNCHANGED = 304
_CODES = {401: "login", 403: "forbidden", 404: "not-found", 410: "deleted", 503: "transient"}


class Read(NamedTuple):
    """An entry that reads: where it stands, and what it asks."""

    place: int
    method: str
    url: str
    entry: Mapping[str, Any]


class ReadFailed(Exception):
    """A read of a transaction was refused: its status and what is told of it, naming the entry.

    `events` are the looks that were taken before, and the refusal.
    """

    def __init__(self, status: int, told: Resource, events: Sequence[Event]) -> None:
        super().__init__(status)
        self.status = status
        self.told = told
        self.events = events


async def looked(
    request: Request, unit: Unit, reads: Sequence[Read]
) -> tuple[dict[int, dict[str, Any]], Sequence[Event]]:
    """The answer of each, by its place, and the events to be written with the unit.

    Raises ReadFailed, and TooCostly when they take too long.
    """
    until = time.monotonic() + SECONDS
    answers: dict[int, dict[str, Any]] = {}
    with lent(unit) as one:
        for read in reads:
            if time.monotonic() > until:
                place = f"Bundle.entry[{read.place}]"
                fault = Fault(place, "too-costly", f"reads that take {SECONDS:.0f} s, or a batch")
                raise TooCostly("the reads of a transaction", (fault,))
            answer = await asked_alone(request, read.method, read.url, read.entry, counted=True)
            status = int(answer["response"]["status"])
            if not 200 <= status < 300 and status != _UNCHANGED:
                raise ReadFailed(status, _told(read, status, answer["response"]), one.events)
            answers[read.place] = answer
    return answers, one.events


async def record(request: Request, failed: ReadFailed) -> None:
    """Record what was looked at before a transaction was undone. Raises Unavailable."""
    ledger = hub_of(request).ledger
    await asyncio.gather(*(ledger.record(event) for event in failed.events))


def _told(read: Read, status: int, response: Mapping[str, Any]) -> Resource:
    """What the read was told, of the entry in the bundle."""
    place = f"Bundle.entry[{read.place}]"
    told = response.get("outcome", {}).get("issue", ())
    if not told:  # HEAD has no body
        return outcome([issue("error", _CODES.get(status, "processing"), str(status), place)])
    return outcome(
        {**one, "expression": [".".join([place, *one.get("expression", ())])]} for one in told
    )
