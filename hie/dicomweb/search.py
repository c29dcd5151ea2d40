"""QIDO-RS: studies, series and instances by what is known of them (PS3.18 10.6)."""

import json
from collections.abc import AsyncIterator, Mapping
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from hie.access.policy import permit_type
from hie.access.scopes import Interaction
from hie.audit.event import Action, EventType
from hie.dicomweb import query
from hie.dicomweb.answers import answered, hub_of, recorded
from hie.dicomweb.attributes import (
    Attributes,
    instance_attributes,
    series_attributes,
    study_attributes,
    text_of,
)
from hie.dicomweb.find import STUDY, base_of
from hie.dicomweb.media import JSON, wanted
from hie.dicomweb.query import Query
from hie.errors import Fault, NotAcceptable, TooCostly
from hie.exchange.named import Named
from hie.oauth.door import actor_in
from hie.records import InstanceRecord
from hie.store import instances, studies, versions
from hie.store.instances import StoredInstance
from hie.store.search.studies import StudyQuery, find_studies
from hie.store.served import Stored
from hie.store.session import Reader
from hie.store.studies import StudyRow

_MOST_STUDIES = 5000  # looked at for one answer
_AT_ONCE = 200


@answered
async def search_studies(request: Request) -> Response:
    """GET …/studies."""
    return await _search(request, "study")


@answered
async def search_series(request: Request) -> Response:
    """GET …/series and …/studies/{study}/series."""
    return await _search(request, "series")


@answered
async def search_instances(request: Request) -> Response:
    """GET …/instances, below a study or series or not."""
    return await _search(request, "instance")


async def _search(request: Request, level: str) -> Response:
    if not any(one.takes(JSON) or one.takes("application/json") for one in wanted(request)):
        raise NotAcceptable("only JSON", (Fault("Accept", "not-acceptable", JSON),))
    pairs = parse_qsl(request.url.query, keep_blank_values=True)
    asked = _placed(query.parse(pairs, level), request.path_params)
    found: list[Attributes] = []
    seen: list[tuple[str, str]] = []
    left = asked.offset
    more = False
    async with hub_of(request).db.reading() as reader:
        async for stored, row in _studies(request, reader, asked):
            matched = await _matched(request, reader, stored, row, asked, level)
            for one in matched:
                if left:
                    left -= 1
                elif len(found) < asked.limit:
                    found.append(one)
                    seen.append((stored.home, stored.reference))
                else:
                    more = True
            if more:
                break
    await recorded(request, EventType.SEARCH, seen, Action.EXECUTE)
    headers = {"Cache-Control": "no-store"}
    warnings = []
    if asked.is_fuzzy:
        warnings.append("fuzzymatching is not done; the values were matched as they are")
    if more:
        warnings.append("There are additional results that can be requested with offset")
    if warnings:
        headers["Warning"] = ", ".join(f'299 hie "{one}"' for one in warnings)
    return Response(
        json.dumps(found, ensure_ascii=False).encode(), media_type=JSON, headers=headers
    )


def _placed(asked: Query, names: Mapping[str, str]) -> Query:
    """The query with what the address names."""
    study, series = dict(asked.study), dict(asked.series)
    if "study" in names:
        study["0020000D"] = names["study"]
    if "series" in names:
        series["0020000E"] = names["series"]
    return Query(study, series, asked.instance, asked.limit, asked.offset, asked.is_fuzzy)


async def _studies(
    request: Request, reader: Reader, asked: Query
) -> AsyncIterator[tuple[Stored, StudyRow]]:
    """The visible studies that an index says may match, newest first.

    Raises TooCostly when there are too many to look at.
    """
    restriction = permit_type(actor_in(request), STUDY, Interaction.SEARCH)
    study = asked.study
    days = study.get("00080020")
    first, last = query.span(days) if days else (None, None)
    patient, accession = study.get("00100020", ""), study.get("00080050", "")
    looked_up = StudyQuery(
        uids=query.uids(study.get("0020000D", "")),
        accessions=[accession] if accession and query.is_plain(accession) else (),
        patients=[patient] if patient and query.is_plain(patient) else (),
        modalities=[
            one for one in study.get("00080061", "").split("\\") if query.is_plain(one) and one
        ],
        first_us=first,
        last_us=last,
        site=request.path_params.get("site"),
    )
    ids = await find_studies(reader, looked_up, restriction, _MOST_STUDIES + 1)
    for start in range(0, len(ids), _AT_ONCE):
        if start >= _MOST_STUDIES:
            raise TooCostly("more studies than are looked at: name a patient, a day or a number")
        part = ids[start : start + _AT_ONCE]
        visible = await versions.read_many(reader, STUDY, part, restriction)
        rows = await studies.by_resource(reader, part)
        for key in part:
            if key in rows and key in visible:
                yield visible[key], rows[key]


async def _matched(
    request: Request, reader: Reader, stored: Stored, row: StudyRow, asked: Query, level: str
) -> list[Attributes]:
    """What of one study matches, at the level asked for."""
    named = msgspec.msgpack.decode(row.identity, type=Named)
    address = f"{base_of(request, row.site)}/studies/{row.uid}"
    counts = await instances.counts(reader, row.site, row.uid)
    study = study_attributes(named, stored.resource(), counts, address)
    if not counts[1] or not _fits(study, asked.study):
        return []
    if level == "study":
        return [study]
    rows = [one for one in await instances.of_study(reader, row.site, row.uid) if one.facts]
    series: dict[str, list[tuple[StoredInstance, InstanceRecord]]] = {}
    for one in rows:
        record = msgspec.msgpack.decode(one.facts or b"", type=InstanceRecord)
        series.setdefault(one.series, []).append((one, record))
    found = []
    for uid, members in series.items():
        base = f"{address}/series/{uid}"
        told = series_attributes([record for _, record in members], base)
        if not _fits(told, asked.series):
            continue
        if level == "series":
            found.append({**told, **_patient(study)})
            continue
        for one, record in members:
            instance = instance_attributes(record, one, f"{base}/instances/{one.sop}")
            if _fits(instance, asked.instance):
                found.append(instance)
    return found


def _patient(study: Attributes) -> Attributes:
    """What a search for series tells of its study besides (PS3.18 10.6.3.2)."""
    return {tag: study[tag] for tag in ("00080020", "00080050", "00100010", "00100020")}


def _fits(found: Attributes, asked: Mapping[str, str]) -> bool:
    return all(query.matches(tag, value, text_of(found, tag)) for tag, value in asked.items())
