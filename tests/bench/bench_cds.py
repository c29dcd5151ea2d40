"""CDS Hooks, measured over HTTP: order-sign of five orders, each with a card, on a filled store.

`hie serve` without message workers is called by ten registered systems that sign a token for each
call. First one call after another, then fifty begun each second whatever was answered: a call's time
runs from when it was due, so that a queue counts. Every call is of new drafts of one of
`PEOPLE` persons. `HIE_BENCH_OBSERVATIONS` is how much lies in the store beside, `HIE_BENCH_DATABASES`
as in `bench_fhir`.
"""

import asyncio
import json
import os
import random
import statistics
import time
import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from itertools import count
from pathlib import Path
from typing import Any

import httpx

from hie.app import opened
from hie.exchange.commands import run as command
from hie.exchange.hub import Hub
from hie.exchange.operators import operator
from hie.exchange.process import drain
from hie.exchange.receive import receive
from hie.fhir import ITEM, identifier_system
from hie.recognition.catalogue import load_catalogue
from hie.settings import Settings
from hie.synthetic import generate
from hie.synthetic.institutions import BY_SITE, SHIJIAZHUANG
from hie.synthetic.messages import written
from hie.synthetic.panels import CHEMISTRY
from hie.synthetic.people import Person, make_person
from hie.synthetic.report import make_report
from tests.bench import fhir_fill
from tests.bench.bench_road import connect
from tests.bench.figure import Figure
from tests.bench.on_each import on_each
from tests.integration.imaging.support import free_port, serving
from tests.unit.access.tokens import ec_key, jwk_of, signed

OBSERVATIONS = int(os.environ.get("HIE_BENCH_OBSERVATIONS", "100000"))
PEOPLE = 100
CLIENTS = 10
ORDERED = ("K", "NA", "CL", "CA", "ALB")
ONE_BY_ONE = 400  # calls, one after another
RATE, SECONDS = 50, 20  # calls begun a second, and for how long
PATH = "/cds-services/hie-order-sign"


@dataclass(frozen=True)
class Asked:
    """Where the hub answers, and the persons it has results of."""

    settings: Settings
    people: list[Person]


def run() -> list[Figure]:
    """PostgreSQL, then SQLite."""
    return on_each(_measured)


async def _measured(name: str, url: str | None, folder: Path) -> list[Figure]:
    settings = Settings(
        data_dir=folder / "data",
        database_url=url,
        port=free_port(),
        rate_limits=False,
        message_workers=0,
        dicom_port=0,
        mllp_port=0,
    )
    async with opened(settings) as hub:
        filled = await fhir_fill.fill(hub, OBSERVATIONS)
        people = await _people(hub, folder)
        await _registered(hub)
        if hub.db.dialect == "postgresql":
            async with hub.db.reading() as reader:
                await reader.fetch("ANALYZE")
    asked = Asked(settings, people)
    with serving(settings):
        alone, beside = await _called(asked)
    what = f"{name}: order-sign of {len(ORDERED)} orders"
    return [
        fhir_fill.stored_figure(name, filled),
        Figure(f"{what}, p50", statistics.median(alone), "ms"),
        Figure(f"{what}, p95", _quantile(alone, 95), "ms", "under 80 ms"),
        Figure(f"{what}, {RATE} a second, p50", statistics.median(beside), "ms"),
        Figure(f"{what}, {RATE} a second, p99", _quantile(beside, 99), "ms", "under 300 ms"),
        Figure(f"{name}: load of the machine", os.getloadavg()[0], f"on {os.cpu_count()} cores"),
    ]


async def _people(hub: Hub, folder: Path) -> list[Person]:
    """Invented persons, each with a chemistry report of yesterday from Beijing."""
    today = datetime.now(timezone(timedelta(hours=8))).date()
    await connect(hub, generate(folder / "region", seed=1, today=today, people=33))
    sender, catalogue = BY_SITE["bj-lis"], load_catalogue()
    people = [make_person(1, today, number) for number in range(1, PEOPLE + 1)]
    yesterday: date = today - timedelta(days=1)
    for number, person in enumerate(people):
        report = make_report(1, person, sender, CHEMISTRY, yesterday, catalogue)
        content = written(report, f"CDS{number:06}")
        await receive(hub, operator(), sender.site, content, channel="bench", media="")
    await drain(hub)
    return people


async def _registered(hub: Hub) -> None:
    for number in range(CLIENTS):
        asked: dict[str, Any] = {"client": f"cds-{number}", "institution": SHIJIAZHUANG.code}
        asked |= {"name": "HIS", "cds_issuer": _issuer(number), "purposes": ["TREAT"]}
        asked |= {"key": jwk_of(ec_key("P-384", number), kid="c1"), "scopes": ["hie/order-check"]}
        await command(hub, "client-add", asked)


async def _called(asked: Asked) -> tuple[list[float], list[float]]:
    """Milliseconds of each call: one after another, then begun at their rate."""
    dice, numbers = random.Random(3), count()  # noqa: S311 - who is asked about next
    # Idle connections are let go before the hub does: a call is never sent into a closing one.
    limits = httpx.Limits(max_connections=500, max_keepalive_connections=200, keepalive_expiry=2)
    async with httpx.AsyncClient(
        base_url=asked.settings.address, limits=limits, timeout=30
    ) as http:

        async def called(due: float) -> float:
            number = next(numbers)
            body = _body(dice.choice(asked.people), number)
            token = _token(asked.settings.address, number % CLIENTS)
            answer = await http.post(PATH, content=body, headers=_headers(token))
            assert answer.status_code == 200, answer.text
            assert len(answer.json()["cards"]) == len(ORDERED), answer.text
            return (time.perf_counter() - due) * 1000

        for _ in range(50):  # to get warm
            await called(time.perf_counter())
        alone = [await called(time.perf_counter()) for _ in range(ONE_BY_ONE)]
        tasks = []
        began = time.perf_counter()
        for number in range(RATE * SECONDS):
            due = began + number / RATE
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            tasks.append(asyncio.create_task(called(due)))
        return alone, list(await asyncio.gather(*tasks))


def _body(person: Person, number: int) -> bytes:
    """An order-sign of five new drafts about a person, with the patient prefetched."""
    patient = f"pat-{person.resident_id[-6:]}"
    subject = {"reference": f"Patient/{patient}"}
    drafts: list[dict[str, Any]] = [
        {
            "resourceType": "ServiceRequest",
            "id": f"sr-{number}-{item}",
            "status": "draft",
            "intent": "order",
            "code": {"coding": [{"system": ITEM, "code": item}]},
            "subject": subject,
        }
        for item in ORDERED
    ]
    tree = {
        "hook": "order-sign",
        "hookInstance": str(uuid.uuid4()),
        "context": {
            "userId": "Practitioner/D0117",
            "patientId": patient,
            "draftOrders": {
                "resourceType": "Bundle",
                "type": "collection",
                "entry": [{"resource": one} for one in drafts],
            },
        },
        "prefetch": {
            "patient": {
                "resourceType": "Patient",
                "id": patient,
                "identifier": [
                    {"system": identifier_system("resident-id"), "value": person.resident_id}
                ],
                "name": [{"text": person.name}],
                "gender": person.sex,
                "birthDate": person.born.isoformat(),
            }
        },
    }
    return json.dumps(tree).encode()


def _token(address: str, number: int) -> str:
    now = int(time.time())
    claims = {"iss": _issuer(number), "aud": f"{address}{PATH}", "iat": now, "exp": now + 60}
    claims["jti"] = str(uuid.uuid4())
    return signed({"alg": "ES384", "kid": "c1", "typ": "JWT"}, claims, ec_key("P-384", number))


def _headers(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}


def _issuer(number: int) -> str:
    return f"https://his-{number}.example/cds"


def _quantile(spans: list[float], percent: int) -> float:
    return statistics.quantiles(spans, n=100)[percent - 1]
