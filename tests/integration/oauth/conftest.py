"""A hub's doors on a real database, with two routes behind them, called in-process."""

import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hie.access.actor import Actor, ActorKind, Purpose
from hie.access.policy import permit
from hie.access.scopes import Door as Scoped
from hie.errors import HubError
from hie.oauth import passwords
from hie.oauth.answers import refusal_of
from hie.oauth.bearer_door import BearerDoor
from hie.oauth.door import Door, actor_in, session_in
from hie.oauth.entrance import Entrance, open_entrance
from hie.oauth.forms import read_form
from hie.oauth.hardening import BodyLimit, Hardening
from hie.oauth.jwks_fetch import JwksFetcher
from hie.oauth.people import NewPerson, add_person
from hie.oauth.registration import Registration, add_client
from hie.oauth.rotation import open_ring
from hie.oauth.routes import routes
from hie.store.database import Database
from hie.store.ledger import Ledger
from hie.store.sqlite import FILE
from tests.integration.oauth.tokens.key_server import KeyServer, a_set, answering, key_server
from tests.unit.access.tokens import CLIENT, HUB, INSTITUTION, NOW, ec_key, jwk_of

OPERATOR = Actor(
    kind=ActorKind.OPERATOR,
    client="shell",
    subject="operator",
    institution="",
    purpose=Purpose.OPERATIONS,
    scopes=frozenset(),
    role="administrator",
)
SCOPES = ("system/Observation.rs", "system/Patient.r", "hie/order-check", "hie/intake")
AUDITED = (
    *("type", "outcome", "kind", "client", "institution", "reason", "detail", "token"),
    *("network", "request"),
)
PASSWORD = "vier grüne Pferde im Regen"


@dataclass
class Clock:
    """The time as the doors see it; a test moves it instead of sleeping."""

    now: float = float(NOW)

    def __call__(self) -> float:
        return self.now


@dataclass
class Region:
    """What the registers say of institutions today."""

    status: dict[str, str] = field(default_factory=dict)

    async def __call__(self, code: str) -> str | None:
        return self.status.get(code)


@dataclass
class Hub:
    """The doors, and what a test turns: the clock and the registers."""

    entrance: Entrance
    clock: Clock
    region: Region
    ledger: Ledger
    app: Any

    def client(self, address: str = "10.1.2.3", **options: Any) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app, client=(address, 4711))
        return httpx.AsyncClient(transport=transport, base_url=HUB, **options)

    async def audit(self, kind: str | None = None) -> list[dict[str, Any]]:
        """The rows of the audit log, oldest first."""
        async with self.entrance.db.reading() as reader:
            rows = await reader.fetch(
                "SELECT type, outcome, kind, client, institution, reason, detail, token, network,"
                " request FROM audit_access ORDER BY at_us, n"
            )
        found = [dict(zip(AUDITED, row, strict=True)) for row in rows]
        return [row for row in found if kind in {None, row["type"]}]

    async def reasons(self) -> list[str]:
        return [row["reason"] for row in await self.audit("refused")]


async def whoami(request: Request) -> Response:
    actor = actor_in(request)
    return JSONResponse({"client": actor.client, "scopes": sorted(actor.scopes)})


async def order_check(request: Request) -> Response:
    permit(actor_in(request), Scoped.ORDER_CHECK)
    return JSONResponse({"body": len(await request.body())})


async def page(request: Request) -> Response:
    session = session_in(request)
    if request.method == "POST":
        await read_form(request, session.csrf)
    return JSONResponse({"name": session.name, "role": session.role, "csrf": session.csrf})


def application(entrance: Entrance) -> Any:
    bearer = BearerDoor(entrance)

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, HubError)
        await entrance.refusals.record_error(request.scope, error)
        return refusal_of(request.url.path, error)

    app = Starlette(
        routes=[
            *routes(entrance, bearer),
            Route("/fhir/Observation/{id}", whoami),
            Route("/v1/order-check", order_check, methods=["POST"]),
            Route("/intake/{site}", order_check, methods=["POST"]),
            Route("/metrics", lambda request: Response("up 1")),
            Route("/healthz", lambda request: Response("ok")),
            Route("/", page, methods=["GET", "POST"]),
        ],
        exception_handlers={HubError: refused},
    )
    return Hardening(
        Door(app, bearer=bearer),
        default_limit=10 * 1024 * 1024,
        body_limits=[BodyLimit("/oauth", 32 * 1024), BodyLimit("/intake", 16 * 1024 * 1024)],
        https=True,
    )


Making = Callable[..., Hub]


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2 with the least parameters: what is tested is not how slow it is."""
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=64))
    passwords._nobody.cache_clear()


@pytest.fixture
async def database(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Database]:
    """A fresh SQLite file; `test_on_both_databases` has PostgreSQL as well."""
    shutil.copy(sqlite_template, tmp_path / FILE)
    db = await Database.open(None, tmp_path)
    yield db
    await db.close()


@pytest.fixture
def making(database: Database, tmp_path: Path) -> Making:
    """Make doors with options of `open_entrance`."""

    def make(address: str = HUB, clock: Clock | None = None, **options: Any) -> Hub:
        ledger, clock, region = Ledger(database), clock or Clock(), Region()
        keys = open_ring(tmp_path)
        entrance = open_entrance(database, ledger, keys, address, region, clock=clock, **options)
        return Hub(entrance, clock, region, ledger, application(entrance))

    return make


@pytest.fixture
async def hub(making: Making) -> AsyncIterator[Hub]:
    """Doors with one client and one clinician registered."""
    made = making()
    await register(made)
    await add_person(made.entrance, OPERATOR, a_person())
    yield made
    await made.ledger.close()


def a_person(**changes: Any) -> NewPerson:
    values: dict[str, Any] = {
        "login": "wang",
        "name": "王医生",
        "role": "clinician",
        "institution": INSTITUTION,
        "password": PASSWORD,
        "department": "心内科",
    }
    return NewPerson(**(values | changes))


async def register(hub: Hub, **changes: Any) -> None:
    values: dict[str, Any] = {
        "client": CLIENT,
        "institution": INSTITUTION,
        "key": jwk_of(ec_key(), kid="k1"),
        "scopes": SCOPES,
        "name": "LIS",
    }
    await add_client(hub.entrance, OPERATOR, Registration(**(values | changes)))


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[tuple[KeyServer, JwksFetcher]]:
    """A partner's key server that gives key 1, and who fetches from it."""
    async with key_server(tmp_path, answering(a_set(1))) as found:
        yield found
