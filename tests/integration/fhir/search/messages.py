"""A hub that received a message of invented results, and a client that searches them."""

from pathlib import Path

import httpx

from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.fhir import CANONICAL
from tests.integration.test_road import _connected, _packed
from tests.integration.two_hospitals import CASE, TEXT, token_for

LOCAL = f"{CANONICAL}/CodeSystem/site/bj-lis/99BJ"
ODD = "A,B|C$D\\E"  # a local code, in HL7's escapes and in FHIR's
ODD_HL7, ODD_FHIR = "A,B\\F\\C$D\\E\\E", "A\\,B\\|C\\$D\\\\E"
DAY = TEXT.split("\rOBR|")[1].split("|")[6][:8]
WRITTEN = f"{DAY[:4]}-{DAY[4:6]}-{DAY[6:]}"


async def filled(hub: Hub, tmp_path: Path) -> dict[str, str]:
    await _connected(hub, tmp_path)
    text = TEXT.replace("OBX|2|NM|Na^", f"OBX|2|NM|{ODD_HL7}^")
    await run(hub, "receive", {"site": CASE.site, "files": [_packed(text.encode())]})
    return await token_for(hub, "reader", CASE.institution)


async def patient_id(client: httpx.AsyncClient, headers: dict[str, str]) -> str:
    found = (await client.get("/fhir/Patient", headers=headers)).json()
    return str(found["entry"][0]["resource"]["id"])


async def total(client: httpx.AsyncClient, headers: dict[str, str], query: str) -> int:
    answer = await client.get(f"/fhir/{query}&_summary=count", headers=headers)
    assert answer.status_code == 200, answer.text
    return int(answer.json()["total"])
