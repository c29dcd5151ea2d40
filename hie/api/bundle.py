"""batch and transaction: POST of a Bundle to the base (FHIR R4 http.html#transaction).

An entry of a batch is a request of its own: it goes through every check, limit and record that the
same request alone would. A transaction is one unit of work; its GETs are asked after it.
"""

from base64 import b64decode
from collections.abc import Mapping
from email.utils import formatdate, parsedate_to_datetime
from typing import Any
from urllib.parse import unquote

from msgspec import Raw
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Scope

from hie.access.policy import permit_type, restriction
from hie.access.scopes import Interaction
from hie.api.bundle_entries import listed, method_and_url, read_entry
from hie.api.negotiation import MEDIA, check_json
from hie.api.respond import answered, fhir, hub_of
from hie.api.write import event, prefer
from hie.errors import Fault, InvalidRequest
from hie.exchange import write_resource
from hie.exchange.transaction import transact
from hie.exchange.writing import Writing, Written, in_one_unit
from hie.fhir.outcome import issue, outcome, outcome_of
from hie.fhir.wire import parse, read_object, write
from hie.oauth.door import actor_in
from hie.store import ledger
from hie.store.instants import microseconds, written

_FHIR = "application/fhir+json"
_READS = frozenset({"GET", "HEAD"})
_INTERACTIONS = {
    "POST": Interaction.CREATE,
    "PUT": Interaction.UPDATE,
    "PATCH": Interaction.UPDATE,
    "DELETE": Interaction.DELETE,
}
_HEADERS = {"ifMatch": "If-Match", "ifNoneExist": "If-None-Exist", "ifNoneMatch": "If-None-Match"}


@answered
async def bundle(request: Request) -> Response:
    """POST /fhir: every entry alone (batch), or all in one unit (transaction)."""
    check_json(request.headers)
    tree = read_object(await request.body())
    if tree.get("resourceType") != "Bundle" or tree.get("type") not in ("batch", "transaction"):
        fault = Fault("Bundle.type", "invalid-value", "batch or transaction")
        raise InvalidRequest("a Bundle to be done", (fault,))
    entries = listed(tree)
    kind = tree["type"]
    answers = await (_batch if kind == "batch" else _transaction)(request, entries)
    return fhir(write(_answer(f"{kind}-response", answers)))


async def _batch(request: Request, entries: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    base = hub_of(request).entrance.audience
    answers = []
    for place, entry in enumerate(entries):
        try:
            method, url = method_and_url(entry, place, base)
        except InvalidRequest as error:
            answers.append(_refused(error))
            continue
        answers.append(await _alone(request, method, url, entry))
    return answers


async def _transaction(request: Request, entries: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    hub, actor = hub_of(request), actor_in(request)
    base = hub.entrance.audience
    asked = [method_and_url(entry, place, base) for place, entry in enumerate(entries)]
    writes = [
        read_entry(entry, place, base)
        for place, entry in enumerate(entries)
        if asked[place][0] not in _READS
    ]
    for one in writes:
        permit_type(actor, one.kind, _INTERACTIONS[one.method])

    async def whole(writing: Writing) -> dict[int, Written | None]:
        done = await transact(writing, writes)
        await write_resource.finish(writing)
        events = [event(request, done[one.place]) for one in writes]
        await ledger.append_all(writing.unit, events)
        return done

    done: dict[int, Written | None] = {}
    if writes:
        sight = restriction(actor, _INTERACTIONS[writes[0].method])
        done = await in_one_unit(hub, actor, sight, whole)
    wanted = prefer(request)
    answers = []
    for place, entry in enumerate(entries):
        if place in done:
            answers.append(_said(base, done[place], wanted))
        else:
            answers.append(await _alone(request, *asked[place], entry))
    return answers


def _said(base: str, done: Written | None, wanted: str) -> dict[str, Any]:
    if done is None:
        return {"response": {"status": "204"}}
    response: dict[str, Any] = {"status": str(done.status), "etag": f'W/"{done.version}"'}
    if done.stored is None:
        return {"response": response}
    response["location"] = f"{base}/{done.reference}"
    response["lastModified"] = written(done.stored.updated_us)
    found: dict[str, Any] = {"fullUrl": f"{base}/{done.type}/{done.id}"}
    if wanted == "representation":
        found["resource"] = Raw(done.stored.body)  # as it is stored, digit by digit
    elif wanted == "OperationOutcome":
        response["outcome"] = outcome([issue("information", "informational", "stored")])
    return {**found, "response": response}


async def _alone(
    request: Request, method: str, url: str, entry: Mapping[str, Any]
) -> dict[str, Any]:
    """An entry as the request it is, through the whole application."""
    stated = entry.get("request", {})
    headers = {"Authorization": request.headers.get("authorization", ""), "Accept": MEDIA}
    for name, header in _HEADERS.items():
        if isinstance(stated.get(name), str):
            headers[header] = stated[name]
    since = microseconds(str(stated.get("ifModifiedSince")))
    if since is not None:
        headers["If-Modified-Since"] = formatdate(since // 1_000_000, usegmt=True)
    if "prefer" in request.headers:
        headers["Prefer"] = request.headers["prefer"]
    body = b""
    if method in ("POST", "PUT", "PATCH"):
        headers["Content-Type"], body = _sent(method, entry.get("resource", {}))
    status, answered_with, content = await _asked(request, method, url, headers, body)
    response: dict[str, Any] = {"status": str(status)}
    for name, header in (("location", "location"), ("etag", "etag")):
        if header in answered_with:
            response[name] = answered_with[header]
    if "last-modified" in answered_with:
        response["lastModified"] = parsedate_to_datetime(answered_with["last-modified"]).isoformat()
    if not content:
        return {"response": response}
    tree = parse(content)
    if tree.get("resourceType") == "OperationOutcome":
        return {"response": {**response, "outcome": tree}}
    if tree.get("resourceType") != "Bundle" and "lastUpdated" in tree.get("meta", {}):
        response["lastModified"] = tree["meta"]["lastUpdated"]
    return {"resource": tree, "response": response}


def _sent(method: str, tree: Any) -> tuple[str, bytes]:
    """Media type and body of an entry's request; a JSON Patch comes in a Binary."""
    if method == "PATCH" and isinstance(tree, dict) and tree.get("resourceType") == "Binary":
        try:
            return str(tree.get("contentType")), b64decode(str(tree.get("data")), validate=True)
        except ValueError:
            return str(tree.get("contentType")), b""
    return _FHIR, write(tree)


async def _asked(
    request: Request, method: str, url: str, headers: Mapping[str, str], body: bytes
) -> tuple[int, dict[str, str], bytes]:
    path, _, query = url.partition("?")
    scope: Scope = {
        "type": "http",
        "asgi": request.scope.get("asgi", {"version": "3.0"}),
        "http_version": "1.1",
        "method": method,
        "scheme": request.scope.get("scheme", "http"),
        "server": request.scope.get("server"),
        "client": request.scope.get("client"),
        "root_path": "",
        "path": f"/fhir/{unquote(path)}",
        "raw_path": f"/fhir/{path}".encode(),
        "query_string": query.encode(),
        "headers": [
            *((k, v) for k, v in request.scope["headers"] if k == b"host"),
            *((k.lower().encode(), v.encode("latin-1", "replace")) for k, v in headers.items()),
            *([(b"content-length", str(len(body)).encode())] if body else []),
        ],
    }
    sent: list[Message] = []
    taken = False

    async def receive() -> Message:
        nonlocal taken
        if taken:
            return {"type": "http.disconnect"}
        taken = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await request.app.state.whole(scope, receive, send)
    start = sent[0]
    answered_with = {k.decode().lower(): v.decode("latin-1") for k, v in start["headers"]}
    content = b"".join(one.get("body", b"") for one in sent[1:])
    return int(start["status"]), answered_with, content


def _refused(error: InvalidRequest) -> dict[str, Any]:
    return {"response": {"status": "400", "outcome": outcome_of(error)}}


def _answer(kind: str, entries: list[dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {"resourceType": "Bundle", "type": kind}
    return {**found, "entry": entries} if entries else found
