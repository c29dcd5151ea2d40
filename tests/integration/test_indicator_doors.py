"""GET /v1/indicators and `hie indicators`: who may ask, in which forms, and what a refusal says."""

import csv
import io
import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import jsonschema_rs
import pytest
from anyio import to_thread
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from typer.testing import CliRunner

from hie.access.policy import ROLE_SCOPES, Role
from hie.app import web_app
from hie.cli import root
from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.recognition.indicator_definitions import load_definitions
from hie.schemas import schema
from hie.store.sqlite import FILE
from hie.synthetic.institutions import BY_SITE, SHIJIAZHUANG
from tests.integration.exchange.test_indicators import PERIOD, a_hub, worked_example

pytestmark = pytest.mark.anyio
QUERY = f"/v1/indicators?from={PERIOD['from']}&to={PERIOD['to']}"
SHAPE = jsonschema_rs.validator_for(
    json.loads(schema("json-schema", "indicators.json").read_text("utf-8"))
)


async def _headers(hub: Hub, name: str, institution: str, **other: Any) -> dict[str, str]:
    """The token of a new client of an institution."""
    key = ec.generate_private_key(ec.SECP384R1()).public_key()
    pem = key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    said = {"scopes": ["hie/indicators"], "purposes": ["HOPERAT"], **other}
    client = {"client": name, "institution": institution, "key": {"pem": pem.decode()}}
    await run(hub, "client-add", {**client, "name": name, **said})
    token = await run(hub, "client-token", {"client": name, "scopes": None})
    return {"Authorization": f"Bearer {token['access_token']}"}


def _client(hub: Hub) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=web_app(hub))
    return httpx.AsyncClient(transport=transport, base_url="http://localhost:8000")


async def test_the_door_gives_json_and_csv_of_the_own_institution(
    place: Any, tmp_path: Path
) -> None:
    async with a_hub(place, tmp_path) as hub:
        await worked_example(hub)
        mine = await _headers(hub, "his", SHIJIAZHUANG.code)
        other = await _headers(hub, "elsewhere", BY_SITE["bj-lis"].institution.code)
        health = await _headers(
            hub, "commission", BY_SITE["bj-lis"].institution.code, purposes=["PUBHLTH"]
        )
        nobody = await _headers(hub, "lis", SHIJIAZHUANG.code, scopes=["hie/intake"])
        async with _client(hub) as client:
            answer = await client.get(QUERY, headers=mine)
            assert answer.status_code == 200
            assert answer.headers["cache-control"] == "no-store"
            report = answer.json()
            SHAPE.validate(report)
            assert report["institution"] == SHIJIAZHUANG.code
            keys = [one["key"] for one in report["total"]["indicators"]]
            assert keys == [one.key for one in load_definitions()]
            used = next(one for one in report["total"]["indicators"] if one["key"] == "used")
            assert used == {
                "key": "used", "value": "2", "numerator": "2", "denominator": None, "n": 2,
            }  # fmt: skip
            for url, sent in (
                (QUERY + "&format=csv", mine),
                (QUERY, {**mine, "Accept": "text/csv"}),
            ):
                sheet = await client.get(url, headers=sent)
                assert sheet.headers["content-type"] == "text/csv; charset=utf-8"
                assert "attachment" in sheet.headers["content-disposition"]
                rows = list(csv.DictReader(io.StringIO(sheet.content.decode("utf-8-sig"))))
                assert [row["key"] for row in rows] == keys
            hidden = (await client.get(QUERY, headers=health)).json()
            SHAPE.validate(hidden)
            assert (hidden["institution"], hidden["hidden_below"]) == (None, 5)
            empty = (await client.get(QUERY, headers=other)).json()
            SHAPE.validate(empty)
            assert {one["n"] for one in empty["total"]["indicators"]} == {0}
            for said, headers, status in (
                (QUERY, {}, 401),
                (QUERY, nobody, 403),
                (QUERY + f"&institution={SHIJIAZHUANG.code}", other, 403),
                (QUERY + f"&institution={SHIJIAZHUANG.code}", mine, 200),
                ("/v1/indicators", mine, 422),
                (QUERY + "&by=patient", mine, 422),
                (QUERY + "&by=item&by=month", mine, 400),
                (QUERY + "&format=xlsx", mine, 400),
                (QUERY + "&as_known_at=yesterday", mine, 422),
                (QUERY + "&which=1", mine, 422),
            ):
                assert (await client.get(said, headers=headers)).status_code == status, said


async def test_a_manager_asks_for_the_own_institution() -> None:
    assert ROLE_SCOPES[Role.MANAGER] == {"hie/indicators"}
    assert "hie/indicators" not in ROLE_SCOPES[Role.CLINICIAN]


@pytest.mark.parametrize("words", [["--json"], ["--csv"], ["--lang", "zh"], ["--lang", "en"]])
async def test_the_command_counts_in_pages_and_prints_each_form(
    tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    shutil.copy(sqlite_template, data / FILE)
    async with a_hub(SimpleNamespace(url=None, data_dir=data), tmp_path) as hub:
        await worked_example(hub)
    monkeypatch.setenv("HIE_DATA_DIR", str(data))
    asked = ["indicators", "--from", PERIOD["from"], "--to", PERIOD["to"], "--by", "item", *words]
    done = await to_thread.run_sync(lambda: CliRunner().invoke(root("indicators"), asked))
    assert done.exit_code == 0, done.output
    if words == ["--json"]:
        report = json.loads(done.stdout)
        SHAPE.validate(report)
        assert [one["group"] for one in report["groups"]] == ["CRE", "HBA1C", "K", "NA"]
    else:
        word = {"--csv": "recognition_rate", "zh": "互认率", "en": "Recognition rate"}[words[-1]]
        assert word in done.stdout
    wrong = ["indicators", "--from", "2026-02-30", "--to", "2026-03-01"]
    refused = await to_thread.run_sync(lambda: CliRunner().invoke(root("indicators"), wrong))
    assert refused.exit_code == 1
