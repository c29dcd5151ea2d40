"""A search of the audit log: events an index finds, held against whatever else is asked.

One answer looks at `MOST_LOOKED` events at most and says where it goes on: a rare event among many
is found by following the links, page by page, and no request is ever more than its share.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from hie.access.policy import AuditSight, Restriction
from hie.api.audit_query import AuditQuery
from hie.audit.balp import audit_event, cleaned
from hie.audit.event import EventType
from hie.audit.recorded import Recorded
from hie.errors import TooCostly
from hie.fhir import Resource
from hie.fhir.search.match import matches
from hie.fhir.search.values import Token
from hie.store import audit_log
from hie.store.audit_log import Look
from hie.store.persons import persons_of
from hie.store.search.condition import Condition
from hie.store.search.query import Query
from hie.store.search.registry import PARAMETERS
from hie.store.search.search import search
from hie.store.session import Reader

MOST_LOOKED = 5_000
MOST_COUNTED = 20_000
_CHUNK = 500
_MOST_PEOPLE = 50


class Found(NamedTuple):
    """A page of AuditEvents, where the next begins (None: nowhere), and the total if asked."""

    events: Sequence[Resource]
    following: list[Any] | None
    total: int | None


async def search_log(
    reader: Reader,
    query: AuditQuery,
    sight: AuditSight,
    address: str,
    after: Sequence[Any] | None = None,
) -> Found:
    """The page of a search after a position. Raises TooCostly for a number beyond counting."""
    look = await _look(reader, query, sight)
    total = None
    if query.total or query.counts_only:
        total = await _total(reader, query, look, address)
    if query.counts_only:
        return Found((), None, total)
    found: list[Recorded] = []
    place, looked, more = after, 0, True
    step = _CHUNK if query.looked_at else query.count + 1
    while more and len(found) <= query.count and looked < MOST_LOOKED:
        chunk = await audit_log.events(reader, look, step, place)
        more, looked = len(chunk) == step, looked + len(chunk)
        found += [one for one in chunk if _is_meant(query, one, address)]
        place = audit_log.position_of(chunk[-1]) if chunk else place
        await asyncio.sleep(0)
    following = None if place is None or not more else list(place)
    if len(found) > query.count:
        found = found[: query.count]
        following = audit_log.position_of(found[-1])
    return Found(await shown(reader, found, sight, address), following, total)


async def shown(
    reader: Reader, found: Sequence[Recorded], sight: AuditSight, address: str
) -> list[Resource]:
    """The AuditEvents: with their raw requests for whoever may read them, else without values."""
    opened = await audit_log.unsealed(reader, found) if found else []
    if not sight.queries:
        opened = [_without_values(one) for one in opened]
    return [audit_event(one, address) for one in opened]


def _without_values(one: Recorded) -> Recorded:
    is_search = one.type == EventType.SEARCH and one.query is not None
    asked = cleaned(one.query, frozenset(PARAMETERS)) if is_search and one.query else None
    return replace(one, query=None, asked=asked)


async def _look(reader: Reader, query: AuditQuery, sight: AuditSight) -> Look:
    """What the indexes are asked. Several parameters of one name are AND.

    A decision concerns a person and names none of their patients: it is found by each of them.
    """
    homes = [set(one) for one in query.homes]
    for tokens in query.people:
        homes.append(await _homes_of(reader, tokens))
    persons = [set((await persons_of(reader, sorted(one))).values()) for one in homes]
    ids = [set(one) for one in query.ids]
    return Look(
        sight.institution,
        query.times,
        tuple(sorted(set.intersection(*homes))) if homes else None,
        tuple(sorted(set.intersection(*ids))) if ids else None,
        query.down,
        tuple(sorted(set.intersection(*persons))) if persons else (),
        whole=sight.queries,
    )


async def _homes_of(reader: Reader, tokens: tuple[Token, ...]) -> set[str]:
    """The patients with one of these identifiers, whoever sent them.

    Nothing of them is shown: only events of the caller's own institution that name them.
    """
    asked = Condition(PARAMETERS["Patient"]["identifier"], tokens)
    wanted = Query("Patient", (asked,), count=_MOST_PEOPLE + 1)
    page = await search(reader, wanted, Restriction(types=frozenset({"Patient"})))
    if len(page.matches) > _MOST_PEOPLE:
        raise TooCostly(f"patient.identifier: more than {_MOST_PEOPLE} patients")
    return {one.id for one in page.matches}


def _is_meant(query: AuditQuery, one: Recorded, address: str) -> bool:
    if not query.looked_at:
        return True
    tree = audit_event(one, address)
    return all(_meets(c, one, tree) for c in query.looked_at)


def _meets(asked: Condition, one: Recorded, tree: Resource) -> bool:
    if asked.name == "patient" and asked.modifier == "missing":
        # Its paths lead to every agent and entity; only Patients among them count.
        return any(
            token.code == ("true" if one.home is None else "false") for token in asked.tokens
        )
    return matches(asked.parameter, asked.modifier, asked.values, tree)


async def _total(reader: Reader, query: AuditQuery, look: Look, address: str) -> int:
    """How many there are. Raises TooCostly when they cannot be counted within bounds."""
    most = MOST_LOOKED if query.looked_at else MOST_COUNTED
    number = await audit_log.count(reader, look, most)
    if number > most:
        raise TooCostly(f"AuditEvent: more than {most} to count: name a patient or a shorter time")
    if not query.looked_at:
        return number
    total, place = 0, None
    while chunk := await audit_log.events(reader, look, _CHUNK, place):
        total += sum(_is_meant(query, one, address) for one in chunk)
        place = audit_log.position_of(chunk[-1])
        await asyncio.sleep(0)
    return total
