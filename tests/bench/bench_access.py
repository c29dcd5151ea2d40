"""What authorization and consent cost: every standard search with them and without, in turns.

Without: scopes alone, as if every institution treated everybody and nobody were asked. In one
process and one run, batch beside batch; processor time of the hub and of PostgreSQL together. A
fifth of the patients have a Consent of three rules, everybody a relation to the asking institution
and a visit there. `HIE_BENCH_OBSERVATIONS`, `HIE_BENCH_ROUNDS` and `HIE_BENCH_DATABASES` as in
`bench_fhir`.
"""

import os
import random
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx

from hie.access import policy
from hie.access.actor import Actor
from hie.access.reaching import within_reach
from hie.access.restriction import Restriction
from hie.app import opened, web_app
from hie.audit.event import Event
from hie.exchange.hub import Hub
from hie.oauth.door import Door
from hie.settings import Settings
from hie.store import ledger, relations
from hie.store.consent_decisions import may_be_decided
from hie.store.relations import Fact, Kind
from tests.bench import fhir_fill
from tests.bench.bench_fhir import _postmaster, _token
from tests.bench.fhir_fill import INSTITUTION, ITEM, PANEL, PANELS, Filled, day_of
from tests.bench.figure import Figure
from tests.bench.on_each import on_each
from tests.bench.processor import seconds_of
from tests.integration.access.consents import consent_of

OBSERVATIONS = int(os.environ.get("HIE_BENCH_OBSERVATIONS", "50000"))
ROUNDS = int(os.environ.get("HIE_BENCH_ROUNDS", "8"))
EACH = 60  # requests of a round, of one side
WANTED = "1.15 or less"
_CODES = ",".join(f"{ITEM}|{one.item}" for one in PANEL)
_PANEL = f"patient={{home}}&code={_CODES}"
QUERIES = {
    "read by id": "Observation/{result}",
    "panel: $lastn of 27 items": f"Observation/$lastn?{_PANEL}",
    "27 newest by patient and 27 codes": f"Observation?{_PANEL}&_count=27&_sort=-date",
    "patient, one item": f"Observation?patient={{home}}&code={ITEM}|K",
    "patient and date": f"Observation?patient={{home}}&date=ge{day_of(PANELS - 2)}",
    "newest 27 of a patient": "Observation?patient={home}&_count=27&_sort=-date",
    "patient, by category": "Observation?patient={home}&category=laboratory",
    "count, _total=accurate": "Observation?patient={home}&_total=accurate&_count=0",
    "with the patient (_include)": "Observation?patient={home}&_count=20&_include=Observation:subject",
    "Patient by identifier": "Patient?identifier=urn:bench|{home}",
    "Patient with results (_revinclude)": "Patient?_id={home}&_revinclude=Observation:subject",
    "reports of a patient": "DiagnosticReport?patient={home}",
    "patient, value over 50 (evaluated)": "Observation?patient={home}&value-quantity=gt50",
    "$everything, first page": "Patient/{home}/$everything",
}  # fmt: skip


def run() -> list[Figure]:
    """PostgreSQL, then SQLite."""
    return on_each(_measured, durable=False)


async def _measured(name: str, url: str | None, folder: Path) -> list[Figure]:
    settings = Settings(
        data_dir=folder / "data", database_url=url, rate_limits=False, log_level="error"
    )
    async with opened(settings) as hub:
        filled = await fhir_fill.fill(hub, OBSERVATIONS)
        await fhir_fill.register(hub)
        await _related(hub, filled)
        app = web_app(hub)
        await _consented(hub, app, filled)
        if hub.db.dialect == "postgresql":
            async with hub.db.reading() as reader:
                await reader.fetch("ANALYZE")
        figures, ratios = [fhir_fill.stored_figure(name, filled)], []
        for what, target in QUERIES.items():
            with_, without = await _compared(settings, app, target, filled, _postmaster(url))
            ratios.append(with_ / without)
            figures += [
                Figure(f"{name}: {what}, with", with_ * 1e6, "µs a request"),
                Figure(f"{name}: {what}, without", without * 1e6, "µs a request"),
                Figure(f"{name}: {what}, ratio", with_ / without, "", WANTED),
            ]
        return [*figures, Figure(f"{name}: largest ratio", max(ratios), "", WANTED)]


async def _compared(
    settings: Settings, app: Any, target: str, filled: Filled, postgres: int | None
) -> tuple[float, float]:
    """Processor seconds of one request: with authorization and consent, and without."""
    dice = random.Random(5)  # noqa: S311 - what is asked next
    token = _token(settings)
    spent = {True: [0.0, 0.0], False: [0.0, 0.0]}

    async def batch(*, authorized: bool) -> None:
        asked = [
            target.format(home=dice.choice(filled.homes), result=dice.choice(filled.results))
            for _ in range(EACH)
        ]
        before = time.process_time(), seconds_of(postgres) if postgres else 0.0
        for one in asked:
            await ask(app, f"/fhir/{one}", token)
        after = time.process_time(), seconds_of(postgres) if postgres else 0.0
        spent[authorized][0] += after[0] - before[0]
        spent[authorized][1] += after[1] - before[1]

    await batch(authorized=True)
    with unauthorized():
        await batch(authorized=False)
    spent = {True: [0.0, 0.0], False: [0.0, 0.0]}  # that was to get warm
    for turn in range(ROUNDS):
        for authorized in (True, False) if turn % 2 else (False, True):
            if authorized:
                await batch(authorized=True)
            else:
                with unauthorized():
                    await batch(authorized=False)
    many = ROUNDS * EACH
    return sum(spent[True]) / many, sum(spent[False]) / many


@contextmanager
def unauthorized() -> Iterator[None]:
    """Scopes alone: neither reach nor label nor consent, neither agreement nor network.

    Nor does the log ask which Consents decided.
    """
    narrowed, bound, asked = within_reach, Door._bound, may_be_decided

    def undecided(events: Iterable[Event]) -> bool:
        return False

    def as_scoped(actor: Actor, found: Restriction, *, writing: bool = False) -> Restriction:
        return found

    async def unbound(self: Door, actor: Actor, scope: Any) -> Actor:
        return actor

    ledger.may_be_decided = undecided  # type: ignore[attr-defined]
    policy.within_reach, Door._bound = as_scoped, unbound  # type: ignore[method-assign,attr-defined]
    try:
        yield
    finally:
        ledger.may_be_decided = asked  # type: ignore[attr-defined]
        policy.within_reach, Door._bound = narrowed, bound  # type: ignore[method-assign,attr-defined]


async def ask(app: Callable[..., Awaitable[None]], target: str, token: str) -> bytes:
    """One GET, called as the server calls it; raises AssertionError unless it is answered."""
    path, _, query = target.partition("?")
    scope = {
        "type": "http", "http_version": "1.1", "method": "GET", "path": unquote(path),
        "raw_path": path.encode(), "query_string": query.encode(), "root_path": "",
        "scheme": "http", "server": ("localhost", 8000), "client": ("127.0.0.1", 1),
        "headers": [(b"host", b"localhost:8000"), (b"authorization", f"Bearer {token}".encode())],
        "state": {},
    }  # fmt: skip
    status, parts = 0, []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        nonlocal status
        status = message.get("status", status)
        parts.append(message.get("body", b""))

    await app(scope, receive, send)
    assert status == 200, (target, status, b"".join(parts)[:300])
    return b"".join(parts)


async def _related(hub: Hub, filled: Filled) -> None:
    """Every patient is the asking institution's own, and is there."""
    for place in range(0, len(filled.homes), 200):
        facts = [
            Fact(INSTITUTION, home, kind, 0, 2**62, f"bench/{home}")
            for home in filled.homes[place : place + 200]
            for kind in (Kind.OWN, Kind.VISIT)
        ]
        async with hub.db.unit() as unit:
            await relations.relate(unit, facts)


async def _consented(hub: Hub, app: Any, filled: Filled) -> None:
    """Every fifth patient has said something: another institution is denied, and a topic."""
    token = _token(hub.settings)
    transport = httpx.ASGITransport(app=app)
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(
        transport=transport, base_url=hub.settings.address, headers=headers
    ) as client:
        for home in filled.homes[::5]:
            answer = await client.post("/fhir/Consent", json=consent_of(home, _provision()))
            assert answer.status_code == 201, answer.text


def _provision() -> dict[str, Any]:
    label = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
    topic = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "HIV"}
    role = {"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "IRCP"}
    other = {"system": "https://hie.example/fhir/sid/institution", "value": "12130102999900038H"}
    denied: Sequence[dict[str, Any]] = (
        {"type": "deny", "actor": [{"role": {"coding": [role]}, "reference": {"identifier": other}}]},
        {"type": "deny", "securityLabel": [topic]},
        {"type": "deny", "securityLabel": [{"system": label, "code": "V"}]},
    )  # fmt: skip
    return {"type": "permit", "provision": list(denied)}
