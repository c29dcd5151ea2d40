"""Observation/$lastn: the newest results of one patient, so many of each code.

FHIR R4 observation-operation-lastn.html. Results are of one code when they share a coding, or, when
they have none, their text. Any search parameter of Observation narrows them. Where items of the
catalogue are asked for by name and nothing else is, each item is one code (`latest`).
"""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from hie.access.policy import Restriction, permit_type
from hie.access.scopes import Interaction
from hie.api.addresses import query_string
from hie.api.hidden import note_not_treated
from hie.api.operations.asked import read_pairs
from hie.api.respond import answered, fhir, hub_of, path_of
from hie.api.served import asked_about, subjects_of
from hie.api.withheld import notices
from hie.audit.event import Action, Event, EventType
from hie.errors import Fault, InvalidRequest, NotPermitted, TooCostly
from hie.exchange.patients_asked import check_asked, check_patients
from hie.fhir import Resource
from hie.fhir.bundle import Entry, searchset
from hie.oauth.door import actor_in
from hie.store.search.latest import items_of, newest_of_items
from hie.store.search.query import Query, parse_query
from hie.store.search.registry import MOST_COUNT, MOST_EVALUATED
from hie.store.search.search import search
from hie.store.served import Stored
from hie.store.session import Reader

_MOST = 100


@answered
async def lastn(request: Request) -> Response:
    """GET /fhir/Observation/$lastn?patient=…&max=3, or POST with Parameters of these names."""
    actor = actor_in(request)
    restriction = permit_type(actor, "Observation", Interaction.SEARCH)
    pairs = await read_pairs(request)
    most = _max([value for key, value in pairs if key == "max"])
    query = parse_query("Observation", [pair for pair in pairs if pair[0] != "max"])
    _check(query)
    asked = query_string(pairs)
    hub = hub_of(request)
    async with hub.db.reading() as reader:
        try:
            await check_asked(reader, query, restriction)
            kept = await newest(reader, query, restriction, most)
            homes = await asked_about(reader, query.ids("patient", "subject"), kept, restriction)
            await check_patients(reader, query, restriction, homes)
        except NotPermitted:
            await note_not_treated(request, reader, query, restriction)
            raise
    await hub.ledger.record(
        Event(
            EventType.SEARCH,
            Action.EXECUTE,
            actor,
            subjects=subjects_of(homes, kept),
            query=f"{path_of(request)}?{asked}".encode(),
        )
    )
    base = hub.entrance.audience
    entries = [Entry(f"{base}/Observation/{one.id}", one.body) for one in kept]
    entries += notices(base, actor)
    links = {"self": f"{base}/Observation/$lastn?{asked}"}
    return fhir(searchset(entries, links, len(kept)))


async def newest(reader: Reader, query: Query, restriction: Restriction, most: int) -> list[Stored]:
    """The newest results a query finds, so many of each code. Raises TooCostly."""
    items = items_of(query)
    if items:
        (home,) = query.ids("patient", "subject")
        return await newest_of_items(reader, home, items, restriction, most)
    looked: list[Stored] = []
    after = None
    wide = parse_query(
        "Observation",
        [*((k, v) for k, v in query.used if k != "_count"), ("_count", str(MOST_COUNT))],
    )
    while True:
        page = await search(reader, wide, restriction, after)
        looked += page.matches
        if len(looked) > MOST_EVALUATED:
            raise TooCostly(f"more than {MOST_EVALUATED} results: narrow the search")
        after = page.following
        if after is None:
            return _newest(looked, most)


def _check(query: Query) -> None:
    if len(query.ids("patient", "subject")) != 1:
        fault = Fault("patient", "required", "one patient")
        raise InvalidRequest("$lastn is asked of one patient", (fault,))
    if query.sort or query.page or query.count_only or query.includes:
        fault = Fault("query", "not-answered", "search parameters of Observation and max")
        raise InvalidRequest("$lastn has its own order", (fault,))


def _max(texts: list[str]) -> int:
    text = texts[0] if len(texts) == 1 else "1" if not texts else ""
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= _MOST):
        raise InvalidRequest("max", (Fault("max", "invalid-value", f"1 to {_MOST}, once"),))
    return int(text)


def _newest(results: Sequence[Stored], most: int) -> list[Stored]:
    """The first so many of each code.

    Results that share a coding are of one code, and so are two that each share one with a third.
    """
    same: dict[str, str] = {}  # a coding to another of its group; the last one to itself

    def first(code: str) -> str:
        while same.setdefault(code, code) != code:
            same[code] = same[same[code]]
            code = same[code]
        return code

    codes = [_codes(one.resource()) for one in results]
    for own in codes:
        for code in own[1:]:
            same[first(code)] = first(own[0])
    kept: list[Stored] = []
    counts: dict[str, int] = {}
    for one, own in zip(results, codes, strict=True):
        group = first(own[0])
        counts[group] = counts.get(group, 0) + 1
        if counts[group] <= most:
            kept.append(one)
    return kept


def _codes(tree: Resource) -> list[str]:
    """What tells a result's code: its codings, else its text; never empty."""
    code = tree.get("code", {})
    pairs = [
        f"{one.get('system', '')}|{one['code']}" for one in code.get("coding", ()) if "code" in one
    ]
    return pairs or [str(code.get("text", ""))]
