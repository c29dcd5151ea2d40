"""history of one resource and of one type (FHIR R4 http.html#history).

Newest first. `_since` wants versions written from then on, `_at` those that were current at some
point of a time. The `next` link is signed for its caller and its question.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from hie.access.actor import ActorKind
from hie.access.reason import Reason
from hie.api.general import Asked, read_asked
from hie.api.hidden import note_hidden
from hie.api.page_seal import PageSeal
from hie.api.respond import answered, fhir, hub_of
from hie.api.served import permitted, record_look
from hie.audit.event import EventType
from hie.errors import Fault, InvalidRequest, NotPermitted, ResourceNotFound
from hie.fhir.bundle import Versioned, history
from hie.fhir.elements import bounds
from hie.fhir.search.refusal import bad
from hie.oauth.door import actor_in
from hie.store import histories
from hie.store.histories import Span, Versions
from hie.store.instants import written
from hie.store.search.registry import COUNT
from hie.store.served import Stored
from hie.store.tables import HOMELESS
from hie.store.versions import check_seen

_PARAMETERS = frozenset({"_count", "_since", "_at", "page"})
_PREFIXES = frozenset({"eq", "ge", "gt", "sa", "le", "lt", "eb"})
_HERE = "+08:00"  # the zone of a time that names none (FHIR R4 search.html#date)


@answered
async def history_of(request: Request) -> Response:
    """GET /fhir/{type}/{id}/_history: the versions of one resource, with their number."""
    kind, restriction = permitted(request)
    key, asked = request.path_params["id"], read_asked(request, _PARAMETERS)
    count, span, seal = asked.count(COUNT), _span(asked), _seal(request, kind, key, asked)
    after = seal.opened(asked.values.get("page"))
    before = None if after is None else int(after[0])
    async with hub_of(request).db.reading() as reader:
        try:
            await check_seen(reader, kind, key, restriction)
        except ResourceNotFound:
            await note_hidden(request, reader, kind, [key], restriction)
            raise
        page, total = await histories.of_one(reader, kind, key, restriction, span, count, before)
    await record_look(request, EventType.HISTORY, page.found, "history-instance")
    return _answer(request, f"{kind}/{key}/_history", asked, seal, page, total)


@answered
async def history_of_type(request: Request) -> Response:
    """GET /fhir/{type}/_history: the versions of every resource of a type."""
    kind, restriction = permitted(request)
    asked = read_asked(request, _PARAMETERS)
    if actor_in(request).kind is ActorKind.USER and kind not in HOMELESS:
        raise bad("patient", "required", "a person asks about somebody: [type]/[id]/_history")
    count, span, seal = asked.count(COUNT), _span(asked), _seal(request, kind, "", asked)
    after = seal.opened(asked.values.get("page"))
    async with hub_of(request).db.reading() as reader:
        page = await histories.of_type(reader, kind, restriction, span, count, after)
    await record_look(request, EventType.HISTORY, page.found, "history-type")
    return _answer(request, f"{kind}/_history", asked, seal, page, None)


@answered
async def history_of_system(request: Request) -> Response:
    """GET /fhir/_history: of all types at once nobody is shown the versions."""
    fault = Fault("access", Reason.POLICY, "the history of a type: [type]/_history")
    raise NotPermitted("the history of all types is shown to nobody", (fault,))


def _answer(
    request: Request, path: str, asked: Asked, seal: PageSeal, page: Versions, total: int | None
) -> Response:
    base = hub_of(request).entrance.audience
    pairs = [
        (name, str(asked.count(COUNT)) if name == "_count" else value)
        for name, value in request.query_params.multi_items()
    ]
    links = {"self": _url(base, path, pairs)}
    if page.following is not None:
        others = [pair for pair in pairs if pair[0] != "page"]
        links["next"] = _url(base, path, [*others, ("page", seal.sealed(page.following))])
    new = page.revived
    entries = [_entry(base, one, asked, is_new=(one.id, one.version) in new) for one in page.found]
    return fhir(history(entries, links, total))


def _entry(base: str, one: Stored, asked: Asked, *, is_new: bool) -> Versioned:
    """One version; `is_new`: it came after a deletion, so that writing it made the resource."""
    first = one.version == 1
    if one.deleted:
        method, status = "DELETE", "204"
    else:
        method, status = "POST" if first else "PUT", "201" if first or is_new else "200"
    return Versioned(
        full_url=f"{base}/{one.type}/{one.id}",
        body=None if one.deleted else asked.body(one),
        method=method,
        url=one.type if method == "POST" else f"{one.type}/{one.id}",
        status=status,
        etag=f'W/"{one.version}"',
        last_modified=written(one.updated_us),
    )


def _seal(request: Request, kind: str, key: str, asked: Asked) -> PageSeal:
    question = sorted(pair for pair in asked.values.items() if pair[0] != "page")
    return PageSeal(
        hub_of(request), actor_in(request), ["history", kind, key, [list(p) for p in question]]
    )


def _url(base: str, path: str, pairs: Sequence[tuple[str, Any]]) -> str:
    return f"{base}/{path}?{urlencode(pairs)}" if pairs else f"{base}/{path}"


def _span(asked: Asked) -> Span:
    """What `_since` and `_at` ask for. Raises InvalidRequest."""
    span = Span()
    if "_since" in asked.values:
        span = Span(_time("_since", asked.values["_since"])[0])
    if "_at" not in asked.values:
        return span
    text = asked.values["_at"]
    prefix, rest = (text[:2], text[2:]) if text[:2] in _PREFIXES else ("eq", text)
    start, end = _time("_at", rest)
    match prefix:
        case "eq":
            return Span(span.since, start, end)
        case "ge":
            return Span(span.since, start)
        case "gt" | "sa":
            return Span(span.since, end)
        case "le":
            return Span(span.since, -histories.EVER, end)
        case _:
            return Span(span.since, -histories.EVER, start)


def _time(name: str, text: str) -> tuple[int, int]:
    """First microsecond of a date or instant, and the first after it. Raises InvalidRequest."""
    text = text.replace(" ", "+")  # a plus that was not encoded
    if "T" in text and not (text.endswith("Z") or "+" in text[19:] or "-" in text[19:]):
        text += _HERE
    found = bounds(text)
    if found is None:
        raise _not_a_time(name)
    return found


def _not_a_time(name: str) -> InvalidRequest:
    return bad(name, "not-a-date", "a FHIR date, dateTime or instant")
