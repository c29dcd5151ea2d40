"""The published API against the running hub: whatever is generated from it gets no 5xx.

Requests are generated from `schemas/openapi/hie.json`, right and wrong ones, with a fixed seed; each
answer must be one the document names, in the shape it states. The hub is served over a socket as
in operation, with its worker.
"""

import asyncio
import itertools
import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from hie.api.v1 import V1_ROUTES
from hie.app import opened, web_app, work
from hie.errors import HubError
from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.intake.http import INTAKE_ROUTES
from hie.settings import Settings
from hie.synthetic import example
from hie.web import SHEET_ROUTES
from tests.integration.test_bad_input import _token
from tests.integration.test_road import TODAY, _connected, _packed

DOCUMENT = Path(__file__).parents[2] / "schemas" / "openapi" / "hie.json"
API = schemathesis.openapi.from_path(DOCUMENT)
CASE = example(today=TODAY)
RECEIVER = json.loads(CASE.order_check)["receiver"]["institution"]
OPERATIONS = [found.ok() for found in API.get_all_operations()]
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
MODES = list(schemathesis.GenerationMode)
CALM = settings(
    max_examples=30,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@dataclass
class Served:
    """Where the hub listens, and what its callers show: the sender's token and the receiver's."""

    url: str = ""
    headers: tuple[dict[str, str], dict[str, str]] = ({}, {})
    check: str = ""
    assessment: str = ""
    decision: str = ""


class _Hub(threading.Thread):
    """A hub in a thread of its own, with its own event loop."""

    def __init__(self, folder: Path) -> None:
        super().__init__(daemon=True)
        self.folder = folder
        self.served = Served()
        self.ready = threading.Event()
        self.server: uvicorn.Server | None = None
        self.fault: Exception | None = None

    def run(self) -> None:
        try:
            asyncio.run(self._serve())
        except (HubError, OSError, RuntimeError) as fault:  # shown by the test that waits
            self.fault = fault
        finally:
            self.ready.set()

    async def _serve(self) -> None:
        async with opened(Settings(data_dir=self.folder, rate_limits=False)) as hub:
            await _connected(hub, self.folder)
            message = {"site": CASE.site, "files": [_packed(CASE.message)]}
            await run(hub, "receive", message)
            self.served.headers = (
                await _token(hub, "sender", CASE.institution),
                await _token(hub, "receiver", RECEIVER),
            )
            answer = await run(hub, "order-check", {"request": CASE.order_check.decode()})
            self.served.check = answer["check"]
            self.served.assessment = answer["orders"][0]["candidates"][0]["assessment"]
            self.served.decision = await _used(hub, answer)
            worker = asyncio.create_task(work(hub))
            config = uvicorn.Config(web_app(hub), port=0, log_config=None, lifespan="off")
            self.server = uvicorn.Server(config)
            serving = asyncio.create_task(self.server.serve())
            while not self.server.started:
                await asyncio.sleep(0.01)
            port = self.server.servers[0].sockets[0].getsockname()[1]
            self.served.url = f"http://127.0.0.1:{port}"
            self.ready.set()
            await serving
            worker.cancel()
            with suppress(asyncio.CancelledError):
                await worker


async def _used(hub: Hub, answer: dict[str, Any]) -> str:
    """A decision to use on the second order, for the doors of what it gives back."""
    offered = [c for c in answer["orders"][1]["candidates"] if c["outcome"] != "do_not_recognise"]
    use = {"ref": "2", "assessment": offered[0]["assessment"], "decision": "use"}
    body = {"check": answer["check"], "key": "k", "practitioner": "d", "decisions": [use]}
    made = await run(hub, "decide", {"request": json.dumps(body)})
    return str(made["decisions"][0]["decision"])


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    hub = _Hub(tmp_path_factory.mktemp("fuzzed"))
    hub.start()
    assert hub.ready.wait(60)
    if hub.fault is not None:
        raise hub.fault
    yield hub.served
    assert hub.server is not None
    hub.server.should_exit = True
    hub.join(30)
    assert hub.fault is None


def _close_to_real(case: Any, served: Served) -> None:
    """Name what exists, so that the request gets past the first refusals."""
    if case.path == "/intake/{site}":
        case.path_parameters = {"site": CASE.site}
        case.query = {"wait": "0"} if "wait" in (case.query or {}) else {}
    if case.path == "/v1/indicators":
        known = {key: case.query[key] for key in ("by", "days", "format") if key in case.query}
        case.query = {**known, "from": str(TODAY), "to": str(TODAY)}
    if case.path.startswith(("/v1/decisions/{id}/", "/v1/checks/{id}/notice")):
        real = served.check if "checks" in case.path else served.decision
        case.path_parameters = {**case.path_parameters, "id": real}
    body = case.body
    if isinstance(body, dict) and case.path == "/v1/order-check":
        body["receiver"] = {"institution": RECEIVER}
        for key in ("on", "as_known_at"):
            body.pop(key, None)
        if isinstance(body.get("orders"), list):
            body["orders"] = [{"ref": str(n), "item": "K"} for n, _ in enumerate(body["orders"])]
    if isinstance(body, dict) and case.path == "/v1/decisions":
        body["check"] = served.check
        for one in body.get("decisions") or ():
            if isinstance(one, dict):
                one |= {"ref": "1", "assessment": served.assessment}


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.value)
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.label)
def test_whatever_is_sent_is_answered_as_published(
    served: Served, operation: Any, mode: schemathesis.GenerationMode
) -> None:
    turn = itertools.count()

    @CALM
    @given(operation.as_strategy(generation_mode=mode))
    def sent(case: Any) -> None:
        if next(turn) % 2:
            _close_to_real(case, served)
        headers = served.headers[0 if case.path.startswith("/intake") else 1]
        answer = case.call(base_url=served.url, headers=headers, timeout=20)
        case.validate_response(answer, checks=CHECKS)

    sent()


def test_the_document_names_every_route_of_its_doors_and_nothing_else() -> None:
    mounted = {
        (route.path, method)
        for route in (*V1_ROUTES, *SHEET_ROUTES, *INTAKE_ROUTES)
        for method in (route.methods or set()) - {"HEAD"}
    }
    paths = json.loads(DOCUMENT.read_text("utf-8"))["paths"]
    named = {(path, method.upper()) for path, methods in paths.items() for method in methods}
    assert named == mounted


def test_every_schema_of_the_document_is_one() -> None:
    schemas = json.loads(DOCUMENT.read_text("utf-8"))["components"]["schemas"]
    for schema in schemas.values():
        jsonschema_rs.meta.validate(schema)
