"""The demo's emergency: what is hidden opens for the doctor, and the officer finds it."""

import re
import time
from base64 import b32decode
from pathlib import Path
from typing import Any

import pytest

from hie.access.totp import code_at
from hie.app import opened
from hie.exchange.demo import fill
from hie.exchange.demo_glass import KEEPS, emergency
from hie.synthetic import generate
from tests.integration.test_doors import _client
from tests.integration.test_road import TODAY, _settings

pytestmark = pytest.mark.anyio
HIV = "HIV抗原抗体（合成）"


def _token(text: str) -> str:
    return str(re.findall(r'name="csrf" value="([^"]+)"', text)[0])


async def _signed_in(client: Any, one: dict[str, Any]) -> None:
    token = _token((await client.get("/sign-in")).text)
    sent = {"csrf": token, "next": "/", "login": one["login"], "password": one["password"]}
    assert (await client.post("/sign-in", data=sent)).status_code == 303


async def test_the_demo_shows_emergency_access(place: Any, tmp_path: Path) -> None:
    region = generate(tmp_path / "region", seed=1, today=TODAY, people=34)
    async with opened(_settings(place)) as hub:
        people = (await fill(hub, region, lambda *_: None))["sign_ins"]
        story = await emergency(hub, region, people)
        assert story is not None
        doctor = next(one for one in people if one["login"] == story.login)
        async with hub.db.reading() as reader:
            labels = await reader.fetch(
                "SELECT label FROM observation WHERE message = $1", "institution:" + KEEPS.code
            )
        assert [row[0] & 3 for row in labels] == [1]  # labelled by what it is, as it was stored
        async with _client(hub) as client:
            await _signed_in(client, doctor)
            form = (await client.get("/patients")).text
            asked = {"csrf": _token(form), "type": "resident-id", "value": story.number}
            hidden = await client.post("/patients", data=asked)
            if hidden.status_code == 303:  # she treats them: what is restricted is not there
                hidden = await client.get(hidden.headers["location"])
            assert HIV not in hidden.text
            form = (await client.get("/break-glass")).text
            secret = b32decode(doctor["totp"] + "=" * (-len(doctor["totp"]) % 8))
            sent = {
                "csrf": _token(form),
                "do": "open",
                "type": "resident-id",
                "value": story.number,
                "reason": "unconscious",
                "text": "急诊昏迷，需要既往检验结果",
                "code": code_at(secret, int(time.time()) // 30),
            }
            answer = await client.post("/break-glass", data=sent)
            assert answer.status_code == 303, answer.text
            assert HIV in (await client.get(answer.headers["location"])).text
        async with _client(hub) as client:
            await _signed_in(client, story.sign_ins[0])
            assert "急诊昏迷" in (await client.get("/glass")).text
