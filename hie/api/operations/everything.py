"""Patient/{id}/$everything: all the hub holds of one patient, page by page.

FHIR R4 patient-operation-everything.html. The patient first, then each type by id; on the page
where they are first pointed at, the institutions, people and devices behind them.
"""

from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from hie.access.policy import Restriction, permit_type
from hie.access.scopes import Interaction
from hie.api.hidden import note_hidden
from hie.api.operations.asked import read_pairs, refused
from hie.api.page_seal import PageSeal
from hie.api.respond import answered, fhir, hub_of
from hie.api.withheld import notices
from hie.audit.event import Action, Event, EventType, Subject
from hie.errors import Fault, InvalidRequest, ResourceNotFound
from hie.exchange.patients_asked import bounds_patients, not_treated
from hie.fhir.bundle import Entry, searchset
from hie.fhir.elements import bounds
from hie.fhir.search.care import between
from hie.fhir.search.definitions import Kind
from hie.oauth.door import actor_in
from hie.store import versions
from hie.store.of_home import kinds_of, of_home
from hie.store.search.referring import fetch, leads_to
from hie.store.search.registry import BOUND, COUNT, MOST_COUNT, MOST_EVALUATED, PARAMETERS
from hie.store.served import Stored
from hie.store.session import Reader
from hie.store.settled import settled
from hie.store.tables import HOMELESS

_ALLOWED = frozenset({"_count", "_type", "_since", "start", "end", "page", "_format", "_pretty"})
_ORDER = ("Patient", *sorted(BOUND))
_CHUNK = 200  # rows that are looked at together for their date of care

Holds = Callable[[Mapping[str, Any]], bool]


@answered
async def everything(request: Request) -> Response:
    """GET /fhir/Patient/{id}/$everything?_count=…&_type=…&start=…, or POST with Parameters."""
    key, actor, hub = request.path_params["id"], actor_in(request), hub_of(request)
    restriction = permit_type(actor, "Patient", Interaction.READ)
    pairs = await read_pairs(request)
    asked = dict(pairs)
    _check([name for name, _ in pairs])
    kinds, count, since, holds = _types(asked), _count(asked), _since(asked), _care(asked)
    seal = PageSeal(hub, actor, [key, sorted(asked.items() - {("page", asked.get("page"))})])
    place = seal.opened(asked.get("page")) or [0, ""]
    async with hub.db.reading() as reader:
        patient = await _check_patient(request, reader, key, restriction)
        sight = await settled(reader, restriction, key)
        there = set(kinds)
        if sight is not None:
            there = await kinds_of(reader, kinds, key, sight)
        shown = sight or restriction
        found, following = await _page(reader, key, kinds, there, shown, place, count, since, holds)
        behind = await _behind(reader, found, restriction)
    await hub.ledger.record(
        Event(
            EventType.SEARCH,
            Action.EXECUTE,
            actor,
            subjects=(
                Subject(
                    key,
                    None,
                    tuple(one.reference for one in found),
                    is_ruled=patient.is_ruled,
                ),
            ),
            query=f"{request.url.path}?{urlencode(asked)}".encode(),
        )
    )
    base = hub.entrance.audience
    self_ = f"{base}/Patient/{key}/$everything"
    links = {"self": f"{self_}?{urlencode(asked)}" if asked else self_}
    if following is not None:
        links["next"] = f"{self_}?{urlencode({**asked, 'page': seal.sealed(following)})}"
    entries = [Entry(f"{base}/{one.type}/{one.id}", one.body) for one in found]
    entries += [Entry(f"{base}/{one.type}/{one.id}", one.body, "include") for one in behind]
    entries += notices(base, actor)
    return fhir(searchset(entries, links))


async def _check_patient(
    request: Request, reader: Reader, key: str, restriction: Restriction
) -> Stored:
    """The Patient. Raises NotPermitted: not treated here, or none; ResourceNotFound."""
    try:
        return await versions.read(reader, "Patient", key, restriction)
    except ResourceNotFound:
        await note_hidden(request, reader, "Patient", [key], restriction)
        if bounds_patients(restriction):
            raise not_treated() from None
        raise


async def _page(
    reader: Reader,
    home: str,
    kinds: Sequence[str],
    there: Container[str],
    restriction: Restriction,
    place: Sequence[Any],
    count: int,
    since: int,
    holds: Holds | None,
) -> tuple[list[Stored], list[Any] | None]:
    """The next resources, and where the page after begins; None at the end.

    `there`: the types there is anything of. With dates of care a page may be short: no more than
    `MOST_EVALUATED` rows are looked at for it.
    """
    found: list[Stored] = []
    at, after = int(place[0]), str(place[1])
    looked = 0
    while at < len(kinds):
        if kinds[at] not in there:
            at, after = at + 1, ""
            continue
        wanted = count - len(found) + 1 if holds is None else _CHUNK
        rows = await of_home(reader, kinds[at], home, restriction, after, since, wanted)
        found += rows if holds is None else [one for one in rows if holds(one.resource())]
        if len(found) > count:
            last = found[count - 1]
            return found[:count], [kinds.index(last.type), last.id]
        looked += len(rows)
        if len(rows) < wanted:
            at, after = at + 1, ""
        else:
            after = rows[-1].id
            if looked >= MOST_EVALUATED:
                return found, [at, after]
    return found, None


async def _behind(reader: Reader, page: Sequence[Stored], restriction: Restriction) -> list[Stored]:
    refs = set()
    for one in page:
        tree = one.resource()
        for parameter in PARAMETERS[one.type].values():
            if parameter.kind is Kind.REFERENCE:
                refs |= {ref for ref in leads_to(tree, parameter) if ref[0] in HOMELESS}
    return [one for _, one in sorted((await fetch(reader, refs, restriction)).items())]


def _check(names: Sequence[str]) -> None:
    for name in names:
        if name not in _ALLOWED:
            raise refused(name, "unknown-parameter", ", ".join(sorted(_ALLOWED)))
        if names.count(name) > 1:
            raise refused(name, "repeated", "this parameter once")


def _types(asked: dict[str, str]) -> Sequence[str]:
    named = asked.get("_type", "").split(",") if "_type" in asked else list(_ORDER)
    wrong = sorted(set(named) - set(_ORDER))
    if wrong:
        fault = Fault("_type", "invalid-value", ", ".join(_ORDER))
        raise InvalidRequest("_type", (fault,))
    return [kind for kind in _ORDER if kind in named]


def _count(asked: dict[str, str]) -> int:
    text = asked.get("_count", str(COUNT))
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= MOST_COUNT):
        fault = Fault("_count", "invalid-value", f"1 to {MOST_COUNT}")
        raise InvalidRequest("_count", (fault,))
    return int(text)


def _since(asked: dict[str, str]) -> int:
    text = asked.get("_since")
    if text is None:
        return 0
    found = bounds(text.replace(" ", "+"))
    if found is None or "T" not in text:
        raise InvalidRequest("_since", (Fault("_since", "invalid-value", "an instant"),))
    return found[0]


def _care(asked: dict[str, str]) -> Holds | None:
    start, end = asked.get("start"), asked.get("end")
    return None if start is None and end is None else between(start, end)
