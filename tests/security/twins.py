"""Two hubs that differ in what one caller may not see: with it, and as if it had never been.

The one is filled through the hub's own doors; the other is its copy, from which every row the
caller may not see was taken, and whatever stands about it. Ids, versions and times are the same.
"""

import json
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from starlette.types import Receive, Scope, Send

from hie.access.actor import Actor
from hie.access.policy import restriction
from hie.access.scopes import Interaction
from hie.app import opened, web_app
from hie.oauth.bearer_door import BearerDoor
from hie.oauth.door import Door
from hie.settings import Settings
from hie.store.session import Unit
from hie.store.sqlite import FILE
from hie.store.tables import METADATA, TABLES
from hie.store.visible import visible, visible_history
from tests.integration.access.support import Region
from tests.integration.fhir.support import writer
from tests.places import Place, at, statement
from tests.security.callers import BASE, client
from tests.security.worlds import (
    HOSPITALS,
    SECRET,
    World,
    canary,
    denial_tree,
    patient_tree,
    record_trees,
    visit_tree,
)

# Who asks, all of hospital A: a system, one that may write, one held to a category, a clinician,
# and one whose app was opened for a single patient.
SYSTEM, WRITER, HELD, CLINICIAN, LAUNCHED = "system", "writer", "held", "clinician", "launched"
ASKERS = (SYSTEM, WRITER, HELD, CLINICIAN, LAUNCHED)
_SCOPES = {
    SYSTEM: ["system/*.rs", "hie/order-check"],
    WRITER: ["system/*.cruds", "hie/order-check"],
    HELD: [
        "system/Patient.rs",
        "system/Observation.rs?category=laboratory",
        "system/DiagnosticReport.rs",
    ],
}


@dataclass
class Known:
    """What a world became: ids by type, and which words stand in what must be hidden from whom."""

    patients: dict[tuple[int, str], str] = field(default_factory=dict)
    ids: dict[str, list[str]] = field(default_factory=dict)
    words: dict[str, tuple[int, str, bool]] = field(default_factory=dict)  # person, home, secret


@dataclass
class Twin:
    """One asker before both hubs."""

    name: str
    headers: dict[str, str]
    has: httpx.AsyncClient
    lacks: httpx.AsyncClient
    hidden: frozenset[str]  # ids that one hub has and the other lacks
    shown: frozenset[str]
    written: frozenset[str] = frozenset()  # its house wrote them, and may write them again
    silent: frozenset[str] = frozenset()  # words that must stand in no answer
    spoken: frozenset[str] = frozenset()  # words that may be found


@asynccontextmanager
async def twins(
    world: World, place: Place, folder: Path, askers: Sequence[str] = ASKERS
) -> AsyncIterator[tuple[list[Twin], Known]]:
    """The hub of a world, and for each asker the hub without what it may not see."""
    known, headers = await _filled(world, place, askers)
    async with AsyncExitStack() as stack:
        copies = [await _copied(stack, place, folder / name, name) for name in askers]
        hub = await stack.enter_async_context(opened(_settings(place)))
        app = web_app(hub)
        found = []
        for name, copy in zip(askers, copies, strict=True):
            actor = await _actor(hub, headers[name])
            rows = await _rows(hub.db, actor)
            written = await _written(hub.db, actor) if name == WRITER else frozenset()
            other = await stack.enter_async_context(opened(_settings(copy)))
            async with other.db.unit() as unit:
                await _take_away(unit, rows)
            twin = Twin(
                name,
                headers[name],
                await stack.enter_async_context(_http(app)),
                await stack.enter_async_context(_http(web_app(other))),
                frozenset(rows.hidden_ids),
                frozenset(rows.shown_ids),
                written,
            )
            found.append(_worded(twin, world, known))
        yield found, known


def _settings(place: Place) -> Settings:
    values: dict[str, Any] = {"data_dir": place.data_dir, "database_url": place.url}
    return Settings(**values, rate_limits=False, log_level="error")


def _http(app: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=BASE)


async def _filled(
    world: World, place: Place, askers: Sequence[str]
) -> tuple[Known, dict[str, dict[str, str]]]:
    """Fill a hub as hospitals do, each by its own system; and let the askers in."""
    known = Known()
    async with opened(_settings(place)) as hub, _http(web_app(hub)) as http:
        region = Region(hub, http)
        for home, code in HOSPITALS.items():
            region.headers[home] = await writer(hub, f"his-{home}", code)
        for number in range(len(world.people)):
            await _fill_person(region, world, number, known)
        headers = {}
        for name in askers:
            if name in _SCOPES:
                found = await client(hub, name, HOSPITALS["a"], _SCOPES[name])
                headers[name] = found | {"Content-Type": "application/fhir+json"}
            else:
                mine = [key for (_, home), key in known.patients.items() if home == "a"]
                more = {"patient": mine[0]} if name == LAUNCHED and mine else {}
                await region.person(name, "a", **more)
                headers[name] = region.headers[name]
    return known, headers


async def _fill_person(region: Region, world: World, number: int, known: Known) -> None:
    person = world.people[number]
    for home in person.homes:
        key = await region.made(home, patient_tree(world, number, home))
        known.patients[number, home] = key
        known.ids.setdefault("Patient", []).append(key)
        about = {"reference": f"Patient/{key}"}
        if home in person.treated:
            known.ids.setdefault("Encounter", []).append(await region.made(home, visit_tree(about)))
    written: dict[str, list[dict[str, Any]]] = {}
    for n, (home, record) in enumerate(person.records):
        words = canary(number, n)
        known.words[words] = (number, home, record.label == SECRET)
        about = {"reference": f"Patient/{known.patients[number, home]}"}
        for urn, tree in record_trees(record, about, words, f"{number}-{n}"):
            asked = {"method": "POST", "url": tree["resourceType"]}
            written.setdefault(home, []).append(
                {"fullUrl": urn, "resource": tree, "request": asked}
            )
    for home, entries in written.items():
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        answer = await region.post("", home, bundle)
        assert answer.status_code == 200, answer.text
        for one in answer.json()["entry"]:
            kind, key = one["response"]["location"].split("/_history")[0].split("/")[-2:]
            known.ids.setdefault(kind, []).append(key)
    first = person.homes[0]
    about = {"reference": f"Patient/{known.patients[number, first]}"}
    denials: list[str | None] = [*sorted(person.denies), *([None] if person.denies_topics else [])]
    for denied in denials:
        await region.made(first, denial_tree(about, denied))


@asynccontextmanager
async def _database_copy(place: Place, name: str) -> AsyncIterator[str | None]:
    if place.url is None:
        yield None
        return
    source = urlsplit(place.url).path.strip("/")
    copied = f"{source}_{name}"
    statement(at(place.url, "postgres"), f"CREATE DATABASE {copied} TEMPLATE {source}")
    try:
        yield at(place.url, copied)
    finally:
        statement(at(place.url, "postgres"), f"DROP DATABASE {copied} WITH (FORCE)")


async def _copied(stack: AsyncExitStack, place: Place, folder: Path, name: str) -> Place:
    """A copy of a closed hub: its keys and files, and its database."""
    shutil.copytree(place.data_dir, folder, ignore=shutil.ignore_patterns("hub.sock"))
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    assert (folder / FILE).exists() == (place.url is None)
    return Place(await stack.enter_async_context(_database_copy(place, name)), folder)


async def _actor(hub: Any, headers: dict[str, str]) -> Actor:
    """Who the door takes the bearer of a token for."""
    found: list[Actor] = []

    async def inside(scope: Scope, receive: Receive, send: Send) -> None:
        found.append(scope["state"]["actor"])
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async with _http(Door(inside, bearer=BearerDoor(hub.entrance))) as http:
        answer = await http.get("/fhir/Patient", headers=headers)
    assert answer.status_code == 204, answer.text
    return found[0]


@dataclass
class Rows:
    """Which current and earlier versions one asker may see, and which not."""

    shown: dict[str, set[tuple[str, str]]] = field(default_factory=dict)  # type -> (id, home)
    hidden: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    hidden_versions: list[tuple[str, str, int]] = field(default_factory=list)

    @property
    def hidden_ids(self) -> list[str]:
        return [key for found in self.hidden.values() for key, _ in found]

    @property
    def shown_ids(self) -> list[str]:
        return [key for found in self.shown.values() for key, _ in found]


async def _rows(db: Any, actor: Actor) -> Rows:
    found, sight = Rows(), restriction(actor, Interaction.READ)
    async with db.reading() as reader:
        for kind, table in TABLES.items():
            seen = visible(reader, kind, sight)
            rows = await reader.fetch(f"SELECT v.id, v.home FROM {seen.sql} AS v", *seen.args)  # noqa: S608
            every = await reader.fetch(f"SELECT id, home FROM {table}")  # noqa: S608
            found.shown[kind] = {(row[0], row[1]) for row in rows}
            found.hidden[kind] = {(row[0], row[1]) for row in every} - found.shown[kind]
            past = visible_history(reader, kind, sight)
            rows = await reader.fetch(f"SELECT v.id, v.version FROM {past.sql} AS v", *past.args)  # noqa: S608
            seen_past = {(row[0], row[1]) for row in rows}
            sql = f"SELECT id, version FROM resource_history WHERE type = '{kind}'"  # noqa: S608
            every = await reader.fetch(sql)
            found.hidden_versions += [
                (kind, row[0], row[1]) for row in every if (row[0], row[1]) not in seen_past
            ]
    return found


async def _written(db: Any, actor: Actor) -> frozenset[str]:
    """Ids of what this asker may write again, though a patient may deny them to read it."""
    found: set[str] = set()
    sight = restriction(actor, Interaction.UPDATE)
    async with db.reading() as reader:
        for kind in TABLES:
            seen = visible(reader, kind, sight)
            rows = await reader.fetch(f"SELECT v.id FROM {seen.sql} AS v", *seen.args)  # noqa: S608
            found |= {row[0] for row in rows}
    return frozenset(found)


async def _take_away(unit: Unit, rows: Rows) -> None:
    """Delete what is hidden, and all that is known of a home of which nothing is left."""
    await _delete(unit, "resource_history", "type, id, version", rows.hidden_versions)
    for kind, hidden in rows.hidden.items():
        keys = [(key,) for key, _ in hidden]
        await _delete(unit, TABLES[kind], "id", keys)
        for table in ("business_key", "resource_identifier"):
            await _delete(unit, table, "id", keys)
    left = {home for found in rows.shown.values() for _, home in found}
    homes = {home for found in rows.hidden.values() for _, home in found} - left - {""}
    patients = {home for _, home in rows.hidden["Patient"]}
    for name, whole in METADATA.tables.items():
        if "home" in whole.columns and name not in {*TABLES.values(), "audit_subject"}:
            await _delete(unit, name, "home", [(home,) for home in homes])
    # A Patient that is not seen is found by nothing, whatever else of it is.
    await _delete(unit, "identifier", "home", [(home,) for home in patients])


async def _delete(unit: Unit, table: str, columns: str, keys: Sequence[tuple[Any, ...]]) -> None:
    names = columns.split(", ")
    where = " AND ".join(f"{name} = ${n}" for n, name in enumerate(names, 1))
    for key in keys:
        await unit.execute(f"DELETE FROM {table} WHERE {where}", *key)  # noqa: S608


def _worded(twin: Twin, world: World, known: Known) -> Twin:
    """Which words must be silent whatever `visible` says: those of people A has nothing to do with.

    And, for a person, those of everybody the hospital does not treat now; a request or a report of
    its own says that it does.
    """
    silent, spoken = set(), set()
    is_person = twin.name in {CLINICIAN, LAUNCHED}
    for words, (number, home, _) in known.words.items():
        person = world.people[number]
        orders = [one.around & {"request", "report"} for at_, one in person.records if at_ == "a"]
        is_treated = "a" in person.treated or any(orders)
        if not (is_treated or (not is_person and "a" in person.homes)):
            silent.add(words)
        elif home == "a" and is_treated and not person.denies:
            spoken.add(words)
    return replace(twin, silent=frozenset(silent), spoken=frozenset(spoken))


def show(answer: httpx.Response) -> str:
    """An answer in a line, for a failure."""
    return f"{answer.status_code} {json.dumps(dict(answer.headers))} {answer.text[:1500]}"
