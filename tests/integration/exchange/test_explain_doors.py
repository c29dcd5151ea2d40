"""An assessment explained at the door and at the command line: for those entitled, and in words."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hie.app import opened
from hie.cli import root
from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.fhir.wire import parse, write
from hie.settings import Settings
from hie.store import checks
from hie.store.cells import pack
from hie.store.vault import DataClass
from hie.synthetic import example
from tests.integration.test_doors import _client, _ready
from tests.integration.test_road import TODAY, _connected, _packed, _settings

CASE = example(today=TODAY)


async def _token(hub: Hub, client: str) -> dict[str, str]:
    made = await run(hub, "client-token", {"client": client, "scopes": None})
    return {"Authorization": f"Bearer {made['access_token']}"}


@pytest.mark.anyio
async def test_the_door_explains_to_the_institution_that_asked_and_to_nobody_else(
    place: Any, tmp_path: Path
) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    async with opened(_settings(place)) as hub:
        headers, request = await _ready(hub, tmp_path)
        for name, institution, scopes in (
            ("issuer", CASE.institution, ["hie/order-check"]),
            ("reader", json.loads(request)["receiver"]["institution"], ["system/*.rs"]),
        ):
            key = ec.generate_private_key(ec.SECP384R1()).public_key()
            pem = key.public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            await run(
                hub,
                "client-add",
                {
                    "client": name,
                    "institution": institution,
                    "key": {"pem": pem.decode()},
                    "scopes": scopes,
                    "name": name,
                    "purposes": ["TREAT"],
                },
            )
        async with _client(hub) as client:
            answer = (await client.post("/v1/order-check", content=request, headers=headers)).json()
            offered = answer["orders"][0]["candidates"][0]
            path = f"/v1/assessments/{offered['assessment']}/explanation"
            told = await client.get(path, headers=headers)
            assert told.status_code == 200
            assert told.headers["cache-control"] == "no-store"
            assert told.json()["reproduced"] == "same-bytes"
            assert len(told.json()["findings"]) == len(offered["findings"])
            assert (await client.get(path)).status_code == 401
            assert (await client.get(path, headers=await _token(hub, "issuer"))).status_code == 404
            assert (await client.get(path, headers=await _token(hub, "reader"))).status_code == 403
            unknown = await client.get("/v1/assessments/none.1/explanation", headers=headers)
            assert unknown.status_code == 404
            assert unknown.headers["content-type"].startswith("application/problem+json")


def _altered(settings: Settings, check: str, change: Callable[[dict[str, Any]], None]) -> None:
    import asyncio

    async def work() -> None:
        async with opened(settings) as hub, hub.db.unit() as unit:
            row = await unit.fetchrow("SELECT dict, body FROM order_check WHERE id = $1", check)
            assert row is not None
            body = parse(checks.opened(unit, check, *row))
            change(body)
            _, packed = pack(unit.db, DataClass.ORDER, "", write(body), *checks.place(check))
            await unit.execute("UPDATE order_check SET body = $2 WHERE id = $1", check, packed)

    asyncio.run(work())


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A hub on SQLite in HIE_DATA_DIR, asked once; the answer."""
    import asyncio

    monkeypatch.setenv("HIE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("HIE_DATABASE_URL", raising=False)

    async def fill() -> dict[str, Any]:
        async with opened(Settings()) as hub:
            await _connected(hub, tmp_path)
            await run(hub, "receive", {"site": CASE.site, "files": [_packed(CASE.message)]})
            return await run(hub, "order-check", {"request": CASE.order_check.decode()})

    return asyncio.run(fill())


def _call(*words: str) -> tuple[int, str, str]:
    told = CliRunner().invoke(root("rulebook"), ["rulebook", "explain", *words])
    return told.exit_code, told.stdout, told.stderr


def test_the_command_says_every_finding_and_that_the_bytes_are_the_same(
    asked: dict[str, Any],
) -> None:
    offered = asked["orders"][0]["candidates"][0]
    code, out, _ = _call(offered["assessment"], "--lang", "en")
    assert code == 0
    assert "computed again from the data of then: the same bytes" in out
    for finding in offered["findings"]:
        assert f"\n  {finding['rule']}  " in out
        assert finding["text"]["en"] in out
    assert "registers of import 1" in out
    code, out, _ = _call(offered["assessment"])
    assert code == 0
    assert "逐字节相同" in out
    assert offered["findings"][0]["text"]["zh"] in out
    code, out, _ = _call(offered["assessment"], "--json")
    assert (code, json.loads(out)["reproduced"]) == (0, "same-bytes")


def test_findings_that_another_engine_finds_otherwise_leave_with_three(
    asked: dict[str, Any],
) -> None:
    def older(body: dict[str, Any]) -> None:
        body["engine"] = "3-0000000000000000"
        body["answer"]["orders"][0]["candidates"][0]["findings"][0]["fired"] = True

    _altered(Settings(), asked["check"], older)
    offered = asked["orders"][0]["candidates"][0]
    code, out, _ = _call(offered["assessment"], "--lang", "en")
    assert code == 3
    assert "another engine (then 3-0000000000000000" in out
    assert f"{offered['findings'][0]['rule']} fired: fired -> not fired" in out


def test_an_altered_answer_leaves_with_one(asked: dict[str, Any]) -> None:
    def altered(body: dict[str, Any]) -> None:
        body["answer"]["orders"][0]["outcome"] = "do_not_recognise"

    _altered(Settings(), asked["check"], altered)
    code, out, _ = _call(asked["orders"][0]["candidates"][0]["assessment"], "--lang", "en")
    assert code == 1
    assert "what is stored was altered" in out


def test_an_unknown_assessment_and_a_check_without_what_explains_it_are_said(
    asked: dict[str, Any],
) -> None:
    code, _, err = _call("none")
    assert (code, err) == (1, "hie: no such assessment\n")

    def older(body: dict[str, Any]) -> None:
        del body["data"]

    _altered(Settings(), asked["check"], older)
    code, _, err = _call(asked["orders"][0]["candidates"][0]["assessment"])
    assert code == 1
    assert "data: not-kept: expected the hash of the data in force" in err
    code, out, _ = _call(asked["orders"][0]["candidates"][0]["assessment"], "--json")
    assert (code, json.loads(out)["errors"][0]["path"]) == (1, "data")


def test_a_running_hub_is_asked_over_its_socket(asked: dict[str, Any], tmp_path: Path) -> None:
    """On SQLite the database is the hub's: both commands hand their question to it."""
    offered = asked["orders"][0]["candidates"][0]["assessment"]
    with subprocess.Popen(
        [sys.executable, "-m", "hie", "serve"],
        env={**_environment(), "HIE_PORT": "0", "HIE_DICOM_PORT": "0"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as hub:
        assert hub.stderr is not None
        try:
            while b"serving" not in (line := hub.stderr.readline()):
                assert line, "the hub ended"
            code, out, err = _call(offered, "--json")
            assert (code, json.loads(out)["reproduced"]) == (0, "same-bytes"), err
            words = ["rulebook", "diff", "current", "import:1", "--on-traffic", "1", "--json"]
            told = CliRunner().invoke(root("rulebook"), words)
            assert told.exit_code == 0, told.output
            assert (json.loads(told.stdout)["checks"], json.loads(told.stdout)["turns"]) == (1, [])
        finally:
            hub.terminate()
            hub.stderr.read()


def _environment() -> dict[str, str]:
    import os

    return dict(os.environ)
