"""batch and transaction: POST of a Bundle to the base (FHIR R4 http.html#transaction).

An entry of a batch is a request of its own. A transaction is one unit of work: its GETs are asked
inside it, once all is written and before it is kept, and one that fails undoes the whole.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import Raw
from starlette.requests import Request
from starlette.responses import Response

from hie.access.policy import permit_type
from hie.access.restriction import together
from hie.access.scopes import Interaction
from hie.api.bundle_entries import listed, method_and_url, read_entry
from hie.api.entry_request import asked_alone
from hie.api.negotiation import check_json
from hie.api.respond import answered, fhir, hub_of
from hie.api.transaction_reads import Read, ReadFailed, looked, record
from hie.api.write import event, prefer
from hie.errors import Fault, InvalidRequest
from hie.exchange import write_resource
from hie.exchange.transaction import transact
from hie.exchange.writing import Writing, Written, in_one_unit
from hie.fhir.outcome import issue, outcome, outcome_of
from hie.fhir.wire import read_object, write
from hie.oauth.door import actor_in
from hie.store import ledger
from hie.store.instants import written

_READS = frozenset({"GET", "HEAD"})
_INTERACTIONS = {
    "POST": Interaction.CREATE,
    "PUT": Interaction.UPDATE,
    "PATCH": Interaction.UPDATE,
    "DELETE": Interaction.DELETE,
}


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
    try:
        answers = await (_batch if kind == "batch" else _transaction)(request, entries)
    except ReadFailed as failed:
        await record(request, failed)
        return fhir(write(failed.told), failed.status)
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
        answers.append(await asked_alone(request, method, url, entry))
    return answers


async def _transaction(request: Request, entries: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    hub, actor = hub_of(request), actor_in(request)
    base = hub.entrance.audience
    asked = [method_and_url(entry, place, base) for place, entry in enumerate(entries)]
    reads = [
        Read(place, *asked[place], entry)
        for place, entry in enumerate(entries)
        if asked[place][0] in _READS
    ]
    writes = [
        read_entry(entry, place, base)
        for place, entry in enumerate(entries)
        if asked[place][0] not in _READS
    ]
    sights = [permit_type(actor, one.kind, _INTERACTIONS[one.method]) for one in writes]

    async def whole(writing: Writing) -> dict[int, dict[str, Any]]:
        done = await transact(writing, writes)
        await write_resource.finish(writing)
        events = [event(request, done[one.place]) for one in writes]
        answers, looks = await looked(request, writing.unit, reads)
        await ledger.append_all(writing.unit, [*events, *looks])
        wanted = prefer(request)
        return answers | {place: _said(base, found, wanted) for place, found in done.items()}

    answers: dict[int, dict[str, Any]] = {}
    if writes:
        sight = together(zip((one.kind for one in writes), sights, strict=True))
        answers = await in_one_unit(hub, actor, sight, whole)
    elif reads:
        async with hub.db.unit() as unit:
            answers, looks = await looked(request, unit, reads)
            await ledger.append_all(unit, looks)
    return [answers[place] for place in range(len(entries))]


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


def _refused(error: InvalidRequest) -> dict[str, Any]:
    return {"response": {"status": "400", "outcome": outcome_of(error)}}


def _answer(kind: str, entries: list[dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {"resourceType": "Bundle", "type": kind}
    return {**found, "entry": entries} if entries else found
