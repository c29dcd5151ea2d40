"""A hub behind a socket, as in operation, with a worker, an example's data and its callers."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from hie.app import opened, web_app, work
from hie.errors import HubError
from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.settings import Settings
from hie.synthetic import example
from tests.integration.fhir.support import writer
from tests.integration.test_road import TODAY, _connected, _packed
from tests.integration.two_hospitals import token_for

CASE = example(today=TODAY)
RECEIVER = json.loads(CASE.order_check)["receiver"]["institution"]


@dataclass
class Served:
    """Where the hub listens, what its callers show, and what is there to be asked for."""

    url: str = ""
    sender: dict[str, str] = field(default_factory=dict)
    receiver: dict[str, str] = field(default_factory=dict)
    writer: dict[str, str] = field(default_factory=dict)
    check: str = ""
    assessment: str = ""
    decision: str = ""

    def known(self) -> dict[str, list[str]]:
        """The ids that are there, by type."""
        found: dict[str, list[str]] = {}
        with httpx.Client(base_url=self.url, headers=self.writer, timeout=30) as client:
            for kind in ("Patient", "Organization", "Practitioner"):
                found[kind] = _ids(client.get(f"/fhir/{kind}"))
            patient = found["Patient"][0]
            for kind in ("Observation", "DiagnosticReport", "Specimen", "ServiceRequest"):
                found[kind] = _ids(client.get(f"/fhir/{kind}", params={"patient": patient}))
        return found


class _Serving(threading.Thread):
    """A hub in a thread of its own, with its own event loop."""

    def __init__(self, folder: Path, url: str | None) -> None:
        super().__init__(daemon=True)
        self.settings = Settings(data_dir=folder, database_url=url, rate_limits=False)
        self.served = Served()
        self.ready = threading.Event()
        self.server: uvicorn.Server | None = None
        self.fault: Exception | None = None

    def run(self) -> None:
        try:
            asyncio.run(self._serve())
        except (HubError, OSError, RuntimeError) as fault:  # shown by whoever waits
            self.fault = fault
        finally:
            self.ready.set()

    async def _serve(self) -> None:
        async with opened(self.settings) as hub:
            await _fill(hub, self.settings.data_dir, self.served)
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


@contextmanager
def serving(folder: Path, url: str | None = None) -> Iterator[Served]:
    """The hub of this folder and database, filled with the example, until the end."""
    hub = _Serving(folder, url)
    hub.start()
    assert hub.ready.wait(60)
    if hub.fault is not None:
        raise hub.fault
    yield hub.served
    assert hub.server is not None
    hub.server.should_exit = True
    hub.join(30)
    assert hub.fault is None


async def _fill(hub: Hub, folder: Path, served: Served) -> None:
    await _connected(hub, folder)
    message = {"site": CASE.site, "files": [_packed(CASE.message)]}
    await run(hub, "receive", message)
    served.sender = await token_for(hub, "sender", CASE.institution)
    served.receiver = await token_for(hub, "receiver", RECEIVER)
    served.writer = {"Authorization": (await writer(hub))["Authorization"]}
    answer = await run(hub, "order-check", {"request": CASE.order_check.decode()})
    served.check = answer["check"]
    served.assessment = answer["orders"][0]["candidates"][0]["assessment"]
    served.decision = await _used(hub, answer)


async def _used(hub: Hub, answer: dict[str, Any]) -> str:
    """A decision to use on the second order, for the doors of what it gives back."""
    offered = [c for c in answer["orders"][1]["candidates"] if c["outcome"] != "do_not_recognise"]
    use = {"ref": "2", "assessment": offered[0]["assessment"], "decision": "use"}
    body = {"check": answer["check"], "key": "k", "practitioner": "d", "decisions": [use]}
    made = await run(hub, "decide", {"request": json.dumps(body)})
    return str(made["decisions"][0]["decision"])


def _ids(answer: httpx.Response) -> list[str]:
    return [one["resource"]["id"] for one in answer.json().get("entry", [])]
