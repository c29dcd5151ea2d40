"""A hub in which a clinician has decided: one result used, one test repeated."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from hie.access.policy import Restriction
from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.exchange.process import process_waiting
from hie.store import resources
from hie.store.resources import Put
from hie.store.versions import read_many
from hie.synthetic import example
from tests.integration.test_doors import _ready
from tests.integration.test_road import TODAY, _packed


@dataclass(frozen=True)
class Decided:
    """What a test asks with: the caller's headers, the check, the two decisions, the message."""

    headers: dict[str, str]
    check: dict[str, Any]
    use: str
    repeat: str
    message: str
    site: str
    answer: dict[str, Any]
    number: str  # the patient's resident number
    receiver: str


async def decided(
    hub: Hub,
    tmp_path: Path,
    client: httpx.AsyncClient,
    name: str | None = None,
    practitioner: str = "d-17",
) -> Decided:
    """A hub with an order-check by a HIS, and its decisions."""
    headers, body = await _ready(hub, tmp_path)
    case = example(today=TODAY)
    asked = json.loads(body)
    if name is not None:
        asked["patient"]["name"] = name
        await _rename(hub, name)
    answer = (await client.post("/v1/order-check", json=asked, headers=headers)).json()
    first, second = answer["orders"][0], answer["orders"][1]
    decisions = {
        "check": answer["check"],
        "key": "k1",
        "practitioner": practitioner,
        "decisions": [
            {
                "ref": first["ref"],
                "assessment": first["candidates"][0]["assessment"],
                "decision": "use",
            },
            {
                "ref": second["ref"],
                "assessment": None,
                "decision": "repeat",
                "reason": "N6_OTHER_NECESSARY",
                "text": "术前 <复查> & 确认",
                "explained_to_patient": True,
            },
        ],
    }
    made = await client.post("/v1/decisions", json=decisions, headers=headers)
    assert made.status_code == 200, made.text
    use, repeat = made.json()["decisions"]
    return Decided(
        headers,
        answer,
        use["decision"],
        repeat["decision"],
        case.message.decode(),
        case.site,
        made.json(),
        asked["patient"]["identifiers"][0]["value"],
        asked["receiver"]["institution"],
    )


async def _rename(hub: Hub, name: str) -> None:
    """Let every Patient bear this name, as a sender could have sent it."""
    async with hub.db.unit() as unit:
        keys = [row[0] for row in await unit.fetch("SELECT id FROM patient")]
        found = await read_many(unit, "Patient", keys, Restriction())
        trees = [{**one.resource(), "name": [{"text": name}]} for one in found.values()]
        await resources.put(unit, [Put("Patient", tree["id"], tree["id"], tree) for tree in trees])


async def send(hub: Hub, site: str, message: str) -> None:
    """A further message of the source, stored."""
    answer = await run(
        hub, "receive", {"site": site, "files": [_packed(message.encode(), "b.hl7")]}
    )
    assert answer
    while await process_waiting(hub):
        pass


def corrected(message: str, letter: str, value: str) -> str:
    """The same report again: its potassium has another value and status, an hour later."""
    text = re.sub(r"(\|ORU\^R01[^|]*\|)([^|]+)", r"\g<1>\g<2>-2", message, count=1)
    lines = text.split("\r")
    at = next(n for n, line in enumerate(lines) if line.startswith("OBX") and "钾" in line)
    fields = lines[at].split("|")
    fields[5], fields[11] = value, letter
    lines[at] = "|".join(fields)
    for n, line in enumerate(lines):
        if line.startswith("OBR"):
            cells = line.split("|")
            cells[25] = "C"
            cells[22] = _later(cells[22])
            lines[n] = "|".join(cells)
        if line.startswith("MSH"):
            cells = line.split("|")
            cells[6] = _later(cells[6])
            lines[n] = "|".join(cells)
    return "\r".join(lines)


def _later(stamp: str) -> str:
    return str(int(stamp[:10]) + 1) + stamp[10:] if stamp else stamp


def as_json(response: httpx.Response) -> Any:
    return json.loads(response.content)
