"""fhirclient.js, unchanged, launches from a HIS and by itself against a hub on a port."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
import uvicorn

from hie.app import web_app
from hie.exchange.hub import Hub
from hie.settings import Settings
from tests.clients.node import FOLDER, NODE, needs_packages
from tests.integration.imaging.support import free_port
from tests.integration.launch.support import PASSWORD, Desk, app_added, csrf_of, desk

pytestmark = [pytest.mark.anyio, needs_packages]
APP = "library"


@asynccontextmanager
async def served(hub: Hub) -> AsyncIterator[None]:
    """The hub on the port of its settings."""
    config = uvicorn.Config(
        web_app(hub), port=hub.settings.port, log_level="error", lifespan="off", server_header=False
    )
    server = uvicorn.Server(config)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server.serve)
        while not server.started:
            await anyio.sleep(0.02)
        yield
        server.should_exit = True


@asynccontextmanager
async def running(folder: Path, port: int, iss: str) -> AsyncIterator[None]:
    """The app, in a folder beside its packages."""
    folder.mkdir()
    (folder / "node_modules").symlink_to(FOLDER / "node_modules")
    shutil.copy(Path(__file__).with_name("app.mjs"), folder / "app.mjs")
    process = await asyncio.create_subprocess_exec(
        str(NODE), str(folder / "app.mjs"), str(port), APP, iss, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"listening\n"
        yield
    finally:
        process.terminate()
        await process.wait()


async def followed(browser: httpx.AsyncClient, address: str, patient: str) -> Any:
    """What the app shows at the end, by way of sign-in and the choice of a patient."""
    for _ in range(12):
        answer = await browser.get(address)
        if answer.status_code == 303 or answer.status_code == 302:
            address = str(answer.url.join(answer.headers["location"]))
            continue
        if "json" in answer.headers.get("content-type", ""):
            return answer.json()
        assert answer.status_code == 200, answer.text
        action, form = str(answer.url), {"csrf": csrf_of(answer.text)}
        if answer.url.path == "/sign-in":
            action, form = str(answer.url.copy_with(query=None)), {
                **form, "next": answer.url.params["next"], "login": "wang", "password": PASSWORD,
            }  # fmt: skip
        else:
            form["patient"] = patient
        sent = await browser.post(action, data=form)
        assert sent.status_code == 303, sent.text
        address = str(sent.url.join(sent.headers["location"]))
    raise AssertionError("the app is never reached")


async def test_a_library_launches_unchanged(
    place: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, app_port = free_port(), free_port()

    def settings(where: Any) -> Settings:
        values = {"data_dir": where.data_dir, "database_url": where.url, "rate_limits": False}
        return Settings(**values, port=port)

    monkeypatch.setattr("tests.integration.access.support._settings", settings)
    async with desk(place, tmp_path) as at, served(at.hub):
        iss = f"http://localhost:{port}/fhir"
        address = f"http://localhost:{app_port}"
        await app_added(
            at.hub, APP, redirect_uris=[f"{address}/back"], launch_url=f"{address}/launch"
        )
        patient = at.region.patients["P1a"]
        async with running(tmp_path / "app", app_port, iss), httpx.AsyncClient() as browser:
            alone = await followed(browser, f"{address}/launch", patient)
            _check(at, alone)
            ticket = await at.region.client.post(
                "/v1/launch-tickets",
                json={"app": APP, "patient": patient},
                headers=at.region.headers["a"],
            )
            opened = await followed(browser, ticket.json()["url"], "")
            _check(at, opened)
            assert "launch" in opened["token"]["scope"].split()
            assert (alone["user"], opened["user"]) == (None, "某人")


def _check(at: Desk, told: Any) -> None:
    assert told["patient"] == at.region.patients["P1a"], json.dumps(told)
    assert told["token"]["patient"] == told["patient"]
    assert set(told["results"]) <= {at.region.results["P1a"], at.region.results["P1b"]}
    assert told["results"]
