"""search by GET and by POST _search (FHIR R4 http.html#search)."""

import re
from collections.abc import Sequence
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from hie.access.actor import Actor, ActorKind
from hie.access.policy import permit_type
from hie.access.scopes import Interaction
from hie.api.addresses import query_string
from hie.api.hidden import note_not_treated
from hie.api.negotiation import check_format, preferences
from hie.api.page_seal import PageSeal
from hie.api.respond import answered, fhir, hub_of, path_of
from hie.api.search_text import search_text
from hie.api.served import asked_about, served, subjects_of
from hie.api.withheld import notices
from hie.audit.event import Action, Event, EventType
from hie.errors import Fault, InvalidRequest, NotPermitted, NotSupported, ResourceNotFound
from hie.exchange.hub import Hub
from hie.exchange.patients_asked import check_asked, check_patients
from hie.fhir.bundle import Entry, searchset
from hie.fhir.outcome import issue, outcome
from hie.fhir.search.shape import is_whole, shaped
from hie.fhir.wire import write
from hie.oauth.door import actor_in
from hie.store.search.include import included
from hie.store.search.page import Page
from hie.store.search.query import Query, parse_query
from hie.store.search.registry import PARAMETERS
from hie.store.search.search import search
from hie.store.served import Stored
from hie.store.tables import HOMELESS


@answered
async def search_type(request: Request) -> Response:
    """GET /fhir/{type}?… and POST /fhir/{type}/_search, also below /fhir/Patient/{id}."""
    kind = served(request)
    actor = actor_in(request)
    restriction = permit_type(actor, kind, Interaction.SEARCH)
    raw = await search_text(request, _compartment(request, kind))
    hub = hub_of(request)
    lenient = preferences(request.headers).handling == "lenient"
    pairs = parse_qsl(raw, keep_blank_values=True)
    query = parse_query(kind, pairs, lenient=lenient, base=hub.entrance.audience)
    if request.method == "POST":
        check_format(dict(query.used).get("_format", "json"))
    _check_user(actor, query)
    seal = PageSeal(hub, actor, [query.type, [pair for pair in query.used if pair[0] != "page"]])
    async with hub.db.reading() as reader:
        try:
            await check_asked(reader, query, restriction)
            page = await search(reader, query, restriction, seal.opened(query.page))
            others = await included(reader, query.includes, page.matches, restriction)
            shown = [*page.matches, *others]
            asked = query.ids("patient", "subject")
            homes = await asked_about(reader, asked, shown, restriction, page.counted)
            await check_patients(reader, query, restriction, homes)
        except NotPermitted:
            await note_not_treated(request, reader, query, restriction)
            raise
    await hub.ledger.record(
        Event(
            EventType.SEARCH,
            Action.EXECUTE,
            actor,
            subjects=subjects_of(homes, shown),
            query=f"{path_of(request)}?{raw}".encode(),
        )
    )
    is_of_somebody = kind not in HOMELESS and not query.count_only
    told = notices(hub.entrance.audience, actor) if is_of_somebody else []
    return fhir(_bundle(hub, query, page, others, seal, told))


def _check_user(actor: Actor, query: Query) -> None:
    """A person asks about somebody, also where what was misspelt is left out.

    Raises InvalidRequest.
    """
    if actor.kind is ActorKind.USER and query.type not in HOMELESS and not query.names_somebody:
        fault = Fault("patient", "required", "a patient, an _id or an identifier")
        raise InvalidRequest("a search names a patient", (fault,))


def _bundle(
    hub: Hub,
    query: Query,
    page: Page,
    others: Sequence[Stored],
    seal: PageSeal,
    told: Sequence[Entry],
) -> bytes:
    base = hub.entrance.audience
    used = [(key, value) for key, value in query.used if key != "page"]
    links = {"self": _url(base, query.type, list(query.used))}
    if page.following is not None:
        token = seal.sealed(page.following)
        links["next"] = _url(base, query.type, [*used, ("page", token)])
    entries = [_entry(base, query, one, "match") for one in page.matches]
    entries += [_entry(base, query, one, "include") for one in others]
    if query.ignored:
        words = f"ignored: {', '.join(query.ignored)}"
        warning = outcome([issue("warning", "not-supported", words)])
        entries.append(Entry(f"{base}/OperationOutcome/ignored", write(warning), "outcome"))
    entries += told
    return searchset(entries, links, page.total)


def _entry(base: str, query: Query, one: Stored, mode: str) -> Entry:
    """An entry as stored, byte for byte, unless less of it was asked for."""
    whole = is_whole(query.summary, query.elements) or (mode == "include" and not query.summary)
    body = one.body if whole else write(shaped(one.resource(), query.summary, query.elements))
    return Entry(f"{base}/{one.type}/{one.id}", body, mode)


def _url(base: str, kind: str, pairs: Sequence[tuple[str, str]]) -> str:
    return f"{base}/{kind}?{query_string(pairs)}" if pairs else f"{base}/{kind}"


def _compartment(request: Request, kind: str) -> str:
    """What Patient/{id}/{type} asks besides: that patient (compartmentdefinition-patient.html)."""
    patient = request.path_params.get("patient")
    if patient is None:
        return ""
    if "patient" not in PARAMETERS[kind]:
        fault = Fault("type", "not-supported", "a type with the search parameter patient")
        raise NotSupported("not in a patient's compartment here", (fault,))
    if not re.fullmatch(r"[A-Za-z0-9.-]{1,64}", patient):
        raise ResourceNotFound("no such patient")
    return f"patient={patient}"
