"""What is asked of the FHIR door and of the plain program: the same patients, results and bodies."""

import json
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from hie.app import web_app
from hie.exchange.hub import Hub
from hie.fhir.wire import write
from hie.store import version_rows
from hie.store.postgresql import PostgresReader
from hie.store.sqlite import FILE, SqliteReader
from tests.bench.fhir_fill import ITEM, PANEL, PANELS, Filled, day_of
from tests.bench.fhir_load import NUMBER
from tests.bench.fhir_plain import TWIN
from tests.builders import an_observation

TOKEN = b"@token@"
SOME = 2_000  # different requests of a scene
_CODES = ",".join(f"{ITEM}|{one.item}" for one in PANEL)
_DICE = random.Random(11)  # noqa: S311 - what is asked next
Made = Callable[[Filled, str], list[bytes]]


@dataclass(frozen=True)
class Scene:
    """One kind of request: what the hub gets, what the plain program gets, and what is wanted."""

    name: str
    title: str
    hub: Made
    plain: Made
    each: int = 1  # things counted in one request
    unit: str = "requests/s"
    wanted: str = ""
    wanted_ratio: str = ""
    wanted_trips: str = ""


def _get(target: str, base: str) -> bytes:
    host = urlsplit(base).netloc
    return (
        f"GET {target} HTTP/1.1\r\nHost: {host}\r\nAccept: application/fhir+json\r\n"
        "Authorization: Bearer "
    ).encode() + b"%b\r\n\r\n" % TOKEN


def _post(target: str, base: str, body: bytes) -> bytes:
    host = urlsplit(base).netloc
    head = (
        f"POST {target} HTTP/1.1\r\nHost: {host}\r\nAccept: application/fhir+json\r\n"
        f"Content-Type: application/fhir+json\r\nContent-Length: {len(body)}\r\n"
        "Authorization: Bearer "
    ).encode()
    return head + b"%b\r\n\r\n" % TOKEN + body


def _chosen(among: Sequence[str]) -> list[str]:
    return random.Random(3).choices(among, k=SOME)  # noqa: S311 - the same on both sides


def _read(kind: str) -> Made:
    return lambda filled, base: [_get(kind.format(one), base) for one in _chosen(filled.results)]


def _search(kind: str) -> Made:
    return lambda filled, base: [_get(kind.format(one), base) for one in _chosen(filled.homes)]


def _created(target: str) -> Made:
    def made(filled: Filled, base: str) -> list[bytes]:
        return [_post(target, base, write(_result(one))) for one in _chosen(filled.homes)[:200]]

    return made


def _bundled(target: str) -> Made:
    def made(filled: Filled, base: str) -> list[bytes]:
        return [_post(target, base, write(_bundle(one))) for one in _chosen(filled.homes)[:40]]

    return made


def _result(home: str, place: int = 0) -> dict[str, Any]:
    """A result as another system's client writes it: an identifier of its own, and its patient."""
    number = NUMBER.decode()
    one = an_observation("x", home, test=PANEL[place], filler=number)
    for name in ("id", "basedOn", "specimen", "performer"):
        del one[name]
    return one


def _bundle(home: str) -> dict[str, Any]:
    """A panel of 27 and its report, in one transaction."""
    entries = []
    for place in range(len(PANEL)):
        full = f"urn:uuid:00000000-0000-4000-8000-{place:012}"
        asked = {"method": "POST", "url": "Observation"}
        entries.append({"fullUrl": full, "resource": _result(home, place), "request": asked})
    report = {
        "resourceType": "DiagnosticReport",
        "identifier": [{"system": "urn:bench:report", "value": NUMBER.decode()}],
        "status": "final",
        "code": {"text": "生化全套"},
        "subject": {"reference": f"Patient/{home}"},
        "effectiveDateTime": "2026-11-12T08:10:00+08:00",
        "result": [{"reference": one["fullUrl"]} for one in entries],
    }
    asked = {"method": "POST", "url": "DiagnosticReport"}
    entries.append({"resource": report, "request": asked})
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


_LASTN = f"/fhir/Observation/$lastn?patient={{}}&code={_CODES}"
_CODED = f"/fhir/Observation?patient={{}}&code={_CODES}&_count=27&_sort=-date"
_SINCE = day_of(PANELS - 2)
_DATED = f"/fhir/Observation?patient={{}}&date=ge{_SINCE}"
_HALF = "0.5 or more"
_TRIPS = "2 or less: 1 read, 1 shared commit"

SCENES = (
    Scene("read", "read by id", _read("/fhir/Observation/{}"), _read("/read/{}"),
          wanted_ratio=_HALF, wanted_trips=_TRIPS),
    Scene("latest", "newest of each of 27 codes ($lastn)", _search(_LASTN), _search("/latest/{}"),
          wanted_ratio=_HALF, wanted_trips=_TRIPS),
    Scene("coded", "27 newest by patient and 27 codes", _search(_CODED), _search("/coded/{}"),
          wanted_ratio=_HALF, wanted_trips=_TRIPS),
    Scene("dated", "by patient and date, 50 of 54", _search(_DATED), _search("/dated/{}"),
          wanted_ratio=_HALF, wanted_trips=_TRIPS),
    Scene("create", "create of one Observation", _created("/fhir/Observation"),
          _created("/create/")),
    Scene("bundle", "transaction of 27 Observations and a report", _bundled("/fhir"),
          _bundled("/bundle/"), each=27, unit="observations/s", wanted="3,000 or more"),
)  # fmt: skip


async def plan(hub: Hub, filled: Filled, token: str) -> dict[str, Any]:
    """What the plain program is told: the statements this hub runs, and where the data lie.

    The hub answers each question once here, and its statements about observations are written
    down as they are.
    """
    asks = {}
    transport = httpx.ASGITransport(app=web_app(hub))
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(
        transport=transport, base_url=hub.settings.address, headers=headers
    ) as client:
        for name, target, key, count in (
            ("read", "/fhir/Observation/{}", filled.results[0], 1),
            ("latest", _LASTN, filled.homes[0], 27),
            ("coded", _CODED, filled.homes[0], 27),
            ("dated", _DATED, filled.homes[0], 50),
        ):
            with _overheard() as said:
                answer = await client.get(target.format(key))
            assert answer.status_code == 200, answer.text
            if name != "read":
                assert len(answer.json()["entry"]) == count, name
            ran = [one for one in said if "body" in one[0] and "observation" in one[0]]
            asks[name] = {"statements": ran, "mark": key, "count": count}
    columns = version_rows.columns_of("Observation")
    async with hub.db.reading() as reader:
        row = await reader.fetchrow(
            f"SELECT {', '.join(columns)} FROM observation WHERE id = $1",  # noqa: S608
            filled.results[0],
        )
        twin = []
        if hub.db.dialect == "sqlite":
            twin = [
                sql[0].replace("observation", TWIN)
                for sql in await reader.fetch(
                    "SELECT sql FROM sqlite_master WHERE tbl_name = 'observation'"
                    " AND sql IS NOT NULL"
                )
            ]
    if hub.db.dialect == "postgresql":
        async with hub.db.unit() as unit:
            await unit.execute(f"CREATE TABLE {TWIN} (LIKE observation INCLUDING ALL)")
    return {
        "url": hub.settings.database_url,
        "file": str(hub.settings.data_dir / FILE),
        "base": hub.entrance.audience,
        "asks": json.loads(json.dumps(asks)),
        "columns": list(columns),
        "row": [None if isinstance(one, bytes) else one for one in row or ()],
        "twin": twin,
    }


@contextmanager
def _overheard() -> Iterator[list[tuple[str, list[Any]]]]:
    """The statements that are run meanwhile, with their arguments."""
    said: list[tuple[str, list[Any]]] = []
    before = [(one, one.fetch) for one in (PostgresReader, SqliteReader)]

    def listening(fetch: Any) -> Any:
        async def heard(self: Any, sql: str, *args: Any) -> Any:
            said.append((sql, list(args)))
            return await fetch(self, sql, *args)

        return heard

    row = PostgresReader.fetchrow
    try:
        for kind, fetch in before:
            kind.fetch = listening(fetch)  # type: ignore[method-assign]
        PostgresReader.fetchrow = listening(row)  # type: ignore[method-assign]
        yield said
    finally:
        for kind, fetch in before:
            kind.fetch = fetch  # type: ignore[method-assign]
        PostgresReader.fetchrow = row  # type: ignore[method-assign]
