"""AuditEvent: the audit log of the caller's own institution, to read and to search, never to write.

FHIR R4 auditevent.html, IHE ATX ITI-81. Who looks at the log is in the log as well, once: the look
names no patient but one that was asked for, or each look would make the next one longer.
"""

from collections.abc import Sequence
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import Response

from hie.access.policy import audit_sight
from hie.access.reason import Reason
from hie.access.scopes import Interaction
from hie.api.audit_query import AuditQuery, read_query
from hie.api.audit_search import Found, search_log, shown
from hie.api.general import read_asked
from hie.api.negotiation import check_format, preferences
from hie.api.page_seal import PageSeal
from hie.api.preconditions import is_known
from hie.api.respond import answered, fhir, hub_of, version_headers
from hie.api.search_text import search_text
from hie.audit.event import Action, Event, EventType, Subject
from hie.errors import ResourceNotFound
from hie.fhir import Resource
from hie.fhir.bundle import Entry, searchset
from hie.fhir.outcome import issue, outcome
from hie.fhir.search.shape import is_whole, shaped
from hie.fhir.wire import write
from hie.oauth.answers import refusal
from hie.oauth.caller import raw_request
from hie.oauth.door import actor_in
from hie.store import audit_log
from hie.store.audit_log import Look
from hie.store.served import Stored

KIND = "AuditEvent"
ALLOWED = "GET, HEAD"
_FORM = "application/x-www-form-urlencoded"


@answered
async def read_event(request: Request) -> Response:
    """GET /fhir/AuditEvent/{id}."""
    actor, hub = actor_in(request), hub_of(request)
    sight = audit_sight(actor, Interaction.READ)
    asked = read_asked(request)
    key = request.path_params["id"]
    async with hub.db.reading() as reader:
        found = await audit_log.events(
            reader, Look(sight.institution, ids=(key,), whole=sight.queries), 1
        )
        events = await shown(reader, found, sight, hub.settings.address)
    if not events:
        raise ResourceNotFound("no AuditEvent with this id")
    at_us = found[0].at_us
    one = Stored(KIND, "", key, 1, at_us, None, write(events[0]))
    await _record(request, Action.READ, f"{KIND}/{key}")
    headers = version_headers(one)
    known = is_known(request.headers, one, None)
    return fhir(b"", 304, headers) if known else fhir(asked.body(one), headers=headers)


@answered
async def search_events(request: Request) -> Response:
    """GET /fhir/AuditEvent?… and POST /fhir/AuditEvent/_search, also below /fhir/Patient/{id}."""
    actor, hub = actor_in(request), hub_of(request)
    sight = audit_sight(actor, Interaction.SEARCH)
    base = hub.entrance.audience
    lenient = preferences(request.headers).handling == "lenient"
    query = read_query(await _pairs(request), lenient=lenient, base=base)
    if request.method == "POST":
        check_format(dict(query.used).get("_format", "json"))
    seal = PageSeal(hub, actor, [KIND, [list(pair) for pair in query.used if pair[0] != "page"]])
    async with hub.db.reading() as reader:
        found = await search_log(
            reader, query, sight, hub.settings.address, seal.opened(query.page)
        )
    await _record(request, Action.EXECUTE, f"{len(found.events)} shown", _asked_for(query, found))
    return fhir(_bundle(base, query, found, seal))


@answered
async def refuse_change(request: Request) -> Response:
    """What would change the log: refused with 405, and an alert of its own."""
    actor, refusals = actor_in(request), hub_of(request).entrance.refusals
    detail = f"{request.method[:16]} /fhir/{KIND}"
    query = raw_request(request.scope)
    await refusals.record(actor, Reason.AUDIT_WRITE, query=query, detail=detail)
    allowed = "POST" if request.url.path.endswith("/_search") else ALLOWED
    expected = f"one of the methods {allowed}: the log is written by the hub alone"
    headers = {"Allow": allowed}
    return refusal(request.url.path, 405, "not-supported", expected=expected, headers=headers)


async def _pairs(request: Request) -> list[tuple[str, str]]:
    """The parameters of the address and of the form. Raises UnsupportedMedia, InvalidRequest."""
    patient = request.path_params.get("patient")
    meant = "" if patient is None else urlencode({"patient": patient})
    return parse_qsl(await search_text(request, meant), keep_blank_values=True)


def _asked_for(query: AuditQuery, found: Found) -> list[str]:
    """The patients that were asked for by id and are in the answer: no text of the caller's."""
    asked = {f"Patient/{home}" for one in query.homes for home in one}
    named = {
        entity.get("what", {}).get("reference") for e in found.events for entity in e["entity"]
    }
    return sorted(one.removeprefix("Patient/") for one in asked & named)


async def _record(request: Request, action: Action, detail: str, homes: Sequence[str] = ()) -> None:
    subjects = tuple(Subject(home) for home in homes)
    query = raw_request(request.scope)
    event = Event(
        EventType.AUDIT_VIEW,
        action,
        actor_in(request),
        subjects=subjects,
        query=query,
        detail=detail,
    )
    await hub_of(request).ledger.record(event)


def _bundle(base: str, query: AuditQuery, found: Found, seal: PageSeal) -> bytes:
    used = [pair for pair in query.used if pair[0] != "page"]
    links = {"self": _url(base, query.used)}
    if found.following is not None:
        links["next"] = _url(base, [*used, ("page", seal.sealed(found.following))])
    entries = [Entry(f"{base}/{KIND}/{one['id']}", write(_cut(query, one))) for one in found.events]
    if query.ignored:
        words = f"ignored: {', '.join(query.ignored)}"
        told = outcome([issue("warning", "not-supported", words)])
        entries.append(Entry(f"{base}/OperationOutcome/ignored", write(told), "outcome"))
    return searchset(entries, links, found.total)


def _cut(query: AuditQuery, one: Resource) -> Resource:
    if is_whole(query.summary, query.elements):
        return one
    return shaped(one, query.summary, query.elements)


def _url(base: str, pairs: Sequence[tuple[str, str]]) -> str:
    return f"{base}/{KIND}?{urlencode(pairs)}" if pairs else f"{base}/{KIND}"
